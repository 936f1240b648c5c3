"""Inspect's logs: epochs, values of scores, what is missing, and archives that are none."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignSample, ReadOptions
from beyondbase.interop.formats import inspect_zip
from beyondbase.interop.formats.inspect import read, recognise
from beyondbase.interop.formats.inspect_fields import Score
from beyondbase.interop.formats.inspect_scores import verdict_of
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.imports import import_log
from beyondbase.types import Finish, Verdict

OURS = Path(__file__).parents[1] / "logs" / "inspect"
REAL = Path(__file__).parents[4] / "shared" / "logs" / "inspect_ai"
EVAL, JSON = OURS / "2026-01-01T10-00-00_sums.eval", OURS / "2026-01-01T10-00-00_parts.json"


def one_log(*paths: Path, **options: Any) -> ForeignLog:
    [log] = read(paths, ReadOptions(**options))
    return log


def samples_of(log: ForeignLog) -> dict[tuple[str, int | None], ForeignSample]:
    rows = log.rows(lambda n_bytes: None)
    return {(row.problem_id, sample.sample_index): sample for row in rows for sample in row.samples}


def counts(log: ForeignLog, out: Path) -> dict[str, tuple[int, int]]:
    found = import_log(log, "inspect", out, ImportOptions()).run.counts()
    return {i: (n, c) for i, n, c in zip(found.problem_ids, found.n_P.tolist(), found.c_P.tolist(), strict=True)}


def header(**spec: Any) -> dict[str, Any]:
    return {"version": 2, "status": "success", "eval": {"task": "sums", "model": "org/tiny", **spec}}


def sample(epoch: int = 1, value: Any = "C", id_: Any = 1, **fields: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": f"text {epoch}"}
    output = {"choices": [{"message": message, "stop_reason": "stop"}]}
    scores = {"match": {"value": value}}
    return {"id": id_, "epoch": epoch, "input": "?", "target": "4", "output": output, "scores": scores, **fields}


def write(path: Path, *samples: Mapping[str, Any], head: Mapping[str, Any] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", json.dumps(head or header()))
        for one in samples:
            archive.writestr(f"samples/{one['id']}_epoch_{one['epoch']}.json", json.dumps(one))
    return path


def test_an_epoch_is_a_sample_and_the_tasks_settings_go_before_the_models(tmp_path: Path) -> None:
    assert recognise(EVAL) and recognise(JSON)
    log = one_log(EVAL)
    assert (log.name, log.model, log.scorer) == ("sums", "org/tiny", "match")
    assert log.settings == {"temperature": 0.6, "top_p": 0.95, "max_tokens": 64, "stop": ("Q:",)}
    run = import_log(log, "inspect", tmp_path / "run", ImportOptions()).run
    verdicts = run.verdicts().sort("problem_id", "sample_index").collect()["verdict"].to_list()
    assert verdicts == ["correct", "wrong", "no_answer", "correct", "truncated"]
    assert counts(log, tmp_path / "run") == {"a/1": (3, 1), "a/2": (2, 1)} and run.n_failed() == 1
    assert run.manifest.engine["template_text"] == "system: Be brief.\n\nuser: {question}"


def test_a_sample_keeps_its_answer_tokens_and_how_it_ended() -> None:
    found = samples_of(one_log(EVAL))
    assert (found["a/1", 0].text, found["a/1", 0].answer, found["a/1", 0].n_tokens) == ("It is 4", "4", 3)
    assert found["a/2", 1].finish is Finish.LENGTH
    assert (found["a/2", 2].finish, found["a/2", 2].error) == (Finish.ERROR, "the server went away")


def test_of_several_scorers_the_first_or_the_one_asked_for_judges() -> None:
    close = samples_of(one_log(EVAL, scorer="close", threshold=0.5))
    assert {one.verdict for one in close.values() if one.finish is not Finish.ERROR} == {Verdict.CORRECT}
    with pytest.raises(BadInput, match=r"say with --threshold"):
        samples_of(one_log(EVAL, scorer="close"))
    with pytest.raises(BadInput, match=r"expected the scorer 'exact', got match, close"):
        one_log(EVAL, scorer="exact")


def test_a_score_of_several_values_needs_the_name_of_one() -> None:
    with pytest.raises(BadInput, match=r"got several \('right, clear'\); choose with --scorer SCORER.NAME"):
        samples_of(one_log(JSON))
    right, clear = (one_log(JSON, scorer=f"judge.{name}", threshold=0.5) for name in ("right", "clear"))
    assert [one.verdict for one in samples_of(right).values()] == [Verdict.CORRECT, Verdict.WRONG]
    assert [one.verdict for one in samples_of(clear).values()] == [Verdict.CORRECT, None]
    assert [row.gold for row in right.rows(lambda n_bytes: None)] == ["4", None]


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("C", Verdict.CORRECT),
        ("I", Verdict.WRONG),
        ("N", Verdict.NO_ANSWER),
        ("yes", Verdict.CORRECT),
        ("no", Verdict.WRONG),
        (True, Verdict.CORRECT),
        (0, Verdict.WRONG),
        ("1.0", Verdict.CORRECT),
        (float("nan"), None),
        (None, None),
    ],
)
def test_values_that_need_no_threshold(value: object, verdict: Verdict | None) -> None:
    assert verdict_of(Score(value=value), "", "here", None) is verdict


@given(st.floats(0, 1), st.floats(0, 1))
def test_any_number_is_correct_from_the_threshold_on(value: float, threshold: float) -> None:
    found = verdict_of(Score(value=value), "", "here", threshold)
    assert (found is Verdict.CORRECT) == (value >= threshold)


def test_partial_credit_is_a_half() -> None:
    assert verdict_of(Score(value="P"), "", "here", 0.5) is Verdict.CORRECT
    assert verdict_of(Score(value="P"), "", "here", 0.6) is Verdict.WRONG
    with pytest.raises(BadInput, match="--threshold"):
        verdict_of(Score(value="P"), "", "here", None)


def test_a_grader_that_failed_and_an_answer_that_is_none_are_no_wrong_answers() -> None:
    assert verdict_of(Score(value="I", reason="grader_failed"), "", "here", None) is Verdict.VERIFIER_ERROR
    assert verdict_of(Score(value="I", reason="no_response"), "", "here", None) is Verdict.NO_ANSWER
    assert verdict_of(Score(value="I", reason="odd"), "", "here", None) is Verdict.WRONG


def test_what_is_not_scored_or_not_valid_is_missing(tmp_path: Path) -> None:
    kinds = [
        sample(1),
        sample(2, scores={}),
        sample(3, scores=None),
        sample(4, invalidation={"author": "me", "reason": "leaked"}),
        sample(5, limit={"type": "operator", "limit": 1}),
        sample(6, "I", limit={"type": "token", "limit": 10}),
    ]
    found = list(samples_of(one_log(write(tmp_path / "log.eval", *kinds))).values())
    assert [one.verdict for one in found] == [Verdict.CORRECT, None, None, None, None, Verdict.WRONG]
    assert [one.finish is Finish.ERROR for one in found] == [False, False, False, True, True, False]
    assert found[3].error == "invalidated: leaked" and found[5].finish is Finish.LENGTH
    assert counts(one_log(tmp_path / "log.eval"), tmp_path / "run") == {"1": (2, 1)}


def test_thoughts_stand_apart_from_the_text(tmp_path: Path) -> None:
    content = [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "4"}]
    output = {"choices": [{"message": {"role": "assistant", "content": content}, "stop_reason": "model_length"}]}
    [found] = samples_of(one_log(write(tmp_path / "log.eval", sample(output=output)))).values()
    assert (found.text, found.reasoning, found.finish) == ("4", "hm", Finish.LENGTH)


def test_names_that_inspect_leaves_empty_are_no_fault(tmp_path: Path) -> None:
    head = header(dataset={"name": None}, scorers=None, solver=None)
    assert counts(one_log(write(tmp_path / "log.eval", sample(), head=head)), tmp_path / "run") == {"1": (1, 1)}


def test_a_log_that_was_never_finished_has_its_header_in_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_journal/start.json", json.dumps(header()))
        archive.writestr("samples/1_epoch_1.json", json.dumps(sample()))
    assert recognise(path) and counts(one_log(path), tmp_path / "run") == {"1": (1, 1)}


def test_zstd_and_samples_in_chunks_are_read(tmp_path: Path) -> None:
    """As Inspect packs since 0.3.1xx; made by hand, since Python's zipfile packs so from 3.14 on."""
    path = write(tmp_path / "log.eval")
    packed = pa.compress(json.dumps(sample()).encode(), codec="zstd", asbytes=True)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("samples/1_epoch_1/messages/0.json", "[]")
        archive.writestr(zipfile.ZipInfo("samples/1_epoch_1/sample.json"), packed)
        info = archive.getinfo("samples/1_epoch_1/sample.json")
        info.compress_type, info.file_size = inspect_zip.ZSTD, len(json.dumps(sample()))
        info.CRC = zlib.crc32(json.dumps(sample()).encode())
    assert counts(one_log(path), tmp_path / "run") == {"1": (1, 1)}


