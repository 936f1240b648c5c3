"""Lines of JSON from elsewhere: encodings, torn files, half characters, and what is too long."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from beyondbase.errors import BadInput
from beyondbase.interop import lines as module
from beyondbase.interop.lines import files_in, first_object, lines, parsed

BOM = b"\xef\xbb\xbf"
ROWS = b'{"a": "x"}\n{"a": "y"}\n'


class Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    a: str
    b: float | None = None


def rows_of(path: Path) -> list[str]:
    return [parsed(line, Row, "a row").a for line in lines(path, lambda n_bytes: None)]


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def refused(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        rows_of(path)
    assert "\n" not in str(caught.value) and str(caught.value).startswith(str(path))
    return str(caught.value).removeprefix(str(path))


@pytest.mark.parametrize(
    "content", [ROWS, BOM + ROWS, ROWS.replace(b"\n", b"\r\n"), b"\n \n" + ROWS.replace(b"\n", b"\n\n"), ROWS[:-1]]
)
@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_marks_and_blank_lines_and_packing_change_nothing(tmp_path: Path, content: bytes, ending: str) -> None:
    file = write(tmp_path / f"log.{ending}", gzip.compress(content) if ending.endswith("gz") else content)
    assert rows_of(file) == ["x", "y"]
    assert first_object(file) == {"a": "x"}


def test_lines_are_counted_as_an_editor_counts_them_and_all_bytes_told(tmp_path: Path) -> None:
    file, told = write(tmp_path / "log.jsonl", BOM + b"\n" + ROWS + b"\n\n" + ROWS[:-1]), list[int]()
    found = list(lines(file, told.append))
    assert [line.where.rpartition(" ")[2] for line in found] == ["2", "3", "6", "7"]
    assert [line.whole for line in found] == [True, True, True, False]
    assert sum(told) == file.stat().st_size


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_utf_16_is_named_by_its_mark(tmp_path: Path, encoding: str) -> None:
    mark = b"" if encoding == "utf-16" else "\ufeff".encode(encoding)
    file = write(tmp_path / "log.jsonl", mark + '{"a": "é"}\n'.encode(encoding))
    assert refused(file) == ": expected UTF-8, got UTF-16; convert it with iconv -f utf-16 -t utf-8"
    first_object(file)


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    assert refused(write(tmp_path / "log.jsonl", ROWS + '{"a": "é"}\n'.encode("latin-1"))).startswith(", line 3: ")


@given(st.integers(1, len(gzip.compress(ROWS * 20)) - 1))
def test_a_packed_file_cut_anywhere_is_torn(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    file = write(tmp_path_factory.mktemp("gz") / "log.jsonl.gz", gzip.compress(ROWS * 20, mtime=0)[:cut])
    assert refused(file).startswith(": expected a whole gzip file, got a torn one (")
    first_object(file)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_packed_file_with_a_byte_changed_is_refused_or_read_whole(
    tmp_path_factory: pytest.TempPathFactory, place: int, change: int
) -> None:
    content = bytearray(gzip.compress(ROWS * 20, mtime=0))
    content[place % len(content)] ^= change
    file = write(tmp_path_factory.mktemp("gz") / "log.jsonl.gz", bytes(content))
    first_object(file)
    with contextlib.suppress(BadInput):
        assert rows_of(file) == ["x", "y"] * 20


def test_what_is_called_packed_and_is_not_is_refused(tmp_path: Path) -> None:
    assert "expected a whole gzip file" in refused(write(tmp_path / "log.jsonl.gz", ROWS))


def test_half_characters_are_replaced(tmp_path: Path) -> None:
    file = write(tmp_path / "log.jsonl", b'{"a": "x\\ud83d"}\n{"a": "\\ud83d\\ude00"}\n')
    assert rows_of(file) == ["x?", "\N{GRINNING FACE}"]


@given(st.text(st.characters(codec=None), max_size=20))
def test_any_text_that_json_holds_is_read(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = write(tmp_path_factory.mktemp("rows") / "log.jsonl", json.dumps({"a": text}).encode())
    assert rows_of(file) == [json.loads(json.dumps(text)).encode("utf-8", "replace").decode()]


def test_a_line_without_end_is_refused_before_all_of_it_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 2**20)
    file, told = write(tmp_path / "log.jsonl", ROWS + b"x" * 2**22), list[int]()
    with pytest.raises(BadInput, match=r"line 3: expected a line of a sample, got one of more than 1 MiB"):
        list(lines(file, told.append))
    assert sum(told) == len(ROWS) + 2**20


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'{"a": "x', ", line 3: expected a row, got a line that is cut; the file is torn"),
        (b'{"a": "x\n', ", line 3: expected a row, but the line: "),
        (b'{"a": 3}\n', ", line 3: expected a row, but a: Input should be a valid string"),
        (b'{"a": 3}', ", line 3: expected a row, but a: Input should be a valid string"),
        (b'{"b": 3}\n', ", line 3: expected a row, but a: Field required"),
        (b'{"a": "\\ud83d", "b": []}\n', ", line 3: expected a row, but b: "),
        (b"[]\n", ", line 3: expected a row, but the line: "),
        (b"[" * 10**5 + b"\n", ", line 3: expected a row, but the line: "),
        (b'{"a": "x", "b": ' + b"1" * 5000 + b"}\n", ", line 3: expected a row, but the line: "),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, text: bytes, says: str) -> None:
    assert refused(write(tmp_path / "log.jsonl", ROWS + text)).startswith(says)


def test_the_first_object_of_what_has_none_is_none(tmp_path: Path) -> None:
    for content in (b"", b"\n\n", b"[1]\n", b"3\n", b"{", b"[" * 10**5, bytes(100)):
        assert first_object(write(tmp_path / "log.jsonl", content)) is None
    assert first_object(tmp_path / "gone") is None and first_object(tmp_path) is None


def test_files_are_those_given_and_those_below_once_each(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2.jsonl", "1.jsonl", "3.json"):
        write(tmp_path / name, ROWS)
    assert [file.name for file in files_in([tmp_path], "*.jsonl", "rows")] == ["1.jsonl", "2.jsonl"]
    given_too = files_in((tmp_path / "3.json", tmp_path, tmp_path / "1.jsonl"), "*.jsonl", "rows")
    assert [file.name for file in given_too] == ["3.json", "1.jsonl", "2.jsonl"]
    with pytest.raises(BadInput, match="expected rows, found none"):
        files_in([tmp_path], "*.csv", "rows")
    with pytest.raises(BadInput, match=r"gone: expected a file or folder of logs, found none there"):
        files_in([tmp_path, tmp_path / "gone"], "*.jsonl", "rows")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone.jsonl").startswith(": cannot be read (No such file")
    assert "cannot be read (Is a directory)" in refused(tmp_path)
