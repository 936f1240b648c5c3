from __future__ import annotations

import math
from collections import Counter

import pytest

from beyondbase.errors import BadInput
from beyondbase.sampling.filler import FIRST_TOKEN, reasoning
from beyondbase.sampling.scripted import Faults, ScriptedEngine
from beyondbase.seeds import sample_seed
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


@pytest.mark.parametrize("failures", [0, 3, None])
def test_a_request_fails_as_often_as_it_is_told_to(failures: int | None) -> None:
    engine = ScriptedEngine({"a": 1.0}, {"a": "42"}, faults=Faults(failed=1.0, failures=failures))
    [request] = _requests(1)
    ends = [_completions(engine, [request])[0].finish for _ in range(5)]
    times = 5 if failures is None else failures
    assert ends == [Finish.ERROR] * times + [Finish.EOS] * (5 - times)


def test_duplicated_samples_are_one_sample_of_their_problem_and_the_others_are_their_own() -> None:
    def texts(duplicated: float, problem_id: str) -> list[str]:
        faults = Faults(duplicated=duplicated)
        engine = ScriptedEngine({"a": 0.5, "b": 0.5}, {"a": "1", "b": "1"}, faults=faults, reasoning_chars=200)
        requests = [SampleRequest(problem_id, Prompt(""), i, sample_seed(0, problem_id, i)) for i in range(1000)]
        return [completion.text for completion in _completions(engine, requests)]

    [(again, times)] = Counter(texts(0.2, "a")).most_common(1)
    assert abs(times - 200) < 5 * 160**0.5
    assert [text for text in texts(0.2, "a") if text != again] == [
        text for text, broken in zip(texts(0.0, "a"), texts(0.2, "a"), strict=True) if broken != again
    ]
    assert len(set(texts(0.0, "a"))) == 1000
    assert again not in texts(0.2, "b")


def test_a_cut_sample_has_as_many_tokens_as_the_cap_allows() -> None:
    engine = ScriptedEngine({"a": 1.0}, {"a": "42"}, faults=Faults(truncated=1.0), reasoning_chars=100)
    for _, completion in engine.generate(_requests(3), SamplingSpec(max_tokens=77)):
        assert (completion.finish, completion.n_tokens) == (Finish.LENGTH, 77)


def test_reasoning_is_as_likely_as_its_log_probability_says() -> None:
    # One piece each, so that a text comes often: its share is its probability.
    made = [reasoning(sample_seed(0, "a", index), 1) for index in range(40_000)]
    times = Counter(one.text for one in made)
    p = {one.text: math.exp(one.logprob) for one in made}
    for text, count in times.most_common(20):
        assert abs(count - p[text] * len(made)) < 5 * (p[text] * len(made)) ** 0.5
    assert sum(p.values()) <= 1


def test_reasoning_has_the_length_asked_for_and_every_token_stands_for_the_same_text() -> None:
    made = [reasoning(sample_seed(0, "a", index), 2000) for index in range(200)]
    assert abs(sum(len(one.text) for one in made) / 200 - 2000) < 5 * 143 / 200**0.5
    pieces = [reasoning(sample_seed(0, "b", index), 1) for index in range(30_000)]
    text_of = {one.token_ids[0]: one.text for one in pieces if len(one.token_ids) == 1}
    assert all("".join(text_of[token] for token in one.token_ids) == one.text for one in made)
    assert min(one.token_ids[0] for one in made) >= FIRST_TOKEN


def test_samples_with_reasoning_end_in_their_answer_and_differ() -> None:
    engine = ScriptedEngine({"a": 0.5}, {"a": "42"}, reasoning_chars=300)
    completions = _completions(engine, _requests(300))
    assert {c.text.split("\n")[-1] for c in completions} <= {"42", *(f"wrong {i}" for i in range(10))}
    assert len({c.text for c in completions}) == 300
    assert all(isinstance(c.logprob_sum, float) and c.logprob_sum < -50 for c in completions)


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
