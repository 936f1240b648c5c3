"""Our words for a training, as the settings of verl 0.9.1's `verl.trainer.main_ppo`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from beyondbase.integrations.verl.config import VerlConfig
from beyondbase.integrations.verl.possible import check
from beyondbase.integrations.verl.recipes import Recipe, recipe_of
from beyondbase.integrations.verl.rows import AS_IT_IS
from beyondbase.sampling.messages import TEMPLATE_DATE
from beyondbase.types import PromptForm

REWARD = "pkg://beyondbase.integrations.verl.reward"
_ACTOR, _ROLLOUT, _MODEL = "actor_rollout_ref.actor", "actor_rollout_ref.rollout", "actor_rollout_ref.model"


def configuration(config: VerlConfig, n_train: int) -> dict[str, Any]:
    """Return every setting that verl is given, by its dotted name; raises BadInput for what it could not do.

    `n_train` is the number of training problems. What is not named keeps verl's default.
    """
    recipe = recipe_of(config.algorithm)
    check(config, n_train)
    return {
        **_data(config),
        **_model(config),
        **_loss(config, recipe),
        **_rollouts(config),
        **_trainer(config, n_train),
        "reward.custom_reward_function.path": REWARD,
        "reward.custom_reward_function.name": "compute_score",
        **(_overlong(config) if config.algorithm == "dapo" and config.overlong_share else {}),
        **recipe.besides,
    }


def _data(config: VerlConfig) -> dict[str, Any]:
    chat = config.form is PromptForm.CHAT
    return {
        "data.train_files": str(config.out.resolve() / "train.parquet"),
        # verl wants a file here, and reads it also where nothing is measured
        "data.val_files": str(config.out.resolve() / ("held-out.parquet" if config.held_out else "train.parquet")),
        "data.train_batch_size": config.problems_per_step,
        "data.max_prompt_length": config.max_prompt_tokens,
        "data.max_response_length": config.max_tokens,
        "data.filter_overlong_prompts": False,  # a problem that is dropped would be dropped in silence
        "data.truncation": "error",
        "data.seed": config.seed,
        **({"data.apply_chat_template_kwargs.date_string": TEMPLATE_DATE} if chat else {}),
    }


def _model(config: VerlConfig) -> dict[str, Any]:
    return {
        f"{_MODEL}.path": _found(config.model),
        f"{_MODEL}.enable_gradient_checkpointing": config.machine.gradient_checkpointing,
        **({} if config.form is PromptForm.CHAT else {f"{_MODEL}.custom_chat_template": AS_IT_IS}),
    }


def _found(model: str) -> str:
    """A folder by its whole path, since verl's processes are at work in others; a hub id as it is."""
    folder = Path(model).expanduser()
    return str(folder.resolve()) if folder.is_dir() else model


def _loss(config: VerlConfig, recipe: Recipe) -> dict[str, Any]:
    low, high = (0.2 if config.clip_low is None else config.clip_low), config.clip_high
    tokens = config.machine.tokens_per_gpu or 2 * (config.max_prompt_tokens + config.max_tokens)
    in_reward, in_loss = (config.kl > 0 and recipe.kl_in_reward), (config.kl > 0 and not recipe.kl_in_reward)
    settings = {
        "algorithm.adv_estimator": recipe.estimator,
        "algorithm.use_kl_in_reward": in_reward,
        **({"algorithm.kl_ctrl.kl_coef": config.kl} if in_reward else {}),
        f"{_ACTOR}.use_kl_loss": in_loss,
        **({f"{_ACTOR}.kl_loss_coef": config.kl} if in_loss else {}),
        f"{_ACTOR}.loss_agg_mode": recipe.average,
        f"{_ACTOR}.clip_ratio_low": low,
        f"{_ACTOR}.clip_ratio_high": recipe.clip_high if high is None else high,
        f"{_ACTOR}.entropy_coeff": config.entropy_bonus,
        f"{_ACTOR}.ppo_mini_batch_size": config.problems_per_step // config.updates_per_step,
        f"{_ACTOR}.use_dynamic_bsz": True,
        f"{_ACTOR}.ppo_max_token_len_per_gpu": tokens,
        f"{_ACTOR}.optim.lr": config.learning_rate,
        f"{_ACTOR}.optim.weight_decay": 0.0,
    }
    if recipe.average == "seq-mean-token-sum-norm":
        settings[f"{_ACTOR}.loss_scale_factor"] = config.max_tokens
    if recipe.estimator == "gae":
        settings |= {"critic.model.path": _found(config.model), "critic.optim.lr": config.critic_learning_rate}
        settings |= {"critic.optim.weight_decay": 0.0, "critic.ppo_max_token_len_per_gpu": tokens}
    return settings


def _rollouts(config: VerlConfig) -> dict[str, Any]:
    return {
        f"{_ROLLOUT}.name": "vllm",
        f"{_ROLLOUT}.n": config.samples_per_problem,
        f"{_ROLLOUT}.temperature": config.temperature,
        f"{_ROLLOUT}.top_p": 1.0,
        f"{_ROLLOUT}.top_k": -1,
        f"{_ROLLOUT}.tensor_model_parallel_size": config.machine.tensor_parallel,
        f"{_ROLLOUT}.gpu_memory_utilization": config.machine.vllm_memory,
        f"{_ROLLOUT}.val_kwargs.n": config.eval_n,
        f"{_ROLLOUT}.val_kwargs.do_sample": True,
        f"{_ROLLOUT}.val_kwargs.temperature": config.eval_temperature,
        f"{_ROLLOUT}.val_kwargs.top_p": config.eval_top_p,
        f"{_ROLLOUT}.val_kwargs.top_k": -1,
    }


def _trainer(config: VerlConfig, n_train: int) -> dict[str, Any]:
    out = config.out.resolve()
    return {
        "trainer.total_training_steps": config.steps,
        # verl counts whole epochs, and ends at whichever of the two comes first
        "trainer.total_epochs": math.ceil(config.steps / (n_train // config.problems_per_step)),
        "trainer.n_gpus_per_node": config.machine.gpus,
        "trainer.nnodes": config.machine.nodes,
        "trainer.val_before_train": config.held_out is not None,
        "trainer.test_freq": config.eval_every if config.held_out else -1,
        "trainer.save_freq": config.checkpoint_every,
        "trainer.validation_data_dir": str(out / "validation"),
        "trainer.default_local_dir": str(out / "checkpoints"),
        "trainer.project_name": "beyondbase",
        "trainer.experiment_name": out.name,
        "trainer.logger": list(config.loggers),
    }


def _overlong(config: VerlConfig) -> dict[str, Any]:
    """Equation 13 of DAPO, which verl's reward manager of that name takes off the score."""
    kwargs = "reward.reward_kwargs"
    return {
        "reward.reward_manager.name": "dapo",
        f"{kwargs}.max_resp_len": config.max_tokens,
        f"{kwargs}.overlong_buffer_cfg.enable": True,
        f"{kwargs}.overlong_buffer_cfg.len": max(1, round(config.overlong_share * config.max_tokens)),
        f"{kwargs}.overlong_buffer_cfg.penalty_factor": 1.0,
        f"{kwargs}.overlong_buffer_cfg.log": True,
    }
