"""The `beyondbase` command: parse, run the verb, print; every error is one line and an exit code.

0    done
1    the run failed, or an audit found something wrong
2    bad input: what was expected, what came, what mends it
130  interrupted (Ctrl-C): the command that goes on is printed
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from difflib import get_close_matches
from importlib.metadata import version

from beyondbase.cli.lazy import VERBS, load_verb
from beyondbase.cli.parse import parse
from beyondbase.cli.progress import progress_on
from beyondbase.cli.verb import Outcome
from beyondbase.errors import BadInput, BeyondbaseError

DONE, FAILED, BAD_INPUT, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    # the bars of progress.py are the only ones
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    # Threads that spin while they wait cost a busy machine ten times the time, and a free one gains 15% by them.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        code = _guarded(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has gone; python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    if argv is None:
        sys.stdout = sys.stderr  # the process ends: what a thread of a library prints yet is no part of the result
    return code


def _guarded(words: list[str]) -> int:
    """Run a command; whatever it raises becomes one line on standard error."""
    try:
        outcome = _dispatch(words)
    except SystemExit as end:
        return int(end.code or DONE)
    except KeyboardInterrupt:
        return _interrupted(words)
    except BrokenPipeError:
        raise
    except (BadInput, OSError) as error:
        return _fail(words, _os_error(error) if isinstance(error, OSError) else str(error), BAD_INPUT)
    except BeyondbaseError as error:
        return _fail(words, str(error), FAILED)
    except Exception as error:  # the outermost boundary: a bug, told in one line unless --debug asks for more
        mend = "" if "--debug" in words else "; run again with --debug for the traceback"
        return _fail(words, f"{type(error).__name__}: {error}{mend}", FAILED)
    if outcome is None:
        return DONE
    print(json.dumps(outcome.data) if "--json" in words else "\n".join(outcome.lines))
    return outcome.code


def _dispatch(words: list[str]) -> Outcome | None:
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
        return None
    if words[0] == "--version":
        print(f"beyondbase {version('beyondbase')}")
        return None
    name = _verb_name(words)
    if name is None:
        print(_overview(words[0]))
        return None
    verb = load_verb(name)
    config, _ = parse(name, verb, words[len(name.split()) :])
    # Standard output is the outcome's alone; libraries print there too, such as Ray of each machine that is lost.
    with redirect_stdout(sys.stderr), progress_on() as progress:
        return verb.run(config, progress)


def _verb_name(words: list[str]) -> str | None:
    """Find the verb of one or two words that a command begins with; None asks for the list of its subverbs."""
    name = " ".join(words[:2]) if _subverbs(words[0]) else words[0]
    if name in VERBS:
        return name
    if words[0] in VERBS and words[1].startswith("-"):
        return words[0]
    if name in {words[0], f"{words[0]} -h", f"{words[0]} --help"} and _subverbs(words[0]):
        return None
    near = get_close_matches(name, VERBS, n=1)
    hint = f"; perhaps you meant {near[0]}" if near else ""
    raise BadInput(f"verb: expected one of {', '.join(VERBS)}, got {name!r}{hint}")


def _subverbs(word: str) -> list[str]:
    return [verb for verb in VERBS if verb.startswith(f"{word} ")]


def _overview(word: str = "") -> str:
    verbs = _subverbs(word) if word else list(VERBS)
    return "\n".join(
        [
            "usage: beyondbase VERB [FLAGS]",
            "",
            "Did RLVR expand what a model can solve, or sharpen what its base already could?",
            "",
            *(f"  {verb:<11} {VERBS[verb].line}" for verb in verbs),
            "",
            "  beyondbase VERB --help   flags and an example       beyondbase --version",
        ]
    )


def _interrupted(words: list[str]) -> int:
    name = _verb_name(words) or ""
    print(f"\nstopped; {load_verb(name).resume}: beyondbase {shlex.join(words)}", file=sys.stderr)
    return INTERRUPTED


def _fail(words: list[str], message: str, code: int) -> int:
    if "--debug" in words:
        traceback.print_exc()
    line = " ".join(message.split())
    print(f"beyondbase: {line}", file=sys.stderr)
    if "--json" in words:
        print(json.dumps({"error": line, "exit_code": code}))
    return code


def _os_error(error: OSError) -> str:
    return f"{error.filename or 'file'}: {error.strerror or error}; choose a folder that can be read and written"
