"""Our words for a training, as the arguments of TRL's trainers."""

from __future__ import annotations

from typing import Any, NamedTuple

from beyondbase.errors import BadInput
from beyondbase.integrations.trl.config import TrlConfig
from beyondbase.integrations.trl.dataset import CHAT_ARGUMENTS


class Recipe(NamedTuple):
    """An algorithm of TRL."""

    trainer: str
    """class in trl; that of its arguments ends in Config"""
    arguments: dict[str, Any]


# GRPO's equation 4 has its KL term as it is; TRL would multiply it by the ratio
_PLAIN_KL = {"use_bias_correction_kl": False}
ALGORITHMS: dict[str, Recipe] = {
    # Shao et al. 2024 (arXiv 2402.03300): mean over a rollout's tokens, then over rollouts
    "grpo": Recipe("GRPOTrainer", {"loss_type": "grpo", "scale_rewards": "group", "epsilon": 0.2, **_PLAIN_KL}),
    # Liu et al. 2025 (arXiv 2503.20783): no division by the group's deviation nor by a rollout's length
    "dr-grpo": Recipe("GRPOTrainer", {"loss_type": "dr_grpo", "scale_rewards": "none", "epsilon": 0.2, **_PLAIN_KL}),
    # Yu et al. 2025 (arXiv 2503.14476): sections 3.1 clip-higher, 3.3 token-level loss, 3.4 overlong filtering
    "dapo": Recipe(
        "GRPOTrainer",
        {
            "loss_type": "dapo",
            "scale_rewards": "group",
            "epsilon": 0.2,
            "epsilon_high": 0.28,
            "mask_truncated_completions": True,
            **_PLAIN_KL,
        },
    ),
    # Ahmadian et al. 2024 (arXiv 2402.14740): baseline of the other rollouts
    "rloo": Recipe("RLOOTrainer", {"normalize_advantages": False, "epsilon": 0.2}),
}


def recipe_of(algorithm: str) -> Recipe:
    """Return an algorithm by its name, or raise BadInput."""
    if algorithm not in ALGORITHMS:
        raise BadInput(f"algorithm: expected one of {', '.join(ALGORITHMS)}, got {algorithm!r}")
    return ALGORITHMS[algorithm]


class Found(NamedTuple):
    """What a training finds where it runs, and in its model."""

    processes: int
    on_gpu: bool
    eos_ids: frozenset[int]
    """tokens that end a rollout"""
    longest_prompt: int
    """tokens"""


def trl_arguments(config: TrlConfig, found: Found) -> dict[str, Any]:
    """Return every argument that TRL is given; raises BadInput for what it could not do as asked."""
    arguments = {
        **recipe_of(config.algorithm).arguments,
        **_batch(config, found.processes),
        "output_dir": str(config.out / "checkpoints"),
        "max_steps": config.steps,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": "constant",
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "beta": config.kl,
        "num_iterations": 1,
        "temperature": config.temperature,
        "top_p": 1.0,
        "top_k": 0,
        "max_completion_length": config.max_tokens,
        "chat_template_kwargs": dict(CHAT_ARGUMENTS),
        "disable_dropout": True,
        "gradient_checkpointing": config.gradient_checkpointing,
        "bf16": found.on_gpu,
        "use_cpu": not found.on_gpu,
        "save_strategy": "steps",
        "save_steps": config.checkpoint_every,
        "save_total_limit": config.keep_checkpoints,
        "logging_steps": config.log_every,
        "report_to": list(config.report_to),
        "disable_tqdm": True,
        "seed": config.seed,
    }
    if config.clip_low is not None:
        arguments["epsilon"] = config.clip_low
    if config.clip_high is not None:
        arguments["epsilon_high"] = config.clip_high
    return arguments | _vllm(config, found)


def _batch(config: TrlConfig, processes: int) -> dict[str, int]:
    """One gradient step on all rollouts of a step, in pieces of `rows_at_once` a process."""
    for name, least in (("steps", 1), ("problems_per_step", 1), ("samples_per_problem", 2), ("rows_at_once", 1)):
        if getattr(config, name) < least:
            raise BadInput(f"{name}: expected at least {least}, got {getattr(config, name)}")
    rollouts = config.problems_per_step * config.samples_per_problem
    pieces, left = divmod(rollouts, config.rows_at_once * processes)
    if left or not pieces:
        raise BadInput(
            f"rows_at_once: expected a number that, times {processes} processes, divides the {rollouts} rollouts of a "
            f"step, got {config.rows_at_once}"
        )
    return {
        "num_generations": config.samples_per_problem,
        "per_device_train_batch_size": config.rows_at_once,
        "gradient_accumulation_steps": pieces,
        "steps_per_generation": pieces,
    }


def _vllm(config: TrlConfig, found: Found) -> dict[str, Any]:
    if not config.vllm:
        return {"use_vllm": False}
    return {
        "use_vllm": True,
        "vllm_mode": "colocate",
        "vllm_gpu_memory_utilization": config.vllm_memory,
        "vllm_max_model_length": found.longest_prompt + config.max_tokens,
        # vLLM reads what ends a rollout from the model's folder, which may lack what ends a chat's turn
        "generation_kwargs": {"stop_token_ids": sorted(found.eos_ids)},
    }
