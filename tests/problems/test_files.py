"""Problems from files and folders, under the names that published sets use."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import polars as pl
import pytest

from beyondbase.errors import BadInput
from beyondbase.problems import load_problems
from beyondbase.types import Problem

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PNG_URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def jsonl(path: Path, *rows: object) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows))
    return str(path)


def parquet(path: Path, *rows: dict[str, object]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(list(rows)).write_parquet(path)
    return str(path)


def only(name: str) -> Problem:
    (problem,) = load_problems(name)
    return problem


@pytest.mark.parametrize("write", [jsonl, parquet])
@pytest.mark.parametrize(
    "row",
    [
        {"id": "7", "question": "1 + 1", "answer": "2", "subject": "sums"},
        {"unique_id": 7, "problem": "1 + 1", "solution": "one, two", "answer": "2", "subject": "sums"},
        {"ID": "7", "Problem": "1 + 1", "Answer": "2", "subject": "sums"},
        {"problem_id": 7, "prompt": "1 + 1", "ground_truth": "2", "subject": "sums", "id": None},
    ],
)
def test_a_row_means_the_same_under_any_of_the_usual_names(tmp_path: Path, write: object, row: object) -> None:
    assert callable(write)
    ending = "jsonl" if write is jsonl else "parquet"
    problem = only(write(tmp_path / f"set.{ending}", row))
    assert problem == Problem("7", "1 + 1", '{"answer": "2"}', {"subject": "sums"})


def test_a_row_without_an_id_keeps_its_own_when_rows_are_added_or_moved(tmp_path: Path) -> None:
    a, b, c = ({"question": f"{i} + 1", "answer": i + 1} for i in range(3))
    before = {p.question: p.problem_id for p in load_problems(jsonl(tmp_path / "before.jsonl", a, b))}
    after = {p.question: p.problem_id for p in load_problems(jsonl(tmp_path / "after.jsonl", c, b, a))}
    assert before.items() < after.items() and len(set(after.values())) == 3


def test_a_line_that_holds_a_separator_of_lines_is_one_line(tmp_path: Path) -> None:
    row = {"id": "a", "question": "one\u2028two\x85three", "answer": "1"}
    assert only(jsonl(tmp_path / "set.jsonl", row)).question == row["question"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": 1, "text": "1 + 1", "answer": 2}, r"set.jsonl, line 1: expected columns .*, got id, text, answer;"),
        ({"id": 1, "question": "1 + 1", "answer": None}, "expected columns id, question and answer"),
        ({}, "got none; rename yours"),
        ({"id": 1, "prompt": [{"role": "user"}], "answer": 2}, "expected a question as text, got list"),
        ({"id": 1, "question": "1", "answer": float("nan")}, "expected an answer that is text, a number or a list"),
        ({"id": 1, "question": "1", "answer": 1, "images": [3]}, "expected an image as a path, .* got 3"),
        ({"id": 1, "question": "1", "answer": 1, "images": "http://a/b.png"}, "expected an image under https:"),
        ({"id": 1, "question": "1", "answer": 1, "images": "a.txt"}, "expected an image file such as .png"),
        ({"id": 1, "question": "1", "answer": 1, "images": "absent.png"}, "expected the image .*absent.png, cannot"),
        ([1, 2], "expected an object with id, question and answer"),
    ],
)
def test_a_row_that_is_no_problem_is_named_with_what_came(tmp_path: Path, row: object, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        load_problems(jsonl(tmp_path / "set.jsonl", row))


@pytest.mark.parametrize("name", ["set.jsonl", "set.parquet"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match=rf"{name}: expected"):
        load_problems(str(tmp_path / name))
    (tmp_path / name).write_bytes(b"\xff\xfe{")
    with pytest.raises(BadInput, match=rf"{name}: expected"):
        load_problems(str(tmp_path / name))


def test_images_on_disk_become_data_urls_and_urls_stay(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(PNG)
    row = {"id": 1, "question": "what?", "answer": 1}
    given = ["pictures/a.png", "https://example.org/b.jpg", PNG_URL]
    assert only(jsonl(tmp_path / "many.jsonl", {**row, "images": given})).images == (PNG_URL, given[1], PNG_URL)
    assert only(jsonl(tmp_path / "one.jsonl", {**row, "image": given[0]})).images == (PNG_URL,)
    stored = {**row, "image": {"bytes": PNG, "path": "a.png"}}
    assert only(parquet(tmp_path / "stored.parquet", stored)).images == (PNG_URL,)
    with pytest.raises(BadInput, match="expected the bytes of a PNG"):
        load_problems(parquet(tmp_path / "other.parquet", {**row, "image": {"bytes": b"text", "path": None}}))


def test_the_hash_of_a_set_sees_its_pictures_and_not_their_place(tmp_path: Path) -> None:
    row = {"id": 1, "question": "what?", "answer": 1}
    hashes = []
    for folder, picture in (("a", PNG), ("b", PNG), ("c", PNG + b"more")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "p.png").write_bytes(picture)
        hashes.append(load_problems(jsonl(tmp_path / folder / "set.jsonl", {**row, "image": "p.png"})).hash)
    assert hashes[0] == hashes[1] != hashes[2]
