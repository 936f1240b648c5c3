from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from types import SimpleNamespace

import pytest

from beyondbase.cli.lazy import VERBS, Entry
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.errors import BadInput, BudgetSpent, PolicyCollapse
from beyondbase.types import Progress

Cli = Callable[..., object]


@dataclass(frozen=True, slots=True)
class Nothing:
    """Do nothing."""

    times: int = 1
    """how often"""


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Outcome]], None]:
    """Make `act` a verb that calls a function."""

    def install(act: Callable[[], Outcome]) -> None:
        def run(config: Nothing, progress: Progress) -> Outcome:
            return act()

        monkeypatch.setitem(VERBS, "act", Entry("act_for_tests", "act"))
        module = SimpleNamespace(VERB=Verb(Nothing, run, example="beyondbase act --times 2"))
        monkeypatch.setitem(sys.modules, "act_for_tests", module)

    return install


def raising(error: BaseException) -> Callable[[], Outcome]:
    def act() -> Outcome:
        raise error

    return act


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_without_a_verb_all_verbs_are_listed(beyondbase: Cli, words: list[str]) -> None:
    said = beyondbase(*words)
    assert said.code == 0
    assert all(f"  {name} " in said.out for name in VERBS)


def test_train_alone_lists_its_subverbs(beyondbase: Cli) -> None:
    for words in (["train"], ["train", "--help"]):
        said = beyondbase(*words)
        assert said.code == 0
        assert "train base" in said.out
        assert "compare" not in said.out


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_a_help_with_an_example_that_parses_and_a_line_for_each_flag(beyondbase: Cli, name: str) -> None:
    said = beyondbase(*name.split(), "--help")
    assert said.code == 0
    assert f"Example: beyondbase {name}" in said.out
    for flag in ("--config", "--json", "--debug"):
        assert flag in said.out


def test_version_is_printed(beyondbase: Cli) -> None:
    assert beyondbase("--version").out == "beyondbase 0.1.0\n"


def test_an_unknown_verb_is_bad_input_and_the_nearest_is_proposed(beyondbase: Cli) -> None:
    said = beyondbase("smaple")
    assert said.code == 2
    assert said.error.endswith("got 'smaple'; perhaps you meant sample")
    assert beyondbase("train", "rll").error.endswith("got 'train rll'; perhaps you meant train rl")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["report", "x", "--jsn"], "Unrecognized options: --jsn; perhaps you meant --json"),
        (["compact"], "Missing from beyondbase compact: "),
        (["analyze", "--base", "a", "--rl", "b", "--out", "c", "--seed", "x"], "Error parsing --seed: "),
    ],
)
def test_a_flag_that_does_not_fit_is_bad_input_in_one_line(beyondbase: Cli, words: list[str], message: str) -> None:
    said = beyondbase(*words)
    assert said.code == 2
    assert said.error.startswith(f"beyondbase: {message}")
    assert said.error.endswith(f"see `beyondbase {words[0]} --help`")


def test_help_imports_neither_torch_nor_a_plotter() -> None:
    heavy = ("torch", "transformers", "altair", "polars")
    code = (
        "import sys; from beyondbase.cli.main import main; assert main(['--help']) == 0;"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_result_is_lines_or_one_json_object(beyondbase: Cli, verb: Cli) -> None:
    verb(lambda: Outcome(["one", "two"], {"three": 3}))
    assert beyondbase("act").out == "one\ntwo\n"
    assert beyondbase("act", "--json").data == {"three": 3}


def test_what_libraries_print_is_no_part_of_a_result(beyondbase: Cli, verb: Cli) -> None:
    def act() -> Outcome:
        print("(raylet) a machine is gone")
        return Outcome(["one"], {"two": 3})

    verb(act)
    said = beyondbase("act", "--json")
    assert (said.data, said.err) == ({"two": 3}, "(raylet) a machine is gone\n")


def test_what_libraries_print_as_the_process_ends_is_no_part_of_a_result() -> None:
    code = (
        "import atexit, sys; from beyondbase.cli.main import main; atexit.register(print, 'late'); "
        "sys.argv = ['beyondbase', '--version']; raise SystemExit(main())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"beyondbase {version('beyondbase')}\n", "late\n")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (BadInput("k: expected 8, got 9"), 2, "beyondbase: k: expected 8, got 9"),
        (PolicyCollapse("the policy collapsed"), 1, "beyondbase: the policy collapsed"),
        (BudgetSpent("the budget is spent"), 1, "beyondbase: the budget is spent"),
        (
            NotADirectoryError(20, "Not a directory", "/a/b"),
            2,
            "beyondbase: /a/b: Not a directory; choose a folder that can be read and written",
        ),
        (KeyError("two\nlines"), 1, r"beyondbase: KeyError: 'two\nlines'; run again with --debug for the traceback"),
    ],
)
def test_an_error_is_one_line_and_its_exit_code(
    beyondbase: Cli, verb: Cli, error: Exception, code: int, line: str
) -> None:
    verb(raising(error))
    said = beyondbase("act")
    assert (said.code, said.out, said.err) == (code, "", line + "\n")
    said = beyondbase("act", "--json")
    assert said.data == {"error": line.removeprefix("beyondbase: "), "exit_code": code}
    said = beyondbase("act", "--debug")
    assert said.code == code
    assert "Traceback" in said.err


def test_an_interrupt_says_how_to_go_on(beyondbase: Cli, verb: Cli) -> None:
    verb(raising(KeyboardInterrupt()))
    said = beyondbase("act", "--times", 3)
    assert said.code == 130
    assert said.err == "\nstopped; the same command goes on where it was: beyondbase act --times 3\n"


def test_a_missing_library_names_the_extra_that_brings_it(beyondbase: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith(("beyondbase.lab", "beyondbase.cli.train_rl"))]:
        monkeypatch.delitem(sys.modules, name)
    said = beyondbase("train", "rl")
    assert said.code == 2
    assert said.error == "beyondbase: expected torch to be installed, found it missing; pip install 'beyondbase[lab]'"


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = "import sys; from beyondbase.cli.main import main; sys.stdin.read(); sys.exit(main(['--help']))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (141, b"")
