"""The small world's tokenizer: every whole number up to MAX_VALUE, and every sign, is one token."""

from __future__ import annotations

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from beyondbase.countdown_rules import MAX_VALUE, OPERATORS

EOS, PAD, UNKNOWN = "<eos>", "<pad>", "<unk>"
WORDS = ("numbers", "target", ":", ",", "=")


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Build the tokenizer; it splits at white space and adds no token of its own."""
    tokens = [PAD, EOS, UNKNOWN, *WORDS, *OPERATORS, *map(str, range(MAX_VALUE + 1))]
    tokenizer = Tokenizer(models.WordLevel({token: i for i, token in enumerate(tokens)}, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=EOS,
        pad_token=PAD,
        unk_token=UNKNOWN,
        clean_up_tokenization_spaces=False,
        model_max_length=64,
    )
