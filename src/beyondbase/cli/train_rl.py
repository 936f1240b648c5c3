"""`beyondbase train rl`: RLVR on a model."""

from __future__ import annotations

from beyondbase.cli.settings import claim_folder, read_training, save_config
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.lab.rl_config import RLConfig
from beyondbase.lab.trainer import train_rl
from beyondbase.types import Progress


def run(config: RLConfig, progress: Progress) -> Outcome:
    """Train, or go on where a training was."""
    claim_folder(config.out)
    final = train_rl(config, progress)
    save_config(config.out / "train.toml", "train rl", config)
    log = config.out / "metrics.jsonl"
    rewards = read_training(log)["reward"].tail(10).to_list()
    reward = sum(rewards) / len(rewards)
    lines = [
        f"mean reward {reward:.3f} over the last {len(rewards)} steps",
        f"model: {final}",
        f"log of each step: {log}",
    ]
    return Outcome(lines, {"model": str(final), "metrics": str(log), "reward": reward})


VERB = Verb(RLConfig, run, example="beyondbase train rl --base out/base --out out/rl --steps 100")
