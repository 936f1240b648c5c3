"""Real trainings of the lab's model with TRL: what they log is what the analysis says of the same samples."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from beyondbase.errors import BadInput
from beyondbase.estimators.bands import own_band
from beyondbase.integrations.trl.config import TrlConfig, Watch
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.pipeline import analyze_runs
from beyondbase.sampling.model_source.folder import check_model_folder, weights_hash
from beyondbase.store import open_run
from beyondbase.types import Judgement, Problem

pytest.importorskip("trl")

import trl

from beyondbase.integrations.trl import training
from beyondbase.integrations.trl.arguments import ALGORITHMS, Found, trl_arguments
from beyondbase.integrations.trl.callback import PassAtKCallback
from beyondbase.integrations.trl.live_engine import parameters_hash

WATCH = Watch("countdown", 12, 2, n_max=16, stop_at=2, n_first=4, eval_temperature=1.0, eval_top_p=1.0)
SMALL = TrlConfig(
    str(BASE_MODEL),
    "countdown",
    limit=32,
    steps=4,
    problems_per_step=8,
    samples_per_problem=4,
    rows_at_once=32,
    learning_rate=1e-4,
    max_tokens=24,
    device="cpu",
    checkpoint_every=1,
    watch=WATCH,
)
UNWATCHED = replace(SMALL, watch=Watch(), steps=1)


@contextmanager
def foreign_warnings() -> Iterator[None]:
    """What transformers says of a word that TRL still uses, and nothing else."""
    with pytest.warns(FutureWarning, match="gradient_checkpointing` is deprecated"):
        yield


def train(config: TrlConfig) -> Path:
    with foreign_warnings():
        return training.train(config)


def rows(path: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def outcome(out: Path) -> tuple[str, str, str]:
    """Everything that a training is kept for; the time it took is none of it."""
    return weights_hash(out / "final"), (out / "metrics.jsonl").read_text(), (out / "pass_at_k.jsonl").read_text()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training of four steps that measures pass@k before the first, after the second and the fourth."""
    out = tmp_path_factory.mktemp("trl") / "whole"
    train(replace(SMALL, out=out))
    return out


def test_it_leaves_a_model_in_hugging_face_form_and_a_line_a_step(whole: Path) -> None:
    check_model_folder(whole / "final")
    assert weights_hash(whole / "final") != weights_hash(BASE_MODEL)
    steps = rows(whole / "metrics.jsonl")
    assert [row["step"] for row in steps] == [1, 2, 3, 4]
    assert {"reward", "entropy", "length", "no_signal", "loss", "grad_norm"} <= steps[0].keys()
    for row in steps:
        assert row["reward"] == pytest.approx(row["correct"], abs=1e-6)


@pytest.mark.parametrize(("line", "step"), [(0, 0), (1, 2), (2, 4)])
def test_the_logged_curve_is_that_of_the_run_on_disk(whole: Path, line: int, step: int) -> None:
    row = rows(whole / "pass_at_k.jsonl")[line]
    assert row["step"] == step
    run = open_run(whole / "pass_at_k" / f"step-{step:06d}")
    counts = run.counts()
    assert (counts.stop_at, counts.largest_k, len(counts)) == (2, 16, 12)
    k_K = np.array([1, 2, 4, 8, 16])
    band = own_band(counts, k_K)
    for side, value_K in (("", band.estimate_K), ("_lo", band.lo_K), ("_hi", band.hi_K)):
        assert [row[f"eval_pass@{k}{side}"] for k in k_K] == value_K.round(12).tolist()
    verdicts = run.counted()["verdict"].to_list()
    assert row["eval_samples"] == len(verdicts) == counts.n_P.sum()
    assert row["eval_verdict/correct"] == verdicts.count("correct") / len(verdicts)


