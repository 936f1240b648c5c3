from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from beyondbase.analyses.compare import compare
from beyondbase.analyses.results import Decision, ExperimentResults
from beyondbase.analyses.serialize import from_json
from beyondbase.errors import StoreError
from beyondbase.estimators.pass_at_k import pass_at_k
from beyondbase.experiment.differences import difference, pair_of
from beyondbase.experiment.folders import Folders
from beyondbase.experiment.measured import Measured
from beyondbase.experiment.results import analyse, make_results
from beyondbase.store import open_run
from tests.experiment.scripted import PROBLEMS, write_experiment


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return write_experiment(tmp_path_factory.mktemp("scripted"))


@pytest.fixture(scope="module")
def results(folders: Folders) -> ExperimentResults:
    return make_results(folders.root)


def one(frame: pl.DataFrame, **wanted: object) -> dict[str, object]:
    rows = frame.filter(*(pl.col(name) == value for name, value in wanted.items()))
    assert rows.height == 1, wanted
    return rows.row(0, named=True)


def test_a_row_for_every_model_and_set_whatever_is_missing(folders: Folders, results: ExperimentResults) -> None:
    whole = folders.experiment
    asked = {*whole.measured} | {(row, s) for arm in whole.arms.values() for row in arm.rows for s in arm.sets}
    assert {*results.models.select("row", "set").rows()} == asked
    assert results.models.height == len(asked)


def test_the_band_of_one_training_is_that_of_compare(folders: Folders, results: ExperimentResults) -> None:
    base = open_run(folders.base_run("held-out", "shipped")).counts()
    rl = open_run(folders.arm_run("held-out", "alone", 7, 4)).counts()
    plain = compare(base, rl)
    mine = results.curves.filter(pl.col("row") == "alone@4", pl.col("set") == "held-out")
    names = ["k", "delta", "delta_lo", "delta_hi"]
    theirs = plain.curves.filter(pl.col("k").is_in(mine["k"].implode()))
    for name in names:
        assert np.array_equal(mine[name], theirs[name]), name
    row = one(results.models, row="alone@4", set="held-out")
    assert (row["label"], row["crossover"]) == (plain.verdict.label.value, plain.crossover.status.value)
    assert mine["share"].to_numpy() == pytest.approx(theirs["rl"].to_numpy(), abs=1e-12)
    assert mine["share_lo"].to_numpy() == pytest.approx(theirs["rl_lo"].to_numpy(), abs=1e-12)


def test_a_curve_is_the_mean_of_its_trainings(folders: Folders, results: ExperimentResults) -> None:
    runs = [open_run(folders.arm_run("held-out", "better", seed, 4)).counts() for seed in (0, 1, 2)]
    curve = results.curves.filter(pl.col("row") == "better@4", pl.col("set") == "held-out")
    mean_K = np.mean([pass_at_k(counts, curve["k"].to_numpy()) for counts in runs], axis=0)
    assert curve["share"].to_numpy() == pytest.approx(mean_K)
    wider = (curve["delta_hi"] - curve["delta_lo"]) - (curve["problems_hi"] - curve["problems_lo"])
    assert (wider.to_numpy() >= -1e-12).all() and wider[0] > 0


def test_the_order_of_the_seeds_changes_nothing(folders: Folders, results: ExperimentResults, tmp_path: Path) -> None:
    """All but the rows that tell of single trainings, which follow the order of the seeds."""
    copy = Path(shutil.copytree(folders.root, tmp_path / "copy"))
    study = copy / "study.toml"
    study.write_text(study.read_text().replace("seeds = [0, 1, 2]", "seeds = [2, 0, 1]"))
    again = analyse(copy)
    for name in ("models", "curves", "findings", "conclusions"):
        assert getattr(again, name).equals(getattr(results, name)), name
    assert again.tables[0].gaps.equals(results.tables[0].gaps)


def test_what_collapsed_is_a_row_that_says_so(results: ExperimentResults) -> None:
    row = one(results.models, row="fallen@4", set="hot")
    assert row["why"] == "seed 0: collapsed at step 3; seed 1: collapsed at step 3"
    assert (row["trainings"], row["trainings_asked"], row["label"], row["pass_first"]) == (0, 2, None, None)
    training = one(results.trainings, arm="fallen", seed=1)
    assert (training["collapsed"], training["steps"], training["steps_asked"]) == (3, 3, 4)
    cells = results.tables[0].cells.filter(pl.col("row") == "fallen@4")
    assert cells.height == 4 and cells["share"].is_null().all()


