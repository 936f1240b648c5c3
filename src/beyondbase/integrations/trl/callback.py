"""pass@k of held-out problems during a training: ordinary runs on disk, curves in the trainer's own log."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from accelerate.utils import DistributedType
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.integrations.deepspeed import is_deepspeed_zero3_enabled

from beyondbase.doublings import doublings
from beyondbase.errors import BadInput
from beyondbase.estimators.bands import own_band
from beyondbase.integrations.trl.live_engine import live_engine
from beyondbase.pipeline import Gold, GoldPolicy, sample_run
from beyondbase.problems import ProblemSet
from beyondbase.seeds import sample_seed
from beyondbase.store import Run, Shard, open_run
from beyondbase.types import DrawRule, Progress, SamplingSpec, SuccessCounts, Verdict, silent
from beyondbase.verification.verifier import Verifier

_DECIMALS = 12


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What pass@k is measured on, how, and where the runs are kept."""

    path: Path
    """folder of the runs: step-000000, step-000020 ..."""
    problem_set: ProblemSet
    verifier: Verifier
    spec: SamplingSpec
    """its seed gives each step its own"""
    rule: DrawRule
    every: int = 20
    """steps between two measurements"""
    confidence: float = 0.95
    batch_size: int = 1024
    gold: GoldPolicy = GoldPolicy.REFUSE

    def folder(self, step: int) -> Path:
        """Run of the model after a step."""
        return self.path / f"step-{step:06d}"


class PassAtKCallback(TrainerCallback):
    """Measure pass@k of held-out problems before the first step, every so many steps, and after the last.

    Samples are drawn from the model in memory by the hf engine, whatever draws the rollouts, each into a run of its
    own, which `beyondbase analyze` compares with any other; a run that a kill cut short is gone on with. Neither the
    model nor any random state of the training is touched. Of several processes, each draws its share of the problems.

    Logged through the trainer, so that its reporters have it: `eval_pass@K`, with the bounds `eval_pass@K_lo` and
    `_hi` (over problems, at each K alone: `own_band`), for K = powers of 2 up to n_max; `eval_verdict/NAME`, the
    share of each verdict among the counted samples; `eval_requests_failed`; `eval_samples`.

    Raises BadInput for a trainer that splits the weights among processes (FSDP, DeepSpeed ZeRO-3).

        trainer.add_callback(PassAtKCallback(trainer, held_out))
    """

    def __init__(self, trainer: Trainer, held_out: HeldOut, progress: Progress = silent) -> None:
        _check_whole_weights(trainer)
        assert isinstance(trainer.model, PreTrainedModel)
        assert isinstance(trainer.processing_class, PreTrainedTokenizerBase)
        self._model, self._tokenizer = trainer.model, trainer.processing_class
        self._trainer = trainer
        self._held_out = held_out
        self._progress = progress

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Measure the model as it came."""
        if state.global_step == 0:
            self.measure(0)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Measure where it is time."""
        if state.global_step % self._held_out.every == 0 or state.global_step == state.max_steps:
            self.measure(state.global_step)

    def measure(self, step: int) -> Run:
        """Draw the run of a step, or what is missing of it, and log its pass@k."""
        processes = self._trainer.accelerator
        was_training = self._model.training
        self._model.eval()
        try:
            self._draw(step, Shard(processes.process_index, processes.num_processes))
        finally:
            self._model.train(was_training)
        processes.wait_for_everyone()
        run = open_run(self._held_out.folder(step))
        self._log(logged(run, self._held_out.confidence))
        return run

    def _log(self, values: dict[str, float]) -> None:
        """Log beside what the training logs: neither the interval that TRL averages over nor a due log is touched."""
        due = self._trainer.control.should_log
        Trainer.log(self._trainer, values)
        self._trainer.control.should_log = due

    def _draw(self, step: int, shard: Shard) -> None:
        held_out, trainer = self._held_out, self._trainer
        engine = live_engine(self._model, self._tokenizer, held_out.batch_size, trainer.accelerator.mixed_precision)
        if shard.index == 0:
            _make_way(held_out.folder(step), dict(engine.identity)["weights_hash"])
        trainer.accelerator.wait_for_everyone()
        sample_run(
            held_out.folder(step),
            held_out.problem_set,
            engine,
            replace(held_out.spec, seed=sample_seed(held_out.spec.seed, f"step {step}", 0)),
            held_out.rule,
            held_out.verifier,
            self._progress,
            label=f"step {step}",
            shard=shard,
            gold=Gold(held_out.gold, known=(held_out.folder(0),)),
        )


def logged(run: Run, confidence: float) -> dict[str, float]:
    """Return what is logged of a run; see PassAtKCallback."""
    verdicts = Counter(run.counted()["verdict"].to_list())
    samples = sum(verdicts.values())
    return {
        **curve(run.counts(), confidence),
        **{f"eval_verdict/{verdict.value}": verdicts[verdict.value] / samples for verdict in Verdict},
        "eval_requests_failed": float(run.n_failed()),
        "eval_samples": float(samples),
    }


def curve(counts: SuccessCounts, confidence: float) -> dict[str, float]:
    """pass@k with its bounds at the powers of 2.

    >>> curve(SuccessCounts(["a", "b"], n=[2, 2], c=[1, 0]), 0.95)["eval_pass@2"]
    0.5
    """
    k_K = np.array([k for k in doublings(counts.largest_k) if k.bit_count() == 1])
    band = own_band(counts, k_K, confidence=confidence)
    sides = {"": band.estimate_K, "_lo": band.lo_K, "_hi": band.hi_K}
    return {
        f"eval_pass@{k}{side}": round(float(value_K[i]), _DECIMALS)
        for i, k in enumerate(k_K.tolist())
        for side, value_K in sides.items()
    }


def _make_way(folder: Path, weights: str) -> None:
    """Move a run of other weights aside: of a training that went on differently from an earlier checkpoint."""
    if not (folder / "manifest.json").exists():
        return
    found = open_run(folder).manifest.engine.get("weights_hash")
    if found != weights:
        folder.rename(folder.with_name(f"{folder.name}-weights-{found}"))


def _check_whole_weights(trainer: Trainer) -> None:
    sharded = trainer.accelerator.distributed_type == DistributedType.FSDP or is_deepspeed_zero3_enabled()
    if sharded:
        raise BadInput(
            "pass@k during training: expected whole weights in each process, got a trainer that splits them (FSDP or "
            "ZeRO-3); use ZeRO-2 or less, or leave --held-out away and sample the checkpoints: beyondbase sample "
            "--engine vllm"
        )
