"""What beyondbase gives verl 0.9.1, and takes from it, by verl's own code; no GPU, hence neither rollouts nor updates.

Run: its composition and check of the configuration, its data set, its tokens of a prompt, its loader of the reward
and its reward managers, its validation metrics, and its writer of dumps.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir, initialize_config_module
from omegaconf import DictConfig, OmegaConf
from transformers import AutoTokenizer
from verl import DataProto
from verl.experimental.reward_loop.reward_loop import migrate_legacy_reward_impl
from verl.trainer.ppo.metric_utils import process_validation_metrics
from verl.trainer.ppo.ray_trainer import RayPPOTrainer
from verl.trainer.ppo.reward import load_reward_manager
from verl.trainer.ppo.utils import need_critic, need_reference_policy
from verl.trainer.ppo.v1.trainer_base import PPOTrainer
from verl.utils.config import omega_conf_to_dataclass, validate_config
from verl.utils.dataset.rl_dataset import RLHFDataset
from verl.utils.tokenizer.continuous_token_wiring import create_continuous_token_builder

from beyondbase.integrations.verl.config import VerlConfig
from beyondbase.integrations.verl.preparing import prepare
from beyondbase.integrations.verl.recipes import ALGORITHMS
from beyondbase.interop.foreign import ReadOptions
from beyondbase.interop.formats.verl import read
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.imports import import_log
from beyondbase.pipeline.judge_again import judge_again
from beyondbase.problems import render
from beyondbase.sampling.encode import encode
from beyondbase.types import PromptForm
from beyondbase.verification import verifier_of

CONFIG = VerlConfig(
    model=str(BASE_MODEL),
    problems="countdown-train",
    held_out="countdown",
    limit=32,
    held_out_limit=4,
    problems_per_step=8,
    steps=10,
    max_tokens=24,
    eval_n=3,
)
# what verl reads and its own files do not name
NEW = ("data.apply_chat_template_kwargs.", "reward.reward_kwargs.")
CHAT = "{% for m in messages %}{{ m['role'] }} {{ m['content'] }} {% endfor %}{{ date_string }}:"


@pytest.fixture(autouse=True)
def own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the data sets library out of the user's folder."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


def composed(out: Path) -> DictConfig:
    with initialize_config_dir(str(out), version_base=None):
        return compose("verl")


def of_verl_alone() -> DictConfig:
    with initialize_config_module("verl.trainer.config", version_base=None):
        return compose("ppo_trainer")


@pytest.mark.parametrize("kl", [0.0, 0.01])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_setting_is_one_of_verls_and_its_check_passes(tmp_path: Path, name: str, kl: float) -> None:
    prepared = prepare(replace(CONFIG, out=tmp_path, algorithm=name, kl=kl))
    config, plain = composed(tmp_path), of_verl_alone()
    for setting, value in prepared.settings.items():
        assert OmegaConf.select(config, setting) == value, setting
        parent, _, last = setting.rpartition(".")
        assert setting.startswith(NEW) or last in OmegaConf.select(plain, parent).keys(), setting  # noqa: SIM118
    config = migrate_legacy_reward_impl(config)
    assert need_reference_policy(config) == (kl > 0)
    assert need_critic(config) == (name == "ppo")
    validate_config(config, need_reference_policy(config), need_critic(config))
    algorithm = omega_conf_to_dataclass(config.algorithm)
    assert algorithm.adv_estimator == ALGORITHMS[name].estimator
    omega_conf_to_dataclass(config.actor_rollout_ref.rollout)


def test_its_data_set_has_our_rows_and_its_prompts_are_our_tokens(tmp_path: Path) -> None:
    prepared = prepare(replace(CONFIG, out=tmp_path))
    config = composed(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(BASE_MODEL)
    rows = RLHFDataset([config.data.val_files], tokenizer, config.data)
    assert len(rows) == 4
    tokenizer.chat_template = config.actor_rollout_ref.model.custom_chat_template
    builder = create_continuous_token_builder(tokenizer, hf_model_type="llama", chat_template_kwargs={})
    spec = CONFIG.eval_spec
    for problem, row in zip(prepared.held_out, rows, strict=True):
        assert row["extra_info"]["problem_id"] == problem.problem_id
        wanted = encode(tokenizer, render(prepared.held_out.template, problem), spec)
        assert tuple(builder.build_initial_tokens(row["raw_prompt"])) == wanted


def test_a_chat_is_our_tokens_too(tmp_path: Path) -> None:
    asked = replace(CONFIG, out=tmp_path, form=PromptForm.CHAT, system="Be brief.")
    prepared = prepare(asked)
    config = composed(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(BASE_MODEL)
    tokenizer.chat_template = CHAT
    rows = RLHFDataset([config.data.val_files], tokenizer, config.data)
    kwargs = OmegaConf.to_container(config.data.apply_chat_template_kwargs)
    builder = create_continuous_token_builder(tokenizer, hf_model_type="llama", chat_template_kwargs=kwargs)
    for problem, row in zip(prepared.held_out, rows, strict=True):
        wanted = encode(tokenizer, render(prepared.held_out.template, problem), asked.eval_spec)
        assert tuple(builder.build_initial_tokens(row["raw_prompt"])) == wanted


def rewarded(config: DictConfig, answers: list[list[str]]) -> list[list[dict[str, Any]]]:
    """What verl's reward manager makes of answers to each held-out problem, from tokens as a rollout hands over."""
    tokenizer = AutoTokenizer.from_pretrained(BASE_MODEL)
    rows = RLHFDataset([config.data.val_files], tokenizer, config.data)

    async def all_of_them() -> list[list[dict[str, Any]]]:
        manager = load_reward_manager(config, tokenizer)
        return [
            [await manager.run_single(rollout(tokenizer, row, text)) for text in texts]
            for row, texts in zip(rows, answers, strict=True)
        ]

    return asyncio.run(all_of_them())


