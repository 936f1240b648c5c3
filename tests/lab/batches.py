"""Rollouts made by hand and models small enough to differentiate by finite differences."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedModel
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from beyondbase.lab.paths import BASE_MODEL
from beyondbase.lab.rollout import Rollouts, pad
from tests.lab.transcriptions import Tokens

EOS = 1
FIRST_WORD = 3
N_WORDS = 212
MAX_TOKENS = 8
REWARDS_G_S = [[1.0, 0.0, 0.0, 1.0], [0.0] * 4, [1.0] * 4, [0.5, 0.0, 1.0, -0.25]]
"""a group with a signal, one never solved, one always solved, one with costs of length"""


def save_tiny_llama(folder: Path, seed: int = 0) -> Path:
    """2 layers, width 8, the lab's vocabulary; weights large enough that tokens differ in probability."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=N_WORDS,
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        initializer_range=0.4,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=EOS,
        pad_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(BASE_MODEL).save_pretrained(folder)
    return folder


def doubled(model: PreTrainedModel) -> None:
    """Compute in float64 throughout: Llama's norms and attention round to float32 otherwise."""
    model.double()
    model.set_attn_implementation("sdpa")
    for module in model.modules():
        if isinstance(module, LlamaRMSNorm):
            module.forward = partial(rms_norm, module)  # type: ignore[method-assign]


def rms_norm(module: LlamaRMSNorm, hidden: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.rms_norm(hidden, (hidden.shape[-1],), module.weight, module.variance_epsilon)


@torch.no_grad()
def shift(model: torch.nn.Module, size: float, seed: int) -> None:
    """Move all weights at random."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        parameter += size * noise.to(parameter)


def ragged(n: int, longest: int, seed: int) -> list[list[int]]:
    """Draw n sequences of 1 to `longest` words, one of them of each of these two lengths."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, longest + 1, (n,), generator=generator).tolist()
    lengths[:2] = [longest, 1]
    return [torch.randint(FIRST_WORD, N_WORDS, (length,), generator=generator).tolist() for length in lengths]


def ended(answers: list[list[int]], most: int) -> list[list[int]]:
    """End the answers that are shorter than the most; the longest are cut."""
    return [[*answer, EOS] if len(answer) < most else answer for answer in answers]


def made_rollouts(rewards_G_S: list[list[float]], seed: int = 0) -> Rollouts:
    """Ragged prompts and answers with these rewards."""
    rewards = torch.tensor(rewards_G_S)
    n_problems, samples = rewards.shape
    prompts = [prompt for prompt in ragged(n_problems, 6, seed) for _ in range(samples)]
    answers = ended(ragged(rewards.numel(), MAX_TOKENS, seed + 1), MAX_TOKENS)
    return Rollouts(rewards, (rewards > 0).float(), *pad(prompts, answers, 0), torch.zeros(rewards.numel()))


@torch.no_grad()
def alone(model: PreTrainedModel, rollouts: Rollouts, temperature: float = 1.0) -> tuple[Tokens, Tokens]:
    """Log-probabilities and entropies of each answer's tokens, each answer alone and without padding."""
    logprobs, entropies = [], []
    rows = zip(rollouts.token_ids_B_L, rollouts.attention_B_L, rollouts.answer_B_L, strict=True)
    for ids, attention, answer in rows:
        length, n = int(attention.sum()), int(answer.sum())
        law = torch.log_softmax(model(input_ids=ids[None, :length]).logits[0].double() / temperature, dim=-1)
        places = range(length - n, length)
        logprobs.append([law[t - 1, ids[t]].item() for t in places])
        entropies.append([-(law[t - 1].exp() * law[t - 1]).sum().item() for t in places])
    return logprobs, entropies


def per_token(values_B_T: torch.Tensor, rollouts: Rollouts) -> Tokens:
    """Take the numbers of the answers' tokens out of a padded tensor."""
    return [row[mask > 0].tolist() for row, mask in zip(values_B_T, rollouts.mask_B_T, strict=True)]


def padded(rows: Tokens, rollouts: Rollouts) -> torch.Tensor:
    """Lay numbers of the answers' tokens out as a padded tensor."""
    out = torch.zeros(rollouts.mask_B_T.shape, dtype=torch.float64)
    out[rollouts.mask_B_T > 0] = torch.tensor([x for row in rows for x in row], dtype=torch.float64)
    return out
