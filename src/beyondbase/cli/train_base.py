"""`beyondbase train base`: pretrain the small base model."""

from __future__ import annotations

from beyondbase.cli.settings import claim_folder, save_config
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.lab.pretrain import BaseConfig, train_base
from beyondbase.types import Progress


def run(config: BaseConfig, progress: Progress) -> Outcome:
    """Pretrain."""
    claim_folder(config.out)
    loss = train_base(config, progress)
    save_config(config.out / "train.toml", "train base", config)
    lines = [f"loss {loss:.3f} nats a token over the last 20 steps", f"model: {config.out}"]
    return Outcome(lines, {"model": str(config.out), "loss": loss})


VERB = Verb(
    BaseConfig, run, example="beyondbase train base --out out/base --steps 600", resume="it starts again from nothing"
)