def rollout(tokenizer: Any, row: dict[str, Any], text: str) -> DataProto:
    ids = torch.tensor([[*tokenizer(text)["input_ids"], tokenizer.eos_token_id]])
    names = ("data_source", "reward_model", "extra_info")
    return DataProto.from_dict(
        tensors={"responses": ids, "attention_mask": torch.ones_like(ids)},
        non_tensors={name: np.array([row[name]], dtype=object) for name in names},
    )


def answers_to(prepared: Any) -> list[list[str]]:
    verifier = verifier_of(prepared.held_out.verifier)
    return [[verifier.gold_texts(problem).right, "1 + 1 = 2", "target"] for problem in prepared.held_out]


@pytest.mark.parametrize("name", ["grpo", "dapo"])
def test_its_reward_manager_gives_our_scores(tmp_path: Path, name: str) -> None:
    prepared = prepare(replace(CONFIG, out=tmp_path, algorithm=name, max_tokens=64))
    config = migrate_legacy_reward_impl(composed(tmp_path))
    answers = answers_to(prepared)
    verifier = verifier_of("countdown")
    for problem, texts, said in zip(prepared.held_out, answers, rewarded(config, answers), strict=True):
        for text, one in zip(texts, said, strict=True):
            extra = one["reward_extra_info"]
            assert extra["verdict"] == verifier.verify(problem, text).verdict
            assert one["reward_score"] == extra["score"] == float(extra["verdict"] == "correct")
        assert [one["reward_extra_info"]["verdict"] for one in said] == ["correct", "wrong", "no_answer"]


def test_length_costs_reward_in_dapo_and_no_verdict(tmp_path: Path) -> None:
    prepared = prepare(replace(CONFIG, out=tmp_path, algorithm="dapo", max_tokens=20, overlong_share=0.5))
    config = migrate_legacy_reward_impl(composed(tmp_path))
    right = answers_to(prepared)[0][0]
    tokens = len(AutoTokenizer.from_pretrained(BASE_MODEL)(right)["input_ids"]) + 1
    [[one], *_] = rewarded(config, [[right], [], [], []])
    assert tokens > 10
    assert one["reward_score"] == pytest.approx(1.0 - (tokens - 10) / 10)
    assert one["reward_extra_info"]["score"] == 1.0 and one["reward_extra_info"]["verdict"] == "correct"


@pytest.mark.parametrize("writer", [PPOTrainer, RayPPOTrainer])
def test_its_metrics_take_our_values_and_its_dump_comes_back_as_a_run(tmp_path: Path, writer: Any) -> None:
    prepared = prepare(replace(CONFIG, out=tmp_path))
    config = migrate_legacy_reward_impl(composed(tmp_path))
    answers = answers_to(prepared)
    said = rewarded(config, answers)
    flat = [
        (problem, text, one)
        for problem, texts, ones in zip(prepared.held_out, answers, said, strict=True)
        for text, one in zip(texts, ones, strict=True)
    ]
    extras = {name: [one["reward_extra_info"][name] for _, _, one in flat] for name in flat[0][2]["reward_extra_info"]}
    scores = [float(one["reward_score"]) for _, _, one in flat]
    ids = [problem.problem_id for problem, _, _ in flat]
    metrics = process_validation_metrics(["countdown"] * len(flat), ids, {"reward": scores, **extras})["countdown"]
    for name in ("reward", "score", "no_answer"):
        assert metrics[name]["mean@3"] == pytest.approx(1 / 3)
    assert metrics["verifier_error"]["mean@3"] == 0.0
    assert "verdict" not in metrics

    writer._write_generations(
        inputs=[render(prepared.held_out.template, problem).text for problem, _, _ in flat],
        outputs=[text for _, text, _ in flat],
        gts=[problem.reference for problem, _, _ in flat],
        scores=scores,
        reward_extra_infos_dict={"reward": scores, **extras, "uid": [f"{i}_0_0" for i in range(len(flat))]},
        dump_path=config.trainer.validation_data_dir,
        global_steps=20,
    )
    assert len(json.loads((tmp_path / "validation" / "20.jsonl").read_text().splitlines()[0])) > len(extras)
    options = ImportOptions("lab", verifier_of("countdown"), problems=prepared.held_out)
    [log] = read([Path(config.trainer.validation_data_dir)], ReadOptions())
    made = import_log(log, "verl", tmp_path / "run", options)
    judge_again(made, options)
    counts = made.run.counts()
    assert (counts.n_P.tolist(), counts.c_P.tolist()) == ([3] * 4, [1] * 4)
    assert made.run.counts("countdown-1").c_P.tolist() == [1] * 4
