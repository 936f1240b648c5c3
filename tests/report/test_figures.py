from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from beyondbase.analyses.compare import compare
from beyondbase.analyses.profile import profile_of
from beyondbase.analyses.results import StudyAnalysis
from beyondbase.doublings import doublings
from beyondbase.report.captions import captions
from beyondbase.report.drawing import draw
from beyondbase.report.figures import FIGURES
from beyondbase.report.figures.beyond import beyond
from beyondbase.report.figures.curves import pass_at_k, thinned
from beyondbase.report.figures.problems import movement
from beyondbase.report.figures.reliability import reliability
from beyondbase.report.figures.runs import training
from beyondbase.types import SuccessCounts

MakeStudy = Callable[..., StudyAnalysis]


def texts_of(svg: str) -> dict[str, list[float]]:
    """The texts of a drawing with their font sizes."""
    found = re.findall(r'<text[^>]*font-size="([\d.]+)px"[^>]*>([^<]+)</text>', svg)
    sizes: dict[str, list[float]] = {}
    for size, text in found:
        sizes.setdefault(text, []).append(float(size))
    return sizes


@pytest.mark.parametrize("name", FIGURES)
def test_letters_are_large_and_every_drawing_says_what_it_is(make_study: MakeStudy, tmp_path: Path, name: str) -> None:
    figure = FIGURES[name](make_study())
    assert figure is not None
    drawn = draw(name, figure, tmp_path)
    sizes = texts_of(drawn.svg)
    assert sizes and min(min(each) for each in sizes.values()) >= 13
    assert drawn.alt_text and f"<title>{drawn.alt_text}</title>" in (tmp_path / f"{name}.svg").read_text()


@pytest.mark.parametrize("name", FIGURES)
def test_the_data_beside_a_figure_are_those_that_the_study_holds(make_study: MakeStudy, name: str) -> None:
    study = make_study()
    figure = FIGURES[name](study)
    assert figure is not None
    held = {
        "pass_at_k": study.comparison.curves,
        "strata": study.comparison.strata,
        "cells": study.comparison.cells,
        "accuracy": study.comparison.accuracy,
        "movement": study.comparison.solvability,
        "ecdf": study.shape.ecdf if study.shape else None,
        "moved": study.shape.moved if study.shape else None,
        "paths": study.paths.curves if study.paths else None,
        "paths_found": study.paths.found_by if study.paths else None,
        "diversity": study.diversity.measures if study.diversity else None,
        "likelihood": study.likelihood.spread if study.likelihood else None,
        "percentiles": study.likelihood.histogram if study.likelihood else None,
        "temperatures": study.tuning.grid if study.tuning else None,
        "tuning": None,
        "power": study.tuning.power.curves if study.tuning and study.tuning.power else None,
        "tokens": None,
        "reliability": study.profile.curves if study.profile else None,
        "beyond": study.extrapolation.curves if study.extrapolation else None,
        "training": study.training,
    }
    if name == "tuning":
        assert study.tuning is not None and study.tuning.union is not None
        of_union = figure.data.filter(condition="union over temperatures").drop("condition")
        assert of_union.equals(study.tuning.union.curves)
    elif name == "tokens":
        assert study.cost is not None and study.cost.at_tokens is not None
        assert figure.data.rename({"tokens": "k"}).equals(study.cost.at_tokens.curves)
    elif name == "health":
        shares = dict(figure.data.filter(pl.col("model") == "RL").select("ending", "share").iter_rows())
        assert shares["no answer"] == study.rl_health.no_answer and shares["correct"] == study.rl_health.correct
    else:
        frame = held[name]
        assert frame is not None and figure.data.select(frame.columns).equals(frame)


def test_every_power_of_two_is_a_tick_of_the_shared_axis(make_study: MakeStudy, tmp_path: Path) -> None:
    sizes = texts_of(draw("pass_at_k", pass_at_k(make_study()), tmp_path).svg)
    assert {str(2**i) for i in range(9)} <= set(sizes)
    assert sizes["budget k (samples a problem)"] and len(sizes["budget k (samples a problem)"]) == 1


def test_a_largest_budget_that_is_no_power_of_two_ends_the_axis(make_study: MakeStudy, tmp_path: Path) -> None:
    counts = SuccessCounts(["a", "b"], [100, 100], [1, 60])
    study = replace(make_study(), comparison=compare(counts, counts))
    ticks = set(texts_of(draw("pass_at_k", pass_at_k(study), tmp_path).svg))
    assert {"1", "32", "64", "100"} <= ticks and "128" not in ticks


