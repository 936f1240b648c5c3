"""lm-eval's samples: filters, repetitions, what a score is of, and how documents were asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ReadOptions
from beyondbase.interop.formats.lm_eval import read, recognise
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.imports import import_log
from beyondbase.pipeline.judge_again import judge_again
from beyondbase.verification import verifier_of

OURS = Path(__file__).parents[1] / "logs" / "lm_eval"
REAL = Path(__file__).parents[4] / "shared" / "logs" / "lm_eval"
ASKED = {"until": ["Question:"], "do_sample": True, "temperature": 0.6, "top_p": 0.95, "max_gen_toks": 256}
FIRST, SECOND = "2026-01-01T10-00-00.000000", "2026-01-02T10-00-00.000000"


def document(doc_id: int, *texts: str, filter_name: str = "strict", **fields: Any) -> dict[str, Any]:
    question = f"What is {doc_id} + {doc_id}?"
    return {
        "doc_id": doc_id,
        "doc": {"question": question, "answer": str(2 * doc_id)},
        "target": str(2 * doc_id),
        "arguments": {"gen_args_0": {"arg_0": f"Question: {question}\nAnswer:", "arg_1": ASKED}},
        "resps": [list(texts)],
        "filtered_resps": [texts[0][-1]],
        "filter": filter_name,
        "metrics": ["exact_match"],
        "exact_match": 1.0,
        **fields,
    }


def write(folder: Path, *documents: dict[str, Any], task: str = "sums", date: str = FIRST) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"samples_{task}_{date}.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in documents), encoding="utf-8")
    return file


def one_log(*paths: Path, scorer: str | None = None) -> ForeignLog:
    [log] = read(paths, ReadOptions(scorer=scorer))
    return log


def counts(log: ForeignLog, tmp_path: Path) -> dict[str, tuple[int, int]]:
    found = import_log(log, "lm-eval", tmp_path / "run", ImportOptions()).run.counts()
    return {i: (n, c) for i, n, c in zip(found.problem_ids, found.n_P.tolist(), found.c_P.tolist(), strict=True)}


def test_files_of_two_days_are_further_samples_and_the_results_name_the_model(tmp_path: Path) -> None:
    assert recognise(next(OURS.rglob("samples_*.jsonl")))
    log = one_log(OURS)
    assert (log.name, log.model, log.scorer) == ("sums", "org/tiny", "exact_match,strict-match")
    assert log.settings == {
        "temperature": 0.6, "top_p": 0.95, "max_tokens": 256, "stop": ("Question:",), "system": "", "form": "plain",
    }  # fmt: skip
    assert counts(log, tmp_path) == {"0": (2, 2), "1": (2, 0), "2": (2, 1)}
    manifest = import_log(log, "lm-eval", tmp_path / "run", ImportOptions()).run.manifest
    assert manifest.engine["template_text"] == "Question: {question}\nAnswer:"
    assert manifest.verifier == "imported-exact_match_strict-match"


def test_another_filter_has_verdicts_of_its_own_and_adds_no_samples(tmp_path: Path) -> None:
    assert counts(one_log(OURS, scorer="flexible-extract"), tmp_path) == {"0": (2, 2), "1": (2, 1), "2": (2, 1)}
    with pytest.raises(BadInput, match=r"expected filter 'none', got .*; choose with --scorer"):
        counts(one_log(OURS, scorer="exact_match,none"), tmp_path / "other")


def test_a_score_of_several_responses_is_of_none_of_them(tmp_path: Path) -> None:
    write(tmp_path / "logs", document(1, r"\boxed{2}", r"\boxed{3}", r"\boxed{2}"), document(2, r"\boxed{4}", "5", "6"))
    options = ImportOptions(verifier=verifier_of("math"))
    made = import_log(one_log(tmp_path / "logs"), "lm-eval", tmp_path / "run", options)
    judge_again(made, options)
    assert made.run.manifest.verifier.startswith("math-")
    assert made.run.counts().c_P.tolist() == [2, 1] and made.run.counts().n_P.tolist() == [3, 3]


def test_a_mean_over_responses_tells_how_many_are_correct(tmp_path: Path) -> None:
    scored = {"metrics": ["pass@1"], "pass@1": 2 / 3}
    write(tmp_path / "logs", document(1, "a", "b", "c", **scored))
    [row] = one_log(tmp_path / "logs").rows(lambda n_bytes: None)
    assert row.correct == 2 and all(sample.verdict is None for sample in row.samples)


def test_a_greedy_run_has_temperature_0_whatever_it_was_given(tmp_path: Path) -> None:
    arguments = {"gen_args_0": {"arg_0": "?", "arg_1": {"do_sample": False, "temperature": 0.7, "until": "\n"}}}
    write(tmp_path / "logs", document(1, "a", arguments=arguments))
    assert one_log(tmp_path / "logs").settings == {"temperature": 0.0, "stop": ("\n",)}


def test_files_that_ask_in_other_ways_are_other_logs(tmp_path: Path) -> None:
    write(tmp_path / "logs", document(1, "a"))
    arguments = {"gen_args_0": {"arg_0": "?", "arg_1": {**ASKED, "temperature": 1.0}}}
    write(tmp_path / "logs", document(1, "a", arguments=arguments), date=SECOND)
    logs = read([tmp_path / "logs"], ReadOptions())
    assert [log.settings["temperature"] for log in logs] == [0.6, 1.0]
    assert len({log.name for log in logs}) == 2


def test_tasks_and_models_are_logs_of_their_own(tmp_path: Path) -> None:
    for model in ("a", "b"):
        for task in ("sums", "long_sums"):
            write(tmp_path / model, document(1, f"{model} {task}"), task=task)
    names = [log.name for log in read([tmp_path], ReadOptions())]
    assert len(set(names)) == 4 and all(name.endswith("sums") for name in names)


def hostile() -> dict[str, tuple[list[dict[str, Any]], str]]:
    return {
        "twice": ([document(1, "a"), document(1, "b")], "line 2: expected each doc_id once"),
        "choices": ([document(1, "a", resps=[[[-1.5, False]]])], "tasks of choices"),
        "likelihoods": (
            [document(1, "a", arguments={"gen_args_0": {"arg_0": "?", "arg_1": " 4"}})],
            "tasks of choices and likelihoods have no samples",
        ),
        "several requests": ([document(1, "a", resps=[["a"], ["b"]])], "one request a document"),
        "no metric": ([document(1, "a", metrics=[])], "expected a document with metrics"),
        "another metric": ([document(1, "a"), document(2, "a", metrics=["f1"])], "line 2: expected the metric"),
        "a share": ([document(1, "a", exact_match=0.4)], "--threshold"),
        "two ways": (
            [document(1, "a"), document(2, "a", arguments={"gen_args_0": {"arg_0": "?", "arg_1": {}}})],
            "line 2: expected one way to ask",
        ),
        "types": ([document(1, "a", resps="a")], "resps"),
    }


@pytest.mark.parametrize("name", hostile())
def test_documents_that_cannot_be_are_named(name: str, tmp_path: Path) -> None:
    documents, says = hostile()[name]
    write(tmp_path / "logs", *documents)
    with pytest.raises(BadInput, match=says) as error:
        counts(one_log(tmp_path / "logs"), tmp_path)
    assert "samples_sums" in str(error.value) and "\n" not in str(error.value)


def test_a_score_of_nan_is_missing(tmp_path: Path) -> None:
    write(tmp_path / "logs", document(1, "a"), document(2, "a", exact_match=float("nan")))
    rows = list(one_log(tmp_path / "logs").rows(lambda n_bytes: None))
    assert [row.samples[0].verdict is None for row in rows] == [False, True]


def test_two_models_in_one_folder_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "logs", document(1, "a"))
    for i, model in enumerate(("one", "two")):
        (tmp_path / "logs" / f"results_{i}.json").write_text(json.dumps({"model_name": model}), encoding="utf-8")
    with pytest.raises(BadInput, match="the samples of one model, got those of one and two"):
        one_log(tmp_path / "logs")


def test_responses_of_padding_are_no_samples(tmp_path: Path) -> None:
    """On several devices the last document of one that has fewer is asked again, to fill up its batch."""
    write(tmp_path / "logs", document(1, "a"), document(2, "a", "a", "a", exact_match=0.0))
    assert counts(one_log(tmp_path / "logs"), tmp_path / "run") == {"1": (1, 1), "2": (1, 0)}


def test_the_results_tell_what_scorers_and_repeats_there_are(tmp_path: Path) -> None:
    write(tmp_path / "logs", document(1, "a", "b", "c"))
    scores = {"alias": "sums", "exact_match,strict": 1, "exact_match_stderr,strict": 0, "exact_match,loose": 1}
    results = {"model_name": "m", "results": {"sums": scores}, "configs": {"sums": {"repeats": 2}}}
    (tmp_path / "logs" / "results_1.json").write_text(json.dumps(results), encoding="utf-8")
    log = one_log(tmp_path / "logs")
    assert log.facts["scorers"] == "exact_match,strict exact_match,loose"
    assert [len(row.samples) for row in log.rows(lambda n_bytes: None)] == [2]


@pytest.mark.parametrize(
    ("target", "gold"),
    [
        ("18", "18"),
        ("She sells 9 eggs.\nThat makes 9 * 2.\n#### 18", "18"),
        ("def check(f):\n    assert f(1) == 2\ncheck(f)", None),
        ("['18', 'eighteen']", None),
        ("", None),
        (18, "18"),
    ],
)
def test_a_target_is_a_reference_answer_where_it_is_one(target: object, gold: str | None, tmp_path: Path) -> None:
    write(tmp_path / "logs", document(1, "a", target=target))
    [row] = one_log(tmp_path / "logs").rows(lambda n_bytes: None)
    assert row.gold == gold


@pytest.mark.skipif(not REAL.exists(), reason="needs ../shared/logs")
def test_the_real_file_has_the_counts_of_a_count_by_hand(tmp_path: Path) -> None:
    log = one_log(REAL)
    assert log.model.startswith("RylanSchaeffer/") and log.settings["temperature"] == 0.0
    assert (log.settings["max_tokens"], log.settings["stop"]) == (512, ("Problem:", "\n\n"))
    assert counts(log, tmp_path) == {str(i): (1, 0) for i in range(10)}
