from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from beyondbase.analyses.compare import compare
from beyondbase.analyses.results import StudyAnalysis
from beyondbase.analyses.shape import shape
from beyondbase.report.drawing import draw
from beyondbase.report.figures.shape import directions, ecdf, moved
from beyondbase.report.shape import section
from beyondbase.types import SuccessCounts

MakeStudy = Callable[..., StudyAnalysis]


def test_the_section_says_what_was_counted(make_study: MakeStudy) -> None:
    study = make_study()
    said = section(study)
    assert said is not None and study.shape is not None
    count = directions(study.shape)
    assert sum(count.values()) == 40 and count["down"] > 0
    assert f"{count['up']} are known to have a higher" in said.sentences[0]
    zero = study.shape.shares.filter(pl.col("at") == "0")
    assert f"{zero['problems'][0]} under the base and {zero['problems'][1]} under RL" in said.sentences[1]
    assert f"between 0 and {zero['most'][0]:.1%} under the base" in said.sentences[3]
    assert [row[0] for row in said.tables[0].rows] == [
        "base, never solved",
        "RL, never solved",
        "base, solved in every sample",
        "RL, solved in every sample",
    ]
    assert all(len(row) == len(said.tables[0].head) for row in said.tables[0].rows)


def test_a_study_that_could_not_tell_says_why_and_one_that_was_not_asked_is_silent(make_study: MakeStudy) -> None:
    study = make_study(30, whole=False)
    assert section(study) is None and ecdf(study) is None and moved(study) is None
    told = section(replace(study, not_made={"shape": "expected 2 problems or more"}))
    assert told is not None and list(told.missing.values()) == ["expected 2 problems or more"]


def test_stopped_draws_are_not_taken_for_problems_that_are_always_solved(make_study: MakeStudy) -> None:
    study = make_study()
    counts = SuccessCounts(range(40), [4] * 10 + [64] * 30, [4] * 10 + [0] * 30, stop_at=4, n_max=64)
    comparison = compare(counts, counts)
    stopped = section(replace(study, comparison=comparison, shape=shape(counts, counts, comparison)))
    fixed = section(study)
    assert stopped is not None and fixed is not None
    assert "stop early" in stopped.sentences[2] and "stop early" not in fixed.sentences[2]


def test_captions_have_the_numbers_of_the_curves_and_of_the_table(make_study: MakeStudy, tmp_path: Path) -> None:
    study = make_study()
    assert study.shape is not None
    curves, table = ecdf(study), moved(study)
    assert curves is not None and table is not None
    half = study.shape.ecdf.filter((pl.col("rate") == 0.5) & (pl.col("model") == "rl")).row(0, named=True)
    assert f"{half['deconvolved']:.1%} ({half['lo']:.1%} to {half['hi']:.1%}) under RL" in curves.caption
    order = list(dict.fromkeys(study.shape.moved["from_bin"].to_list()))
    higher = sum(n for one, other, n in study.shape.moved.iter_rows() if order.index(other) > order.index(one))
    assert table.caption.startswith(f"{higher} problem")
    drawn = draw("moved", table, tmp_path).svg
    for _, _, problems in study.shape.moved.filter(pl.col("problems") > 0).iter_rows():
        assert f">{problems}</text>" in drawn
