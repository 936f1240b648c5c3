"""NeMo-Skills' outputs: seeds by number, judges and symbols apart, what is not finished."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ReadOptions
from beyondbase.interop.formats.nemo_skills import FORMAT
from beyondbase.types import Finish, Verdict
from tests.interop.formats.reading import OURS, REAL, imported, n_and_c, one, rows_of, samples_of, verdicts

MINE = OURS / "nemo_skills" / "sums"


def test_seeds_are_samples_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    log = one(FORMAT, MINE)
    assert log.name == "sums" and log.scorer == "symbolic_correct"
    assert [file.name for file in log.files] == ["output-rs0.jsonl", "output-rs2.jsonl", "output-rs10.jsonl"]
    samples = samples_of(log)
    assert [(s.sample_index, s.seed) for s in samples["add-0"]] == [(0, 0), (1, 2), (2, 10)]
    run = imported(log, tmp_path / "run")
    assert n_and_c(run) == (["add-0", "add-1"], [2, 3], [1, 1])
    assert verdicts(run) == {"correct": 2, "no_answer": 1, "wrong": 1, "truncated": 1}


def test_a_request_that_failed_is_missing_and_thoughts_stand_apart() -> None:
    first, _, failed = samples_of(one(FORMAT, MINE))["add-0"]
    assert (first.text, first.reasoning) == ("\\boxed{4}", "<think>2 and 2</think>")
    assert (failed.finish, failed.verdict, failed.error) == (Finish.ERROR, None, "context_window_exceeded")
    row = rows_of(one(FORMAT, MINE))[0]
    assert (row.question, row.gold, row.strata) == ("What is 2 + 2?", "4", {"subset": "even"})


def test_the_judge_is_another_scorer_and_one_that_says_nothing_has_failed(tmp_path: Path) -> None:
    log = one(FORMAT, MINE, options=ReadOptions(scorer="judgement"))
    assert log.facts["scorers"] == "symbolic_correct, judgement" and "symbolic_correct" in log.lost
    assert [s.verdict for s in samples_of(log)["add-1"]] == [Verdict.WRONG, Verdict.WRONG, Verdict.VERIFIER_ERROR]
    run = imported(log, tmp_path / "run")
    assert run.manifest.verifier == "imported-judgement" and run.counts().c_P.tolist() == [1, 0]
    with pytest.raises(BadInput, match=r"expected scores named 'judge', found symbolic_correct, judgement"):
        one(FORMAT, MINE, options=ReadOptions(scorer="judge"))


def test_a_seed_that_is_not_finished_is_listed_and_never_read(tmp_path: Path) -> None:
    folder = tmp_path / "sums"
    shutil.copytree(MINE, folder)
    left = folder / "output-rs11.jsonl-async"
    left.write_text(json.dumps({"generation": "half", "_async_position": 1}) + "\n", encoding="utf-8")
    log = one(FORMAT, folder)
    assert left.name in log.lost and len(rows_of(log)) == 6
    with pytest.raises(BadInput, match="expected the file of a finished seed"):
        one(FORMAT, left)
    left.rename(folder / "output-rs11.jsonl")
    with pytest.raises(BadInput, match=r"output-rs11\.jsonl, line 1: expected lines in the order of the problems"):
        rows_of(one(FORMAT, folder))


def chunk(folder: Path, name: str, *ids: int) -> None:
    folder.mkdir(exist_ok=True)
    samples = ({"problem": f"{i}?", "generation": name, "symbolic_correct": i % 2 == 0} for i in ids)
    lines = [json.dumps(sample) for sample in samples]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_lines_without_id_are_numbered_across_the_chunks_of_a_seed(tmp_path: Path) -> None:
    folder = tmp_path / "bench"
    for seed in (0, 1):
        chunk(folder, f"output-rs{seed}_chunk_0.jsonl", 1, 2)
        chunk(folder, f"output-rs{seed}_chunk_1.jsonl", 3)
    assert [row.problem_id for row in rows_of(one(FORMAT, folder))] == ["1", "2", "3"] * 2
    assert n_and_c(imported(one(FORMAT, folder), tmp_path / "run")) == (["1", "2", "3"], [2, 2, 2], [0, 2, 0])
    (folder / "output-rs1_chunk_0.jsonl").unlink()
    with pytest.raises(BadInput, match=r"expected chunks 0 to 1 of every seed, once each, got \[1\] of seed 1"):
        one(FORMAT, folder)


def test_lines_in_another_order_are_refused_by_their_questions(tmp_path: Path) -> None:
    chunk(tmp_path / "bench", "output-rs0.jsonl", 1, 2)
    chunk(tmp_path / "bench", "output-rs1.jsonl", 2, 1)
    with pytest.raises(BadInput, match="expected one question of problem '1'"):
        imported(one(FORMAT, tmp_path / "bench"), tmp_path / "run")


def test_greedy_and_benchmarks_are_logs_of_their_own(tmp_path: Path) -> None:
    for name in ("output.jsonl", "output-rs0.jsonl", "aime_output-rs3.jsonl"):
        chunk(tmp_path / "math", name, 1)
    logs = FORMAT.read([tmp_path], ReadOptions())
    assert sorted(log.name for log in logs) == ["aime", "math", "math-no-seed"]
    [greedy] = [log for log in logs if log.name == "math-no-seed"]
    assert rows_of(greedy)[0].samples[0].seed is None


def test_all_tests_of_a_program_must_pass(tmp_path: Path) -> None:
    lines = [{"generation": "x", "graded_list": graded} for graded in ([True, True], [True, False], [])]
    file = tmp_path / "output-rs0.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    found = [row.samples[0].verdict for row in rows_of(one(FORMAT, file))]
    assert found == [Verdict.CORRECT, Verdict.WRONG, None]


def test_a_first_sample_that_was_not_judged_is_missing_and_hides_no_other(tmp_path: Path) -> None:
    file = tmp_path / "output-rs0.jsonl"
    lines = [{"generation": "x", "symbolic_correct": None}, {"generation": "x", "symbolic_correct": True}]
    file.write_text("\n" + "".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    log = one(FORMAT, file)
    assert log.scorer == "symbolic_correct"
    assert [row.samples[0].verdict for row in rows_of(log)] == [None, Verdict.CORRECT]


@given(st.sets(st.integers(0, 10**6), min_size=1, max_size=8))
def test_samples_are_in_the_order_of_their_seeds_whatever_their_digits(
    tmp_path_factory: pytest.TempPathFactory, seeds: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("bench")
    for seed in seeds:
        chunk(folder, f"output-rs{seed}.jsonl", 1)
    [samples] = samples_of(one(FORMAT, folder)).values()
    assert [(sample.sample_index, sample.seed) for sample in samples] == list(enumerate(sorted(seeds)))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"generation": 3}', "but generation: Input should be a valid string"),
        ('{"generation": "a", "symbolic_correct": 0.5}', "expected a score of 0 or 1, got 0.5"),
        ('{"generation": "a", "symbol', "a line that is cut"),
        ('{"custom_id": "a", "error": null, "response": {}}', "expected a sample of NeMo-Skills"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "output-rs0.jsonl"
    file.write_text('{"generation": "a", "symbolic_correct": true}\n' + line, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        rows_of(one(FORMAT, file))
    assert str(caught.value).startswith(f"{file}, line 2: ") and said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not (REAL / "nemo_skills").is_dir(), reason="needs ../shared/logs")
def test_the_real_files_count_as_by_hand(tmp_path: Path) -> None:
    log = one(FORMAT, REAL / "nemo_skills")
    assert log.name == "hendrycks_math" and "reward_model_score" in log.lost
    run = imported(log, tmp_path / "run")
    assert n_and_c(run) == ([str(i) for i in range(1, 8)], [3] * 7, [3, 0, 3, 3, 3, 2, 1])
    assert run.samples().collect()["text"].null_count() == 21