def test_names_at_the_ends_of_equal_curves_do_not_lie_on_each_other(make_study: MakeStudy, tmp_path: Path) -> None:
    counts = SuccessCounts(["a", "b"], [64, 64], [1, 60])
    study = replace(make_study(), comparison=compare(counts, counts))
    svg = draw("pass_at_k", pass_at_k(study), tmp_path).svg
    heights = [float(y) for y in re.findall(r"translate\([\d.]+,(-?[\d.]+)\)[^>]*>(?:base|RL)</text>", svg)]
    assert len(heights) == 2 and abs(heights[0] - heights[1]) >= 14


def test_one_sample_a_problem_is_drawn(make_study: MakeStudy, tmp_path: Path) -> None:
    base, rl = SuccessCounts(["a", "b"], [1, 1], [0, 1]), SuccessCounts(["a", "b"], [1, 1], [0, 0])
    study = replace(make_study(), comparison=compare(base, rl))
    svg = draw("pass_at_k", pass_at_k(study), tmp_path).svg
    assert "NaN" not in svg and {"base", "RL"} <= set(texts_of(svg))


def test_the_crossover_set_is_named_where_there_is_one(make_study: MakeStudy, tmp_path: Path) -> None:
    crossing, equal = make_study(300), make_study(30, gain=1.0, lost=0.0)
    crossover = crossing.comparison.crossover
    names = texts_of(draw("pass_at_k", pass_at_k(crossing), tmp_path).svg)
    assert f"crossover: k = {crossover.lo} to {crossover.hi}" in names
    assert "shaded" in captions(crossing)["pass_at_k"]
    assert equal.comparison.crossover.lo is None
    assert not [name for name in texts_of(draw("pass_at_k", pass_at_k(equal), tmp_path).svg) if "crossover" in name]
    assert "shaded" not in captions(equal)["pass_at_k"]


def test_a_panel_of_what_cannot_be_told_is_left_out(make_study: MakeStudy, tmp_path: Path) -> None:
    study = make_study()
    assert study.profile is not None
    stopped = SuccessCounts(["a", "b"], [64, 5], [0, 2], stop_at=2, n_max=64)
    some = replace(study, profile=profile_of(stopped, stopped, answers={}))
    figure = reliability(some)
    assert figure is not None
    titles = {name.split(":")[0] for name in texts_of(draw("reliability", figure, tmp_path).svg) if ": " in name}
    assert titles == {"pass@k", "pass^k"}
    assert "most frequent" not in captions(some)["reliability"]
    every = reliability(study)
    assert every is not None
    whole = draw("reliability", every, tmp_path)
    assert "maj@k: the most frequent right" in texts_of(whole.svg)


@pytest.mark.parametrize("trusted", [True, False])
def test_beyond_n_is_marked_in_the_drawing_itself(make_study: MakeStudy, tmp_path: Path, trusted: bool) -> None:
    study = make_study()
    assert study.extrapolation is not None
    figure = beyond(replace(study, extrapolation=replace(study.extrapolation, trusted=trusted)))
    assert figure is not None
    texts = texts_of(draw("beyond", figure, tmp_path).svg)
    assert {"measured", "base", "RL"} <= set(texts)
    assert ("predicted, not measured" in texts) == trusted != ("predicted: do not trust" in texts)
    assert ("self-check fails" in figure.alt_text) != trusted


def test_thinning_keeps_both_ends_and_all_marked_budgets(make_study: MakeStudy) -> None:
    curves = pl.DataFrame({"k": np.arange(1, 5001)})
    kept = thinned(curves)["k"].to_list()
    assert set(doublings(5000)) <= set(kept) and kept[0] == 1 and kept[-1] == 5000 and len(kept) < 200


def test_more_problems_than_altair_takes_by_default_are_drawn(make_study: MakeStudy, tmp_path: Path) -> None:
    drawn = draw("movement", movement(make_study(5200)), tmp_path)
    assert drawn.total_rows == 5200 and len(drawn.rows) == 50


def test_a_training_log_may_lack_columns_and_values(make_study: MakeStudy, tmp_path: Path) -> None:
    study = make_study()
    log = pl.DataFrame(
        {"step": [1, 2, 3], "entropy": [0.5, None, 0.3], "kl": [0.0, float("nan"), 0.1], "loss": [1.0] * 3}
    )
    some = replace(study, training=log)
    figure = training(some)
    assert figure is not None
    titles = texts_of(draw("training", figure, tmp_path).svg)
    assert "entropy, nats a token" in titles and "mean reward" not in titles
    assert "entropy, nats a token 0.5 to 0.3" in captions(some)["training"]


@pytest.mark.parametrize(
    "log", [pl.DataFrame(), pl.DataFrame({"step": [1], "loss": [0.1]}), pl.DataFrame({"reward": [0.1]})]
)
def test_a_training_log_with_nothing_to_draw_gives_no_figure(make_study: MakeStudy, log: pl.DataFrame) -> None:
    study = replace(make_study(), training=log)
    assert training(study) is None
    without = {name for name, make in FIGURES.items() if (figure := make(study)) and not figure.caption}
    assert without <= set(captions(study))
