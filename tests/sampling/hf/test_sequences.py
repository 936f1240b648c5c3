"""Logits of sequences in a batch are those of a plain forward pass, whatever kind of model it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import transformers
from transformers import AutoModelForCausalLM, PreTrainedModel

from beyondbase.errors import BadInput
from beyondbase.sampling.hf import attention, sequences
from beyondbase.sampling.hf.kv_cache import BLOCK, Blocks
from beyondbase.sampling.hf.sequences import CopiedPrompts, SharedPrompts, padded_width, shares_prompts

SMALL = {
    "vocab_size": 212,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": 1,
}
WINDOW = {"head_dim": 16, "sliding_window": 8}
LONG_ROPE = {"rope_type": "longrope", "rope_theta": 1e4, "short_factor": [1.0] * 8, "long_factor": [2.0] * 8}
SHARED = [("Llama", {}), ("Qwen2", {}), ("Qwen3", {"head_dim": 16}), ("Gemma", {"head_dim": 16}), ("Phi", {})]
COPIED = [
    ("Mistral", {"sliding_window": 8}),
    ("Gemma2", WINDOW),  # caps its scores
    ("Gemma3Text", WINDOW),
    ("Phi3", {"rope_parameters": LONG_ROPE | {"original_max_position_embeddings": 16, "factor": 8.0}}),
    ("Falcon", {}),  # has attention of its own
]
PROMPTS = [tuple(range(3, 3 + length)) for length in (17, 20, 18)]


def model(kind: str, changes: dict[str, Any]) -> PreTrainedModel:
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(**(SMALL | changes))
    made: PreTrainedModel = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    return made


@torch.inference_mode()
def largest_error(batch: Any, of: PreTrainedModel, prompts: list[tuple[int, ...]], prompt_B: np.ndarray) -> float:
    """Of the logits of all rows over five steps, rows leaving after the third; as a share of the largest logit."""
    ids_B, error = [list(prompts[p]) for p in prompt_B], 0.0
    for step in range(5):
        for row in range(0, len(ids_B), 9):
            own_V = of(input_ids=torch.tensor([ids_B[row]]), use_cache=False).logits[0, -1]
            error = max(error, float((batch.logits_B_V[row] - own_V).abs().max() / own_V.abs().max()))
        if step == 2:
            kept = np.setdiff1d(np.arange(len(ids_B)), [0, 3, 4, 20, len(ids_B) - 1])
            batch.keep(kept)
            ids_B = [ids_B[row] for row in kept]
        new_B = np.arange(len(ids_B)) * (step + 3) % 200 + 3
        batch.append(torch.from_numpy(new_B))
        ids_B = [[*ids, new] for ids, new in zip(ids_B, new_B.tolist(), strict=True)]
    return error


@pytest.mark.parametrize(("kind", "changes"), SHARED)
def test_samples_that_share_prompts_of_unequal_length_have_the_logits_of_a_plain_pass(
    kind: str, changes: dict[str, Any]
) -> None:
    of = model(kind, changes)
    assert shares_prompts(of)
    prompt_B = np.repeat([0, 1, 2], [7, BLOCK, BLOCK + 3])
    with torch.inference_mode():
        batch = SharedPrompts(of, PROMPTS, prompt_B)
    assert largest_error(batch, of, PROMPTS, prompt_B) < 5e-6
    assert of.config._attn_implementation == "eager"


def test_nor_does_it_matter_how_much_of_prompts_is_computed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    of, prompt_B = model("Llama", {}), np.repeat([0, 1, 2], [7, 3, 8])
    with torch.inference_mode():
        whole = SharedPrompts(of, PROMPTS, prompt_B).logits_B_V
        monkeypatch.setattr(sequences, "_PROMPT_TOKENS", 50)
        np.testing.assert_array_equal(SharedPrompts(of, PROMPTS, prompt_B).logits_B_V, whole)
        monkeypatch.setattr(attention, "_QUERIES", 6)
        np.testing.assert_allclose(SharedPrompts(of, PROMPTS, prompt_B).logits_B_V, whole, atol=1e-5)


@pytest.mark.parametrize(("kind", "changes"), COPIED)
def test_a_model_of_another_kind_keeps_its_own_attention_and_is_right(kind: str, changes: dict[str, Any]) -> None:
    of = model(kind, changes)
    assert not shares_prompts(of)
    prompts = [prompt[-17:] for prompt in PROMPTS[:2]]
    prompt_B = np.repeat([0, 1], [10, BLOCK])
    with torch.inference_mode():
        batch = CopiedPrompts(of, prompts, prompt_B)
    assert largest_error(batch, of, prompts, prompt_B) < 5e-6


def test_a_model_that_would_ignore_its_past_is_refused() -> None:
    with pytest.raises(BadInput, match="expected one with a key-value cache, got the kind 'mamba'"):
        shares_prompts(model("Mamba", {"bos_token_id": 0}))


def test_a_prompt_is_padded_by_at_most_a_quarter_and_short_ones_not_at_all() -> None:
    widths = {length: padded_width(length) for length in range(1, 5000)}
    assert all(widths[length] == length for length in range(1, 17))
    assert all(length <= width < 1.25 * length for length, width in widths.items())
    assert all(widths.get(width, width) == width for width in widths.values())
    assert len(set(widths.values())) < 60


def test_every_sample_lies_in_a_block_of_its_prompt_and_empty_slots_repeat_one_of_them() -> None:
    rng = np.random.default_rng(0)
    blocks = Blocks(np.arange(9), torch.arange(9), None)
    prompt_B = np.sort(rng.integers(0, 9, 150))
    for _ in range(4):
        former, blocks = blocks, blocks.placed(prompt_B)
        np.testing.assert_array_equal(former.prompt_N[blocks.source_N], blocks.prompt_N)
        if blocks.slot_of_row is not None and blocks.row_of_slot is not None:
            np.testing.assert_array_equal(blocks.row_of_slot[blocks.slot_of_row], np.arange(len(prompt_B)))
            np.testing.assert_array_equal(prompt_B[blocks.row_of_slot], blocks.prompt_N.repeat(BLOCK))
        else:
            np.testing.assert_array_equal(prompt_B, blocks.prompt_N.repeat(BLOCK))
        prompt_B = prompt_B[rng.random(len(prompt_B)) < 0.7]
    assert blocks.placed(np.repeat([4, 7], [BLOCK, 2 * BLOCK])).row_of_slot is None
