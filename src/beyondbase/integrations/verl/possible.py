"""What verl could not do as asked, told before it begins."""

from __future__ import annotations

from beyondbase.errors import BadInput
from beyondbase.integrations.verl.config import VerlConfig
from beyondbase.sampling.spec import check_spec


def check(config: VerlConfig, n_train: int) -> None:
    """Raise BadInput for a training of `n_train` problems that verl would refuse, or end in the middle of."""
    check_spec(config.eval_spec)
    machine = config.machine
    for name, value, least in (
        ("steps", config.steps, 1),
        ("problems_per_step", config.problems_per_step, 1),
        ("samples_per_problem", config.samples_per_problem, 1 if config.algorithm in ("ppo", "remax") else 2),
        ("updates_per_step", config.updates_per_step, 1),
        ("eval_n", config.eval_n, 1),
        ("eval_every", config.eval_every, 1),
        ("checkpoint_every", config.checkpoint_every, 1),
        ("max_prompt_tokens", config.max_prompt_tokens, 1),
        ("gpus", machine.gpus, 1),
        ("nodes", machine.nodes, 1),
    ):
        if value < least:
            raise BadInput(f"{name}: expected at least {least}, got {value}")
    if config.problems_per_step > n_train:
        raise BadInput(
            f"problems_per_step: expected at most the {n_train} training problems, got {config.problems_per_step}"
        )
    if config.problems_per_step % config.updates_per_step:
        raise BadInput(
            f"updates_per_step: expected a number that divides the {config.problems_per_step} problems of a step, got "
            f"{config.updates_per_step}"
        )
    rollouts = config.problems_per_step // config.updates_per_step * config.samples_per_problem
    if rollouts % (machine.gpus * machine.nodes):
        raise BadInput(
            f"gpus: expected a number that, times {machine.nodes} nodes, divides the {rollouts} rollouts of an update, "
            f"got {machine.gpus}"
        )
    if config.temperature <= 0 or config.eval_temperature <= 0:
        raise BadInput("temperature: expected more than 0 for rollouts and held-out samples, got 0; raise it")
    if not 0 <= config.overlong_share < 1:
        raise BadInput(f"overlong_share: expected 0 or more and less than 1, got {config.overlong_share}")
