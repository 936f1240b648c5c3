from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from beyondbase.errors import BadInput, StoreError
from beyondbase.store import Run, RunManifest, RunWriter, open_run
from beyondbase.types import Problem, PromptForm, SamplingSpec

Write = Callable[..., Run]


def _refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(StoreError) as caught:
        act()
    message = str(caught.value)
    assert "\n" not in message
    return message


def _edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"template_hash": "t1"}, "template_hash is 't0' in this run and 't1' now"),
        ({"engine": {"model": "m", "weights_hash": "w1"}}, "engine.weights_hash is 'w0' in this run and 'w1' now"),
        ({"engine": {"model": "m"}}, "engine.weights_hash is 'w0' in this run and None now"),
        ({"spec": SamplingSpec(max_tokens=9)}, "spec.max_tokens is 16384 in this run and 9 now"),
        ({"spec": SamplingSpec(seed=1)}, "spec.seed is 0 in this run and 1 now"),
        ({"rule": {"stop_at": 3}}, "rule.stop_at is 2 in this run and 3 now"),
        ({"rule": {"n_first": 3}}, "rule.n_first is 2 in this run and 3 now"),
    ],
)
def test_a_run_is_not_continued_with_other_settings(
    finished: Run, write: Write, manifest: RunManifest, change: dict[str, Any], says: str
) -> None:
    if "rule" in change:
        change = {"rule": replace(manifest.rule, **change["rule"])}
    message = _refusal(lambda: write([], manifest=replace(manifest, **change)))
    assert message == f"{finished.path}: {says}; use the run's own settings, or another folder for a new run"


def test_n_max_is_not_lowered(finished: Run, write: Write, manifest: RunManifest) -> None:
    lower = replace(manifest, rule=replace(manifest.rule, n_max=3))
    assert _refusal(lambda: write([], manifest=lower)) == (
        f"{finished.path}: rule.n_max is 4 in this run and 3 now; it can be raised and not lowered"
    )


def test_versions_and_servers_may_differ_and_the_first_are_kept(
    finished: Run, write: Write, manifest: RunManifest
) -> None:
    elsewhere = {**manifest.engine, "base_url": "http://127.0.0.1:8001/v1", "server_version": "2"}
    write([], manifest=replace(manifest, versions={"python": "9"}, model="other name", engine=elsewhere))
    assert open_run(finished.path).manifest == manifest.identified()


@pytest.mark.parametrize(
    ("version", "says"),
    [
        (3, "version 3 is newer than version 2, which this beyondbase reads; upgrade beyondbase"),
        (1, "version 1 is older than version 2, which this beyondbase reads; sample into a new folder"),
    ],
)
def test_a_manifest_of_another_format_names_both_versions(finished: Run, version: int, says: str) -> None:
    path = finished.path / "manifest.json"
    _edit(path, lambda fields: fields.update(format_version=version, unheard_of=1))
    assert _refusal(lambda: open_run(finished.path)) == f"{path}: format {says}"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda fields: fields.pop("engine"), "but engine: Field required"),
        (lambda fields: fields.update(extra=1), "but extra: Unexpected keyword argument"),
        (lambda fields: fields["spec"].update(extra=1), "but spec.extra: Unexpected keyword argument"),
        (lambda fields: fields["rule"].update(n_max="many"), "but rule.n_max: Input should be a valid integer"),
    ],
)
def test_a_foreign_manifest_is_refused_by_the_field(finished: Run, change: Callable[[Any], object], says: str) -> None:
    _edit(finished.path / "manifest.json", change)
    assert says in _refusal(lambda: open_run(finished.path))


def test_a_torn_manifest_is_named(finished: Run) -> None:
    path = finished.path / "manifest.json"
    path.write_text(path.read_text()[:50])
    assert _refusal(lambda: open_run(finished.path)).startswith(f"{path}: expected JSON, got a torn or foreign file")


def test_every_field_of_the_manifest_survives_the_file(write: Write, manifest: RunManifest) -> None:
    spec = SamplingSpec(0.7, 0.9, 5, 64, ("\n\n", "é"), "countdown", PromptForm.CHAT, "Be brief.", True, 2**62)
    full = replace(manifest, spec=spec, versions={"python": "3"}, engine={"a": '"', "b": ""})
    assert {f.name for f in dataclasses.fields(full)} == set(json.loads(_manifest_of(write([], manifest=full))))
    assert open_run(write([], manifest=full).path).manifest == full.identified()


def _manifest_of(run: Run) -> str:
    return (run.path / "manifest.json").read_text()


