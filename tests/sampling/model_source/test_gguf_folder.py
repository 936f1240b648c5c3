"""What is read from a GGUF file is the model that was written into it: weights, order of heads, tokenizer."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from beyondbase.sampling.model_source.gguf_folder import write_folder

TOKENS = ["<|end|>", "<|start|>", "a", "b", "c", "1", "2", "Ċ", "Ġ", "ab", "ĊĊ", "12"]
MERGES = ["a b", "Ċ Ċ", "1 2"]
TEMPLATE = "{% for message in messages %}<|start|>{{ message['content'] }}<|end|>{% endfor %}"
NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def tiny_model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(TOKENS),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=32,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        tie_word_embeddings=True,
        initializer_range=0.5,
    )
    return LlamaForCausalLM(config).eval()


def neighbours(weights: np.ndarray, heads: int) -> np.ndarray:
    """Order the rows of each head as GGUF wants them: rotated pairs side by side."""
    half = weights.shape[0] // heads // 2
    order = [head * 2 * half + part * half + i for head in range(heads) for i in range(half) for part in range(2)]
    return weights[order]


def write_gguf(path: Path, model: LlamaForCausalLM, kind: gguf.GGMLQuantizationType) -> None:
    config, writer = model.config, gguf.GGUFWriter(path, "llama")
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10_000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(TOKENS)
    writer.add_token_types([3, 3, *[1] * (len(TOKENS) - 2)])
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(1)
    for add in (writer.add_eos_token_id, writer.add_pad_token_id, writer.add_unk_token_id):
        add(0)
    writer.add_chat_template(TEMPLATE)
    for name, weights in model.state_dict().items():
        if name == "lm_head.weight":
            continue
        values = weights.numpy()
        for heads, part in ((config.num_attention_heads, "q_proj"), (config.num_key_value_heads, "k_proj")):
            values = neighbours(values, heads) if part in name else values
        quantised = values.ndim == 2 and kind is not gguf.GGMLQuantizationType.F32
        data = gguf.quantize(values, kind) if quantised else values
        writer.add_tensor(gguf_name(name), data, raw_dtype=kind if quantised else None)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def gguf_name(name: str) -> str:
    if "layers" not in name:
        return {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}[name]
    _, _, layer, *rest, _ = name.split(".")
    return f"blk.{layer}.{NAMES['.'.join(rest)]}.weight"


def converted(tmp_path: Path, kind: gguf.GGMLQuantizationType) -> Path:
    write_gguf(tmp_path / "tiny.gguf", tiny_model(), kind)
    folder = tmp_path / "folder"
    folder.mkdir()
    write_folder(tmp_path / "tiny.gguf", folder)
    return folder


@torch.inference_mode()
def test_the_folder_computes_what_the_model_in_the_file_computes(tmp_path: Path) -> None:
    theirs = AutoModelForCausalLM.from_pretrained(converted(tmp_path, gguf.GGMLQuantizationType.F32))
    ids = torch.arange(len(TOKENS))[None]
    assert torch.equal(theirs(ids).logits, tiny_model()(ids).logits)
    assert theirs.dtype == torch.float32 and not hasattr(theirs.config, "quantization_config")
    assert (theirs.config.eos_token_id, theirs.generation_config.eos_token_id, theirs.config.rms_norm_eps) == (
        0,
        0,
        1e-6,
    )


def test_quantised_weights_are_the_numbers_that_their_quantisation_stands_for(tmp_path: Path) -> None:
    ours = AutoModelForCausalLM.from_pretrained(converted(tmp_path, gguf.GGMLQuantizationType.Q4_1)).state_dict()
    for name, weights in tiny_model().state_dict().items():
        error = (ours[name] - weights).abs().max().item()
        # 4 bits: half a step of a fifteenth of a block's range, which here is below 4.5 standard deviations
        assert error == 0 if weights.ndim == 1 else 0 < error < 4.5 * 0.5 / 15 * 1.1, name


def test_the_tokenizer_splits_digits_and_white_space_as_the_model_was_trained(tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(converted(tmp_path, gguf.GGMLQuantizationType.F32))
    assert isinstance(tokenizer, PreTrainedTokenizerFast)
    assert tokenizer.get_vocab() == {token: i for i, token in enumerate(TOKENS)}
    assert tokenizer.tokenize("ab12\n\n1 2<|end|>c") == ["ab", "1", "2", "ĊĊ", "1", "Ġ", "2", "<|end|>", "c"]
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token) == ("<|start|>", "<|end|>", "<|end|>")
    chat = tokenizer.apply_chat_template([{"role": "user", "content": "ab"}])["input_ids"]
    assert chat == [1, 9, 0] and tokenizer.decode(chat) == "<|start|>ab<|end|>"
