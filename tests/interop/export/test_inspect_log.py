"""A run as a log of Inspect: what comes back by our own reader, and what is in it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.interop.export.inspect_log import write_inspect_log
from beyondbase.interop.foreign import ForeignLog, ReadOptions
from beyondbase.interop.formats.inspect import read, recognise
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.imports import import_log
from beyondbase.store import Run
from beyondbase.types import DrawRule, Verdict

LETTERS = st.dictionaries(
    st.text("ab01/ é", min_size=1, max_size=4), st.text("cwnt", min_size=2, max_size=5), min_size=1, max_size=4
)


KEY = ["problem_id", "sample_index"]


def one_log(path: Path) -> ForeignLog:
    [log] = read([path], ReadOptions())
    return log


def verdicts(run: Run) -> list[tuple[object, ...]]:
    return run.verdicts().select(*KEY, "verdict", "answer").collect().sort(KEY).rows()


@given(LETTERS)
@settings(max_examples=20, deadline=None)
def test_a_run_comes_back_with_the_same_verdicts(make_run: Callable[..., Run], rows: dict[str, str]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        run = make_run(folder / "run", rows)
        path = write_inspect_log(run, folder / "log.json")
        assert recognise(path)
        back = import_log(one_log(path), "inspect", folder / "back", ImportOptions()).run
        assert verdicts(back) == verdicts(run)
        assert back.samples().select("text").collect().equals(run.samples().select("text").collect())


def test_a_log_says_how_the_samples_were_drawn(make_run: Callable[..., Run], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", {"a": "cw", "b": "cc"})
    log = one_log(write_inspect_log(run, tmp_path / "log.json"))
    spec = run.manifest.spec
    assert log.settings == {
        "temperature": spec.temperature, "top_p": spec.top_p, "top_k": None, "max_tokens": spec.max_tokens,
    }  # fmt: skip
    assert (log.model, log.scorer, log.facts["epochs"]) == ("m", "exact-1", "2")
    [first, *_] = log.rows(lambda n_bytes: None)
    assert (first.question, first.gold, first.samples[0].n_tokens) == ("question a", "1", 2)
    raw = json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))
    assert raw["results"]["scores"][0]["metrics"]["accuracy"]["value"] == 0.75


def test_a_verifier_that_failed_and_a_missing_verdict_are_unscored(
    make_run: Callable[..., Run], tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run", {"a": "ce-w"})
    rows = one_log(write_inspect_log(run, tmp_path / "log.json")).rows(lambda n_bytes: None)
    found = [sample.verdict for row in rows for sample in row.samples]
    assert found == [Verdict.CORRECT, Verdict.VERIFIER_ERROR, None, Verdict.WRONG]
    raw = json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))
    values = [[score["value"] for score in one["scores"].values()] for one in raw["samples"]]
    assert values[0] == ["C"] and math.isnan(values[1][0]) and values[2:] == [[], ["I"]]


def test_draws_until_a_success_have_no_mean(make_run: Callable[..., Run], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", {"a": "wc"}, DrawRule(4, 1, 1))
    raw = json.loads(write_inspect_log(run, tmp_path / "log.json").read_text(encoding="utf-8"))
    assert raw["results"]["scores"][0]["metrics"] == {} and raw["eval"]["metadata"]["stopped_at_success"] == 1


def test_another_ending_is_refused_and_nothing_is_left(make_run: Callable[..., Run], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", {"a": "c"})
    with pytest.raises(BadInput, match=r"ends with \.json"):
        write_inspect_log(run, tmp_path / "log.eval")
    write_inspect_log(run, tmp_path / "log.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.json", "run"]


def test_a_log_of_draws_until_a_success_is_not_read_as_a_fixed_number(
    make_run: Callable[..., Run], tmp_path: Path
) -> None:
    path = write_inspect_log(make_run(tmp_path / "run", {"a": "wc"}, DrawRule(4, 1, 1)), tmp_path / "log.json")
    with pytest.raises(BadInput, match="stopped each problem at a success"):
        read([path], ReadOptions())