def test_a_folder_without_a_run_is_named_with_the_command_that_makes_one(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        assert _refusal(lambda path=path: open_run(path)) == (
            f"{path}: expected a run, found no manifest.json in it; make a run with `beyondbase sample`"
        )


def test_a_folder_with_other_things_in_it_is_not_made_a_run(
    tmp_path: Path, manifest: RunManifest, problems: tuple[Problem, ...]
) -> None:
    (tmp_path / "thesis.tex").write_text("")
    assert _refusal(RunWriter(tmp_path, manifest, problems).__enter__) == (
        f"{tmp_path}: expected a run or an empty folder, found 'thesis.tex' and no manifest.json; choose another folder"
    )


def test_a_torn_part_is_named_with_the_mend_and_the_mend_works(finished: Run, write: Write) -> None:
    whole = finished.counts()
    part = finished.path / "samples" / "part-000001.parquet"
    part.write_bytes(part.read_bytes()[:-20])
    for read in (open_run(finished.path).counts, open_run(finished.path).samples, lambda: list(_states(finished))):
        assert _refusal(read) == (
            f"{part}: cannot be read (torn, or not Parquet); "
            "delete it, and run the command that wrote it again, which replaces its rows"
        )
    part.unlink()
    # Its verdicts are still there; only its samples are owed again.
    run = write([("b", 0, None), ("b", 1, None), *(("a", index, None) for index in range(4))])
    assert run.counts().n_P.tolist() == whole.n_P.tolist()


def _states(run: Run) -> pl.DataFrame:
    return open_run(run.path).states()


def test_a_part_damaged_inside_is_named(finished: Run) -> None:
    part = finished.path / "verdicts" / "exact-1" / "part-000001.parquet"
    content = bytearray(part.read_bytes())
    content[4:120] = bytes(116)
    part.write_bytes(content)
    assert _refusal(open_run(finished.path).counts).startswith(f"{part}: is damaged inside; delete it")


def test_missing_parts_are_named_where_their_rows_are_missed(finished: Run, write: Write) -> None:
    write([("a", 0, "wrong")])
    samples, verdicts = (finished.path / folder for folder in ("samples", "verdicts/exact-1"))
    (verdicts / "part-000001.parquet").rename(finished.path / "kept")
    assert _refusal(open_run(finished.path).counts) == (
        f"{finished.path}: 5 counted samples lack a verdict of exact-1 ({verdicts}/part-000001.parquet is gone); "
        f"judge them with `beyondbase verify {finished.path}`"
    )
    (finished.path / "kept").rename(verdicts / "part-000001.parquet")
    (samples / "part-000001.parquet").unlink()
    assert _refusal(open_run(finished.path).counts) == (
        f"{finished.path}: 2 of 2 problems still owe samples ({samples}/part-000001.parquet is gone); "
        "run the command that made the run again, which draws them"
    )


def test_parts_of_another_run_and_other_tables_are_refused(
    finished: Run, tmp_path: Path, manifest: RunManifest, problems: tuple[Problem, ...], write: Write
) -> None:
    other = replace(manifest, engine={"model": "another"})
    with RunWriter(tmp_path / "other", other, problems) as writer:
        ids = writer.run.manifest.run_id, finished.manifest.run_id
    part = tmp_path / "other" / "samples" / "part-000001.parquet"
    shutil.copytree(finished.path / "samples", part.parent)
    assert _refusal(open_run(tmp_path / "other").counts) == (
        f"{part}: expected a part of run {ids[0]}, got one of run {ids[1]}; move the file out of the run"
    )
    pl.DataFrame({"x": [1]}).write_parquet(part)
    message = _refusal(open_run(tmp_path / "other").counts)
    assert re.match(rf"{part}: expected the columns problem_id string, .*; got x int64; move the file out", message)
    part.rename(part.with_name("extra.parquet"))
    assert _refusal(open_run(tmp_path / "other").counts) == (
        f"{part.with_name('extra.parquet')}: expected only part-NNNNNN.parquet in this folder; move the file out of it"
    )


def test_a_problem_file_of_another_run_is_noticed(finished: Run) -> None:
    path = finished.path / "problems.parquet"
    frame = pl.read_parquet(path)
    frame.with_columns(problem_id=pl.col("problem_id") + "x").write_parquet(path)
    assert "expected only problems of problems.parquet, got a row of 'b'" in _refusal(open_run(finished.path).counts)
    frame.drop("strata").write_parquet(path)
    assert _refusal(open_run(finished.path).problems).startswith(f"{path}: expected the columns problem_id")
    path.write_bytes(path.read_bytes()[:40])
    assert _refusal(open_run(finished.path).problems).startswith(f"{path}: expected Parquet, got a torn")
    path.unlink()
    assert _refusal(open_run(finished.path).problems).startswith(f"{path}: is missing")


def test_a_verifier_name_cannot_leave_the_run(finished: Run) -> None:
    for name in ("../samples", "a/b", ".hidden", " "):
        with pytest.raises(BadInput, match="verifier: expected a name of letters"):
            finished.verdicts(name)


def test_other_files_beside_the_parts_are_left_alone(finished: Run) -> None:
    note = finished.path / "samples" / "README"
    note.write_text("mine")
    with RunWriter(finished.path):
        pass
    assert note.read_text() == "mine"
    assert finished.counts().n_P.tolist() == [2, 4]
