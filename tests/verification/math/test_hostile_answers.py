"""Answers that no grader should die of: each gets a verdict in time, and its neighbours keep theirs."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from beyondbase.pipeline import sample_run, verify_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.types import DrawRule, Judgement, Problem, SamplingSpec, Verdict
from beyondbase.verification.math.options import MathOptions
from beyondbase.verification.math.verifier import MathVerifier
from beyondbase.verification.runner import Judge
from beyondbase.verification.verifier import Answer

CPU_S = 1.0
"""for one comparison, here"""
PROBLEM = Problem("p", "?", json.dumps({"answer": r"\frac{\sqrt{2}}{2}"}))


def boxed(answer: str) -> str:
    return rf"\boxed{{{answer}}}"


HOSTILE = {
    "tower": boxed("9^{9^{9^{9}}}"),
    "tower in brackets": boxed("9^{(9^{(9^9)})}"),
    "tower of letters": boxed("x^{x^{x^{x^{x^{x}}}}}"),
    "tower of stars": boxed("9**9**9**9"),
    "power of a sum": boxed("(x+y+z+1)^{9999}"),
    "power of a bracket": boxed("((9^{9999})^{9999})^{9999}"),
    "huge factorial": boxed("1000000000!"),
    "factorials": boxed("((9!)!)!"),
    "factorial below the limit": boxed(r"\frac{9999!}{9998!}"),
    "factorial of a sum": boxed("(9000+9000)!"),
    "thousand digits": boxed("7" * 1000 + "/" + "3" * 999),
    "thousand-digit fraction": boxed(rf"\frac{{{'7' * 900}}}{{{'3' * 900}}}"),
    "ten thousand digits": boxed("7" * 10_000),
    "long decimal": boxed("0." + "1" * 1900),
    "exponent of nine digits": boxed("1e999999999"),
    "nested radicals": boxed(r"\sqrt{2+" * 30 + "2" + "}" * 30),
    "nested fractions": boxed(r"\frac{1}{1+" * 38 + "x" + "}" * 38),
    "nested too deep": boxed(r"\frac{1}{1+" * 500 + "x" + "}" * 500),
    "infinite sum": boxed(r"\sum_{n=1}^{\infty} \frac{\sin(n^2)}{n^{\sqrt{2}}}"),
    "product": boxed(r"\prod_{n=1}^{999999999} (1+\frac{1}{n^2})"),
    "integral": boxed(r"\int_0^1 e^{e^{e^{x}}} \sin(x^{x}) dx"),
    "equation": boxed(r"x^7 + \sin(x^5) e^{x} - \log(x+y) = \tan(y^x)"),
    "binomial": boxed(r"\binom{9999999999}{4999999999}"),
    "null bytes": boxed("\0" * 100 + "1"),
    "lone surrogate": boxed("\ud800"),
    "not utf-8": boxed(b"\xff\xfe\xc3".decode("utf-8", "surrogateescape")),
    "hexadecimal bombs": boxed(r"\xff" * 300),
    "megabyte of boxes": r"\boxed{" * 150_000,
    "megabyte of braces": r"\boxed{" + "{" * 1_000_000,
    "megabyte in a box": boxed("1+" * 500_000),
    "unbalanced": r"\boxed{1}} {{ \boxed{\frac{1}{2}",
    "ten thousand boxes": boxed("1") * 10_000,
    "nested boxes": r"\boxed{" * 5_000 + "1" + "}" * 5_000,
    "many items": boxed(",".join(["x"] * 900)),
    "many brackets": boxed("()" * 900),
    "plus and minus": boxed(r"\pm 1," * 300 + "1"),
    "backslashes": boxed("\\" * 1_001),
    "spaces": boxed(" " * 1_900 + "1"),
    "code": boxed(r"\text{__import__('os').abort()}"),
    "attribute": boxed("x.__class__.__mro__"),
    "right-to-left": boxed("\u202e\u0661"),
}
NEIGHBOURS = [boxed(a) for a in (r"\frac{1}{\sqrt{2}}", "1", r"\sqrt{2}", r"2^{-1/2}", "x", r"\text{no}")] + ["no box"]


def children() -> set[int]:
    """Processes that have this one, or a fork server of it, as ancestor."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def judged(verifier: MathVerifier, texts: list[str]) -> list[Judgement]:
    return list(verifier.verify_all([Answer(PROBLEM, text) for text in texts]))


