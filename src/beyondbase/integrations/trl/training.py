"""A training with TRL, from a configuration to a model in Hugging Face form; it goes on where a kill left it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import trl
from accelerate import PartialState
from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback, Trainer

from beyondbase.errors import BadInput
from beyondbase.integrations.trl.arguments import Found, recipe_of, trl_arguments
from beyondbase.integrations.trl.callback import HeldOut, PassAtKCallback
from beyondbase.integrations.trl.config import TrlConfig
from beyondbase.integrations.trl.dataset import as_dataset, check_prompts
from beyondbase.integrations.trl.log import LogCallback
from beyondbase.integrations.trl.reward import VerifierReward
from beyondbase.pipeline import Gold
from beyondbase.pipeline.gold_check import gold_checked
from beyondbase.pipeline.runs import settled
from beyondbase.problems import ProblemSet, load_problems, template_hash
from beyondbase.sampling.hf import HfEngine
from beyondbase.sampling.model_source.folder import weights_hash
from beyondbase.sampling.model_source.names import ModelSource, resolve_model
from beyondbase.store.place import place
from beyondbase.store.versions import installed_versions
from beyondbase.training_folder import claim
from beyondbase.types import Progress, silent
from beyondbase.verification import verifier_of
from beyondbase.verification.verifier import Verifier

Announce = Callable[[Mapping[str, object]], None]
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_PATIENCE = timedelta(hours=2)
_MAY_DIFFER = {"out", "steps", "rows_at_once", "checkpoint_every", "keep_checkpoints", "log_every", "report_to"}
"""what a training may be gone on with although it differs"""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a training is made of."""

    source: ModelSource
    problem_set: ProblemSet
    verifier: Verifier


def train(config: TrlConfig, progress: Progress = silent, announce: Announce = lambda facts: None) -> Path:
    """Train, or go on where a killed training was, and return the folder of the final model.

    `announce` is shown every resolved setting before the first rollout. Writes into `config.out`: `checkpoints`
    (TRL's own), `metrics.jsonl` (a line a step, for `compare --training`), `pass_at_k.jsonl` and `pass_at_k/step-*`
    (a run of the held-out problems each) and `final`. Raises BadInput for what cannot be done as asked.
    """
    final = config.out / "final"
    if final.exists():
        return final
    # a process whose held-out problems are easy waits for the others
    state = PartialState(cpu=config.device == "cpu", timeout=_PATIENCE)
    parts = _parts(config, progress)
    trainer = _trainer(config, parts, state, announce, progress)
    trainer.train(resume_from_checkpoint=_latest(config.out / "checkpoints"))
    _save(trainer, final)
    return final


def _parts(config: TrlConfig, progress: Progress) -> _Parts:
    problem_set = load_problems(config.problems, config.limit, config.read)
    verifier = verifier_of(config.verifier or problem_set.verifier, config.grade)
    stage = "check gold answers of the training problems"
    problem_set, _ = gold_checked(
        problem_set,
        verifier,
        place(str(config.out)),
        Gold(config.gold),
        lambda done: progress(stage, done, len(problem_set)),
    )
    if len(problem_set) < config.problems_per_step:
        raise BadInput(
            f"problems_per_step: expected at most the {len(problem_set)} training problems, got "
            f"{config.problems_per_step}"
        )
    return _Parts(resolve_model(config.model), problem_set, verifier)


def _trainer(config: TrlConfig, parts: _Parts, state: PartialState, announce: Announce, progress: Progress) -> Trainer:
    spec = settled(config.spec, parts.problem_set)
    on_gpu = config.device != "cpu" and state.device.type == "cuda"
    model = AutoModelForCausalLM.from_pretrained(parts.source.path, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(parts.source.path)
    context = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    longest = check_prompts(tokenizer, parts.problem_set, spec, context)
    # TRL ends a rollout at what this names, the evaluation at what ends a chat's turn too
    eos_ids = HfEngine(model, tokenizer).eos_ids(spec)
    model.generation_config.eos_token_id = sorted(eos_ids)
    arguments = trl_arguments(config, Found(state.num_processes, on_gpu, eos_ids, longest))
    facts = _facts(config, parts, spec.template) | {"processes": state.num_processes, "eos_token_ids": sorted(eos_ids)}
    if state.is_main_process:
        claim(config.out, {name: facts[name] for name in facts if name not in {*_MAY_DIFFER, "versions"}})
        announce(facts | {f"trl.{name}": value for name, value in arguments.items()})
    state.wait_for_everyone()
    recipe = recipe_of(config.algorithm)
    trainer: Trainer = getattr(trl, recipe.trainer)(
        model=model,
        processing_class=tokenizer,
        reward_funcs=[VerifierReward(parts.verifier, parts.problem_set, tokenizer, eos_ids)],
        args=getattr(trl, recipe.trainer.replace("Trainer", "Config"))(**arguments),
        train_dataset=as_dataset(parts.problem_set, spec),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(LogCallback(config.out, progress))
    if config.watch.held_out is not None:
        trainer.add_callback(PassAtKCallback(trainer, _held_out(config), progress))
    return trainer


def _held_out(config: TrlConfig) -> HeldOut:
    watch = config.watch
    assert watch.held_out is not None
    problem_set = load_problems(watch.held_out, watch.held_out_limit)
    spec = replace(config.spec, temperature=watch.eval_temperature, top_p=watch.eval_top_p)
    return HeldOut(
        config.out / "pass_at_k",
        problem_set,
        verifier_of(config.verifier or problem_set.verifier, config.grade),
        settled(spec, problem_set),
        watch.rule,
        watch.pass_at_k_every,
        watch.confidence,
        watch.eval_batch_size,
        config.gold,
    )


def _facts(config: TrlConfig, parts: _Parts, template: str) -> dict[str, object]:
    """Say what decides a training, under the names of its flags."""
    fields = asdict(replace(config, template=template))
    nested = {name: fields.pop(name) for name in ("read", "grade", "watch")}
    return {
        **{name: str(value) if isinstance(value, Path) else value for name, value in fields.items()},
        **nested["watch"],
        "weights_hash": weights_hash(parts.source.path),
        "problem_set": f"{parts.problem_set.name} ({parts.problem_set.hash})",
        "template_hash": template_hash(template),
        "verifier": parts.verifier.name,
        "versions": {**installed_versions(), "trl": trl.__version__},
    }


def _latest(folder: Path) -> str | None:
    """Find the last checkpoint that is whole: its state is what TRL writes last."""
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    steps = {int(match[1]): path for path in whole if (match := _CHECKPOINT.fullmatch(path.name))}
    return str(steps[max(steps)]) if steps else None


def _save(trainer: Any, final: Path) -> None:
    """Save the model so that `final` is whole or absent."""
    unfinished = final.with_name("final.unfinished")
    trainer.save_model(str(unfinished))
    if trainer.accelerator.is_main_process:
        unfinished.rename(final)
    trainer.accelerator.wait_for_everyone()
