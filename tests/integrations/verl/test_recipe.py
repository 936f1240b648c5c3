"""The recipe for eight GPUs is one that the verb accepts, and asks base and trained model in the study's words."""

from __future__ import annotations

import tomllib
from pathlib import Path

from beyondbase.cli.toml_file import read_toml
from beyondbase.integrations.verl.config import VerlConfig
from beyondbase.integrations.verl.configuration import configuration

FOLDER = Path(__file__).parents[3] / "studies" / "eight-gpus"


def test_the_file_is_the_trl_recipe_in_verls_words() -> None:
    config = VerlConfig(**read_toml(FOLDER / "grpo-verl.toml", VerlConfig))
    said = configuration(config, n_train=7500)
    rollouts = said["data.train_batch_size"] * said["actor_rollout_ref.rollout.n"]
    assert rollouts == 2048 and said["actor_rollout_ref.actor.ppo_mini_batch_size"] == 256
    trl = tomllib.loads((FOLDER / "grpo-trl.toml").read_text())
    words = ("model", "problems", "steps", "learning_rate", "max_tokens", "template", "form", "system", "verifier")
    assert {name: getattr(config, name) for name in words} == {name: trl[name] for name in words}
    study = tomllib.loads((FOLDER / "study.toml").read_text())["spec"]
    assert (config.template, config.form, config.system) == (study["template"], study["form"], study["system"])
