from __future__ import annotations

import pytest

from beyondbase.errors import BadInput
from beyondbase.sampling.scripted import Faults, ScriptedEngine
from beyondbase.sampling.seeds import sample_seed
from beyondbase.types import Completion, Finish, Prompt, SampleRequest, SamplingSpec

N = 4000


def _requests(n: int = N) -> list[SampleRequest]:
    return [SampleRequest("a", Prompt(""), index, sample_seed(0, "a", index)) for index in range(n)]


def _completions(engine: ScriptedEngine, requests: list[SampleRequest]) -> list[Completion]:
    return [completion for _, completion in engine.generate(requests, SamplingSpec())]


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.5, 1.0])
def test_the_share_of_right_samples_is_the_rate(rate: float) -> None:
    completions = _completions(ScriptedEngine({"a": rate}, {"a": "42"}), _requests())
    right = sum(completion.text == "42" for completion in completions)
    assert abs(right - N * rate) <= 5 * (N * rate * (1 - rate)) ** 0.5


def test_a_completion_depends_on_the_seed_and_on_nothing_else() -> None:
    engine = ScriptedEngine({"a": 0.5}, {"a": "42"}, faults=Faults(no_answer=0.2, truncated=0.2))
    requests = _requests(200)
    whole = dict(zip(requests, _completions(engine, requests), strict=True))
    for request in reversed(requests):
        assert _completions(engine, [request]) == [whole[request]]


def test_faults_come_at_their_shares_and_failures_only_once() -> None:
    engine = ScriptedEngine({"a": 1.0}, {"a": "42"}, faults=Faults(no_answer=0.2, truncated=0.1, failed=0.3))
    requests = _requests()
    first, second = _completions(engine, requests), _completions(engine, requests)
    failed = [c for c in first if c.finish is Finish.ERROR]
    assert abs(len(failed) - 0.3 * N) < 5 * (0.21 * N) ** 0.5
    assert not any(c.finish is Finish.ERROR for c in second)
    assert abs(sum(c.finish is Finish.LENGTH for c in second) - 0.1 * N) < 5 * (0.09 * N) ** 0.5
    assert abs(sum(c.text == "" for c in second) - 0.2 * N) < 5 * (0.16 * N) ** 0.5
    pairs = zip(first, second, strict=True)
    assert all(after == before for before, after in pairs if before.finish is not Finish.ERROR)


def test_settings_name_the_script_but_not_what_only_delays_it() -> None:
    def settings(engine: ScriptedEngine) -> dict[str, str]:
        return dict(engine.settings(SamplingSpec(), [Prompt("first")]))

    plain = settings(ScriptedEngine({"a": 0.5}, {"a": "42"}))
    assert plain == settings(ScriptedEngine({"a": 0.5}, {"a": "42"}, faults=Faults(failed=0.5), latency_s=1.0))
    assert plain != settings(ScriptedEngine({"a": 0.6}, {"a": "42"}))
    assert plain["first_prompt"] == "first"


def test_a_problem_without_a_script_is_refused() -> None:
    with pytest.raises(BadInput, match="expected a rate and an answer for problem 'a'"):
        _completions(ScriptedEngine({"b": 1.0}, {"b": ""}), _requests(1))
