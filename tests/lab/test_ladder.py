from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from beyondbase.errors import BadInput
from beyondbase.lab.ladder import SIZES, LadderConfig, train_ladder
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.lab.pretrain import BaseConfig, train_base
from beyondbase.sampling.hf import HfEngine
from beyondbase.sampling.model_source.folder import weights_hash

TINY = BaseConfig(steps=3, batch_size=8, hidden_size=16, layers=1, heads=2, intermediate_size=16)


def test_the_ladder_makes_one_model_a_size_and_each_is_larger(tmp_path: Path) -> None:
    rungs = list(train_ladder(LadderConfig(out=tmp_path, steps=2, batch_size=4)))
    assert [rung.size for rung in rungs] == ["small", "medium", "large"]
    parameters = [HfEngine.load(rung.folder).model.num_parameters() for rung in rungs]
    assert parameters == sorted(parameters)
    assert parameters[1] == HfEngine.load(BASE_MODEL).model.num_parameters()


def test_a_rung_is_what_train_base_makes_with_its_dimensions(tmp_path: Path) -> None:
    (rung,) = train_ladder(LadderConfig(out=tmp_path / "ladder", sizes=("small",), steps=2, batch_size=4))
    train_base(BaseConfig(out=tmp_path / "base", steps=2, batch_size=4, **SIZES["small"]._asdict()))
    assert weights_hash(rung.folder) == weights_hash(tmp_path / "base")


def test_medium_is_the_base_that_ships() -> None:
    card = (BASE_MODEL / "README.md").read_text()
    made = json.loads(card.split("```json")[1].split("```")[0])
    assert SIZES["medium"]._asdict().items() <= made.items()
    assert {name: made[name] for name in ("steps", "batch_size", "learning_rate", "wrong_share", "seed")} == {
        name: getattr(LadderConfig(), name) for name in ("steps", "batch_size", "learning_rate", "wrong_share", "seed")
    }


def test_a_ladder_makes_only_the_models_that_are_not_there(tmp_path: Path) -> None:
    config = LadderConfig(out=tmp_path, sizes=("small",), steps=2, batch_size=4)
    list(train_ladder(config))
    before = (tmp_path / "small" / "model.safetensors").stat().st_mtime_ns
    rungs = list(train_ladder(replace(config, sizes=("small", "medium"))))
    assert (tmp_path / "small" / "model.safetensors").stat().st_mtime_ns == before
    assert [rung.folder.name for rung in rungs] == ["small", "medium"]
    with pytest.raises(BadInput, match=r"sizes: expected some of small, medium, large, got 'huge'"):
        list(train_ladder(replace(config, sizes=("huge",))))


def test_a_killed_pretraining_leaves_no_model_and_is_begun_again(tmp_path: Path) -> None:
    out = tmp_path / "killed"
    code = (
        f"from pathlib import Path; from beyondbase.lab.pretrain import *; here = Path({str(tmp_path)!r});"
        "config = BaseConfig(here / 'killed', 100_000, 8, hidden_size=16, layers=1, heads=2, intermediate_size=16);"
        "train_base(config, lambda *told: (here / 'started').touch())"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (tmp_path / "started").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not out.exists()
    (tmp_path / ".killed.partial").mkdir()  # as a kill while saving leaves it
    (tmp_path / ".killed.partial" / "model.safetensors").write_text("torn")
    train_base(replace(TINY, out=out))
    train_base(replace(TINY, out=tmp_path / "whole"))
    assert weights_hash(out) == weights_hash(tmp_path / "whole")
    assert not (tmp_path / ".killed.partial").exists()


def test_a_base_that_is_there_is_not_made_again_and_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    config = replace(TINY, out=tmp_path / "base")
    loss = train_base(config)
    before = (config.out / "model.safetensors").stat().st_mtime_ns
    assert train_base(config) == loss
    assert (config.out / "model.safetensors").stat().st_mtime_ns == before
    with pytest.raises(BadInput, match=r"holds a base with hidden_size = 16, this one has 32"):
        train_base(replace(config, hidden_size=32))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("of years")
    with pytest.raises(BadInput, match="expected an empty folder"):
        train_base(replace(config, out=tmp_path / "mine"))
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "of years"
