"""A server that is fed: its places stay full from lease to lease, and all that holds of one call holds of a feed."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from time import monotonic, process_time, sleep
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.errors import BudgetSpent
from beyondbase.sampling.copies import Copy
from beyondbase.sampling.engine import Fed
from beyondbase.sampling.feed import Feed, Key, key_of
from beyondbase.sampling.openai_api import OpenAiEngine
from beyondbase.sampling.openai_api.drawing import Jobs
from beyondbase.sampling.openai_api.spending import Spending
from beyondbase.sampling.options import ServerOptions
from beyondbase.types import Prompt, PromptForm, SampleRequest, SamplingSpec
from tests.sampling.openai_api.faulty_server import Body, Fault, Script, right, serving

SPEC = SamplingSpec(max_tokens=20, form=PromptForm.CHAT)
PLACES = 8


def engine(url: str, **options: Any) -> OpenAiEngine:
    return OpenAiEngine.connect("m", ServerOptions(base_url=url, **{"concurrency": PLACES, **options}))


def requests(problem: int, n: int, first: int = 0) -> list[SampleRequest]:
    prompt = Prompt(f"what is {problem}")
    return [SampleRequest(f"p{problem}", prompt, i, 1000 * problem + i) for i in range(first, first + n)]


def gated(gate: threading.Event, waits: Callable[[Body], bool] = lambda body: True) -> Script:
    """Answer some requests only once a gate is open."""

    def answer(body: Body) -> str:
        if waits(body):
            gate.wait(20)
        return right(body)

    return Script(answer=answer)


def wait_for(there: Callable[[], bool]) -> None:
    end = monotonic() + 20
    while not there():
        assert monotonic() < end, "it did not come to be"
        sleep(0.01)


def take_all(copy: Copy, ended: int) -> Counter[Key]:
    """Samples of a copy until so many leases have ended."""
    came, left = Counter[Key](), ended
    end = monotonic() + 20
    while left:
        assert monotonic() < end
        taken = copy.take(0.2, 10**6)
        assert not taken.failed
        assert all(done.text for _, done in taken.completions)
        came.update(key_of(request) for request, _ in taken.completions)
        left -= len(taken.ended)
    return came


def test_every_place_is_taken_while_requests_of_any_lease_wait() -> None:
    gate = threading.Event()
    script = gated(gate)
    with serving(script) as url:
        copy = Copy(engine(url), SPEC)
        copy.give(1, requests(1, 5))
        wait_for(lambda: script.under_way == 5)
        copy.give(2, requests(2, 10))
        wait_for(lambda: script.under_way == PLACES)
        gate.set()
        came = take_all(copy, 2)
        copy.close()
    assert came == dict.fromkeys(map(key_of, [*requests(1, 5), *requests(2, 10)]), 1)
    assert script.most_under_way == PLACES and len(script.bodies) == 15


def test_a_long_answer_keeps_no_request_of_a_later_lease_waiting() -> None:
    gate = threading.Event()
    script = gated(gate, lambda body: body["seed"] % 1000 == 0)
    with serving(script) as url:
        copy = Copy(engine(url), SPEC)
        for problem in range(4):
            copy.give(problem, requests(problem, PLACES))
        came = Counter[Key]()
        while came.total() < 4 * (PLACES - 1):
            came.update(key_of(request) for request, _ in copy.take(0.1, 1).completions)
        assert script.under_way == 4 and not any(index == 0 for _, index in came)
        gate.set()
        assert take_all(copy, 4) == {(f"p{problem}", 0): 1 for problem in range(4)}
        copy.close()


def test_of_a_withdrawn_lease_nothing_more_is_asked() -> None:
    gate = threading.Event()
    script = gated(gate)
    with serving(script) as url:
        copy = Copy(engine(url), SPEC)
        copy.give(1, requests(1, 50))
        wait_for(lambda: script.under_way == PLACES)
        copy.give(2, requests(2, 3))
        copy.withdraw(1)
        gate.set()
        assert take_all(copy, 2) == {("p2", index): 1 for index in range(3)}
        copy.close()
    assert len(script.bodies) == PLACES + 3


def test_an_engine_without_work_uses_no_processor_and_ends_with_its_feed() -> None:
    with serving(Script()) as url:
        feed = Feed()
        drawing = threading.Thread(target=lambda: list(engine(url).generate_fed(feed, SPEC)))
        drawing.start()
        sleep(0.3)
        begun = process_time()
        sleep(0.7)
        assert process_time() - begun < 0.2
        feed.close()
        drawing.join(10)
        assert not drawing.is_alive()
    assert not [thread for thread in threading.enumerate() if thread.name == "beyondbase-requests"]


def test_a_copy_that_is_closed_ends_its_requests() -> None:
    gate = threading.Event()
    script = gated(gate, lambda body: body["seed"] % 1000 > 0)
    with serving(script) as url:
        copy = Copy(engine(url), SPEC)
        copy.give(1, requests(1, 20))
        wait_for(lambda: script.under_way == PLACES)
        copy.close()
        gate.set()
        copy._thread.join(10)
        assert not copy._thread.is_alive() and len(script.bodies) <= 2 * PLACES
    assert not [thread for thread in threading.enumerate() if thread.name == "beyondbase-requests"]


def test_a_budget_ends_a_feed_that_is_still_open_after_all_that_was_paid_for() -> None:
    script = Script()
    with serving(script) as url:
        feed, came = Feed(), list[SampleRequest]()
        feed.put(requests(1, 100))
        with pytest.raises(BudgetSpent, match="tokens were spent on"):
            came.extend(request for request, _ in engine(url, budget_tokens=400).generate_fed(feed, SPEC))
    assert 20 < len(came) == len(script.bodies) < 30


def test_a_server_that_is_gone_ends_a_copy_with_what_came_before() -> None:
    script = Script(faults=lambda body, attempt: Fault.NO_KEY if body["seed"] >= 2000 else None)
    with serving(script) as url:
        copy = Copy(engine(url, concurrency=1), SPEC)
        copy.give(1, requests(1, 4))
        assert take_all(copy, 1).total() == 4
        copy.give(2, requests(2, 4))
        while not (taken := copy.take(1.0, 10**6)).failed:
            pass
    assert taken.failed.startswith("BadInput: http://127.0.0.1") and "401" in taken.failed


def test_the_tokens_of_a_prompt_are_asked_for_once_though_it_was_not_known_before() -> None:
    script = Script(owner="vllm")
    plain = SamplingSpec(max_tokens=20)
    with serving(script) as url:
        copy = Copy(engine(url), plain)
        for problem in range(3):
            copy.give(problem, requests(problem, 20))
        take_all(copy, 3)
        copy.give(3, requests(2, 20, first=20))
        take_all(copy, 1)
        copy.close()
    assert script.paths["/tokenize"] == 3
    assert {bytes(body["prompt"]).decode() for body in script.bodies} == {f"what is {i}" for i in range(3)}


def test_a_tokenizer_that_does_not_answer_ends_the_copy() -> None:
    with serving(Script(owner="vllm")) as url:
        served = engine(url, timeout_s=0.5)
    copy = Copy(served, SamplingSpec(max_tokens=20))
    copy.give(1, requests(1, 20))
    while not (failed := copy.take(1.0, 10**6).failed):
        pass
    assert failed.startswith("BadInput: ") and "expected token ids of a prompt" in failed


def test_the_engine_says_that_it_can_be_fed_and_one_call_gives_what_a_feed_gives() -> None:
    with serving(Script(answer=lambda body: f"answer: {body['seed']}")) as url:
        served: object = engine(url)
        assert isinstance(served, Fed)
        wanted = [*requests(1, 20), *requests(2, 20)]
        whole = dict(served.generate(wanted, SPEC))
        assert dict(served.generate_fed(Feed.of(wanted), SPEC)) == whole
    assert all(done.text == f"answer: {request.seed}" for request, done in whole.items())


def jobs_of(feed: Feed, most: int) -> list[list[int]]:
    async def all_of() -> list[list[int]]:
        return [[request.seed for request in job] async for job in Jobs(feed, most, Spending(ServerOptions()))]

    return asyncio.run(all_of())


@settings(deadline=None)
@given(
    lots=st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9)), max_size=5), max_size=4),
    most=st.integers(1, 5),
)
def test_one_reply_answers_as_many_requests_for_one_problem_as_stand_together(
    lots: Sequence[Sequence[tuple[int, int]]], most: int
) -> None:
    feed, wanted = Feed(), [[request for problem, n in lot for request in requests(problem, n)] for lot in lots]
    for lot in wanted:
        feed.put(lot)
    feed.close()
    runs = [[r.seed for r in of] for _, of in groupby((r for lot in wanted for r in lot), lambda r: r.problem_id)]
    assert jobs_of(feed, most) == [run[start : start + most] for run in runs for start in range(0, len(run), most)]


def test_samples_of_one_request_come_from_a_feed_too() -> None:
    script = Script()
    with serving(script) as url:
        copy = Copy(engine(url, samples_per_request=4), SPEC)
        copy.give(1, [*requests(1, 6), *requests(2, 4)])
        came = take_all(copy, 1)
        copy.close()
    assert came.total() == 10 and sorted(body["n"] for body in script.bodies) == [2, 4, 4]