def test_the_logged_curves_are_what_analyze_says_of_the_same_samples(whole: Path, tmp_path: Path) -> None:
    runs = whole / "pass_at_k"
    before, *_, after = rows(whole / "pass_at_k.jsonl")
    curves = analyze_runs(runs / "step-000000", runs / "step-000004", tmp_path / "study").comparison.curves
    said = curves.filter(curves["k"].is_in([1, 2, 4, 8, 16]))
    for row, model in ((before, "base"), (after, "rl")):
        for side in ("", "_lo", "_hi"):
            logged = [row[f"eval_pass@{k}{side}"] for k in (1, 2, 4, 8, 16)]
            assert logged == pytest.approx(said[f"{model}{side}"].to_list(), abs=1e-12)


def test_the_run_of_a_step_names_the_weights_it_was_drawn_from(whole: Path) -> None:
    named = [open_run(folder).manifest.engine["weights_hash"] for folder in sorted((whole / "pass_at_k").iterdir())]
    models = [BASE_MODEL, whole / "checkpoints" / "checkpoint-2", whole / "final"]
    assert named == [parameters_hash(AutoModelForCausalLM.from_pretrained(m, dtype=torch.float32)) for m in models]


def test_measuring_changes_nothing_of_the_training(whole: Path, tmp_path: Path) -> None:
    train(replace(SMALL, out=tmp_path, watch=Watch()))
    assert weights_hash(tmp_path / "final") == weights_hash(whole / "final")
    assert (tmp_path / "metrics.jsonl").read_text() == (whole / "metrics.jsonl").read_text()


def test_a_training_that_is_done_is_not_done_again(whole: Path) -> None:
    before = outcome(whole)
    assert training.train(replace(SMALL, out=whole)) == whole / "final"
    assert outcome(whole) == before


def test_a_killed_training_goes_on_to_the_same_model_and_curves(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    words = f"train trl --config {whole / 'small.toml'} --out {out}".split()
    (whole / "small.toml").write_text(TOML)
    process = subprocess.Popen(
        [sys.executable, "-c", "from beyondbase.cli.main import main; main()", *words],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    # in the middle of a measurement: the run of step 2 is begun, its checkpoint is not
    while not (out / "pass_at_k" / "step-000002").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "final").exists() and (out / "checkpoints" / "checkpoint-1").exists()
    train(replace(SMALL, out=out))
    assert outcome(out) == outcome(whole)


TOML = f"""
model = "{BASE_MODEL}"
problems = "countdown"
limit = 32
steps = 4
problems_per_step = 8
samples_per_problem = 4
rows_at_once = 32
learning_rate = 1e-4
max_tokens = 24
device = "cpu"
checkpoint_every = 1

[watch]
held_out = "countdown"
held_out_limit = 12
pass_at_k_every = 2
n_max = 16
stop_at = 2
n_first = 4
eval_temperature = 1.0
eval_top_p = 1.0
"""


def test_the_run_of_other_weights_is_moved_aside_and_kept(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "other"
    runs = out / "pass_at_k"
    train(replace(UNWATCHED, out=out, watch=WATCH))
    before = open_run(runs / "step-000000").counts()
    shutil.rmtree(runs / "step-000000")
    (runs / "step-000001").rename(runs / "step-000000")
    trained = open_run(runs / "step-000000").manifest.engine["weights_hash"]
    for name in ("final", "checkpoints"):
        shutil.rmtree(out / name)
    train(replace(UNWATCHED, out=out, watch=WATCH))
    assert open_run(runs / f"step-000000-weights-{trained}").manifest.engine["weights_hash"] == trained
    assert open_run(runs / "step-000000").counts().c_P.tolist() == before.c_P.tolist()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_trains(algorithm: str, tmp_path: Path) -> None:
    final = train(replace(UNWATCHED, out=tmp_path, algorithm=algorithm, kl=0.01))
    assert weights_hash(final) != weights_hash(BASE_MODEL)
    assert rows(tmp_path / "metrics.jsonl")[0]["kl"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_argument_is_one_that_trl_has(algorithm: str) -> None:
    config = replace(SMALL, algorithm=algorithm, vllm=True, clip_high=0.3)
    given = trl_arguments(config, Found(1, True, frozenset({1}), 8))
    known = {field.name for field in fields(getattr(trl, ALGORITHMS[algorithm].trainer.replace("Trainer", "Config")))}
    assert given.keys() <= known
    assert given["epsilon_high"] == 0.3 and given["vllm_max_model_length"] == 32


def failing(problem: Problem, text: str) -> Judgement:
    raise RuntimeError("the verifier is broken")


def test_a_verifier_that_always_fails_teaches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = SimpleNamespace(name="broken-1", verify=failing)
    monkeypatch.setattr(training, "verifier_of", lambda name, options: broken)
    final = train(replace(UNWATCHED, out=tmp_path, gold="skip"))  # type: ignore[arg-type]
    before, after = (AutoModelForCausalLM.from_pretrained(m, dtype=torch.float32) for m in (BASE_MODEL, final))
    assert parameters_hash(before) == parameters_hash(after)
    (row,) = rows(tmp_path / "metrics.jsonl")
    assert row["verifier_error"] == 1 and row["wrong"] == 0 and row["reward"] is None


def test_another_training_in_the_same_folder_is_refused(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text((whole / "config.json").read_text())
    with pytest.raises(BadInput, match=r"learning_rate = 0\.0001, this one has 0\.5"):
        training.train(replace(SMALL, out=tmp_path, learning_rate=0.5))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"algorithm": "ppo"}, "algorithm: expected one of grpo, dr-grpo, dapo, rloo, got 'ppo'"),
        ({"rows_at_once": 7}, "rows_at_once: expected a number that, times 1 processes, divides the 32 rollouts"),
        ({"samples_per_problem": 1}, "samples_per_problem: expected at least 2, got 1"),
        ({"problems_per_step": 33}, "problems_per_step: expected at most the 32 training problems, got 33"),
        ({"max_tokens": 60}, "max_tokens: expected at most"),
    ],
)
def test_what_cannot_be_done_is_told_before_the_first_rollout(
    changes: dict[str, object], words: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=words):
        training.train(replace(UNWATCHED, out=tmp_path, **changes))  # type: ignore[arg-type]


