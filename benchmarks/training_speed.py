"""A step of `train rl` against a step of TRL's GRPOTrainer on the lab's base model, paired in one process.

    OMP_NUM_THREADS=1 python benchmarks/training_speed.py [--blocks 6] [--steps 4] [--problems 32] [--samples 8]

Both sides train the same base by GRPO, one gradient step on all rollouts of a step: the same number of problems from
the same set, rollouts, token cap, learning rate, temperature, no KL, float32, one thread, our verifier. TRL has
whichever of two sizes of its pieces is the quicker for it, and none of what costs time for memory (checkpointed
activations, bfloat16). Each block trains both sides from the base, in turn; its first step is left out. Times are CPU
times of this process, from the end of a step to the end of the next, logs included, saving left out. A block's ratio
is TRL's time over ours; the ratio of all is the geometric mean with a 95% t interval over blocks.

Sampling, verifying and updating of TRL are its `_generate`, its `_calculate_rewards` and the rest of its step.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from beyondbase.estimators.geometric_ratio import geometric_ratio
from beyondbase.integrations.trl.arguments import Found, trl_arguments
from beyondbase.integrations.trl.config import TrlConfig
from beyondbase.integrations.trl.dataset import as_dataset
from beyondbase.integrations.trl.reward import VerifierReward
from beyondbase.lab import clock
from beyondbase.lab import trainer as ours
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.lab.rl_config import RLConfig
from beyondbase.problems import ProblemSet, load_problems
from beyondbase.types import SamplingSpec
from beyondbase.verification.countdown import CountdownVerifier

PARTS = ("sampling", "verifying", "updating")
Side = Callable[[Path, int], dict[str, float]]


def per_step(ends: list[float], parts: Iterable[dict[str, float]]) -> dict[str, float]:
    """Mean seconds of a step after the first, whole and by part."""
    later = list(parts)[1:]
    return {"step": float(np.diff(ends).mean()), **{part: mean(row[part] for row in later) for part in PARTS}}


def in_seconds_of_cpu() -> None:
    """Make `timings.jsonl` hold seconds of CPU, as all times here."""
    clock.perf_counter = time.process_time  # type: ignore[attr-defined]


def train_ours(args: argparse.Namespace, out: Path, seed: int) -> dict[str, float]:
    ends = list[float]()
    config = RLConfig(
        out,
        steps=args.steps + 1,
        problems_per_step=args.problems,
        samples_per_problem=args.samples,
        learning_rate=args.learning_rate,
        checkpoint_every=10**6,
        seed=seed,
    )
    ours.train_rl(config, lambda *said: ends.append(time.process_time()))
    return per_step(ends, pl.read_ndjson(out / "timings.jsonl").to_dicts())


class Timed(GRPOTrainer):
    """TRL's trainer, with the CPU time of the parts of each step."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.taken: dict[str, float] = defaultdict(float)

    def _generate(self, *given: Any) -> Any:
        return self._clocked("sampling", super()._generate, given)

    def _calculate_rewards(self, *given: Any) -> Any:
        return self._clocked("verifying", super()._calculate_rewards, given)

    def _clocked(self, part: str, work: Callable[..., Any], given: tuple[Any, ...]) -> Any:
        start = time.process_time()
        done = work(*given)
        self.taken[part] += time.process_time() - start
        return done


class Ends(TrainerCallback):
    """Notes when each step ends, and what its parts took."""

    def __init__(self, trainer: Timed) -> None:
        self.trainer = trainer
        self.ends: list[float] = []
        self.parts: list[dict[str, float]] = []

    def on_step_end(self, *given: Any, **named: Any) -> None:
        self.ends.append(time.process_time())
        self.parts.append(dict(self.trainer.taken))
        self.trainer.taken.clear()


def train_trl(args: argparse.Namespace, problems: ProblemSet, rows: int, out: Path, seed: int) -> dict[str, float]:
    config = TrlConfig(
        str(BASE_MODEL),
        "countdown-train",
        out,
        steps=args.steps + 1,
        problems_per_step=args.problems,
        samples_per_problem=args.samples,
        learning_rate=args.learning_rate,
        rows_at_once=rows,
        max_tokens=RLConfig().max_tokens,
        device="cpu",
        seed=seed,
    )
    model = AutoModelForCausalLM.from_pretrained(BASE_MODEL, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(BASE_MODEL)
    eos_ids = frozenset({tokenizer.eos_token_id})
    arguments = trl_arguments(config, Found(1, False, eos_ids, 8)) | {"save_strategy": "no"}
    trainer = Timed(
        model=model,
        processing_class=tokenizer,
        reward_funcs=[VerifierReward(CountdownVerifier(), problems, tokenizer, eos_ids)],
        args=GRPOConfig(**arguments),
        train_dataset=as_dataset(problems, SamplingSpec(template="plain")),
    )
    trainer.remove_callback(PrinterCallback)
    noted = Ends(trainer)
    trainer.add_callback(noted)
    trainer.train()
    whole = [0.0, *np.diff(noted.ends)]
    for row, seconds in zip(noted.parts, whole, strict=True):
        row["updating"] = seconds - row["sampling"] - row["verifying"]
    return per_step(noted.ends, noted.parts)


def shares(rows: list[dict[str, float]]) -> str:
    total = sum(sum(row[part] for part in PARTS) for row in rows)
    of = {part: sum(row[part] for row in rows) for part in PARTS}
    return ", ".join(f"{part} {of[part] / len(rows):.2f} s ({of[part] / total:.0%})" for part in PARTS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--problems", type=int, default=32)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    args = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*gradient_checkpointing` is deprecated")
    torch.set_num_threads(1)
    in_seconds_of_cpu()
    problems, rollouts = load_problems("countdown-train"), args.problems * args.samples
    with TemporaryDirectory() as folder:
        out = Path(folder)
        train_ours(args, out / "warm", 0)
        tried = {rows: train_trl(args, problems, rows, out / f"try-{rows}", 0) for rows in (rollouts, rollouts // 4)}
        best = min(tried, key=lambda rows: tried[rows]["step"])
        sides: dict[str, Side] = {
            "ours": lambda place, seed: train_ours(args, place, seed),
            "TRL": lambda place, seed: train_trl(args, problems, best, place, seed),
        }
        took: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
        for block in range(args.blocks):
            for name in list(sides)[:: 1 if block % 2 else -1]:
                took[name].append(sides[name](out / f"{name}-{block}", block + 1))
    ratio = geometric_ratio(*(np.array([row["step"] for row in took[name]]) for name in ("ours", "TRL")))
    each = [there["step"] / here["step"] for here, there in zip(took["ours"], took["TRL"], strict=True)]
    print(f"torch {version('torch')}, transformers {version('transformers')}, trl {version('trl')}, one thread")
    print(f"{args.problems} problems x {args.samples} rollouts a step, {args.blocks} blocks of {args.steps} steps each")
    print(", ".join(f"TRL with {rows} rows at once: {of['step']:.2f} s a step" for rows, of in tried.items()))
    for name, rows in took.items():
        print(f"{name:<5} {mean(row['step'] for row in rows):.2f} s of CPU a step: {shares(rows)}")
    print(
        f"ratio {ratio.ratio:.2f} (95%: {ratio.lo:.2f} to {ratio.hi:.2f}), of blocks {min(each):.2f} to {max(each):.2f}"
    )


if __name__ == "__main__":
    main()
