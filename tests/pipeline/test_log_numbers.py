"""Numbers that a run has no room for are refused by the line that has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignSample, ReadOptions
from beyondbase.interop.formats.nemo_skills import read
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.imports import import_log
from beyondbase.pipeline.log_numbers import check_numbers


@pytest.mark.parametrize(
    "sample",
    [
        ForeignSample(),
        ForeignSample(seed=2**63 - 1, n_tokens=-1, token_ids=(0, 2**31 - 1)),
        ForeignSample(seed=-1, token_ids=(-1,)),
    ],
)
def test_what_a_run_can_hold_is_let_through(sample: ForeignSample) -> None:
    check_numbers(sample, "line 1")


@pytest.mark.parametrize(
    ("sample", "says"),
    [
        (ForeignSample(seed=2**63), "line 1: expected a seed below 2^63, got 9223372036854775808"),
        (ForeignSample(n_tokens=10**90), "line 1: expected a count of tokens below 2^63, got 1000"),
        (ForeignSample(token_ids=(1, 2**31)), "line 1: expected token ids below 2^31, got 2147483648"),
        (ForeignSample(token_ids=(1, -(10**12))), "line 1: expected token ids below 2^31, got -1000"),
    ],
)
def test_what_it_cannot_hold_is_named(sample: ForeignSample, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_numbers(sample, "line 1")
    assert str(caught.value).startswith(says) and "\n" not in str(caught.value)


def test_a_log_with_such_a_number_leaves_no_run(tmp_path: Path) -> None:
    file = tmp_path / "output-rs0.jsonl"
    file.write_text(json.dumps({"generation": "a", "symbolic_correct": True, "num_generated_tokens": 10**30}) + "\n")
    [log] = read([file], ReadOptions())
    with pytest.raises(BadInput, match=r"output-rs0\.jsonl, line 1: expected a count of tokens"):
        import_log(log, "nemo-skills", tmp_path / "run", ImportOptions())
    assert not (tmp_path / "run").exists()
