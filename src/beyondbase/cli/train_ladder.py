"""`beyondbase train ladder`: pretrain base models of several sizes."""

from __future__ import annotations

from beyondbase.cli.settings import claim_folder, save_config
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.lab.ladder import LadderConfig, train_ladder
from beyondbase.types import Progress


def run(config: LadderConfig, progress: Progress) -> Outcome:
    """Pretrain what is not there yet."""
    claim_folder(config.out)
    rungs = list(train_ladder(config, progress))
    save_config(config.out / "train.toml", "train ladder", config)
    lines = [f"{rung.size}: loss {rung.loss:.3f} nats a token over the last 20 steps: {rung.folder}" for rung in rungs]
    return Outcome(lines, {rung.size: {"model": str(rung.folder), "loss": rung.loss} for rung in rungs})


VERB = Verb(
    LadderConfig,
    run,
    example="beyondbase train ladder --out out/bases",
    resume="the same command goes on with the models that are not there yet",
)
