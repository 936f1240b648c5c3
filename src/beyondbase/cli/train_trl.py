"""`beyondbase train trl`: RLVR with TRL on any Hugging Face model, with a verifier as the reward."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from beyondbase.cli.settings import claim_folder, read_training, save_config
from beyondbase.cli.shown_settings import lines_of
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.extras import load
from beyondbase.integrations.trl.config import TrlConfig
from beyondbase.types import Progress

_NAME = "eval_pass@"


def run(config: TrlConfig, progress: Progress) -> Outcome:
    """Train, or go on where a training was."""
    claim_folder(config.out)
    final: Path = load("beyondbase.integrations.trl.training:train")(config, progress, _show)
    save_config(config.out / "train.toml", "train trl", config)
    log = config.out / "metrics.jsonl"
    rewards = read_training(log)["reward"].drop_nulls().tail(10).to_list()
    reward = sum(rewards) / len(rewards) if rewards else None
    data = {"model": str(final), "metrics": str(log), "reward": reward}
    said = (
        "no rollout got a reward" if reward is None else f"mean reward {reward:.3f} over the last {len(rewards)} steps"
    )
    lines = [said, *_pass_at_k(config.out / "pass_at_k.jsonl"), f"model: {final}", f"log of each step: {log}"]
    if config.watch.held_out is not None:
        data["runs"] = str(config.out / "pass_at_k")
        lines.append(f"runs of the held-out problems: {data['runs']}")
    return Outcome(lines, data)


def _show(facts: Mapping[str, object]) -> None:
    print("\n".join(lines_of("settings of the training", facts)), file=sys.stderr, flush=True)


def _pass_at_k(log: Path) -> list[str]:
    """Say pass@k before and after, with its bounds."""
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [_curve(row) for row in (rows[:1] if len(rows) < 2 else [rows[0], rows[-1]])]


def _curve(row: Mapping[str, float]) -> str:
    budgets = sorted(int(name[len(_NAME) :]) for name in row if name.startswith(_NAME) and name[len(_NAME) :].isdigit())
    of = {k: [row[f"{_NAME}{k}{side}"] for side in ("", "_lo", "_hi")] for k in budgets}
    shown = [f"pass@{k} {value:.3f} [{lo:.3f}, {hi:.3f}]" for k, (value, lo, hi) in of.items()]
    return f"after step {row['step']}: {', '.join(shown)}"


VERB = Verb(
    TrlConfig,
    run,
    example="beyondbase train trl --model Qwen/Qwen2.5-0.5B --problems gsm8k --steps 100 --out out/trl",
)
