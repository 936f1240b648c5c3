"""What vLLM says of given responses: what the scorer hf says, entropies apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from beyondbase.errors import BadInput
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.pipeline import score_run
from beyondbase.problems import load_problems, render
from beyondbase.sampling.engines import EngineName, EngineOptions
from beyondbase.sampling.hf.score import HfScorer
from beyondbase.sampling.options import VllmOptions
from beyondbase.sampling.scorer import Response, Scored, ScoreSpec, Unscored
from beyondbase.sampling.scorers import scorer_of
from beyondbase.seeds import sample_seed
from beyondbase.store.row_folder import KEY
from beyondbase.types import SampleRequest, SamplingSpec

vllm_score = pytest.importorskip("beyondbase.sampling.vllm_score", exc_type=ImportError)
killed = pytest.importorskip("tests.with_vllm.killed_vllm_run", exc_type=ImportError)


@pytest.fixture(scope="module")
def scorer() -> object:
    try:
        return vllm_score.VllmScorer.load(BASE_MODEL, killed.SMALL)
    except BadInput as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def hf() -> HfScorer:
    return HfScorer.load(BASE_MODEL)


@pytest.fixture(scope="module")
def responses(hf: HfScorer) -> list[Response]:
    """Responses of the model itself, whole and truncated, one twice, and tokens at random."""
    spec = SamplingSpec(1.2, 1.0, max_tokens=12)
    requests = [
        SampleRequest(p.problem_id, render("plain", p), i, sample_seed(0, p.problem_id, i))
        for p in load_problems("countdown", 4)
        for i in range(10)
    ]
    drawn = hf.engine.generate(requests, spec)
    made = [Response(hf.encode(request.prompt, spec), list(c.token_ids)) for request, c in drawn]
    rng = np.random.default_rng(2)
    at_random = [Response((3, 9, 5), rng.integers(3, 212, size=n).tolist()) for n in (1, 2, 17, 40, 60)]
    return [*made, made[0], *at_random]


def scored(scorer: object, responses: list[Response]) -> list[Scored]:
    pairs = list(scorer.score(responses))
    found = dict(pairs)
    assert len(pairs) == len(found) == len(responses)
    return [found[i] for i in range(len(responses))]


def test_scores_are_those_of_hf_without_entropies(scorer: object, hf: HfScorer, responses: list[Response]) -> None:
    for ours, theirs in zip(scored(scorer, responses), scored(hf, responses), strict=True):
        assert ours.n_tokens == theirs.n_tokens
        assert ours.logprob_sum == pytest.approx(theirs.logprob_sum, abs=1e-4 * ours.n_tokens)
        assert (ours.entropy_mean, ours.n_outside) == (None, 0)
        assert (ours.n_top1, ours.n_top5, ours.worst_rank) == (theirs.n_top1, theirs.n_top5, theirs.worst_rank)
        assert ours.rank_mean == pytest.approx(theirs.rank_mean)
        assert list(ours.top_ids) == list(theirs.top_ids)


def test_what_cannot_be_scored_gets_a_reason_and_leaves_the_others(scorer: object, hf: HfScorer) -> None:
    asked = [Response((3, 4), [7] * 62), Response((3, 4), []), Response((3, 4), [500]), Response((3, 4), [7] * 61)]
    came = dict(scorer.score(asked))
    assert [isinstance(came[i], Unscored) for i in range(4)] == [True, True, True, False]
    assert (
        "have 64 tokens, vLLM's context less the one it must add 63" in came[0].error
        and "no token ids" in came[1].error
        and "not one of" in came[2].error
    )


def test_a_caller_that_leaves_leaves_no_request(scorer: object, responses: list[Response]) -> None:
    scoring = scorer.score(responses)
    next(scoring)
    scoring.close()
    assert scorer.engine.engine.get_num_unfinished_requests() == 0
    assert len(scored(scorer, responses[:3])) == 3


def test_a_run_of_vllm_is_scored_by_vllm_and_by_hf(scorer: object, hf: HfScorer, tmp_path: Path) -> None:
    run = killed.draw(tmp_path / "run", scorer.engine)
    made = score_run(run.path, scorer, first=10)
    ours = made.run.scores(made.scorer).collect().sort(KEY)
    samples = run.samples().collect().sort(KEY).join(ours, on=KEY, how="semi", maintain_order="left")
    assert ours.height == samples.height == 80
    assert np.allclose(ours["logprob_sum"], samples["logprob_sum"], atol=2e-3)
    assert ours["entropy_mean"].null_count() == 80
    (run.path / "scores" / made.scorer).rename(tmp_path / "by vllm")
    score_run(run.path, hf, first=10)
    assert np.allclose(run.scores(made.scorer).collect().sort(KEY)["logprob_sum"], ours["logprob_sum"], atol=2e-3)


def test_a_sharpened_distribution_is_refused() -> None:
    options = EngineOptions(EngineName.VLLM, vllm=VllmOptions())
    with pytest.raises(BadInput, match=r"engine vllm: expected --temperature 1 .*; use --engine hf"):
        scorer_of(str(BASE_MODEL), options, ScoreSpec(0.6))
