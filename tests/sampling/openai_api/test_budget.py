"""A run stops at its budget with everything it paid for; a dry run says what it may cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beyondbase.errors import BadInput, BudgetSpent
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.openai_api import OpenAiEngine
from beyondbase.sampling.options import ServerOptions
from beyondbase.store import open_run
from beyondbase.types import DrawRule, Problem, Prompt, PromptForm, SamplingSpec
from beyondbase.verification.exact import ExactMatch
from tests.sampling.openai_api.faulty_server import Fault, Script, serving

SPEC = SamplingSpec(max_tokens=20, form=PromptForm.CHAT)
RULE = DrawRule(n_max=20, stop_at=None)
PROBLEMS = ProblemSet("three", tuple(Problem(f"p{i}", f"what is {i}", f'{{"answer": {i}}}') for i in range(3)))
A_SAMPLE = 15
"""tokens that the scripted server charges"""


def engine(url: str, **options: Any) -> OpenAiEngine:
    return OpenAiEngine.connect("m", ServerOptions(base_url=url, concurrency=8, **options))


def draw(path: Path, of: OpenAiEngine) -> None:
    sample_run(path, PROBLEMS, of, SPEC, RULE, ExactMatch())


def test_a_run_stops_within_its_budget_and_stores_all_that_was_paid_for(tmp_path: Path) -> None:
    script = Script()
    with serving(script) as url:
        with pytest.raises(BudgetSpent) as caught:
            draw(tmp_path / "run", engine(url, budget_tokens=400))
        run = open_run(tmp_path / "run")
        n = run.n_drawn()
        # A request may need 3 + 20 tokens and costs 15: the last that fits starts while 23 are left.
        assert n == len(script.bodies) and 400 - 23 < n * A_SAMPLE + 8 <= 400 and run.n_failed() == 0
        assert str(caught.value) == (
            f"budget: {n * A_SAMPLE} tokens were spent on {n} samples, which are stored, and the next request may need "
            "23, more than is left of --budget-tokens 400; run the same command again to spend as much once more, or "
            "raise it"
        )
        # The same command goes on, and the rest of the samples is drawn once.
        draw(tmp_path / "run", engine(url, budget_tokens=2000))
    assert open_run(tmp_path / "run").counts().n_P.tolist() == [20] * 3
    assert len(script.bodies) == 60


def test_a_budget_of_money_counts_both_prices(tmp_path: Path) -> None:
    # A sample costs 10 * 1 + 5 * 4 = 30 millionths of a dollar.
    prices = {"usd_per_million_in": 1.0, "usd_per_million_out": 4.0}
    with serving(Script()) as url, pytest.raises(BudgetSpent, match=r"\(\$0\.00\) were spent .* --budget-usd 0\.001;"):
        draw(tmp_path / "run", engine(url, budget_usd=0.001, **prices))
    assert 28 <= open_run(tmp_path / "run").n_drawn() <= 33


def test_failed_requests_cost_what_the_server_says_they_did(tmp_path: Path) -> None:
    script = Script(faults=lambda body, attempt: Fault.FILTERED)
    with serving(script) as url, pytest.raises(BudgetSpent, match="on 0 samples"):
        draw(tmp_path / "run", engine(url, budget_tokens=300))
    assert 0 < len(script.bodies) <= 20


def test_a_budget_too_small_for_one_request_spends_nothing(tmp_path: Path) -> None:
    script = Script()
    with serving(script) as url, pytest.raises(BudgetSpent, match="0 tokens were spent on 0 samples"):
        draw(tmp_path / "run", engine(url, budget_tokens=10))
    assert not script.bodies


def test_a_budget_needs_a_server_that_tells_what_is_spent(tmp_path: Path) -> None:
    script = Script(faults=lambda body, attempt: Fault.NO_USAGE)
    with serving(script) as url:
        with pytest.raises(BadInput, match="budget: expected a server that tells the usage of each request"):
            draw(tmp_path / "run", engine(url, budget_tokens=1000))
        assert len(script.bodies) <= 8
        draw(tmp_path / "other", engine(url))


def test_an_estimate_says_how_prompt_tokens_were_counted() -> None:
    prompts = [Prompt("what is 1"), Prompt("what is 23")]
    prices = {"usd_per_million_in": 10.0, "usd_per_million_out": 100.0}
    with serving(Script(owner="vllm")) as url:
        exact = engine(url, **prices).estimate(SPEC, prompts, n_max=100)
    assert (exact.samples, exact.requests, exact.prompt_tokens, exact.answer_tokens) == (200, 200, 1900, 4000)
    assert exact.usd == pytest.approx((1900 * 10 + 4000 * 100) / 1e6)
    assert exact.counted == "by the server's tokenizer"
    with serving(Script()) as url:
        rough = engine(url, samples_per_request=8).estimate(SPEC, prompts, n_max=100)
    assert (rough.requests, rough.prompt_tokens, rough.answer_tokens, rough.usd) == (26, 78, 4000, None)
    assert rough.counted.startswith("as one token for 4 characters")
    assert rough.lines()[0] == "at most 200 samples in 26 requests"
