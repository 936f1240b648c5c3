"""Foreign logs into runs: what is counted, what is missing, what is refused, and that nothing is half there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.errors import BadInput, StoreError
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ForeignSample, Told
from beyondbase.pipeline.import_options import ImportOptions, verdicts_name
from beyondbase.pipeline.imports import import_log
from beyondbase.pipeline.judge_again import disagreement, judge_again
from beyondbase.problems import ProblemSet
from beyondbase.store import Run
from beyondbase.types import Finish, Origin, Problem, Verdict
from beyondbase.verification import verifier_of

RIGHT, WRONG, UNSCORED = (
    ForeignSample(t, v) for t, v in (("answer: 4", Verdict.CORRECT), ("answer: 5", Verdict.WRONG), ("answer: 4", None))
)
FAILED = ForeignSample(None, None, finish=Finish.ERROR, error="503")
PLAIN = ImportOptions()
EXACT = ImportOptions(verifier=verifier_of("exact"))


def row(name: str, *samples: ForeignSample, line: int = 1, **fields: object) -> ForeignRow:
    given = {"question": f"{name}?", "gold": "4", **fields}
    return ForeignRow(name, samples, f"log, line {line}", **given)  # type: ignore[arg-type]


def log_of(tmp_path: Path, rows: Sequence[ForeignRow], **fields: object) -> ForeignLog:
    file = tmp_path / "log.jsonl"
    file.write_text(repr(rows), encoding="utf-8")

    def read(told: Told) -> Iterator[ForeignRow]:
        told(file.stat().st_size)
        yield from rows

    return ForeignLog("task", (file,), read, **fields)  # type: ignore[arg-type]


def made(tmp_path: Path, rows: Sequence[ForeignRow], options: ImportOptions = PLAIN, **fields: object) -> Run:
    return import_log(log_of(tmp_path, rows, **fields), "test", tmp_path / "run", options).run


def verdicts(run: Run, name: str | None = None) -> dict[tuple[str, int], str]:
    rows = run.verdicts(name).select("problem_id", "sample_index", "verdict").collect()
    return {(problem, index): verdict for problem, index, verdict in rows.iter_rows()}


def test_what_failed_or_was_not_scored_is_missing_and_not_wrong(tmp_path: Path) -> None:
    run = made(tmp_path, [row("a", RIGHT, FAILED, WRONG, UNSCORED), row("b", WRONG)])
    assert run.manifest.origin is Origin.IMPORTED
    assert verdicts(run) == {("a", 0): "correct", ("a", 2): "wrong", ("b", 0): "wrong"}
    assert run.n_drawn() == 4 and run.n_failed() == 1
    counts = run.counts()
    assert (list(counts.problem_ids), counts.n_P.tolist(), counts.c_P.tolist()) == (["a", "b"], [2, 1], [1, 0])


def test_a_wrong_answer_that_was_cut_is_truncated_and_a_right_one_is_right(tmp_path: Path) -> None:
    cut = [replace(sample, finish=Finish.LENGTH) for sample in (RIGHT, WRONG)]
    assert list(verdicts(made(tmp_path, [row("a", *cut)])).values()) == ["correct", "truncated"]


def test_problems_stand_in_natural_order_whatever_the_order_of_the_log(tmp_path: Path) -> None:
    rows = [row(name, RIGHT) for name in ("p10", "p9", "p1")]
    one, other = (made(tmp_path / str(i), each) for i, each in enumerate(_with_folders(tmp_path, rows, rows[::-1])))
    assert [p.problem_id for p in one.problems()] == ["p1", "p9", "p10"]
    assert one.manifest.problems_hash == other.manifest.problems_hash


def _with_folders(tmp_path: Path, *lists: list[ForeignRow]) -> Iterator[list[ForeignRow]]:
    for i, rows in enumerate(lists):
        (tmp_path / str(i)).mkdir()
        yield rows


def test_what_the_log_states_is_in_the_manifest_and_the_rest_is_unknown(tmp_path: Path) -> None:
    prompted = row("a", RIGHT, prompt="Q: a?\nA:")
    run = made(tmp_path, [prompted], settings={"temperature": 0.7, "stop": ["\n"]}, facts={"task": "gsm8k"}, model="m")
    manifest = run.manifest
    assert (manifest.told("temperature"), manifest.told("stop"), manifest.told("max_tokens")) == (0.7, ("\n",), None)
    assert manifest.model == "m" and manifest.problem_set == "gsm8k"
    assert manifest.engine["template_text"] == "Q: {question}\nA:" and "template" not in manifest.unknown
    assert {"top_p", "max_tokens", "seed", "system"} <= set(manifest.unknown)


def test_what_the_user_says_fills_gaps_and_may_not_contradict_the_log(tmp_path: Path) -> None:
    said = ImportOptions(settings={"temperature": 0.6})
    assert made(tmp_path, [row("a", RIGHT)], said).manifest.told("temperature") == 0.6
    with pytest.raises(BadInput, match=r"temperature: the log says 1.0, got 0.6; leave --temperature out"):
        import_log(log_of(tmp_path, [row("a", RIGHT)], settings={"temperature": 1.0}), "test", tmp_path / "new", said)


def test_settings_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="temperature"):
        made(tmp_path, [row("a", RIGHT)], settings={"temperature": "hot"})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([row("a", replace(RIGHT, sample_index=1), replace(WRONG, sample_index=1))], "sample 1 of problem 'a' once"),
        ([row("a", RIGHT), row("a", RIGHT, line=7, question="other?")], "line 7: expected one question of problem 'a'"),
        ([row("a", RIGHT), row("a", RIGHT, line=7, gold="5")], "line 7: expected one answer of problem 'a'"),
        ([row("a", replace(RIGHT, sample_index=-1))], "expected a sample index"),
        ([row("a", replace(RIGHT, sample_index=10**12))], "expected a sample index"),
        ([row("a", UNSCORED, correct=2)], "expected 0 to 1 correct samples, got 2"),
        ([], "expected samples, found none"),
    ],
)
def test_a_log_that_contradicts_itself_leaves_nothing_behind(tmp_path: Path, rows: list[ForeignRow], says: str) -> None:
    with pytest.raises(BadInput, match=says) as error:
        made(tmp_path, rows)
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_a_reader_that_fails_in_the_middle_leaves_nothing_and_what_was_left_by_a_kill_is_removed(
    tmp_path: Path,
) -> None:
    def read(told: Told) -> Iterator[ForeignRow]:
        yield row("a", RIGHT)
        raise BadInput("log, line 2: torn")

    file = tmp_path / "log.jsonl"
    file.touch()
    (tmp_path / ".run.importing" / "samples").mkdir(parents=True)
    with pytest.raises(BadInput, match="torn"):
        import_log(ForeignLog("task", (file,), read), "test", tmp_path / "run", ImportOptions())
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_the_same_log_again_is_the_same_run_and_another_log_is_refused(tmp_path: Path) -> None:
    first = made(tmp_path, [row("a", RIGHT)])
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    again = made(tmp_path, [row("a", RIGHT)])
    assert again.manifest == first.manifest
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")} == before
    with pytest.raises(StoreError, match="choose another folder"):
        made(tmp_path, [row("a", WRONG)])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").touch()
    with pytest.raises(StoreError, match="found files in it"):
        import_log(log_of(tmp_path, [row("a", RIGHT)]), "test", tmp_path / "other", ImportOptions())


def test_our_verdicts_stand_beside_the_logs_own_and_where_they_differ_is_said(tmp_path: Path) -> None:
    log = log_of(tmp_path, [row("a", RIGHT, WRONG, replace(RIGHT, text="answer: 5"))], scorer="acc")
    imported = import_log(log, "test", tmp_path / "run", EXACT)
    said = judge_again(imported, EXACT)
    assert sorted(imported.run.verifiers()) == ["exact-1", "imported-acc"]
    assert verdicts(imported.run, "exact-1") == {("a", 0): "correct", ("a", 1): "wrong", ("a", 2): "wrong"}
    table = disagreement(imported.run, "imported-acc", "exact-1")
    assert table.rows() == [("correct", "correct", 1), ("correct", "wrong", 1), ("wrong", "wrong", 1)]
    assert "of 3 samples, 1 are correct in the log alone, 0 by exact-1 alone" in said[0]


def test_without_texts_or_answers_nothing_is_judged_again_unless_it_was_asked_for(tmp_path: Path) -> None:
    for name, rows in (
        ("texts", [row("a", ForeignSample(None, Verdict.WRONG))]),
        ("golds", [row("a", RIGHT, gold=None)]),
    ):
        log = log_of(tmp_path, rows)
        assert judge_again(import_log(log, "test", tmp_path / name, EXACT), EXACT) == []
        with pytest.raises(BadInput, match="nothing can be judged"):
            import_log(log, "test", tmp_path / name, replace(EXACT, must_judge=True))


def test_counts_alone_are_judged_again_where_they_can_be_and_spread_where_not(tmp_path: Path) -> None:
    samples = [UNSCORED, UNSCORED, replace(UNSCORED, text="answer: 5")]
    log = log_of(tmp_path, [row("a", *samples, correct=1)])
    judged = import_log(log, "test", tmp_path / "judged", EXACT)
    said = judge_again(judged, EXACT)
    assert judged.run.manifest.verifier == "exact-1" and said == ["2 correct by exact-1, 1 in the log"]
    spread = import_log(log, "test", tmp_path / "spread", ImportOptions()).run
    assert spread.counts().c_P.tolist() == [1] and spread.counts().n_P.tolist() == [3]
    assert spread.samples().collect()["text"].null_count() == 3


def test_problems_with_too_few_scored_samples_are_left_out_by_name(tmp_path: Path) -> None:
    rows = [row("a", RIGHT, WRONG), row("b", RIGHT, UNSCORED), row("c", FAILED)]
    imported = import_log(log_of(tmp_path, rows), "test", tmp_path / "run", ImportOptions(n_min=2))
    assert [p.problem_id for p in imported.run.problems()] == ["a"]
    assert imported.run.samples().collect().height == 2
    assert any("fewer than 2 scored samples: 2 problems (b, c)" in line for line in imported.lines)


def test_only_the_first_samples_are_taken(tmp_path: Path) -> None:
    counts = made(tmp_path, [row("a", RIGHT, WRONG, RIGHT), row("b", WRONG)], ImportOptions(n_max=2)).counts()
    assert (counts.n_P.tolist(), counts.c_P.tolist()) == ([2, 1], [1, 0])


def test_known_problems_give_references_and_what_is_none_of_them_is_listed(tmp_path: Path) -> None:
    known = ProblemSet("set", tuple(Problem(i, f"{i}?", json.dumps({"answer": "4"})) for i in ("x", "a", "none")))
    rows = [row("7", RIGHT, question="a?", gold=None), row("8", WRONG, question="x?", gold=None), row("9", RIGHT)]
    imported = import_log(log_of(tmp_path, rows), "test", tmp_path / "run", replace(EXACT, problems=known))
    assert [p.problem_id for p in imported.run.problems()] == ["x", "a"]
    assert verdicts(imported.run) == {("a", 0): "correct", ("x", 0): "wrong"}
    assert any("none of the problems given: 1 problem (9)" in line for line in imported.lines)
    assert any("without samples in the log: 1 problem (none)" in line for line in imported.lines)
    with pytest.raises(BadInput, match="give the problem set that was asked"):
        import_log(log_of(tmp_path, rows[2:]), "test", tmp_path / "no", replace(EXACT, problems=known))


samples = st.sampled_from([RIGHT, WRONG, UNSCORED, FAILED])


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.lists(samples, min_size=1, max_size=5)), min_size=1, max_size=8))
def test_counts_are_those_of_the_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, list[ForeignSample]]]
) -> None:
    tmp_path = tmp_path_factory.mktemp("log")
    if all(sample is FAILED for _, each in rows for sample in each):
        with pytest.raises(BadInput, match="found none that can be taken"):
            made(tmp_path, [row(name, *each) for name, each in rows])
        return
    run = made(tmp_path, [row(name, *each) for name, each in rows])
    wanted = {name: [s for other, each in rows for s in each if other == name] for name, _ in rows}
    states = run.states().filter(run.states()["verdict"].is_not_null()) if run.verifiers() else None
    for name, each in wanted.items():
        scored = [s for s in each if s.verdict is not None]
        mine = [] if states is None else [v for p, v in states.select("problem_id", "verdict").iter_rows() if p == name]
        assert len(mine) == len(scored)
        assert mine.count("correct") == scored.count(RIGHT)
    assert run.n_drawn() == sum(s is not FAILED for each in wanted.values() for s in each)


def test_a_half_character_in_a_text_costs_nothing(tmp_path: Path) -> None:
    run = made(tmp_path, [row("a", ForeignSample("\ud83d 4", Verdict.CORRECT))])
    assert run.samples().collect()["text"].to_list() == ["? 4"]


def test_the_name_of_a_scorer_can_be_a_folders() -> None:
    assert verdicts_name(ForeignLog("t", (), iter, scorer="../../up, exact match")) == "imported-.._.._up_exact_match"
