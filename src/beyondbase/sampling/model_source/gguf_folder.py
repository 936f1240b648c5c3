"""Make an ordinary Hugging Face folder of a GGUF file of the llama family: weights, tokenizer, chat template.

transformers reads GGUF too, but asks for a further library to do so and splits numbers and runs of
white space by another rule than this family's tokenizer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

_CONTROL_TOKEN = 3
_LAYER_TENSORS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def write_folder(source: Path, folder: Path) -> None:
    """Write config.json, model.safetensors, tokenizer.json and their configurations into an existing folder.

    The weights are float32: the numbers that the file's quantisation stands for, not rounded again.
    """
    reader = gguf.GGUFReader(source)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    config = _config(fields)
    model = LlamaForCausalLM(config)
    weights = dict(_tensor(tensor, config) for tensor in reader.tensors)
    # A model that ties its output to its embedding stores that matrix once.
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.generation_config = GenerationConfig(**_special_ids(fields))
    model.save_pretrained(folder)
    _tokenizer(fields, config.max_position_embeddings).save_pretrained(folder)


def _config(fields: Mapping[str, Any]) -> LlamaConfig:
    llama = {name.removeprefix("llama."): value for name, value in fields.items() if name.startswith("llama.")}
    return LlamaConfig(
        vocab_size=llama["vocab_size"],
        hidden_size=llama["embedding_length"],
        intermediate_size=llama["feed_forward_length"],
        num_hidden_layers=llama["block_count"],
        num_attention_heads=llama["attention.head_count"],
        num_key_value_heads=llama["attention.head_count_kv"],
        max_position_embeddings=llama["context_length"],
        rms_norm_eps=float(f"{llama['attention.layer_norm_rms_epsilon']:.6g}"),  # stored as float32
        rope_parameters={"rope_type": "default", "rope_theta": llama["rope.freq_base"]},
        tie_word_embeddings=True,
        dtype=torch.float32,
        **_special_ids(fields),
    )


def _special_ids(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{short}_token_id": fields[f"tokenizer.ggml.{name}_token_id"]
        for short, name in (("bos", "bos"), ("eos", "eos"), ("pad", "padding"))
    }


def _tensor(tensor: gguf.ReaderTensor, config: LlamaConfig) -> tuple[str, torch.Tensor]:
    """Return a tensor under its name in transformers, de-quantised."""
    weights = torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32))
    name = tensor.name.removesuffix(".weight")
    if not name.startswith("blk."):
        return {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}[name] + ".weight", weights
    _, layer, kind = name.split(".")
    if kind in ("attn_q", "attn_k"):
        heads = config.num_attention_heads if kind == "attn_q" else config.num_key_value_heads
        assert heads is not None
        weights = _half_split(weights, heads)
    return f"model.layers.{layer}.{_LAYER_TENSORS[kind]}.weight", weights


def _half_split(weights: torch.Tensor, heads: int) -> torch.Tensor:
    """Order a head's rows as transformers rotates them, halves, where GGUF has neighbours."""
    pairs = weights.reshape(heads, len(weights) // heads // 2, 2, -1)
    return pairs.transpose(1, 2).reshape(weights.shape).contiguous()


def _tokenizer(fields: Mapping[str, Any], context: int) -> PreTrainedTokenizerFast:
    tokens, kinds = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    # The rule that GGUF calls "smollm": each digit by itself, then GPT-2's pattern.
    assert fields["tokenizer.ggml.pre"] == "smollm", fields["tokenizer.ggml.pre"]
    digits, gpt2 = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, gpt2])
    tokenizer.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL_TOKEN]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in control])
    ids = _special_ids(fields)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=tokens[ids["bos_token_id"]],
        eos_token=tokens[ids["eos_token_id"]],
        pad_token=tokens[ids["pad_token_id"]],
        unk_token=tokens[fields["tokenizer.ggml.unknown_token_id"]],
        chat_template=fields["tokenizer.chat_template"],
        model_max_length=context,
        clean_up_tokenization_spaces=False,
    )
