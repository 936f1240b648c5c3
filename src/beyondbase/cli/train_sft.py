"""`beyondbase train sft`: supervised fine-tuning on the correct samples of a run."""

from __future__ import annotations

import json
from statistics import fmean

from beyondbase.cli.settings import claim_folder, read_training, save_config
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.lab.sft import SFTConfig, train_sft
from beyondbase.types import Progress


def run(config: SFTConfig, progress: Progress) -> Outcome:
    """Train, or go on where a training was, and say what was imitated."""
    claim_folder(config.out)
    final = train_sft(config, progress)
    save_config(config.out / "train.toml", "train sft", config)
    shown = json.loads((config.out / "demonstrations.json").read_text(encoding="utf-8"))
    log = config.out / "metrics.jsonl"
    losses = read_training(log)["loss"].to_list()
    first, last = fmean(losses[:10]), fmean(losses[-10:])
    lines = [
        f"imitated {shown['answers']:,} distinct correct answers to {shown['problems']:,} problems",
        *([f"of them {n:,} encoded anew from their text: not this model's own tokens"] if (n := shown["anew"]) else []),
        f"loss {first:.3f} nats a token over the first 10 steps, {last:.3f} over the last 10",
        f"model: {final}",
        f"log of each step: {log}",
    ]
    data = {"model": str(final), "metrics": str(log), "loss": last, "demonstrations": shown}
    return Outcome(lines, data)


VERB = Verb(SFTConfig, run, example="beyondbase train sft --samples runs/base --out out/sft --steps 150")
