from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.report.diversity import section
from beyondbase.report.figures.diversity import LABELS, diversity, moved

MakeStudy = Callable[..., StudyAnalysis]


def test_the_section_says_what_was_measured_and_what_could_not_be(make_study: MakeStudy) -> None:
    study = make_study()
    said = section(study)
    assert said is not None and study.diversity is not None
    row = study.diversity.measures.filter(pl.col("measure") == "solutions_0").row(0, named=True)
    first = said.sentences[0]
    for side in ("base", "rl"):
        assert f"{row[side]:.1f} " in first or f"{row[side]:.1f}," in first
    assert f"({row['ratio_lo']:.2f} to {row['ratio_hi']:.2f})" in first
    assert any("80 (in 40 problems), RL alone 0 (in 0 problems)" in sentence for sentence in said.sentences)
    assert "--engine hf" in said.missing["token entropy"]
    assert len(said.tables[0].rows) == study.diversity.measures.height


def test_every_measure_of_the_analysis_has_a_name(make_study: MakeStudy) -> None:
    study = make_study()
    assert study.diversity is not None
    assert set(study.diversity.measures["measure"]) <= set(LABELS)


def test_a_study_that_could_not_tell_says_why_and_one_that_was_not_asked_is_silent(make_study: MakeStudy) -> None:
    study = make_study(30, whole=False)
    assert section(study) is None
    told = section(replace(study, not_made={"diversity": "expected 2 first samples, got 0"}))
    assert told is not None and list(told.missing.values()) == ["expected 2 first samples, got 0"]


def test_moved_counts_intervals_that_leave_1_out() -> None:
    measures = pl.DataFrame(
        {"ratio": [0.5, 2.0, 1.0, None], "ratio_lo": [0.4, 1.5, 0.9, None], "ratio_hi": [0.6, 3.0, 1.1, None]}
    )
    assert moved(measures) == {"smaller": 1, "larger": 1, "open": 1}


def test_no_measure_with_a_ratio_is_no_figure(make_study: MakeStudy) -> None:
    study = make_study()
    assert study.diversity is not None
    none = study.diversity.measures.with_columns(ratio=pl.lit(None, dtype=pl.Float64))
    assert diversity(replace(study, diversity=replace(study.diversity, measures=none))) is None
