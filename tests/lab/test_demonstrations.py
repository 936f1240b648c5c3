from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import torch

from beyondbase.errors import BadInput, StoreError
from beyondbase.lab.demonstrations import Demonstrations, run_identity
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.lab.token_logprobs import token_law
from beyondbase.problems import load_problems
from beyondbase.sampling.hf import HfEngine
from beyondbase.store import open_run
from beyondbase.types import Verdict
from beyondbase.verification.countdown import CountdownVerifier


@pytest.fixture(scope="module")
def engine() -> HfEngine:
    return HfEngine.load(BASE_MODEL)


def said(engine: HfEngine, shown: Demonstrations) -> list[tuple[str, str]]:
    """Question and answer of each demonstration, without the token that ends it."""
    pairs = []
    for one in shown.shown:
        assert one.answer[-1] == engine.tokenizer.eos_token_id
        pairs.append((engine.tokenizer.decode(one.prompt), engine.tokenizer.decode(one.answer[:-1])))
    return pairs


def test_every_correct_sample_is_shown_once_and_nothing_else(engine: HfEngine, own_run: Path) -> None:
    run = open_run(own_run)
    correct = run.verdicts().collect().filter(pl.col("verdict") == Verdict.CORRECT.value)
    texts = run.samples().collect().join(correct, on=["problem_id", "sample_index"], how="semi")
    questions = {p.problem_id: p.question for p in run.problems()}
    wanted = {(questions[i], text) for i, text in texts.select("problem_id", "text").iter_rows()}
    shown = Demonstrations.load(own_run, engine, seed=0)
    assert len(shown) == len(wanted) > 0
    assert set(said(engine, shown)) == wanted
    by_question = {p.question: p for p in run.problems()}
    for question, text in said(engine, shown):
        assert CountdownVerifier().verify(by_question[question], text).verdict is Verdict.CORRECT


def test_tokens_are_those_that_were_sampled_where_the_tokenizer_is_the_same(
    engine: HfEngine, own_run: Path, scripted_run: Path
) -> None:
    shown = Demonstrations.load(own_run, engine, seed=0)
    assert shown.n_anew == 0
    stored = {tuple(ids) for ids in open_run(own_run).samples().collect()["token_ids"].to_list()}
    assert {one.answer for one in shown.shown} <= stored
    foreign = Demonstrations.load(scripted_run, engine, seed=0)
    assert foreign.n_anew == len(foreign) == 6  # eight equal texts to each of six problems
    assert foreign.summary() == {"answers": 6, "problems": 6, "anew": 6, "length": 18.0}


def test_no_more_of_a_problem_than_asked_for_and_the_first_of_them(engine: HfEngine, own_run: Path) -> None:
    everything, two = (Demonstrations.load(own_run, engine, 0, most) for most in (None, 2))
    of_problem: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for one in everything.shown:
        of_problem.setdefault(one.prompt, []).append(one.answer)
    assert max(map(len, of_problem.values())) > 2
    assert [one.answer for one in two.shown] == [answer for rest in of_problem.values() for answer in rest[:2]]
    with pytest.raises(BadInput, match="most_per_problem: expected at least 1"):
        Demonstrations.load(own_run, engine, 0, 0)


def test_each_pass_shows_each_demonstration_once_whatever_the_batch(engine: HfEngine, own_run: Path) -> None:
    shown = Demonstrations.load(own_run, engine, seed=3)

    def order(size: int, steps: int) -> list[tuple[int, ...]]:
        batches = [shown.batch(step, size) for step in range(1, steps + 1)]
        rows = [(ids, mask) for b in batches for ids, mask in zip(b.token_ids_B_L, b.attention_B_L, strict=True)]
        return [tuple(ids[mask.bool()].tolist()) for ids, mask in rows]

    n = len(shown)
    one_by_one = order(1, 2 * n)
    assert set(one_by_one[:n]) == set(one_by_one[n:]) == {(*one.prompt, *one.answer) for one in shown.shown}
    assert order(2 * n, 1) == one_by_one
    assert order(7, 2 * n // 7) == one_by_one[: 7 * (2 * n // 7)]
    assert one_by_one[:n] != one_by_one[n:]
    other = Demonstrations.load(own_run, engine, seed=4)
    assert not torch.equal(other.batch(1, n).token_ids_B_L, shown.batch(1, n).token_ids_B_L)


def test_the_loss_is_over_the_answer_and_its_ending_token_alone(engine: HfEngine, own_run: Path) -> None:
    shown = Demonstrations.load(own_run, engine, seed=0)
    batch = shown.batch(1, len(shown))
    rows = torch.arange(len(shown))
    with torch.no_grad():
        got = (token_law(engine.model, batch, rows).logprobs_B_T * batch.mask_B_T).sum(dim=1)
    samples = open_run(own_run).samples().collect()
    stored: dict[tuple[int, ...], list[float]] = {}
    for ids, logprob in samples.select("token_ids", "logprob_sum").iter_rows():
        stored.setdefault(tuple(ids), []).append(logprob)
    for ids, mask, total in zip(batch.token_ids_B_L, batch.answer_B_L, got.tolist(), strict=True):
        one = tuple(ids[mask.bool()].tolist())
        # The same text may have been an answer to two problems.
        assert any(total == pytest.approx(logprob, abs=1e-3) for logprob in stored[one])


def test_a_run_without_correct_samples_is_refused_with_the_mend(engine: HfEngine, hopeless_run: Path) -> None:
    with pytest.raises(BadInput, match=r"found none to imitate; draw more samples"):
        Demonstrations.load(hopeless_run, engine, seed=0)
    with pytest.raises(StoreError, match="expected a run"):
        Demonstrations.load(hopeless_run.parent, engine, seed=0)


def test_two_runs_have_two_identities(own_run: Path, scripted_run: Path) -> None:
    assert run_identity(own_run) == run_identity(str(own_run)) != run_identity(scripted_run)


def test_no_problem_of_a_test_set_is_trained_on() -> None:
    train = {problem.problem_id for problem in load_problems("countdown-train", 1000)}
    for name in ("countdown", "countdown-far"):
        assert not train & {problem.problem_id for problem in load_problems(name)}