def test_a_missing_training_leaves_the_mean_of_the_others_and_is_told(tmp_path: Path) -> None:
    left = write_experiment(tmp_path, leave=lambda unit: "fallen" in unit.name or "worse seed 1" in unit.name)
    row = one(analyse(left.root).models, row="worse@4", set="held-out")
    assert (row["trainings"], row["trainings_asked"], row["why"]) == (2, 3, "seed 1: not sampled")
    runs = [open_run(left.arm_run("held-out", "worse", seed, 4)).counts() for seed in (0, 2)]
    assert row["pass_first"] == pytest.approx(np.mean([pass_at_k(counts, [1])[0] for counts in runs]))


def test_without_any_run_there_are_no_results(tmp_path: Path) -> None:
    folders = write_experiment(tmp_path, leave=lambda unit: True)
    with pytest.raises(StoreError, match="at least one complete run"):
        analyse(folders.root)


def test_findings_are_decided_by_their_intervals(results: ExperimentResults) -> None:
    said = results.conclusions["decision"].to_list()
    assert said == [Decision.HOLDS, Decision.DOES_NOT, Decision.NOT_MEASURED]
    better = one(results.findings, number=1)
    assert better["lo"] > 0 and (better["trainings"], better["against_trainings"]) == (3, 0)  # type: ignore[operator]
    alone = one(results.findings, number=2, row="alone@4")
    assert alone["hi"] < 0 and (alone["trainings"], alone["against_trainings"]) == (1, 3)  # type: ignore[operator]
    assert one(results.findings, number=3, row="fallen@4")["delta"] is None


def test_the_gap_is_the_bases_last_less_the_models_first(folders: Folders, results: ExperimentResults) -> None:
    first = one(results.models, row="better@4", set="held-out")["pass_first"]
    last = one(results.models, row="shipped", set="held-out")["pass_last"]
    gap = one(results.tables[0].gaps, row="better@4", set="held-out")
    assert gap["gap"] == pytest.approx(last - first)  # type: ignore[operator]
    assert gap["gap_lo"] < gap["gap"] < gap["gap_hi"]  # type: ignore[operator]


def test_problems_solved_by_one_alone_add_up(results: ExperimentResults) -> None:
    measured = results.seeds.filter(pl.col("why") == "")
    total = sum(measured[name] for name in ("both", "rl_only", "base_only", "neither"))
    assert (total == PROBLEMS).all()  # type: ignore[union-attr]


def test_results_come_back_from_their_file_and_twice_are_the_same_bytes(
    folders: Folders, results: ExperimentResults
) -> None:
    files = [folders.root / "results.json", folders.root / "report.html", *sorted(folders.root.glob("*/*.svg"))]
    before = [file.read_bytes() for file in files]
    assert from_json(before[0].decode()).to_json() == results.to_json()
    make_results(folders.root)
    assert [file.read_bytes() for file in files] == before


def test_steps_of_one_arm_are_compared_training_by_training_over_the_seeds_that_both_have(folders: Folders) -> None:
    def measured(row: str, seeds: tuple[int, ...], base: str | None = "shipped") -> Measured:
        name, _, step = row.partition("@")
        return Measured(
            row,
            "held-out",
            base,
            tuple((s, open_run(folders.arm_run("held-out", name, s, int(step))).counts()) for s in seeds),
            (),
        )

    pair = pair_of(measured("better@2", (0, 1, 2)), measured("better@4", (0, 2)))
    assert pair is not None and pair.paired and len(pair.base) == len(pair.rl) == 2
    apart = pair_of(measured("better@4", (0, 1, 2)), measured("worse@4", (0, 2)))
    assert apart is not None and not apart.paired and (len(apart.base), len(apart.rl)) == (3, 2)
    assert pair_of(measured("better@4", ()), measured("worse@4", (0, 2))) is None
    same = pair_of(measured("better@4", (0, 1)), measured("better@4", (0, 1)))
    assert same is not None and not difference(same, np.array([1, 2]), confidence=0.95).estimate_K.any()
