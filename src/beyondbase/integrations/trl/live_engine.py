"""The hf engine around a model that is being trained."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from beyondbase.sampling.hf import HfEngine
from beyondbase.sampling.hf.attention import SHARED_PROMPT
from beyondbase.sampling.hf.sequences import shares_prompts
from beyondbase.sampling.model_source.folder import tokenizer_hash


def live_engine(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, batch_size: int, autocast: str = "no"
) -> HfEngine:
    """Sample from the weights as they are in memory now; nothing of the model is changed.

    The identity names the weights by a digest of the parameters in memory: that of the same weights in a folder
    is another, for it is one of files. `autocast` names the precision of the arithmetic where it is not that of the
    weights: that of the training, so that the samples are the trained policy's own.
    """
    shared = shares_prompts(model)
    identity = {
        "engine": "hf",
        "weights_hash": parameters_hash(model),
        "tokenizer_hash": _tokenizer_hash(tokenizer),
        "device": model.device.type,
        "dtype": str(model.dtype).removeprefix("torch.") + ("" if autocast == "no" else f", autocast {autocast}"),
        "attention": SHARED_PROMPT if shared else str(model.config._attn_implementation),
    }
    return HfEngine(model, tokenizer, batch_size, tuple(identity.items()), shared)


def parameters_hash(model: torch.nn.Module) -> str:
    """Digest of a model's tensors: names, types, shapes and bytes, in order of name."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(memoryview(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy()))
    return digest.hexdigest()[:16]


def _tokenizer_hash(tokenizer: PreTrainedTokenizerBase) -> str:
    with TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        return tokenizer_hash(Path(folder))
