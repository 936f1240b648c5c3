"""Files that are not what they are said to be: one clear line each, exit code 2, and nothing half imported."""

from __future__ import annotations

import json
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from beyondbase.cli.main import main
from beyondbase.interop import lines
from beyondbase.interop.foreign import ReadOptions
from beyondbase.interop.formats import FORMATS, format_of, recognised

LOGS = Path(__file__).parent / "logs"
OTHER_WRITERS = {"evalplus": "human-eval", "prime_rl": "verifiers"}
ENDINGS = {
    "lighteval": "details_task_2026-01-01.parquet",
    "inspect": "log.eval",
    "monkeys": "1.yaml",
    "matrix": "m.npy",
    "counts": "counts.csv",
    "verl": "5.jsonl",
    "nemo-skills": "output-rs0.jsonl",
    "lm-eval": "samples_task_2026-01-01T00-00-00.jsonl",
    "evalscope": "reviews/m/task_main.jsonl",
    "verifiers": "results.jsonl",
    "tinker": "trajectories.jsonl",
}
HOSTILE = {
    "empty": b"",
    "zeros": bytes(4096),
    "noise": bytes(np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)),
    "utf-16": '{"id": "a", "c": 1, "n": 2}\n'.encode("utf-16"),
    "latin-1": '{"id": "é", "idx": 0, "c": 1, "n": 2}\n'.encode("latin-1"),
    "null": b"null\n",
    "list": b"[1, 2]\n",
    "object": b"{}\n",
    "deep": b"[" * 200_000 + b"\n",
    "torn": b'{"doc_id": 0, "resps": [["a',
    "html": b"<!doctype html><title>404</title>\n",
    "object tag": b"!!python/object/apply:os.system ['touch /tmp/owned']\n",
    "pickle": pickle.dumps({"a": [1, 0]}),
    "parquet, torn": b"PAR1" + bytes(100) + b"PAR1",
    "zip, torn": b"PK\x03\x04" + bytes(100),
}


def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, *words: str) -> str:
    """The one line of an import that is refused, after which nothing is there."""
    out = tmp_path / "runs" / "out"
    code = main(["import", *words, "--out", str(out), "--verifier", "none"])
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("beyondbase: ")]
    assert code == 2, f"expected to be refused: {said}"
    assert len(said) == 1 and "Error" not in said[0].split(":")[1]
    left = list((tmp_path / "runs").rglob("*")) if (tmp_path / "runs").exists() else []
    assert not left
    return said[0]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("content", HOSTILE)
def test_a_file_that_is_none_of_the_format_is_refused_in_one_line(
    name: str, content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "logs" / ENDINGS.get(name, "log.jsonl")
    file.parent.mkdir(parents=True)
    file.write_bytes(HOSTILE[content])
    assert str(tmp_path / "logs") in refused(capsys, tmp_path, name, str(tmp_path / "logs"))
    assert not Path("/tmp/owned").exists()


@pytest.mark.parametrize("content", HOSTILE)
def test_what_nothing_recognises_is_refused(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for ending in (".jsonl", ".json", ".eval", ".yaml", ".csv", ".npy", ".parquet"):
        (tmp_path / f"log{ending}").write_bytes(HOSTILE[content])
    refused(capsys, tmp_path, "auto", str(tmp_path))


def fixtures() -> list[tuple[str, Path]]:
    """Format and folder of each: a folder is named after its format, or after another program that writes it."""
    folders = [folder for folder in sorted(LOGS.iterdir()) if folder.is_dir()]
    return [(OTHER_WRITERS.get(folder.name, folder.name.replace("_", "-")), folder) for folder in folders]


@pytest.mark.parametrize(("name", "folder"), fixtures(), ids=lambda value: getattr(value, "name", "of"))
def test_each_format_knows_its_own_files_and_is_known_by_them(name: str, folder: Path) -> None:
    assert name in FORMATS, f"{folder}: expected the name of a format"
    found, by = recognised([folder])
    assert found == name and by


def test_every_format_has_a_fixture() -> None:
    assert {name for name, _ in fixtures()} == set(FORMATS)


@pytest.mark.parametrize(("name", "folder"), fixtures(), ids=lambda value: getattr(value, "name", "of"))
def test_a_wrong_format_named_is_refused_or_reads_no_other_counts(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for other in FORMATS:
        if other == name or (name, other) in READ_BY_OTHERS:
            continue
        refused(capsys, tmp_path, other, str(folder))


READ_BY_OTHERS: set[tuple[str, str]] = set()
"""fixtures that two formats read, and mean the same by"""


@pytest.mark.parametrize("name", FORMATS)
def test_a_path_that_is_not_there_is_named(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "gone" in refused(capsys, tmp_path, name, str(tmp_path / "gone"))


def test_a_format_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected auto or one of lm-eval" in refused(capsys, tmp_path, "lm_eval", str(tmp_path))


def test_a_huge_line_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MOST_BYTES", 1000)
    file = tmp_path / "log.jsonl"
    file.write_text(json.dumps({"idx": 0, "code": ["x" * 2000], "score": [True]}) + "\n", encoding="utf-8")
    assert "line 1: expected a line of a sample" in refused(capsys, tmp_path, "qwen-math", str(file))


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bomb = tmp_path / "bomb.eval"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", json.dumps({"version": 2, "status": "success", "eval": {"task": "t"}}))
        with archive.open("samples/1_epoch_1.json", "w", force_zip64=True) as member:
            for _ in range(600):
                member.write(bytes(2**20))
    assert bomb.stat().st_size < 2**20
    assert "bomb.eval" in refused(capsys, tmp_path, "inspect", str(bomb))


def test_paths_in_a_zip_that_climb_out_write_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = next(file for file in (LOGS / "inspect").rglob("*.eval"))
    climbing = tmp_path / "climbing.eval"
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(climbing, "w") as archive:
        for info in whole.infolist():
            archive.writestr(info.filename.replace("samples/", "samples/../../../"), whole.read(info))
    refused(capsys, tmp_path, "inspect", str(climbing))
    assert [path.name for path in tmp_path.iterdir() if path.name != "runs"] == ["climbing.eval"]


def test_a_log_cut_anywhere_is_refused_or_ends_at_a_whole_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = next(file for file in (LOGS / "qwen_math").rglob("*.jsonl"))
    content = source.read_bytes()
    for cut in range(1, len(content), max(1, len(content) // 40)):
        if content[cut - 1 : cut] == b"\n" or not content[cut:].strip():
            continue
        (tmp_path / source.name).write_bytes(content[:cut])
        assert "line" in refused(capsys, tmp_path, "qwen-math", str(tmp_path / source.name))


def test_rows_that_stand_twice_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("lm-eval", "qwen-math", "inspect", "nemo-skills", "evalscope"):
        folder = tmp_path / name
        shutil.copytree(LOGS / name.replace("-", "_"), folder)
        for file in list(folder.rglob("*.jsonl")):
            file.write_bytes(file.read_bytes() * 2)
        for file in list(folder.rglob("*.eval")):
            shutil.copy(file, file.with_name(f"copy-{file.name}"))
        refused(capsys, tmp_path, name, str(folder))


def test_readers_hold_one_row_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    rows = [{"idx": i, "code": ["x"], "score": [True], "gt": "1", "question": f"{i}?"} for i in range(3)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows) + "torn", encoding="utf-8")
    read = format_of("qwen-math").read([file], ReadOptions())[0].rows(lambda n_bytes: None)
    assert [next(read).problem_id for _ in range(3)] == ["0", "1", "2"]
