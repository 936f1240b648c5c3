"""Scores in a run: once each, resumed to the same, apart from other scorers', refused where they would mean nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from beyondbase.errors import BadInput, StoreError
from beyondbase.pipeline import score, score_run
from beyondbase.sampling.scorer import Response, Scored, ScoreSpec, Unscored
from beyondbase.store import Run, RunWriter, Shard, compact, open_run, part_writer
from beyondbase.store.parts import SCORE_SCHEMA
from beyondbase.store.row_folder import KEY
from beyondbase.types import Completion, Finish, Problem, Prompt, SampleRequest
from tests import killed_score
from tests.hash_scorer import MANIFEST, PROBLEMS, HashScorer, N, make_run, with_spec

NAME = "hash-abcdefgh"
FOLDER = "scores/hash-abcdefgh"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path / "run")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_writer, "COMMIT_ROWS", 5)
    monkeypatch.setattr(score, "_ROWS", 2)


def table(run: Run, scorer: str = NAME) -> pl.DataFrame:
    return open_run(run.path).scores(scorer).collect().sort(KEY)


def parts(run: Run, folder: str = FOLDER) -> list[str]:
    return sorted(path.name for path in (run.path / folder).glob("part-*"))


def test_scores_are_what_the_scorer_said_of_each_sample_and_its_prompt(run: Run) -> None:
    scorer = HashScorer()
    made = score_run(run.path, scorer, first=None)
    assert made.scorer == NAME
    scores = table(run)
    assert scores.columns == SCORE_SCHEMA.names
    assert scores.height == len(PROBLEMS) * N == len(scorer.seen)
    question = {problem.problem_id: problem.question for problem in PROBLEMS}
    samples = run.samples().collect()
    rows = samples.sort(KEY).iter_rows(named=True)
    for sample, row in zip(rows, scores.iter_rows(named=True), strict=True):
        response = Response(tuple(question[sample["problem_id"]].encode()), sample["token_ids"])
        [(_, expected)] = HashScorer().score([response])
        assert isinstance(expected, Scored)
        assert [row[name] for name in KEY] == [sample[name] for name in KEY]
        assert (row["outcome"], row["error"], row["top_ids"]) == ("scored", "", list(expected.top_ids))
        told = ["n_tokens", "logprob_sum", "entropy_mean", "n_outside", "n_top1", "n_top5", "rank_mean", "worst_rank"]
        assert [row[name] for name in told] == [getattr(expected, name) for name in told]


def test_settings_are_kept_and_first_grows(run: Run) -> None:
    score_run(run.path, HashScorer(), first=2)
    assert table(run)["sample_index"].to_list() == [0, 1] * 7
    told = run.scorers()[NAME]
    assert [told[name] for name in ("first", "temperature", "top_p", "top_k")] == ["2", "1", "1", "none"]
    score_run(run.path, HashScorer(), first=4)
    score_run(run.path, HashScorer(), first=1)
    assert (run.scorers()[NAME]["first"], table(run).height) == ("4", 28)
    score_run(run.path, HashScorer(), first=None)
    assert (run.scorers()[NAME]["first"], table(run).height) == ("all", 7 * N)


def test_nothing_is_scored_twice_and_two_scorers_do_not_meet(run: Run) -> None:
    score_run(run.path, HashScorer())
    before = parts(run)
    again = HashScorer()
    score_run(run.path, again)
    assert not again.seen and parts(run) == before
    other = HashScorer(weights="12345678")
    score_run(run.path, other, first=1)
    sharp = HashScorer(spec=ScoreSpec(0.6, 0.95))
    score_run(run.path, sharp, first=1)
    assert sorted(run.scorers()) == ["hash-12345678", NAME, f"{NAME}-t0.6-p0.95"]
    assert (len(other.seen), len(sharp.seen), table(run).height) == (7, 7, 7 * N)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("lives", [0, 1, 7, 30, 80])
def test_resumed_is_uninterrupted(run: Run, tmp_path: Path, lives: int) -> None:
    class Mortal(HashScorer):
        def score(self, responses: Sequence[Response]) -> Iterator[tuple[int, Scored | Unscored]]:
            for scored in super().score(responses):
                if len(self.seen) > lives:
                    raise KeyboardInterrupt
                yield scored

    whole = make_run(tmp_path / "whole")
    score_run(whole.path, HashScorer(longest=9), first=None)
    with pytest.raises(KeyboardInterrupt):
        score_run(run.path, Mortal(longest=9), first=None)
    kept = table(run).height
    assert kept >= lives // 2 * 2 - 5 * 7
    goes_on = HashScorer(longest=9)
    score_run(run.path, goes_on, first=None)
    assert len(goes_on.seen) <= 7 * N - kept
    assert table(run).equals(table(whole))
    assert open_run(run.path).failed_scores(NAME).sort(KEY).equals(whole.failed_scores(NAME).sort(KEY))


def test_a_killed_scoring_ends_like_one_that_never_was(run: Run, tmp_path: Path) -> None:
    whole = make_run(tmp_path / "whole")
    score_run(whole.path, HashScorer(), first=None)
    kills, seen = 0, 0
    root = Path(killed_score.__file__).parents[1]
    command = [sys.executable, "-m", "tests.killed_score", str(run.path)]
    while kills < 3:
        with subprocess.Popen(command, cwd=root) as child:
            at_kill = len(parts(run)) + 4
            while len(parts(run)) < at_kill and child.poll() is None:
                time.sleep(0.002)
            child.send_signal(signal.SIGKILL)
        kills += child.returncode == -signal.SIGKILL
        now = table(run).height
        assert now >= seen
        seen = now
        if child.returncode == 0:
            break
    assert kills > 0
    (run.path / FOLDER / ".part-000099.parquet.tmp").write_bytes(b"half")
    score_run(run.path, HashScorer(), first=None)
    assert table(run).equals(table(whole))
    every_row = pl.concat([pl.read_parquet(run.path / FOLDER / name) for name in parts(run)])
    assert every_row.select(KEY).is_unique().all()


def test_shards_score_their_own_and_together_all(run: Run, tmp_path: Path) -> None:
    whole = make_run(tmp_path / "whole")
    score_run(whole.path, HashScorer(), first=None)
    for index in range(3):
        shard = Shard(index, 3)
        score_run(run.path, HashScorer(), first=None, shard=shard)
        asked = {problem.problem_id for problem in shard.take(PROBLEMS)}
        mine = pl.concat([pl.read_parquet(run.path / FOLDER / name) for name in parts(run) if f"-{index}of3-" in name])
        assert set(mine["problem_id"]) == asked
    assert table(run).equals(table(whole))


@pytest.mark.usefixtures("small_parts")
def test_compacted_scores_read_as_before(run: Run) -> None:
    score_run(run.path, HashScorer(longest=9), first=None)
    before, failed = table(run), run.failed_scores(NAME)
    assert len(parts(run)) > 5
    compact(run.path)
    assert parts(run) == ["part-merged-000001.parquet"]
    assert table(run).equals(before)
    assert open_run(run.path).failed_scores(NAME).sort(KEY).equals(failed.sort(KEY))
    again = HashScorer(longest=9)
    score_run(run.path, again, first=None)
    assert len(again.seen) == failed.height and table(run).equals(before)


def test_a_sample_that_cannot_be_scored_is_a_reason_and_is_tried_again(run: Run) -> None:
    score_run(run.path, HashScorer(longest=9), first=None)
    failed = run.failed_scores(NAME)
    assert sorted(failed["n_tokens"]) == [n for n in (10, 11, 12) for _ in range(7)]
    assert set(failed["error"]) == {f"{n} tokens are more than 9" for n in (10, 11, 12)}
    assert table(run).filter(pl.col("n_tokens") > 9).is_empty()
    before = parts(run)
    score_run(run.path, HashScorer(longest=9), first=None)
    assert parts(run) == before
    score_run(run.path, HashScorer(longest=11), first=None)
    assert open_run(run.path).failed_scores(NAME).height == 7
    assert table(run).height == 7 * N - 7


def test_a_run_without_token_ids_is_refused_with_the_reason_and_what_would_make_it(tmp_path: Path) -> None:
    texts = make_run(tmp_path / "texts", ids=False)
    with pytest.raises(BadInput, match=r"token ids, found 84 of 84 without.*sample it with --engine hf or vllm"):
        score_run(texts.path, HashScorer(), first=None)
    assert not (texts.path / "scores").exists()
    served = replace(MANIFEST, engine={"engine": "openai"})
    with pytest.raises(BadInput, match=r"no tokenizer_hash .*engine openai.*sample it with --engine hf or vllm"):
        score_run(make_run(tmp_path / "served", served).path, HashScorer())


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"tokenizer_hash": "t1"}, r"expected the tokenizer .* \(t0\), got t1"),
        ({"first_prompt_token_ids": "[0]"}, r"first_prompt_token_ids is .* and '\[0\]' for this model"),
    ],
)
def test_other_tokens_and_other_prompts_are_refused(run: Run, told: dict[str, str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        score_run(run.path, HashScorer(told=told))
    assert not (run.path / "scores").exists()


def test_another_chat_template_is_refused(tmp_path: Path) -> None:
    chat = replace(MANIFEST, engine={**MANIFEST.engine, "chat_template_hash": "c0"})
    path = make_run(tmp_path / "chat", chat).path
    with pytest.raises(BadInput, match=r"chat_template_hash is 'c0' .* copy the chat template"):
        score_run(path, HashScorer(told={"chat_template_hash": "c1"}))
    score_run(path, HashScorer(told={"chat_template_hash": "c0"}))

    class Without(HashScorer):
        def settings(self, *args: object) -> dict[str, str]:
            raise BadInput("form: expected a tokenizer with a chat template")

    with pytest.raises(
        BadInput, match=r"hash: expected to render the prompts as .*copy the chat template of the run's"
    ):
        score_run(path, Without())


def test_a_template_that_changed_since_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.txt"
    file.write_text("{question}")
    path = make_run(tmp_path / "run", with_spec(template=str(file))).path
    score_run(path, HashScorer(), first=1)
    file.write_text("Now: {question}")
    with pytest.raises(BadInput, match="is not what it was when the run was made"):
        score_run(path, HashScorer(), first=2)


def test_scores_under_other_settings_are_not_gone_on_with(run: Run) -> None:
    score_run(run.path, HashScorer(told={"dtype": "float32"}), first=1)
    with pytest.raises(StoreError, match=r"dtype is 'float32' for the scores there and 'bfloat16' now.*score anew"):
        score_run(run.path, HashScorer(told={"dtype": "bfloat16"}), first=2)
    assert table(run).height == 7


def test_a_torn_or_missing_scorer_file_is_named(run: Run) -> None:
    score_run(run.path, HashScorer())
    file = run.path / FOLDER / "scorer.json"
    content = file.read_bytes()
    for damaged in (content[:30], b"[1]", b'{"first": 3}'):
        file.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"scorer.json: expected (JSON|an object)"):
            open_run(run.path).scorers()
        with pytest.raises(StoreError, match=r"scorer.json: expected (JSON|an object)"):
            score_run(run.path, HashScorer())
    file.unlink()
    with pytest.raises(StoreError, match=r"expected scorer.json beside the scores, found none; restore it"):
        open_run(run.path).scores(NAME)
    file.write_bytes(content)
    assert table(run).height == 7 * N
    # A scorer that was killed before its first score has left nothing to miss.
    (run.path / "scores" / "other").mkdir()
    assert list(open_run(run.path).scorers()) == [NAME]


def test_foreign_and_torn_parts_are_named(run: Run, tmp_path: Path) -> None:
    score_run(run.path, HashScorer())
    other = make_run(tmp_path / "other", with_spec(seed=1))
    score_run(other.path, HashScorer())
    mine, theirs = run.path / FOLDER / "part-000001.parquet", other.path / FOLDER / "part-000001.parquet"
    foreign = mine.with_name("part-000002.parquet")
    foreign.write_bytes(theirs.read_bytes())
    with pytest.raises(StoreError, match=r"part-000002.parquet: expected a part of run .*; move the file out"):
        open_run(run.path).scores(NAME)
    foreign.write_bytes((run.path / "samples" / "part-000001.parquet").read_bytes())
    with pytest.raises(StoreError, match=r"part-000002.parquet: expected the columns problem_id string, .*n_outside"):
        open_run(run.path).scores(NAME)
    foreign.unlink()
    whole = mine.read_bytes()
    mine.write_bytes(whole[:-9])
    with pytest.raises(StoreError, match=r"part-000001.parquet: cannot be read \(torn"):
        score_run(run.path, HashScorer())
    mine.unlink()
    score_run(run.path, HashScorer())
    assert table(run).height == 7 * N


def test_names_that_are_no_scorers_are_refused(run: Run) -> None:
    with pytest.raises(StoreError, match=r"expected scores of 'm', found scores of no model; .*beyondbase score .*run"):
        run.scores("m")
    score_run(run.path, HashScorer())
    with pytest.raises(StoreError, match=f"expected scores of '../samples', found scores of {NAME}"):
        run.scores("../samples")
    with pytest.raises(BadInput, match="scorer: expected a name of letters"):
        run.score_folder("../samples")
    with pytest.raises(BadInput, match="first: expected at least 1 sample a problem, got 0"):
        score_run(run.path, HashScorer(), first=0)


def test_a_sample_drawn_again_is_scored_as_the_row_that_wins(run: Run) -> None:
    with RunWriter(run.path) as writer:
        again = Completion("again", [49] * 30, -9.0, 0.1, Finish.EOS)
        writer.append_sample(SampleRequest("p2", Prompt(""), 0, 0), again)
    score_run(run.path, HashScorer(), first=1)
    assert table(run).filter(pl.col("problem_id") == "p2")["n_tokens"].to_list() == [30]


def test_problems_added_later_are_scored_by_the_same_call(run: Run) -> None:
    score_run(run.path, HashScorer(), first=2)
    more = (*PROBLEMS, Problem("p7", "question 7", '{"answer": 7}'))
    with RunWriter(run.path, replace(MANIFEST, problems_hash="p1"), more) as writer:
        writer.append_sample(SampleRequest("p7", Prompt(""), 0, 0), Completion("x", [3, 4], -1.0, 0.1, Finish.EOS))
    goes_on = HashScorer()
    score_run(run.path, goes_on, first=2)
    assert [(bytes(each.prompt_ids), list(each.token_ids)) for each in goes_on.seen] == [(b"question 7", [3, 4])]


def test_progress_goes_from_nothing_to_all_that_is_owed(run: Run) -> None:
    said: list[tuple[str, int, int]] = []
    score_run(run.path, HashScorer(), first=3, label="rl", progress=lambda *facts: said.append(facts[:3]))
    assert said[0] == ("score rl", 0, 21) and said[-1] == ("score rl", 21, 21)
    shown: list[object] = []
    score_run(run.path, HashScorer(), first=3, announce=lambda *facts: shown.append(facts))
    assert shown == [(NAME, json.loads((run.path / FOLDER / "scorer.json").read_text()))]