@pytest.mark.slow
def test_hostile_answers_get_verdicts_in_time_and_change_no_other() -> None:
    plain = judged(MathVerifier(MathOptions(math_cpu_s=CPU_S)), NEIGHBOURS)
    verifier = MathVerifier(MathOptions(math_cpu_s=CPU_S))
    before = judged(verifier, NEIGHBOURS[:1]) and children()
    texts = [text for i, hostile in enumerate(HOSTILE.values()) for text in (hostile, NEIGHBOURS[i % len(NEIGHBOURS)])]
    since = time.monotonic()
    judgements = judged(verifier, texts)
    taken = time.monotonic() - since
    assert judgements[1::2] == [plain[i % len(NEIGHBOURS)] for i in range(len(HOSTILE))]
    verdicts = {name: j.verdict for name, j in zip(HOSTILE, judgements[::2], strict=True)}
    assert Verdict.CORRECT not in verdicts.values()
    failed = sum(verdict is Verdict.VERIFIER_ERROR for verdict in verdicts.values())
    assert taken < 60 + 20 * CPU_S * failed
    time.sleep(0.5)
    assert len(children()) <= len(before)


def test_what_is_told_without_algebra_takes_no_time() -> None:
    verifier = MathVerifier()
    quick = {
        "tower": "wrong", "huge factorial": "wrong", "factorials": "wrong", "exponent of nine digits": "wrong",
        "tower of stars": "wrong", "ten thousand digits": "no_answer", "nested too deep": "no_answer",
        "megabyte of boxes": "no_answer", "megabyte of braces": "no_answer", "megabyte in a box": "no_answer",
        "unbalanced": "no_answer", "nested boxes": "no_answer", "ten thousand boxes": "wrong", "many items": "wrong",
    }  # fmt: skip
    since = time.process_time()
    verdicts = {name: verifier.verify(Problem("p", "?", '{"answer": "7x"}'), HOSTILE[name]).verdict for name in quick}
    assert verdicts == quick
    assert time.process_time() - since < 10


def test_no_number_is_expanded_to_compare_it() -> None:
    verifier = MathVerifier()
    assert verifier.verify(Problem("p", "?", '{"answer": "1e999999999"}'), boxed("10e999999998")).verdict == "correct"


ROWS = pl.DataFrame(
    {
        "problem_id": ["p"] * 4,
        "sample_index": [0, 1, 2, 3],
        "text": [boxed("crash_{1} + 1"), boxed(r"\frac{1}{\sqrt{2}}"), boxed("hang_{1} + 1"), boxed(r"\sqrt{3}")],
        "finish": ["eos"] * 4,
    }
)


@pytest.mark.slow
def test_a_planted_crash_and_hang_is_missing_data_for_that_sample_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    options = MathOptions(math_cpu_s=CPU_S)
    verifier = MathVerifier(options, function="planted_grader:planted")
    frame = pl.concat(Judge(verifier, [PROBLEM]).rows([ROWS]))
    assert frame.sort("sample_index")["verdict"].to_list() == ["verifier_error", "correct", "verifier_error", "wrong"]
    details = frame.sort("sample_index")["detail"].to_list()
    assert details[0] == "crash: its process exited with 139, twice"
    assert details[2] == "cpu: more than 1 s of CPU time"


@pytest.mark.slow
def test_a_second_pass_mends_what_a_crash_and_a_hang_left_owed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    problems = ProblemSet("four", tuple(replace(PROBLEM, problem_id=i) for i in ("crash", "hang", "good", "bad")))
    answers = {"crash": boxed("crash_{1} + 1"), "hang": boxed("hang_{1} + 1")}
    answers |= {"good": boxed(r"\frac{1}{\sqrt{2}}"), "bad": boxed(r"\sqrt{3}")}
    engine = ScriptedEngine(dict.fromkeys(answers, 1.0), answers)
    verifier = MathVerifier(MathOptions(math_cpu_s=CPU_S), function="planted_grader:planted")
    rule = DrawRule(n_max=2, stop_at=None, n_first=2)
    run = sample_run(tmp_path / "run", problems, engine, SamplingSpec(), rule, verifier)

    def told() -> dict[str, list[str]]:
        frame = run.verdicts(verifier.name).collect()
        return {i: frame.filter(pl.col("problem_id") == i)["verdict"].to_list() for i in answers}

    judged = {"good": ["correct"] * 2, "bad": ["wrong"] * 2}
    assert told() == judged | dict.fromkeys(("crash", "hang"), ["verifier_error"] * 2)
    mended = MathVerifier(MathOptions(math_cpu_s=CPU_S))
    run = verify_run(tmp_path / "run", mended)
    assert told() == judged | dict.fromkeys(("crash", "hang"), ["wrong"] * 2)
