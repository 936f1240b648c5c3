"""Batches of OpenAI's: samples without scores, named by custom_id, counted by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ReadOptions
from beyondbase.interop.formats.openai_batch import FORMAT, problem_of
from beyondbase.types import Finish, PromptForm

OURS = Path(__file__).parents[1] / "logs" / "openai_batch"


def read(*paths: Path) -> list[ForeignLog]:
    return FORMAT.read(paths, ReadOptions())


def rows(log: ForeignLog) -> list[ForeignRow]:
    return list(log.rows(lambda n_bytes: None))


def response(custom_id: str, model: str = "m", **others: object) -> dict[str, object]:
    choice = {"message": {"role": "assistant", "content": "4"}, "finish_reason": "stop"}
    return answered(custom_id, {"model": model, "choices": [choice]}) | others


def answered(custom_id: str, body: object) -> dict[str, object]:
    return {"custom_id": custom_id, "response": {"status_code": 200, "body": body}}


def request(custom_id: str, prompt: str, model: str = "m", **settings: object) -> dict[str, object]:
    messages = [{"role": "user", "content": prompt}]
    return {"custom_id": custom_id, "body": {"model": model, "messages": messages, **settings}}


def write(path: Path, *objects: object) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in objects))
    return path


def test_a_folder_of_requests_responses_and_failures_is_one_log() -> None:
    [log] = read(OURS)
    assert log.model == "small-1-2026-01-01" and log.name == "small-1-2026-01-01"
    found = [
        (row.problem_id, sample.sample_index, sample.text, sample.finish, sample.n_tokens)
        for row in rows(log)
        for sample in row.samples
    ]
    assert sorted(found, key=str) == sorted(
        [
            ("add", 1, "5", Finish.STOP, 3),
            ("add", 2, None, Finish.ERROR, None),
            ("add", 0, "Let us think. 2", Finish.LENGTH, 50),
            ("mul-1", None, "42", Finish.STOP, None),  # the usage is that of both choices
            ("mul-1", None, "", Finish.STOP, None),
            ("mul-2", None, None, Finish.ERROR, None),
        ],
        key=str,
    )
    assert all(sample.verdict is None for row in rows(log) for sample in row.samples)
    by_id = {(row.problem_id, row.samples[0].sample_index): row for row in rows(log)}
    assert by_id["add", 1].samples[0].reasoning == "Two and two."
    assert by_id["add", 2].samples[0].error == "status 429, 'Rate limit'"
    assert "in time" in by_id["mul-2", None].samples[0].error
    assert by_id["add", 1].question == by_id["add", 1].prompt == "What is 2 + 2?"
    assert by_id["mul-2", None].prompt is None


def test_settings_are_those_that_all_requests_state_alike() -> None:
    [log] = read(OURS)
    assert log.settings == {"temperature": 0.6, "max_tokens": 50, "form": PromptForm.CHAT, "system": "Be brief."}


def test_without_requests_nothing_is_known_of_prompts_and_settings() -> None:
    [log] = read(OURS / "output.jsonl")
    assert log.settings == {} and all(row.prompt is None for row in rows(log))


def test_only_responses_are_recognised() -> None:
    known = {file.name: FORMAT.recognise(file) is not None for file in OURS.iterdir()}
    assert known == {"input.jsonl": False, "output.jsonl": True, "errors.jsonl": True}


def test_models_in_several_files_are_several_logs_each_with_its_requests(tmp_path: Path) -> None:
    for model, temperature in (("base", 1.0), ("base-rl", 0.6)):
        write(tmp_path / f"{model}-in.jsonl", request("a", "2 + 2?", model, temperature=temperature))
        write(tmp_path / f"{model}-out.jsonl", response("a", model))
    logs = {log.model: log for log in read(tmp_path)}
    assert {name: log.settings["temperature"] for name, log in logs.items()} == {"base": 1.0, "base-rl": 0.6}
    assert {log.name for log in logs.values()} == {"base", "base-rl"}


def test_the_responses_api_and_completions(tmp_path: Path) -> None:
    part = {"type": "output_text", "text": "4"}
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}
    body = {"model": "m", "output": [thought, {"type": "message", "role": "assistant", "content": [part]}]}
    body |= {
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "usage": {"output_tokens": 9},
    }
    cut = {"custom_id": "a", "response": {"status_code": 200, "body": body}}
    choice = {"text": "4!", "finish_reason": "stop"}
    plain = {"custom_id": "b", "response": {"status_code": 200, "body": {"model": "m", "choices": [choice]}}}
    failed = {
        "custom_id": "c",
        "response": {"status_code": 200, "body": {"model": "m", "status": "failed", "output": []}},
    }
    [log] = read(write(tmp_path / "out.jsonl", cut, plain, failed))
    first, second, third = (row.samples[0] for row in rows(log))
    assert (first.text, first.finish, first.n_tokens, first.reasoning) == ("4", Finish.LENGTH, 9, "Hm.")
    assert (second.text, second.finish) == ("4!", Finish.STOP)
    assert third.finish is Finish.ERROR


def test_further_files_give_further_samples_but_not_the_same_response_twice(tmp_path: Path) -> None:
    write(tmp_path / "one.jsonl", response("a", id="r1"))
    write(tmp_path / "two.jsonl", response("a", id="r2"))
    [log] = read(tmp_path)
    assert [row.problem_id for row in rows(log)] == ["a", "a"]
    shutil.copy(tmp_path / "one.jsonl", tmp_path / "three.jsonl")
    [copied] = read(tmp_path)
    with pytest.raises(BadInput, match=r"three.jsonl, line 1.*again"):
        rows(copied)


@pytest.mark.parametrize(
    ("objects", "says"),
    [
        ([response("a"), response("a")], "line 2.*'a' once"),
        ([response("a"), response("b", "other")], "line 2.*one model"),
        ([{"custom_id": "a", "response": None, "error": None}], "line 1.*neither"),
        ([answered("a", {"model": "m", "data": []})], "line 1.*choices"),
        ([answered("a", "<html>")], "line 1.*<html>"),
        ([answered("a", {"choices": [{}]})], "line 1.*choice"),
        ([{"custom_id": 7, "response": None}], "line 1.*custom_id"),
        ([answered("a", {"choices": "4"})], "line 1.*choices"),
    ],
)
def test_what_is_no_batch_is_refused_in_one_line(tmp_path: Path, objects: list[object], says: str) -> None:
    file = write(tmp_path / "out.jsonl", *objects)
    with pytest.raises(BadInput, match=says) as caught:
        rows(read(file)[0])
    assert "\n" not in str(caught.value)


def test_a_torn_file_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "out.jsonl", response("a"))
    file.write_text(file.read_text() + '{"custom_id": "b", "resp')
    with pytest.raises(BadInput, match=r"line 2.*torn"):
        rows(read(file)[0])


def test_a_custom_id_of_one_sample_has_one_choice(tmp_path: Path) -> None:
    choices = [{"text": "4"}, {"text": "5"}]
    two = {"custom_id": "a#0", "response": {"status_code": 200, "body": {"choices": choices}}}
    with pytest.raises(BadInput, match="names one sample, got 2"):
        rows(read(write(tmp_path / "out.jsonl", two))[0])


def test_one_problem_has_one_prompt(tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", request("a#0", "2 + 2?"), request("a#1", "2 + 3?"))
    write(tmp_path / "out.jsonl", response("a#0"))
    [log] = read(tmp_path)
    with pytest.raises(BadInput, match=r"in.jsonl, line 2.*one prompt"):
        rows(log)


def test_requests_alone_are_no_log() -> None:
    with pytest.raises(BadInput, match="found none"):
        read(OURS / "input.jsonl")


@given(st.text(min_size=1, max_size=9), st.integers(0, 10**8))
def test_an_id_with_an_index_names_its_problem(problem_id: str, index: int) -> None:
    assert problem_of(f"{problem_id}#{index}") == problem_id
    assert problem_of(f"{problem_id}-{index}") == f"{problem_id}-{index}" or "#" in problem_id
