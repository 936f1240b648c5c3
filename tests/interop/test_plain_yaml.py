"""Plain YAML: what is written is read, and what would make objects, or grow, is not."""

from __future__ import annotations

import contextlib
import math
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.interop.plain_yaml import MOST_DEEP, read_plain_yaml


def read(folder: Path, content: bytes) -> object:
    path = folder / "1.yaml"
    path.write_bytes(content)
    return read_plain_yaml(path)


@given(st.floats(allow_nan=False) | st.integers() | st.text(st.characters(codec="utf-8")))
def test_a_value_that_pyyaml_writes_is_read_as_it_was(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    found = read(tmp_path_factory.mktemp("yaml"), yaml.safe_dump([value], encoding="utf-8"))
    # a number of more than 100 characters is kept as its text
    assert found == [value] or (isinstance(value, int) and len(str(value)) > 100 and found == [str(value)])


@given(st.text("0123456789.eE+-_:~xotruefalsnyTRUEN", max_size=8))
def test_a_text_without_quotes_is_what_pyyaml_says_or_that_text(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    content = f"- {text}\n".encode()
    try:
        theirs = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError):
        return
    if any(isinstance(value, list | dict) for value in theirs):  # not one text
        return
    ours = read(tmp_path_factory.mktemp("yaml"), content)
    # of what only some writers mean as a value (yes, 0x10, 1:30, a date), the text is kept
    assert ours == theirs or ours == [text.strip()] or repr(ours) == repr(theirs) == "[nan]"
    if theirs == [text]:
        assert ours == theirs


def test_values_of_each_kind(tmp_path: Path) -> None:
    content = b"a: [1, -2.5, true, null, ~, .inf, 'true', \"1\", !!str 1]\n"
    content += b"b:\n  c: |\n    text: 1\n  d: >-\n    one\n    line\n"
    assert read(tmp_path, content) == {
        "a": [1, -2.5, True, None, None, math.inf, "true", "1", "1"],
        "b": {"c": "text: 1\n", "d": "one line"},
    }
    assert math.isnan(read(tmp_path, b".nan"))  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_any_encoding_that_yaml_allows_is_read(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, "a: é\n".encode(encoding)) == {"a": "é"}


def test_depth_has_an_end(tmp_path: Path) -> None:
    assert read(tmp_path, b"[" * MOST_DEEP + b"]" * MOST_DEEP)
    for content in (b"[" * (MOST_DEEP + 1), b"[" * 200_000, b"- " * 200_000, b"{a: " * 5000):
        with pytest.raises(BadInput) as caught:
            read(tmp_path, content)
        assert "\n" not in str(caught.value)


def test_a_bomb_of_aliases_is_refused_at_its_first(tmp_path: Path) -> None:
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)]
    start = time.monotonic()
    with pytest.raises(BadInput, match=r"line 2: expected plain values, got an alias \(\*a0\)"):
        read(tmp_path, ("a0: &a0 [lol]\n" + "".join(levels)).encode())
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a: !!python/name:os.system\n", "line 1: expected plain values, got an object"),
        (b"a: 1\nb: !mine {x: 1}\n", "line 2: expected plain values, got an object ('!mine')"),
        (b"a: !!binary aGk=\n", "line 1: expected plain values, got an object"),
        (b"a: 1\n? [b]\n: 2\n", "line 2: expected a name and a colon"),
        (b"a: 1\n~: 2\n", "line 2: expected a name and a colon"),
        (b"1: a\n'1': b\n", "line 2: expected '1' once"),
        (b"a: [1\n", "expected YAML, but"),
        (b"a: 'x\n", "the file may be torn"),
        (b"a:\n\t- b\n", "line 2: expected YAML, but"),
        (b"a: \x00\n", "expected YAML, but"),
        (b"a: \xff\xfe\xfa\n", "expected YAML, but"),
        (b"# nothing\n", "expected one YAML document, got 0"),
        (b"a: 1\n---\na: 2\n", "expected one YAML document, got 2"),
    ],
)
def test_what_is_not_plain_is_refused_in_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, content)
    assert str(caught.value).startswith(str(tmp_path / "1.yaml")) and says in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_else(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    with contextlib.suppress(BadInput):
        read(tmp_path_factory.mktemp("yaml"), content)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"gone\.yaml: cannot be read"):
        read_plain_yaml(tmp_path / "gone.yaml")
