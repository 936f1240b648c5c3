"""Make the base model of the small world: a causal LM pretrained on random Countdown traces."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from beyondbase.durable import sync, write_whole, writing
from beyondbase.errors import BadInput
from beyondbase.lab.checkpoint import write_json
from beyondbase.lab.corpus import corpus
from beyondbase.lab.model_card import base_model_card
from beyondbase.lab.tokenizer import build_tokenizer
from beyondbase.types import Progress, silent

_MADE_BY = "pretraining.json"


@dataclass(frozen=True, slots=True)
class BaseConfig:
    """Pretrain a small Llama on Countdown traces."""

    out: Path = Path("out/base")
    """folder of the model, in Hugging Face form"""
    steps: int = 1200
    """batches"""
    batch_size: int = 256
    """traces of a batch"""
    learning_rate: float = 2e-3
    """peak; warms up over 50 steps and falls to a twentieth along a cosine"""
    wrong_share: float = 0.8
    """share of the traces whose target is a random number"""
    hidden_size: int = 128
    """width of the model"""
    layers: int = 4
    """of the model"""
    heads: int = 4
    """of attention in a layer"""
    intermediate_size: int = 384
    """width of a layer's feed-forward part"""
    seed: int = 0
    """of the weights and of the corpus"""


def train_base(config: BaseConfig, progress: Progress = silent) -> float:
    """Pretrain, save the model to `config.out`, and return the mean loss of the last 20 steps (nats a token).

    The folder appears whole at the end; a pretraining that was killed begins again, and a base that is there is not
    made again. Raises BadInput where the folder holds a base of other settings, or anything else.
    """
    if (loss_before := _finished(config)) is not None:
        return loss_before
    torch.manual_seed(config.seed)
    tokenizer = build_tokenizer()
    model = LlamaForCausalLM(_architecture(config, tokenizer))
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, betas=(0.9, 0.95), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, config.steps))
    losses = list[float]()
    for step, (ids, n_prompt) in enumerate(islice(_batches(config, tokenizer), config.steps), 1):
        loss = _completion_loss(model, ids, n_prompt)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        progress("pretrain base", step, config.steps, f"loss {losses[-1]:.3f}")
    final = sum(losses[-20:]) / len(losses[-20:])
    _save(model, tokenizer, config, final)
    return final


def _architecture(config: BaseConfig, tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=config.hidden_size,
        intermediate_size=config.intermediate_size,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        num_key_value_heads=config.heads,
        max_position_embeddings=64,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _batches(config: BaseConfig, tokenizer: PreTrainedTokenizerFast) -> Iterator[tuple[torch.Tensor, int]]:
    """Yield token ids (batch, length) and the length of the prompt, which all rows share."""
    pairs = corpus(config.seed, config.wrong_share)
    while True:
        batch = list(islice(pairs, config.batch_size))
        texts = [f"{prompt} {completion} {tokenizer.eos_token}" for prompt, completion in batch]
        ids = tokenizer(texts, return_tensors="pt")["input_ids"]
        yield ids, len(tokenizer(batch[0][0])["input_ids"])


def _completion_loss(model: LlamaForCausalLM, ids: torch.Tensor, n_prompt: int) -> torch.Tensor:
    """Mean cross entropy of the completion's tokens; the prompt is random and not to be learned."""
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    logits = model.lm_head(hidden[:, n_prompt - 1 :])
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, n_prompt:].flatten())


def _rate(step: int, steps: int, warmup: int = 50) -> float:
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done))


def _save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, config: BaseConfig, loss: float) -> None:
    """Write the folder under a temporary name, then rename it: it appears whole or not at all."""
    model.generation_config = GenerationConfig(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    out = config.out.resolve()
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with writing(out):
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)
        card = base_model_card(asdict(config), loss, model.num_parameters())
        write_whole(partial / "README.md", card.encode())
        write_json(partial / _MADE_BY, {"settings": _settings(config), "loss": loss})
        for file in partial.iterdir():
            sync(file)
        partial.rename(out)
        sync(out.parent)


def _settings(config: BaseConfig) -> dict[str, Any]:
    return {name: value for name, value in asdict(config).items() if name != "out"}


def _finished(config: BaseConfig) -> float | None:
    """The loss of the base that lies in `config.out` already, made with these settings; None for an empty folder."""
    if not config.out.exists() or (config.out.is_dir() and not any(config.out.iterdir())):
        return None
    mend = "give another --out"
    try:
        made = json.loads((config.out / _MADE_BY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BadInput(f"{config.out}: expected an empty folder, or a base made before, got another; {mend}") from None
    for name, value in _settings(config).items():
        if (found := made["settings"].get(name)) != value:
            raise BadInput(f"{config.out} holds a base with {name} = {found!r}, this one has {value!r}; {mend}")
    return float(made["loss"])
