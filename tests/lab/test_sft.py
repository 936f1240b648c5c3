from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from beyondbase.errors import BadInput, PolicyCollapse
from beyondbase.lab.demonstrations import Demonstrations
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.lab.sft import SFTConfig, train_sft
from beyondbase.lab.token_logprobs import token_law
from beyondbase.sampling.hf import HfEngine
from beyondbase.sampling.model_source.folder import check_model_folder, weights_hash
from tests.lab.killed import kill_at_step

SMALL = SFTConfig(steps=6, batch_size=8, checkpoint_every=1, keep_every=2)


def outcome(folder: Path) -> tuple[str, str]:
    return weights_hash(folder / "final"), (folder / "metrics.jsonl").read_text()


def likelihood(model: Path, run: Path) -> float:
    """Mean log-probability of a token of the run's demonstrations under a model."""
    engine = HfEngine.load(model)
    shown = Demonstrations.load(run, engine, seed=0)
    batch = shown.batch(1, len(shown))
    with torch.no_grad():
        law = token_law(engine.model, batch, torch.arange(len(shown)))
    return float((law.logprobs_B_T * batch.mask_B_T).sum() / batch.mask_B_T.sum())


@pytest.fixture(scope="module")
def whole(own_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sft") / "whole"
    train_sft(replace(SMALL, samples=own_run, out=out))
    return out


def test_it_makes_what_it_imitates_more_likely(whole: Path, own_run: Path) -> None:
    check_model_folder(whole / "final")
    assert likelihood(whole / "final", own_run) > likelihood(BASE_MODEL, own_run) + 0.02


def test_the_loss_falls_and_the_first_is_that_of_the_base(own_run: Path, tmp_path: Path) -> None:
    engine = HfEngine.load(BASE_MODEL)
    size = len(Demonstrations.load(own_run, engine, seed=0))
    train_sft(replace(SMALL, samples=own_run, out=tmp_path / "sft", batch_size=size, keep_every=6))
    losses = [json.loads(line)["loss"] for line in (tmp_path / "sft" / "metrics.jsonl").read_text().splitlines()]
    assert losses[0] == pytest.approx(-likelihood(BASE_MODEL, own_run), abs=1e-5)
    assert losses == sorted(losses, reverse=True)


def test_a_killed_training_goes_on_to_the_same_model_and_log(whole: Path, own_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    code = (
        "from pathlib import Path; from beyondbase.lab.sft import *;"
        f"train_sft(SFTConfig(samples=Path({str(own_run)!r}), out=Path({str(out)!r}), steps=6, batch_size=8,"
        " checkpoint_every=1, keep_every=2))"
    )
    kill_at_step(code, out, 2)
    train_sft(replace(SMALL, samples=own_run, out=out))
    assert outcome(out) == outcome(whole)


def test_a_longer_training_goes_on_from_a_shorter_one(whole: Path, own_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "sft"
    for steps in (2, 3, 6):
        train_sft(replace(SMALL, samples=own_run, out=out, steps=steps))
    assert outcome(out) == outcome(whole)
    kept = sorted(path.name for path in (out / "checkpoints").iterdir())
    assert kept == ["step-000002", "step-000004", "step-000006"]
    assert weights_hash(out / "checkpoints" / "step-000006") == weights_hash(out / "final")


def test_a_finished_training_is_not_done_again_and_another_is_refused(
    whole: Path, own_run: Path, scripted_run: Path
) -> None:
    before = (whole / "final" / "model.safetensors").stat().st_mtime_ns
    config = replace(SMALL, samples=own_run, out=whole)
    train_sft(config)
    assert (whole / "final" / "model.safetensors").stat().st_mtime_ns == before
    with pytest.raises(BadInput, match=r"holds a training with seed = 0, this one has 1"):
        train_sft(replace(config, seed=1))
    with pytest.raises(BadInput, match=r"holds a training with samples = 'run "):
        train_sft(replace(config, samples=scripted_run))


def test_what_is_imitated_is_written_beside_the_log(scripted_run: Path, tmp_path: Path) -> None:
    train_sft(replace(SMALL, samples=scripted_run, out=tmp_path / "sft", steps=1))
    said = json.loads((tmp_path / "sft" / "demonstrations.json").read_text())
    assert said == {"answers": 6, "problems": 6, "anew": 6, "length": 18.0}


def test_a_run_without_correct_samples_is_refused(hopeless_run: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="found none to imitate"):
        train_sft(replace(SMALL, samples=hopeless_run, out=tmp_path / "sft"))


def test_a_loss_that_is_no_number_stops_it_with_the_mend(own_run: Path, tmp_path: Path) -> None:
    with pytest.raises(PolicyCollapse, match="learning rate below"):
        train_sft(replace(SMALL, samples=own_run, out=tmp_path / "sft", learning_rate=1e30, steps=50))


@pytest.mark.parametrize(
    ("field", "value"),
    [("steps", 0), ("batch_size", 0), ("most_per_problem", 0), ("learning_rate", 0.0), ("learning_rate", float("nan"))],
)
def test_bad_settings_are_refused_before_anything_is_written(
    own_run: Path, tmp_path: Path, field: str, value: float
) -> None:
    with pytest.raises(BadInput, match=field):
        train_sft(replace(SMALL, samples=own_run, out=tmp_path / "sft", **{field: value}))
    assert not (tmp_path / "sft").exists()
