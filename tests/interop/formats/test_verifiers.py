"""verifiers and prime-rl: rewards, failures that have reward 0, episodes and traces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ReadOptions
from beyondbase.interop.formats.verifiers import FORMAT, recognise
from beyondbase.types import Finish, PromptForm, Verdict
from tests.interop.formats.reading import OURS, imported, n_and_c, one, rows_of, samples_of, verdicts

RESULTS = OURS / "verifiers" / "sums--org--tiny" / "1a2b3c4d" / "results.jsonl"
TRACES = OURS / "verifiers" / "sums--tiny--chat--0f" / "traces.jsonl"
PRIME = OURS / "prime_rl" / "rollouts" / "step_3"


def test_results_are_counted_and_failures_are_missing(tmp_path: Path) -> None:
    log = one(FORMAT, RESULTS)
    assert (log.name, log.model, log.facts["task"]) == ("1a2b3c4d", "org/tiny", "sums")
    assert log.settings == {"temperature": 0.7, "max_tokens": 64, "top_k": None, "form": PromptForm.CHAT}
    assert {"stop_condition", "timing"} & set(log.lost) == {"timing"} and "exact" in log.lost
    run = imported(log, tmp_path / "run")
    assert n_and_c(run) == (["0", "1"], [2, 1], [1, 0])
    assert verdicts(run) == {"correct": 1, "wrong": 1, "truncated": 1}
    cut, failed, silent = samples_of(log)["1"]
    assert cut.finish is Finish.LENGTH and cut.n_tokens == 7
    assert (failed.finish, failed.error) == (Finish.ERROR, "InfraError('503')")
    assert (silent.finish, silent.error) == (Finish.ERROR, "no completion in the log")


def test_what_was_asked_is_the_last_message_and_all_is_the_prompt() -> None:
    first = rows_of(one(FORMAT, RESULTS))[0]
    assert (first.question, first.gold) == ("What is 2 + 2?", "4")
    assert first.prompt == "system: Be brief.\n\nuser: What is 2 + 2?"


@pytest.mark.parametrize("where", ["beside", "metrics"])
def test_a_metric_may_be_the_score(tmp_path: Path, where: str) -> None:
    lines = [json.loads(text) for text in RESULTS.read_text(encoding="utf-8").splitlines()]
    if where == "beside":
        for line in lines:
            del line["metrics"]
    log = one(FORMAT, write(tmp_path / "results.jsonl", lines), options=ReadOptions(scorer="format"))
    assert log.scorer == "format" and log.model == ""
    assert [s.verdict for s in samples_of(log)["0"]] == [Verdict.CORRECT, Verdict.CORRECT]
    with pytest.raises(BadInput, match="line 1: expected a score named 'form'"):
        rows_of(one(FORMAT, tmp_path, options=ReadOptions(scorer="form")))


def write(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def episodes() -> list[dict[str, Any]]:
    return [json.loads(text) for text in TRACES.read_text(encoding="utf-8").splitlines()]


def test_episodes_are_samples_of_their_task(tmp_path: Path) -> None:
    log = one(FORMAT, TRACES)
    assert (log.model, log.facts["task"]) == ("org/tiny", "sums")
    assert log.settings["temperature"] == 1.0 and log.settings["max_tokens"] == 32
    right, wrong = next(iter(samples_of(log).values()))
    assert (right.verdict, wrong.verdict, right.finish) == (Verdict.CORRECT, Verdict.WRONG, Finish.STOP)
    assert (list(right.token_ids), right.n_tokens, right.reasoning) == ([2, 3], 2, "hm")
    cut, failed, unscored, empty = list(samples_of(log).values())[1]
    assert (cut.finish, cut.verdict) == (Finish.LENGTH, Verdict.WRONG)
    assert (failed.finish, failed.error) == (Finish.ERROR, "ProviderError: 503")
    assert (unscored.verdict, unscored.text) == (None, "\\boxed{42}")
    assert (empty.finish, empty.error) == (Finish.ERROR, "EnvError: no box")
    ids, n, c = n_and_c(imported(log, tmp_path / "run"))
    assert all(len(name) == 16 for name in ids) and sorted(zip(n, c, strict=True)) == [(1, 0), (2, 1)]


def test_rollouts_of_prime_rl_are_traces_alone(tmp_path: Path) -> None:
    log = one(FORMAT, PRIME)
    assert log.name == "train_rollouts" and log.model == "org/tiny"
    assert n_and_c(imported(log, tmp_path / "run"))[1:] == ([2], [1])
    same = [row.problem_id for row in rows_of(log)] + [row.problem_id for row in rows_of(one(FORMAT, TRACES))]
    assert len(set(same)) == 2


def test_weights_count_and_a_sum_that_is_no_verdict_wants_a_threshold(tmp_path: Path) -> None:
    lines = episodes()[:1]
    lines[0]["traces"][0]["rewards"]["format"]["weight"] = 0.5
    path = write(tmp_path / "traces.jsonl", lines)
    with pytest.raises(BadInput, match=r"got 1\.5; say with --threshold"):
        rows_of(one(FORMAT, path))
    [sample] = rows_of(one(FORMAT, path, options=ReadOptions(threshold=1.0)))[0].samples
    assert sample.verdict is Verdict.CORRECT and sample.detail == "reward 1.5"
    [sample] = rows_of(one(FORMAT, path, options=ReadOptions(scorer="exact")))[0].samples
    assert sample.verdict is Verdict.CORRECT


def test_two_models_in_one_file_are_refused(tmp_path: Path) -> None:
    lines = episodes()[:2]
    lines[1]["traces"][0]["agent"]["config"]["model"] = "org/other"
    with pytest.raises(BadInput, match=r"line 2: expected rollouts of one model, got 'org/other' after 'org/tiny'"):
        rows_of(one(FORMAT, write(tmp_path / "traces.jsonl", lines)))


def test_agents_that_are_not_under_evaluation_are_no_samples_and_two_that_are_are_refused(tmp_path: Path) -> None:
    lines = episodes()[:1]
    judge = json.loads(json.dumps(lines[0]["traces"][0]))
    judge["agent"] |= {"name": "judge", "trainable": False}
    lines[0]["traces"].append(judge)
    path = write(tmp_path / "traces.jsonl", lines)
    assert len(rows_of(one(FORMAT, path))[0].samples) == 1
    judge["agent"]["trainable"] = True
    write(path, lines)
    with pytest.raises(BadInput, match="expected one agent that answers, got agent, judge"):
        rows_of(one(FORMAT, path))


def test_all_files_of_a_folder_are_logs_of_their_own() -> None:
    logs = FORMAT.read([RESULTS.parent, TRACES], ReadOptions())
    assert [log.name for log in logs] == ["1a2b3c4d", "sums--tiny--chat--0f"]
    assert recognise(RESULTS) == "rollouts of verifiers" and recognise(TRACES) == "episodes of verifiers"


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("results.jsonl", {"prompt": "a", "completion": "b", "reward": 1}, "got no example_id"),
        ("results.jsonl", {"example_id": 0, "prompt": "a", "completion": "b", "reward": "x"}, "but reward: "),
        ("results.jsonl", {"example_id": 0, "completion": "b", "reward": 0.5}, "expected a score of 0 or 1, got 0.5"),
        ("traces.jsonl", {"traces": []}, "but task: Field required"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, name: str, line: dict[str, Any], said: str) -> None:
    path = write(tmp_path / name, [line])
    with pytest.raises(BadInput) as caught:
        rows_of(one(FORMAT, path))
    assert str(caught.value).startswith(f"{path}, line 1: ") and said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("count", [None, 0, float("nan"), float("inf")])
def test_a_count_of_tokens_that_is_none_is_not_told(tmp_path: Path, count: float | None) -> None:
    line = {"id": "a", "prompt": "q", "completion": "x", "reward": 1, "token_usage": {"output_tokens": count}}
    log = one(FORMAT, write(tmp_path / "results.jsonl", [line]))
    [row] = rows_of(log)
    assert row.samples[0].n_tokens is None and log.settings == {"form": PromptForm.PLAIN}
    assert (row.problem_id, row.question, row.prompt, row.samples[0].text) == ("a", "q", "q", "x")


def test_metadata_that_is_torn_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "results.jsonl", [{"example_id": 0, "prompt": "a", "completion": "b", "reward": 1}])
    (tmp_path / "metadata.json").write_text('{"model": "a', encoding="utf-8")
    with pytest.raises(BadInput, match=r"metadata\.json: expected verifiers' metadata, but "):
        one(FORMAT, tmp_path)
