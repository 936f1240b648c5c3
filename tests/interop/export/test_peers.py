"""passk-inference and scorio read what we export, and agree with us on pass@k."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from passk_inference.io import compare_files
from scorio.eval import pass_at_k as pass_at_k_of_scorio

from beyondbase.estimators.pass_at_k import pass_at_k
from beyondbase.interop.export.counts import write_counts
from beyondbase.interop.export.matrix import write_matrix
from beyondbase.interop.export.options import ExportOptions
from beyondbase.store import Run
from beyondbase.types import DrawRule

AGREE = 1e-12


@pytest.fixture(scope="module")
def pair(make_run: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """Two runs of 40 problems, 256 samples each: rates from none to all."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("pair")
    made = []
    for name, a in (("base", 0.3), ("rl", 0.8)):
        p_P = np.concatenate([[0.0, 1.0], rng.beta(a, 3, 38)])
        rows = {f"p{i}": "".join(np.where(rng.random(256) < p, "c", "w")) for i, p in enumerate(p_P)}
        made.append(make_run(folder / name, rows, model=name))
    return made[0], made[1]


def test_passk_inference_reads_our_counts_and_agrees_at_every_k(pair: tuple[Run, Run], tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.jsonl" for name in ("base", "rl")]
    for run, path in zip(pair, paths, strict=True):
        write_counts(run, path)
    theirs = compare_files(*paths, bootstrap=100)
    assert theirs["ks"] == list(range(1, 257))
    for run, name in zip(pair, ("base", "rl"), strict=True):
        ours = pass_at_k(run.counts(), theirs["ks"])
        np.testing.assert_allclose(theirs[f"{name}_pass_at_k"], ours, rtol=0, atol=AGREE)


def test_scorio_reads_our_matrix_and_agrees_at_every_k(pair: tuple[Run, Run], tmp_path: Path) -> None:
    for run in pair:
        write_matrix(run, tmp_path / "m.npy")
        write_matrix(run, tmp_path / "m.csv")
        matrix = np.load(tmp_path / "m.npy")
        assert np.array_equal(np.loadtxt(tmp_path / "m.csv", delimiter=",", skiprows=1, usecols=range(1, 257)), matrix)
        theirs = [pass_at_k_of_scorio(matrix, k) for k in range(1, 257)]
        np.testing.assert_allclose(theirs, pass_at_k(run.counts(), range(1, 257)), rtol=0, atol=AGREE)


def test_passk_inference_agrees_on_the_draws_before_each_stop(make_run: Callable[..., Run], tmp_path: Path) -> None:
    rng, paths = np.random.default_rng(1), [tmp_path / f"{name}.jsonl" for name in ("base", "rl")]
    stopped = []
    for path in paths:
        rows = {}
        for i, p in enumerate(rng.beta(0.6, 2, 30)):
            drawn = rng.random(128) < p
            ends = np.flatnonzero(drawn.cumsum() == 4)
            n = max(8, int(ends[0]) + 1) if len(ends) else 128
            rows[f"p{i}"] = "".join(np.where(drawn[:n], "c", "w"))
        run = make_run(tmp_path / path.stem, rows, DrawRule(n_max=128, stop_at=4, n_first=8))
        write_counts(run, path, ExportOptions(before_stop=True))
        stopped.append(run)
    theirs = compare_files(*paths, bootstrap=100)
    assert len(theirs["ks"]) == min(json.loads(line)["n"] for path in paths for line in path.read_text().splitlines())
    for run, name in zip(stopped, ("base", "rl"), strict=True):
        ours = pass_at_k(run.counts(), theirs["ks"])
        np.testing.assert_allclose(theirs[f"{name}_pass_at_k"], ours, rtol=0, atol=AGREE)