def test_only_the_last_try_of_a_task_is_read_and_a_copy_is_refused(tmp_path: Path) -> None:
    for day, epochs in (("1", (1,)), ("2", (1, 2))):
        head = header(task_id="t", run_id=day, created=f"2026-01-0{day}")
        write(tmp_path / "logs" / f"{day}.eval", *(sample(epoch) for epoch in epochs), head=head)
    log = one_log(tmp_path / "logs")
    assert [file.name for file in log.files] == ["2.eval"] and log.facts["tried again"] == "1.eval"
    assert counts(log, tmp_path / "run") == {"1": (2, 2)}
    write(tmp_path / "logs" / "again.eval", sample(1), head=header(task_id="t", run_id="2", created="2026-01-02"))
    with pytest.raises(BadInput, match="expected sample 0 of problem '1' once"):
        counts(one_log(tmp_path / "logs"), tmp_path / "other")


def test_models_and_ways_to_ask_are_logs_of_their_own(tmp_path: Path) -> None:
    for i, (model, temperature) in enumerate([("a", 0.6), ("a", 1.0), ("b", 1.0)]):
        head = {**header(model=model, created=f"2026-01-0{i + 1}"), "plan": {"config": {"temperature": temperature}}}
        write(tmp_path / f"{i}.eval", sample(), head=head)
    logs = read([tmp_path], ReadOptions())
    assert [(log.model, log.settings["temperature"]) for log in logs] == [("a", 0.6), ("a", 1.0), ("b", 1.0)]
    assert len({log.name for log in logs}) == 3