def test_a_trainer_that_splits_the_weights_is_refused() -> None:
    sharded = SimpleNamespace(accelerator=SimpleNamespace(distributed_type="FSDP"))
    with pytest.raises(BadInput, match="expected whole weights in each process"):
        PassAtKCallback(sharded, SimpleNamespace())  # type: ignore[arg-type]


@pytest.mark.slow
def test_twenty_steps_raise_the_reward_and_log_what_analyze_says(tmp_path: Path) -> None:
    watch = replace(WATCH, held_out_limit=60, pass_at_k_every=10, n_max=32, stop_at=4, n_first=16)
    train(
        replace(
            SMALL,
            out=tmp_path / "rl",
            limit=None,
            steps=20,
            problems_per_step=64,
            samples_per_problem=16,
            rows_at_once=256,
            checkpoint_every=20,
            watch=watch,
        )
    )
    rewards = [row["reward"] for row in rows(tmp_path / "rl" / "metrics.jsonl")]
    assert len(rewards) == 20 and np.mean(rewards[-5:]) > np.mean(rewards[:5]) + 0.05
    measured = rows(tmp_path / "rl" / "pass_at_k.jsonl")
    assert [row["step"] for row in measured] == [0, 10, 20]
    runs = tmp_path / "rl" / "pass_at_k"
    for row, step in zip(measured[1:], (10, 20), strict=True):
        curves = analyze_runs(runs / "step-000000", runs / f"step-{step:06d}", tmp_path / str(step)).comparison.curves
        for k in (1, 2, 4, 8, 16, 32):
            (said,) = curves.filter(curves["k"] == k).to_dicts()
            for side in ("", "_lo", "_hi"):
                assert row[f"eval_pass@{k}{side}"] == pytest.approx(said[f"rl{side}"], abs=1e-12)
                assert measured[0][f"eval_pass@{k}{side}"] == pytest.approx(said[f"base{side}"], abs=1e-12)
