"""Failures of one request, and failures that end the run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from time import monotonic
from typing import Any

import pytest

from beyondbase.errors import BadInput
from beyondbase.sampling.openai_api import OpenAiEngine
from beyondbase.sampling.openai_api.exchange import Patience, retry_after
from beyondbase.sampling.options import ServerOptions
from beyondbase.types import Completion, Finish, Prompt, PromptForm, SampleRequest, SamplingSpec
from tests.sampling.openai_api.faulty_server import Body, Fault, Script, serving

SPEC = SamplingSpec(max_tokens=50, form=PromptForm.CHAT)
REQUESTS = [SampleRequest(f"p{i // 10}", Prompt(f"what is {i // 10}"), i % 10, i) for i in range(160)]


def complete(script: Script, requests: list[SampleRequest] = REQUESTS, **options: Any) -> list[Completion]:
    with serving(script) as url:
        engine = OpenAiEngine.connect("m", ServerOptions(base_url=url, **({"concurrency": 4} | options)))
        engine.patience = Patience(2, 0.001, 0.002)
        return [completion for _, completion in engine.generate(requests, SPEC)]


def always(fault: Fault) -> Callable[[Body, int], Fault]:
    return lambda body, attempt: fault


def test_a_wrong_key_ends_the_run_at_once() -> None:
    script = Script(faults=always(Fault.NO_KEY))
    with pytest.raises(BadInput, match=r"HTTP 401: wrong key: .*; set the key in the environment variable"):
        complete(script)
    assert len(script.bodies) <= 4


def test_the_same_refusal_of_the_first_requests_ends_the_run() -> None:
    script = Script(faults=always(Fault.REFUSED))
    with pytest.raises(BadInput, match=r"refused the first requests .*: HTTP 400: temperature must be even; mend"):
        complete(script)
    assert len(script.bodies) <= 8 and set(script.attempts.values()) == {1}  # none was tried again


def test_a_refusal_after_an_answer_is_a_failed_request() -> None:
    faults = dict.fromkeys(range(5, 40), Fault.REFUSED)
    done = complete(Script(faults=lambda body, attempt: faults.get(body["seed"])), concurrency=1)
    failed = [completion for completion in done if completion.finish is Finish.ERROR]
    assert (
        len(done) == 160 and [completion.error for completion in failed] == ["HTTP 400: temperature must be even"] * 35
    )


def test_a_prompt_that_is_too_long_fails_alone_even_if_it_is_the_first() -> None:
    script = Script(faults=lambda body, attempt: Fault.TOO_LONG if body["seed"] < 10 else None)
    done = complete(script)
    failed = [completion.error for completion in done if completion.finish is Finish.ERROR]
    assert len(done) == 160 and failed == ["HTTP 400: maximum context length is 9, got 9"] * 10


def test_prompts_that_are_all_too_long_end_the_run() -> None:
    script = Script(faults=always(Fault.TOO_LONG))
    with pytest.raises(BadInput, match="maximum context length is 9"):
        complete(script)
    assert 90 <= len(script.bodies) <= 110  # ten problems of ten samples


def test_a_server_that_has_gone_ends_the_run_after_a_bounded_number_of_requests() -> None:
    script = Script(faults=lambda body, attempt: None if body["seed"] < 50 else Fault.BROKEN)
    with pytest.raises(
        BadInput, match=r"got 20 failed requests in a row, the last: HTTP 500: out of memory; what came"
    ):
        complete(script)
    assert len(script.attempts) <= 50 + 20 + 4


def test_a_sample_that_the_server_cut_short_ends_the_run() -> None:
    script = Script(faults=lambda body, attempt: Fault.CUT if body["seed"] == 30 else None)
    came: list[Completion] = []
    with serving(script) as url:
        engine = OpenAiEngine.connect("m", ServerOptions(base_url=url, concurrency=1))
        with pytest.raises(BadInput, match="ended a sample at 5 tokens where 50 were asked for"):
            came.extend(completion for _, completion in engine.generate(REQUESTS, SPEC))
    # What came before it is handed on, to be stored.
    assert [completion.finish for completion in came] == [Finish.EOS] * 30


def test_a_sample_that_is_as_long_as_was_asked_for_is_a_truncated_one() -> None:
    script = Script(faults=always(Fault.CUT))
    with serving(script) as url:
        engine = OpenAiEngine.connect("m", ServerOptions(base_url=url))
        [(_, completion)] = engine.generate(REQUESTS[:1], SamplingSpec(max_tokens=5, form=PromptForm.CHAT))
    assert (completion.finish, completion.n_tokens) == (Finish.LENGTH, 5)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Tue, 24 Nov 2026 10:00:30 GMT", 30.0),
        ("Tue, 24 Nov 2026 09:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2026 11:00:30 +0100", 30.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
    ],
)
def test_both_forms_of_retry_after_are_read(value: str, seconds: float | None) -> None:
    assert retry_after(value, datetime(2026, 11, 24, 10, 0, 0, tzinfo=UTC)) == seconds


def test_waits_grow_to_a_limit_and_a_server_may_ask_for_more_up_to_it() -> None:
    patience = Patience(7, first_wait_s=1.0, longest_wait_s=20.0)
    waits = [min(patience.wait_s(attempt, None) for _ in range(200)) for attempt in range(1, 8)]
    assert all(later > earlier for earlier, later in pairwise(waits[:5])) and 20 <= max(waits) < 22
    assert 7 <= patience.wait_s(1, 7.0) <= 8 and 20 <= patience.wait_s(1, 3600.0) <= 21
    assert len({patience.wait_s(1, None) for _ in range(20)}) == 20


@pytest.mark.parametrize(("fault", "least"), [(Fault.BUSY_SECONDS, 1.0), (Fault.BUSY_DATE, 0.9), (Fault.BUSY, 0.0)])
def test_a_server_that_asks_to_wait_is_given_the_time(fault: Fault, least: float) -> None:
    script = Script(faults=lambda body, attempt: fault if attempt == 0 else None)
    with serving(script) as url:
        engine = OpenAiEngine.connect("m", ServerOptions(base_url=url))
        engine.patience = Patience(2, 0.001, 5.0)
        begun = monotonic()
        [(_, completion)] = engine.generate(REQUESTS[:1], SPEC)
        took = monotonic() - begun
    assert completion.error == "" and took >= least and (least > 0 or took < 0.9)
