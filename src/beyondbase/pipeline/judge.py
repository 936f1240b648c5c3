"""The judge of reasoning: a model behind an engine, over another verifier; the two stages meet here."""

from __future__ import annotations

from beyondbase.errors import BadInput
from beyondbase.sampling.engines import EngineName, EngineOptions, engine_of
from beyondbase.sampling.options import ServerOptions
from beyondbase.sampling.spec import check_spec
from beyondbase.types import PromptForm, SamplingSpec
from beyondbase.verification import VerifierOptions, verifier_of
from beyondbase.verification.judge import JudgeTemplate, ReasoningJudge
from beyondbase.verification.judge.reasoning import Voting

_ROUNDS_AHEAD = 4
"""requests given to the engine together, in multiples of those under way at once"""


def judge_of(options: VerifierOptions) -> ReasoningJudge:
    """Connect to the judge's server; raises BadInput if it, the model on it or another option is not to be had."""
    asked = options.judge
    for name, value in (("judge-model", asked.judge_model), ("judge-base-url", asked.judge_base_url)):
        if not value:
            raise BadInput(f"{name}: --verifier judge expects the model that judges, and its server; give --{name}")
    if asked.judge_over.partition("-")[0] == "judge":
        raise BadInput("judge-over: expected a verifier of answers, such as math or exact, got judge")
    over = verifier_of(asked.judge_over, options)
    spec = SamplingSpec(
        temperature=asked.judge_temperature,
        max_tokens=asked.judge_max_tokens,
        form=PromptForm.CHAT,
        seed=asked.judge_seed,
    )
    check_spec(spec)
    template = JudgeTemplate.of(asked.judge_template)
    voting = Voting(template, spec, asked.judge_votes, asked.judge_rule, _ROUNDS_AHEAD * asked.judge_concurrency)
    server = ServerOptions(
        base_url=asked.judge_base_url,
        api_key_env=asked.judge_api_key_env,
        concurrency=asked.judge_concurrency,
        budget_tokens=asked.judge_budget_tokens,
    )
    engine = engine_of(asked.judge_model, EngineOptions(EngineName.OPENAI, api=server))()
    return ReasoningJudge(over, engine, asked.judge_model, voting)
