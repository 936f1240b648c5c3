"""Text of tokens: characters and stop strings that lie across them, and special tokens."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from beyondbase.sampling.texts import stop_ids, stops_at, text_of, up_to_stop


def made(kind: str) -> PreTrainedTokenizerBase:
    """A tokenizer of single bytes and a few words: of GPT-2's kind, or of Llama-2's with its <0x..> tokens."""
    if kind == "byte level":
        letters = sorted(pre_tokenizers.ByteLevel.alphabet())
        vocab = {letter: i for i, letter in enumerate(letters)}
        merges = [("Ċ", "Ċ"), ("Q", ":")]
        vocab |= {"".join(pair): len(vocab) + i for i, pair in enumerate(merges)}
        inner = Tokenizer(models.BPE(vocab, merges))
        inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        inner.decoder = decoders.ByteLevel()
    else:
        vocab = {f"<0x{byte:02X}>": byte for byte in range(256)} | {
            "\n\n": 256,
            "Q:": 257,
            "Q": 258,
            ":": 259,
            "▁": 260,
        }
        inner = Tokenizer(models.BPE(vocab, [], byte_fallback=True))
        inner.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    inner.add_special_tokens(["<end>"])
    return PreTrainedTokenizerFast(tokenizer_object=inner)


@pytest.fixture(params=["byte level", "byte fallback"])
def tokenizer(request: pytest.FixtureRequest) -> PreTrainedTokenizerBase:
    return made(request.param)


def bytes_as_tokens(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """One token a byte, whatever the tokenizer would make of the text."""
    if "<0x00>" in tokenizer.get_vocab():
        return list(text.encode())
    return [
        i
        for letter in pre_tokenizers.ByteLevel(False).pre_tokenize_str(text)
        for i in map(tokenizer.convert_tokens_to_ids, letter[0])
    ]


def test_half_a_character_at_the_end_is_no_text_and_a_whole_one_is(tokenizer: PreTrainedTokenizerBase) -> None:
    ids = bytes_as_tokens(tokenizer, "a€")
    assert [text_of(tokenizer, ids[:n]) for n in range(5)] == ["", "a", "a", "a", "a€"]


def test_special_tokens_are_part_of_the_text(tokenizer: PreTrainedTokenizerBase) -> None:
    end = tokenizer.convert_tokens_to_ids("<end>")
    ids = [*bytes_as_tokens(tokenizer, "a"), end, *bytes_as_tokens(tokenizer, ".b")]
    assert text_of(tokenizer, ids) == "a<end>.b"
    assert stops_at(tokenizer, ("<end>",))(ids[:2])
    assert end in (stop_ids(tokenizer, ("<end>",)) or ())


@pytest.mark.parametrize("stop", ["\n\nQ:", "€", "a€b", "ü:", "¡¡", "::"])
def test_a_stop_string_is_found_at_its_last_byte_however_it_is_cut(
    tokenizer: PreTrainedTokenizerBase, stop: str
) -> None:
    ids = bytes_as_tokens(tokenizer, f"Answer, ö {stop}x")
    stopped, can_end = stops_at(tokenizer, (stop, "never")), stop_ids(tokenizer, (stop, "never"))
    found = [n for n in range(1, len(ids) + 1) if stopped(ids[:n])]
    assert found[0] == len(ids) - 1
    assert can_end is not None and ids[-2] in can_end
    assert up_to_stop(text_of(tokenizer, ids[:-1]), (stop,)) == f"Answer, ö {stop}"


def test_a_token_that_holds_more_than_the_end_of_a_stop_string_completes_it(tokenizer: PreTrainedTokenizerBase) -> None:
    ids = [*bytes_as_tokens(tokenizer, "a\n"), tokenizer.convert_tokens_to_ids("Q:")]
    assert stops_at(tokenizer, ("\nQ",))(ids)
    assert ids[-1] in (stop_ids(tokenizer, ("\nQ",)) or ())
    assert up_to_stop(text_of(tokenizer, ids), ("\nQ",)) == "a\nQ"


def test_few_tokens_can_complete_a_stop_string_unless_it_ends_in_white_space(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    some = stop_ids(tokenizer, ("Q:",))
    assert some is not None and 0 < len(some) < len(tokenizer)
    assert bytes_as_tokens(tokenizer, "x")[0] not in some
    assert stop_ids(tokenizer, ("Q:", "\n\n")) is None
