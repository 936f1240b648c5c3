"""From the words of a command to the configuration of its verb: flags over a TOML file over the defaults."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from keyword import iskeyword
from pathlib import Path
from typing import Any

import tyro

from beyondbase.cli.toml_file import read_toml
from beyondbase.cli.verb import Verb
from beyondbase.errors import BadInput


@dataclass(frozen=True, slots=True)
class Common:
    """Flags of every verb."""

    config: Path | None = None
    """TOML file with the verb's settings; flags override it"""
    json: bool = False
    """print one JSON object at the end, and nothing else, to standard output"""
    debug: bool = False
    """show the traceback of an error"""


def parse(name: str, verb: Verb, words: Sequence[str]) -> tuple[Any, Common]:
    """Parse the words after the verb; raises BadInput in one line, and SystemExit(0) after `--help`."""
    # the names of the two fields head the groups of --help; a word of Python's, such as import, can be none
    group = name.replace(" ", "_") + "_" * iskeyword(name)
    command = dataclasses.make_dataclass("Command", [(group, verb.config), ("common", Common)])
    default = command(_defaults(verb.config, _config_file(words)), Common())
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            parsed = tyro.cli(
                command,
                prog=f"beyondbase {name}",
                description=f"Example: {verb.example}",
                args=list(words),
                default=default,
                config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff, tyro.conf.EnumChoicesFromValues),
            )
    except SystemExit as end:
        if end.code:
            raise BadInput(f"{one_line(said.getvalue())}; see `beyondbase {name} --help`") from None
        raise
    return getattr(parsed, group), parsed.common


def one_line(box: str) -> str:
    """Keep the sentence of an error that tyro wrote as a box, and the flags it proposes.

    >>> one_line("╭ Oh ╮\\n│ Unrecognized: --sed │\\n│ ─── │\\n│ Perhaps you meant: │\\n│  --seed INT │\\n╰──╯")
    'Unrecognized: --sed; perhaps you meant --seed'
    """
    drawn = re.sub(r"\x1b\[[\d;]*m", "", box).splitlines()
    # without UTF-8 the title is underlined with hyphens, and there is no box around the rest
    body = drawn[1:-1] if drawn[-1].startswith("╰") else drawn[2:]
    lines = [line.strip("│ ") for line in body]
    ruled = [i for i, line in enumerate(lines) if line and not line.strip("─-")] + [len(lines)]
    sentence = " ".join(lines[: ruled[0]]).strip()
    proposed = [line.split()[0] for line in lines[ruled[0] :] if re.match(r"--\w", line)]
    return sentence + (f"; perhaps you meant {', '.join(proposed)}" if "Perhaps you meant:" in lines else "")


def _config_file(words: Sequence[str]) -> Path | None:
    """Find `--config FILE` before the flags are parsed, since the file gives their defaults."""
    for word, following in pairwise([*words, ""]):
        if word == "--config" and following:
            return Path(following)
        if word.startswith("--config="):
            return Path(word.removeprefix("--config="))
    return None


def _defaults(config: type[Any], file: Path | None) -> Any:
    """Instance of `config` from a file; a required field that it leaves open is asked of the flags."""
    given = {} if file is None else read_toml(file, config)
    required = {
        field.name: tyro.MISSING
        for field in dataclasses.fields(config)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    return config(**required | given)