def all_samples(path: Path) -> list[Any]:
    return [one for log in read([path], ReadOptions()) for one in samples_of(log).items()]


def refused(path: Path) -> str:
    with pytest.raises(BadInput) as error:
        all_samples(path)
    said = str(error.value)
    assert path.name in said and "\n" not in said
    return said


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (sample(id_=None), "id"),
        (sample(epoch=0), "expected an epoch of 1 or more"),
        (sample(value=[1, 0]), "got a list"),
        (sample(value=0.4), "--threshold"),
        (sample(value="perhaps"), "expected a score"),
        (sample(scores=[1]), "scores"),
        (sample(output={"choices": [3]}), "output.choices"),
    ],
)
def test_a_sample_that_is_none_is_named(wrong: dict[str, Any], says: str, tmp_path: Path) -> None:
    said = refused(write(tmp_path / "log.eval", wrong))
    assert says in said and f"samples/{wrong['id']}_epoch_{wrong['epoch']}.json" in said


def test_a_zip_that_is_torn_anywhere_is_refused(tmp_path: Path) -> None:
    content = EVAL.read_bytes()
    for cut in range(0, len(content), len(content) // 30):
        (tmp_path / "cut.eval").write_bytes(content[:cut])
        assert "expected" in refused(tmp_path / "cut.eval")


@given(st.integers(0, EVAL.stat().st_size - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_no_sample(place: int, change: int) -> None:
    content = bytearray(EVAL.read_bytes())
    content[place] ^= change
    with TemporaryDirectory() as folder:
        path = Path(folder) / "changed.eval"
        path.write_bytes(content)
        try:
            found = all_samples(path)
        except BadInput:
            assert "\n" not in refused(path)
            return
        whole = samples_of(one_log(EVAL))
        assert all(whole.get(key) == one for key, one in found)


def test_members_that_unpack_beyond_all_bounds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "log.eval", sample(input="x" * 100_000))
    monkeypatch.setattr(inspect_zip, "MOST_BYTES", 50_000)
    assert "expected a sample of at most" in refused(path)
    monkeypatch.setattr(inspect_zip, "MOST_BYTES", 2**28)
    monkeypatch.setattr(inspect_zip, "SMALL", 10_000)
    assert "unpacks from" in refused(path)


def test_a_member_that_says_less_than_it_unpacks_to_is_refused(tmp_path: Path) -> None:
    path, packed = write(tmp_path / "log.eval"), pa.compress(bytes(10**8), codec="zstd", asbytes=True)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo("samples/1_epoch_1.json"), packed)
        info = archive.getinfo("samples/1_epoch_1.json")
        info.compress_type, info.file_size = inspect_zip.ZSTD, 900
    assert "expected a sample of at most" in refused(path)


@pytest.mark.parametrize(
    "name", ["samples/../../1_epoch_1.json", "/samples/1_epoch_1.json", "samples\\..\\1_epoch_1.json"]
)
def test_names_that_climb_out_are_refused(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / "log.eval")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, json.dumps(sample()))
    assert "leads elsewhere" in refused(path)


