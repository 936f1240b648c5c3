"""Published problem sets by name: where each lies, what proves that it is that one, how a row becomes a problem."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from beyondbase.problems.code_rows import code_reference

Cells = Mapping[str, Any]


class Upstream(NamedTuple):
    """One file of a public repository at one commit."""

    repository: str
    commit: str
    path: str
    size: int
    """bytes"""
    sha256: str

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Published:
    """A data set as its makers published it."""

    files: tuple[Upstream, ...]
    """one, or several whose rows belong together, in order"""
    n_rows: int
    question: str
    """column"""
    reference: Callable[[Cells], Mapping[str, object]]
    """from the cells of a row to what its verifier needs"""
    strata: tuple[str, ...] = ()
    """columns that group the problems"""
    verifier: str = "math"
    template: str = "boxed"


def _answer(column: str, clean: Callable[[Any], str] = str) -> Callable[[Cells], Mapping[str, object]]:
    return lambda cells: {"answer": clean(cells[column])}


def _after_hashes(worked: object) -> str:
    """Take what stands behind the four hashes of GSM8K, thousands commas removed, as its dataset.py does."""
    return str(worked).rpartition("####")[2].strip().replace(",", "")


def _integer(value: object) -> str:
    """Write 25.0 and "025" as 25; raises ValueError for another number."""
    number = float(str(value))
    if not number.is_integer():
        raise ValueError(f"expected a whole number, got {value!r}")
    return str(int(number))


def _boxed(solution: str) -> str:
    """Take the content of the only box of a worked solution; raises ValueError where there is another number."""
    (start,) = (match.end() for match in re.finditer(r"\\boxed\s*\{", solution))
    depth, end = 1, start
    while depth:
        depth += {"{": 1, "}": -1}.get(solution[end], 0)
        end += 1
    return solution[start : end - 1].strip()


def _first_undollared(answers: list[str]) -> str:
    return answers[0].strip("$")


def _function(cells: Cells) -> Mapping[str, object]:
    reference = code_reference(cells, "upstream row")
    assert reference is not None
    return reference


def _simple_rl(folder: str, size: int, sha256: str) -> tuple[Upstream]:
    path = f"examples/simplelr_math_eval/data/{folder}/test.jsonl"
    return (Upstream("hkust-nlp/simpleRL-reason", "cf1c7858bfc145a27aa733e75d930d34f0d318a6", path, size, sha256),)


_GSM8K = Upstream(
    "openai/grade-school-math",
    "3101c7d5072418e28b9008a6636bde82a006892c",
    "grade_school_math/data/test.jsonl",
    749738,
    "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14",
)
_HUMANEVAL = Upstream(
    "openai/human-eval",
    "6d43fb980f9fee3c892a914eda09951f772ad10d",
    "data/HumanEval.jsonl.gz",
    44877,
    "b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
)
_HUMANEVAL_PLUS = Upstream(
    "evalplus/humanevalplus_release",
    "200defce9e3429d28ca215b6dd061c0f7f31c18b",
    "HumanEvalPlus-OriginFmt.jsonl.gz",
    1350689,
    "daa7661c8189924068069b0872a440b491edb60f8bdf431d5957adc88d18bae5",
)
_MBPP_PLUS = ("evalplus/mbppplus_release", "dadf43da556a00f7bacd71cb154f2932757d9144")
# The tests stand in one file, the prompt that shows the function's name in the other; later columns win.
_MBPP_PLUS_FILES = (
    Upstream(
        *_MBPP_PLUS,
        "MbppPlus-OriginFmt.jsonl.gz",
        549938,
        "7a5aec547b134fa297ee6c45f829298aa3f58de02547b8d8a5c3d85d9cb10efc",
    ),
    Upstream(
        *_MBPP_PLUS, "MbppPlus.jsonl.gz", 336032, "af43697e8791c4c149bdfd6b489d8b5412507551ac20e28a439f650b8225db63"
    ),
)
_MATH500 = "35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132"
_AIME24 = "af2b8bd2aa911b6333ad0df32f3ca05c7ae8ed10f1731f4372c8ae26990bf7ac"
_AMC23 = "43707e1ca784602d8479de24ee8ce36609dbebc46dd152b0b12a46611aa898a4"
_MINERVA = "0e656b430d3a0a1dab6aa853f453ba3805e28e2cabe4fc72486a897cc09d8ba2"
_OLYMPIAD = "bb8c1e38a16ea9eacb77530315a674d883f267fbff79183effc53681b4fcc416"

PUBLISHED: dict[str, Published] = {
    "gsm8k": Published((_GSM8K,), 1319, "question", _answer("answer", _after_hashes)),
    "math500": Published(
        _simple_rl("math500", 446564, _MATH500), 500, "problem", _answer("answer"), ("level", "subject")
    ),
    "aime24": Published(_simple_rl("aime24", 156944, _AIME24), 30, "question", _answer("answer", _integer)),
    "amc23": Published(_simple_rl("amc23", 27631, _AMC23), 40, "question", _answer("answer", _integer)),
    "minerva": Published(
        _simple_rl("minerva_math", 247267, _MINERVA), 272, "problem", _answer("solution", _boxed), ("type",)
    ),
    # an answer of several parts is one text here, the parts separated by commas
    "olympiadbench": Published(
        _simple_rl("olympiadbench", 1493870, _OLYMPIAD),
        675,
        "question",
        _answer("final_answer", _first_undollared),
        ("subfield", "answer_type"),
    ),
    "humaneval": Published((_HUMANEVAL,), 164, "prompt", _function, verifier="code", template="plain"),
    "humaneval+": Published((_HUMANEVAL_PLUS,), 164, "prompt", _function, verifier="code", template="plain"),
    "mbpp+": Published(_MBPP_PLUS_FILES, 378, "prompt", _function, verifier="code", template="plain"),
}
