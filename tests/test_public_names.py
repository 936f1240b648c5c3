"""What users import: the names are kept, and importing them is light."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

import beyondbase

NAMES = [
    "Audit",
    "BadInput",
    "BeyondbaseError",
    "Comparison",
    "DrawRule",
    "GuardInput",
    "NotComparable",
    "Problem",
    "SamplingSpec",
    "StoreError",
    "StudyAnalysis",
    "SuccessCounts",
    "Verdict",
    "analyze",
    "compare",
    "from_counts",
    "from_frame",
    "from_json",
    "from_matrix",
    "open_run",
    "pass_at_k",
    "pass_at_k_per_problem",
]
HEAVY = ("torch", "transformers", "altair", "vl_convert", "pydantic", "tyro", "rich")


def test_the_public_names_are_these() -> None:
    assert sorted(beyondbase.__all__) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_can_be_imported_and_says_what_it_is(name: str) -> None:
    assert getattr(beyondbase, name).__doc__


def test_the_types_of_the_public_names_are_told_to_type_checkers() -> None:
    stub = Path(beyondbase.__file__).with_suffix(".pyi")
    tree = ast.parse(stub.read_text(encoding="utf-8"))
    told = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert sorted(told) == NAMES


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        beyondbase.nothing_of_the_kind  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("module", ["beyondbase", "beyondbase.cli.main"])
def test_importing_takes_none_of_the_heavy_libraries(module: str) -> None:
    heavy = HEAVY if module == "beyondbase" else HEAVY[:4]
    code = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_import_takes_under_half_a_second() -> None:
    # processor time of the child, start of python included, best of a few: other work on the machine does not count
    code = "import time; import beyondbase; print(time.process_time())"
    times = []
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        times.append(float(done.stdout))
        if times[-1] < 0.5:
            return
        time.sleep(0.2)
    assert min(times) < 0.5, times