def test_a_path_that_is_not_there_is_named_beside_one_that_is(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"gone\.eval"):
        read([EVAL, tmp_path / "gone.eval"], ReadOptions())


def test_names_that_are_null_are_not_told(tmp_path: Path) -> None:
    head = header(dataset={"name": None}, scorers=[{"name": None}])
    assert "dataset" not in one_log(write(tmp_path / "log.eval", sample(), head=head)).facts


def test_json_that_is_no_log_is_not_taken_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"version": 2, "results": {}}', encoding="utf-8")
    with pytest.raises(BadInput, match=r"expected Inspect's .eval or .json, found none"):
        read([tmp_path], ReadOptions())
    assert "eval" in refused(tmp_path / "other.json")
    (tmp_path / "torn.json").write_bytes(JSON.read_bytes()[:3000])
    assert "see that it is whole" in refused(tmp_path / "torn.json")


@pytest.mark.skipif(not REAL.exists(), reason="needs ../shared/logs")
def test_the_real_logs_have_the_counts_of_a_count_by_hand(tmp_path: Path) -> None:
    streaming = one_log(REAL / "log_streaming.eval")
    assert counts(streaming, tmp_path / "s") == {"1": (2, 1), "2": (2, 2)}
    of_zip, of_json = (samples_of(one_log(REAL / f"log_formats.{ending}")) for ending in ("eval", "json"))
    assert of_zip == of_json and [one.verdict for one in of_zip.values()] == [Verdict.WRONG]
    unscored = samples_of(one_log(REAL / "unscored_10_samples.eval"))
    assert len(unscored) == 10 and all(one.verdict is None for one in unscored.values())
    assert len(read([REAL / "log_streaming.eval", REAL / "unscored_10_samples.eval"], ReadOptions())) == 2
