"""Likelihoods of runs whose tokens come from small Markov chains, so that every number is known."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

import beyondbase as bb
from beyondbase.analyses.likelihood import likelihood
from beyondbase.analyses.results import Likelihood
from beyondbase.pipeline import sample_run, score_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scorer import Response, Scored, ScoreSpec
from beyondbase.sampling.scorer import distribution as told
from beyondbase.store import open_run
from beyondbase.store.run_store import Run
from beyondbase.store.shard import Shard
from beyondbase.types import Completion, DrawRule, Finish, Problem, Prompt, SampleRequest, SamplingSpec
from beyondbase.verification.exact import ExactMatch

N_PROBLEMS, N, END = 12, 40, 7
IDS = [f"p{i}" for i in range(N_PROBLEMS)]
PROBLEMS = ProblemSet("toy", tuple(Problem(i, i, json.dumps({"answer": "right"})) for i in IDS))
BASE = np.array([0.34, 0.30, 0.04, 0.04, 0.03, 0.03, 0.02, 0.20])
RL = np.array([0.20, 0.50, 0.03, 0.03, 0.02, 0.01, 0.01, 0.20])
"""chance of each token at every position; the last one ends the response"""


@dataclass(frozen=True)
class Tokens:
    """A model whose tokens are independent: engine and scorer at once. A response with an even number of 0 is right."""

    p_V: np.ndarray
    name: str
    told: bool = True
    ids: bool = True
    spec: ScoreSpec = field(default_factory=ScoreSpec)

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        same = {"tokenizer_hash": "t", "first_prompt_token_ids": "[1]"} if self.ids else {}
        return {"model": self.name, "weights_hash": self.name * 8, **same, **told(self.spec)}

    def encode(self, prompt: Prompt, spec: SamplingSpec) -> tuple[int, ...]:
        return (1,)

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        for request in requests:
            rng = np.random.default_rng(request.seed)
            ids = list[int]()
            while not ids or ids[-1] != END:
                ids.append(int(rng.choice(8, p=self.p_V)))
            text = "right" if ids.count(0) % 2 == 0 else "wrong"
            logprob = float(np.log(self.p_V[ids]).sum()) if self.told else None
            stored = ids if self.ids else []
            yield request, Completion(text, stored, logprob, None, Finish.EOS, counted_tokens=len(ids))

    def score(self, responses: Sequence[Response]) -> Iterator[tuple[int, Scored]]:
        order = np.argsort(-self.p_V, kind="stable")
        for position, (_, ids) in enumerate(responses):
            rank_T = np.array([int(np.flatnonzero(order == i)[0]) + 1 for i in ids])
            yield (
                position,
                Scored(
                    n_tokens=len(ids),
                    logprob_sum=float(np.log(self.p_V[list(ids)]).sum()),
                    entropy_mean=None,
                    n_outside=0,
                    n_top1=int((rank_T == 1).sum()),
                    n_top5=int((rank_T <= 5).sum()),
                    rank_mean=float(rank_T.mean()),
                    worst_rank=int(rank_T.max()),
                    top_ids=np.full(len(ids), order[0], dtype=np.int32),
                ),
            )


def drawn(path: Path, model: Tokens, seed: int, stop_at: int | None = None, temperature: float = 1.0) -> Run:
    spec = SamplingSpec(temperature, 1.0, template="plain", seed=seed)
    return sample_run(path, PROBLEMS, model, spec, DrawRule(N, stop_at, n_first=N), ExactMatch())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    folder = tmp_path_factory.mktemp("likelihood")
    base, rl = Tokens(BASE, "b"), Tokens(RL, "r")
    drawn(folder / "base", base, 1)
    drawn(folder / "rl", rl, 2)
    for path in (folder / "base", folder / "rl"):
        for scorer in (base, rl):
            score_run(path, scorer, first=None)  # type: ignore[arg-type]
    return open_run(folder / "base"), open_run(folder / "rl")


@pytest.fixture(scope="module")
def result(runs: tuple[Run, Run]) -> Likelihood:
    return likelihood(*runs)


def test_the_divergence_is_that_of_the_chains(result: Likelihood) -> None:
    """Tokens are independent: the divergence a token is that of one token."""
    exact = {"rl": float((RL * np.log(RL / BASE)).sum()), "base": float((BASE * np.log(BASE / RL)).sum())}
    assert result.kl["own_law"].all()
    for row in result.kl.iter_rows(named=True):
        assert row["lo"] <= exact[row["run"]] <= row["hi"]
        assert row["value"] == pytest.approx(exact[row["run"]], abs=0.03)


def test_perplexities_are_those_by_hand(runs: tuple[Run, Run], result: Likelihood) -> None:
    rows = runs[1].samples().select("problem_id", "token_ids", "text").collect()
    for verdict, text in (("all", None), ("correct", "right")):
        medians, nats, tokens = [], [], []
        for problem in IDS:
            some = [ids for p, ids, t in rows.iter_rows() if p == problem and (text is None or t == text)]
            nll = [-float(np.log(BASE[ids]).sum()) for ids in some]
            medians.append(math.exp(np.median([v / len(ids) for v, ids in zip(nll, some, strict=True)])))
            nats.append(np.mean(nll))
            tokens.append(np.mean([len(ids) for ids in some]))
        row = result.perplexity.filter(scorer="base", run="rl", verdict=verdict).row(0, named=True)
        assert row["median"] == pytest.approx(np.mean(medians))
        assert row["nll"] == pytest.approx(np.mean(nats) / np.mean(tokens))
        assert row["problems"] == N_PROBLEMS


def test_positions_and_first_choices_are_those_of_the_chains(result: Likelihood) -> None:
    of = {row["run"]: row for row in result.positions.iter_rows(named=True)}
    for run, p_V in (("base", BASE), ("rl", RL)):
        assert of[run]["not_first_lo"] <= 1 - p_V[0] <= of[run]["not_first_hi"]
        beyond = float(p_V[np.argsort(-BASE, kind="stable")[5:]].sum())
        assert of[run]["not_first_five"] == pytest.approx(beyond, abs=0.015)
    assert result.first_choices == (1.0, 1.0, 1.0)


def test_differences_and_percentiles_are_those_by_hand(runs: tuple[Run, Run], result: Likelihood) -> None:
    of = [run.samples().select("problem_id", "token_ids", "text").collect() for run in runs]

    def nll(frame: int, problem: str, text: str | None) -> list[float]:
        rows = [ids for p, ids, t in of[frame].iter_rows() if p == problem and (text is None or t == text)]
        return [-float(np.log(BASE[ids]).sum()) / len(ids) for ids in rows]

    ranks = []
    for problem in IDS:
        own = np.array(nll(0, problem, None))
        ranks.append(np.mean([(own > v).mean() + (own == v).mean() / 2 for v in nll(1, problem, "right")]))
    row = result.percentiles.filter(run="rl", verdict="correct").row(0, named=True)
    assert row["mean"] == pytest.approx(np.mean(ranks))
    tokens = [
        [
            -np.log(BASE[np.concatenate([i for p, i, t in f.iter_rows() if p == problem and t == "right"])]).mean()
            for f in of
        ]
        for problem in IDS
    ]
    row = result.differences.filter(scorer="base", verdict="correct").row(0, named=True)
    assert row["value"] == pytest.approx(np.mean([rl - base for base, rl in tokens]))


def test_samples_that_a_stop_chose_are_not_read(tmp_path: Path) -> None:
    """Under a stopping rule the first samples alone: what they say is what a fixed rule's first samples say."""
    models = Tokens(BASE, "b"), Tokens(RL, "r")
    found = []
    for rule, stop_at in (("fixed", None), ("stopped", 2)):
        for name, model, seed in (("base", models[0], 1), ("rl", models[1], 2)):
            spec = SamplingSpec(1.0, 1.0, template="plain", seed=seed)
            n_max = 6 if stop_at is None else 40
            path = tmp_path / rule / name
            sample_run(path, PROBLEMS, model, spec, DrawRule(n_max, stop_at, n_first=6), ExactMatch())  # type: ignore[arg-type]
            for scorer in models:
                score_run(path, scorer, first=None)  # type: ignore[arg-type]
        found.append(likelihood(open_run(tmp_path / rule / "base"), open_run(tmp_path / rule / "rl")))
    assert found[0].to_json() == found[1].to_json()
    assert found[0].n == 6


