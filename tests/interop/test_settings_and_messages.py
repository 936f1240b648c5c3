"""Pieces that several formats share: settings of a request, messages, names of logs, fields that are not kept."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from beyondbase.interop.first_look import lost_fields
from beyondbase.interop.log_names import distinct, log_name
from beyondbase.interop.messages import Message, prompt_of, reasoning_of, text_of
from beyondbase.interop.natural_order import natural
from beyondbase.interop.sampling_args import settings_of


@pytest.mark.parametrize(
    ("args", "settings"),
    [
        ({}, {}),
        ({"temperature": 0}, {"temperature": 0.0}),
        ({"temperature": None, "top_p": "0.9", "max_tokens": 1.5, "seed": True, "top_k": False, "stop": [1]}, {}),
        ({"max_new_tokens": 8, "max_tokens": 16}, {"max_tokens": 16}),
        ({"max_tokens": None, "max_completion_tokens": 9}, {"max_tokens": 9}),
        ({"top_k": 20}, {"top_k": 20}),
        ({"top_k": 0}, {"top_k": None}),
        ({"stop": "\n"}, {"stop": ("\n",)}),
        ({"stop": ["a", "b"]}, {"stop": ("a", "b")}),
        ({"extra_body": {"top_k": 20, "min_p": 0.1}, "n": 4}, {"top_k": 20}),
        ({"top_p": 0.5, "extra_body": {"top_p": 0.9}}, {"top_p": 0.5}),
        ({"top_p": None, "extra_body": {"top_p": 0.9}}, {"top_p": 0.9}),
        ({"extra_body": [1], "seed": 3}, {"seed": 3}),
    ],
)
def test_settings_are_those_that_are_stated(args: dict[str, object], settings: dict[str, object]) -> None:
    assert settings_of(args) == settings


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=4)
NAMES = ("temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "seed", "stop", "extra_body", "n")


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_no_arguments_state_a_setting_of_another_type(args: dict[str, object]) -> None:
    types = {"temperature": float, "top_p": float, "top_k": int | None, "max_tokens": int, "seed": int}
    for name, value in settings_of(args).items():
        TypeAdapter(types.get(name, tuple[str, ...])).validate_python(value, strict=True)


def message(**fields: object) -> Message:
    return Message.model_validate({"role": "assistant", **fields})


@pytest.mark.parametrize(
    ("fields", "text", "thoughts"),
    [
        ({"content": "4"}, "4", ""),
        ({"content": None}, "", ""),
        ({}, "", ""),
        ({"content": None, "refusal": "I will not."}, "I will not.", ""),
        ({"content": "4", "reasoning_content": "2 and 2"}, "4", "2 and 2"),
        ({"content": "4", "reasoning": "2 and 2"}, "4", "2 and 2"),
        ({"content": [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]}, "a\nb", ""),
        ({"content": [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "4"}]}, "4", "hm"),
        ({"content": []}, "", ""),
    ],
)
def test_a_message_has_a_text_and_thoughts(fields: dict[str, object], text: str, thoughts: str) -> None:
    assert (text_of(message(**fields)), reasoning_of(message(**fields))) == (text, thoughts)


def test_a_prompt_of_nothing_is_not_told_and_an_empty_one_is() -> None:
    assert prompt_of([]) is None and prompt_of([Message(role="user", content="")]) == ""


@given(st.lists(st.text(max_size=8), max_size=4))
def test_a_name_is_safe_as_a_folder(parts: list[str]) -> None:
    name = log_name(*parts)
    assert name and set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    assert name[0] not in "._-" and name not in (".", "..")


@given(st.lists(st.lists(st.sampled_from(["a", "b", "a-1", "é", "", "..", "1"]), max_size=3).map(tuple), max_size=6))
def test_names_differ_whatever_their_parts(names: list[tuple[str, ...]]) -> None:
    found = distinct(names)
    assert len(found) == len(names) == len(set(found))


@given(
    st.integers(min_value=0),
    st.integers(min_value=0),
    st.text(max_size=5).filter(lambda text: text[-1:] not in "0123456789"),
)
def test_numbers_in_names_stand_by_their_size(one: int, other: int, before: str) -> None:
    assert (natural(f"{before}{one}") < natural(f"{before}{other}")) is (one < other)


@given(st.lists(st.text(max_size=6)).flatmap(lambda names: st.tuples(st.just(names), st.permutations(names))))
def test_any_names_have_one_order(both: tuple[list[str], list[str]]) -> None:
    names, shuffled = both
    assert sorted(names, key=natural) == sorted(shuffled, key=natural)


class Kept(BaseModel):
    text: str
    gold: str = Field("", alias="_gold")


def test_fields_that_are_not_looked_at_are_named_in_their_order(tmp_path: Path) -> None:
    line = json.dumps({"z": 1, "_gold": "4", "text": "4", "gold": "5", "a": 2, "known": 3}).encode()
    for name, content in (("log.jsonl", b"\n" + line + b"\n{}\n"), ("log.jsonl.gz", gzip.compress(line))):
        (tmp_path / name).write_bytes(content)
        assert lost_fields(tmp_path / name, Kept, "known") == ("z", "gold", "a")


def test_a_file_without_an_object_has_no_fields(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(b"[1]\n")
    assert lost_fields(tmp_path / "log.jsonl", Kept) == () == lost_fields(tmp_path / "gone", Kept)
