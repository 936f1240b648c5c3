"""The settings that verl is given: one meaning of each word of ours. That verl takes them: tests/with_verl."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beyondbase.errors import BadInput
from beyondbase.integrations.verl.config import Machine, VerlConfig
from beyondbase.integrations.verl.configuration import configuration
from beyondbase.integrations.verl.hydra_file import as_yaml
from beyondbase.integrations.verl.recipes import ALGORITHMS
from beyondbase.lab.algorithms import ALGORITHMS as OF_THE_LAB
from beyondbase.lab.algorithms import Average
from beyondbase.lab.rl_config import RLConfig
from beyondbase.types import PromptForm

CONFIG = VerlConfig(model="org/model", problems="a", held_out="b", out=Path("out"), problems_per_step=16, steps=10)
ACTOR = "actor_rollout_ref.actor"


def settings(**changes: Any) -> dict[str, Any]:
    return configuration(replace(CONFIG, **changes), n_train=40)


def test_every_algorithm_of_the_lab_but_its_own_objective_is_there() -> None:
    assert ALGORITHMS.keys() == OF_THE_LAB.keys() - {"pass-at-k"}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_clip_average_and_place_of_the_kl_are_the_labs(name: str) -> None:
    mine, lab = ALGORITHMS[name], RLConfig(algorithm=name).recipe
    assert mine.clip_high == lab.clip_high
    said = settings(algorithm=name, kl=0.01)
    assert said["algorithm.use_kl_in_reward"] == lab.kl_in_reward
    assert said[f"{ACTOR}.use_kl_loss"] == (not lab.kl_in_reward)
    assert 0.01 in (said.get("algorithm.kl_ctrl.kl_coef"), said.get(f"{ACTOR}.kl_loss_coef"))
    tokens = (
        {"token-mean"}
        if lab.average is Average.TOKEN
        else {"seq-mean-token-mean", "seq-mean-token-sum", "seq-mean-token-sum-norm"}
    )
    assert said[f"{ACTOR}.loss_agg_mode"] in tokens


def test_without_kl_no_reference_is_loaded() -> None:
    said = settings()
    assert not said["algorithm.use_kl_in_reward"] and not said[f"{ACTOR}.use_kl_loss"]


def test_steps_end_the_training_and_epochs_do_not() -> None:
    said = settings(steps=10)  # 40 problems, 16 a step: two steps an epoch
    assert (said["trainer.total_training_steps"], said["trainer.total_epochs"]) == (10, 5)


def test_without_held_out_problems_nothing_is_measured() -> None:
    said = settings(held_out=None)
    assert (said["trainer.val_before_train"], said["trainer.test_freq"]) == (False, -1)
    assert said["data.val_files"] == said["data.train_files"]
    assert (settings()["trainer.val_before_train"], settings()["trainer.test_freq"]) == (True, 20)


def test_updates_split_the_problems_of_a_step() -> None:
    said = settings(updates_per_step=4)
    assert (said["data.train_batch_size"], said[f"{ACTOR}.ppo_mini_batch_size"]) == (16, 4)


def test_a_plain_prompt_gets_a_template_that_adds_nothing_and_a_chat_the_models() -> None:
    assert "actor_rollout_ref.model.custom_chat_template" in settings()
    assert "actor_rollout_ref.model.custom_chat_template" not in settings(form=PromptForm.CHAT)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"algorithm": "pass-at-k"}, "algorithm: expected one of grpo, .* got 'pass-at-k'"),
        ({"problems_per_step": 41}, "problems_per_step: expected at most the 40 training problems, got 41"),
        ({"updates_per_step": 3}, "updates_per_step: expected a number that divides the 16 problems"),
        ({"samples_per_problem": 1}, "samples_per_problem: expected at least 2, got 1"),
        ({"machine": Machine(gpus=7)}, "gpus: expected a number that, times 1 nodes, divides the 128 rollouts"),
        ({"eval_temperature": 0.0}, "temperature: expected more than 0"),
        ({"overlong_share": 1.0}, "overlong_share: expected 0 or more and less than 1"),
        ({"eval_n": 0}, "eval_n: expected at least 1, got 0"),
    ],
)
def test_what_verl_could_not_do_is_one_line(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        settings(**changes)


def test_small_numbers_are_numbers_in_yaml() -> None:
    lines = as_yaml({"a.lr": 1e-06, "a.b.kl": 2.5e-05, "a.b.clip": 0.2, "a.is": True}).splitlines()
    assert lines[-5:] == ["  lr: 1.0e-06", "  b:", "    kl: 2.5e-05", "    clip: 0.2", "  is: true"]