def test_a_run_beside_itself_lies_where_it_must(runs: tuple[Run, Run]) -> None:
    same = likelihood(runs[0], runs[0])
    assert same.kl["value"].to_list() == [0.0, 0.0]
    row = same.percentiles.filter(run="rl", verdict="all").row(0, named=True)
    assert row["mean"] == pytest.approx(0.5)
    shares = same.histogram.filter(run="rl", verdict="all")["share"].to_numpy()
    assert shares.sum() == pytest.approx(1) and np.abs(shares.reshape(4, 5).sum(axis=1) - 0.25).max() < 0.06
    assert same.differences.filter(verdict="all")["value"].to_list() == [0.0, 0.0]


def test_a_run_at_temperature_one_needs_no_score_under_its_own_model(tmp_path: Path) -> None:
    base, rl = Tokens(BASE, "b"), Tokens(RL, "r")
    drawn(tmp_path / "base", base, 1)
    drawn(tmp_path / "rl", rl, 2)
    score_run(tmp_path / "rl", base, first=None)  # type: ignore[arg-type]
    found = likelihood(open_run(tmp_path / "base"), open_run(tmp_path / "rl"))
    assert found.kl["run"].to_list() == ["rl"]
    assert found.positions["run"].to_list() == ["rl"]
    assert "ranks of the base run's tokens under the base" in found.missing
    assert "`beyondbase score" in found.missing["responses of the base run under RL"]


def test_without_scores_the_reason_names_the_command(tmp_path: Path) -> None:
    drawn(tmp_path / "base", Tokens(BASE, "b"), 1)
    drawn(tmp_path / "rl", Tokens(RL, "r"), 2)
    with pytest.raises(bb.BadInput, match="the RL run is not scored under base; `beyondbase score RUN --model MODEL`"):
        likelihood(open_run(tmp_path / "base"), open_run(tmp_path / "rl"))


def test_without_token_ids_the_reason_names_the_engines(tmp_path: Path) -> None:
    silent = [Tokens(BASE, "b", told=False, ids=False), Tokens(RL, "r", told=False, ids=False)]
    for seed, (name, model) in enumerate(zip(("base", "rl"), silent, strict=True)):
        drawn(tmp_path / name, model, seed)
    with pytest.raises(bb.BadInput, match=r"holds no token ids .* --engine hf or vllm"):
        likelihood(open_run(tmp_path / "base"), open_run(tmp_path / "rl"))


def test_scores_that_were_broken_off_are_not_taken_for_all(tmp_path: Path, runs: tuple[Run, Run]) -> None:
    base, rl = Tokens(BASE, "b"), Tokens(RL, "r")
    for name, model, seed in (("base", base, 1), ("rl", rl, 2)):
        drawn(tmp_path / name, model, seed)
        score_run(tmp_path / name, base, first=None)  # type: ignore[arg-type]
    half = Tokens(BASE, "h")
    drawn(tmp_path / "half", half, 7)
    score_run(tmp_path / "half", base, first=None, shard=Shard(0, 2))  # type: ignore[arg-type]
    with pytest.raises(bb.BadInput, match="for 240 of 480 samples; run the same"):
        likelihood(open_run(tmp_path / "base"), open_run(tmp_path / "half"))


def test_a_run_drawn_at_another_temperature_gives_no_divergence(tmp_path: Path) -> None:
    models = Tokens(BASE, "b"), Tokens(RL, "r")
    for name, model, seed in (("base", models[0], 1), ("rl", models[1], 2)):
        drawn(tmp_path / name, model, seed, temperature=0.6)
        for scorer in models:
            score_run(tmp_path / name, scorer, first=8)  # type: ignore[arg-type]
    found = likelihood(open_run(tmp_path / "base"), open_run(tmp_path / "rl"))
    assert not found.kl["own_law"].any() and found.n == 8


def test_the_result_is_read_back(result: Likelihood, runs: tuple[Run, Run]) -> None:
    assert likelihood(*runs).to_json() == result.to_json()
    assert dataclasses.replace(result).to_json() == result.to_json()
