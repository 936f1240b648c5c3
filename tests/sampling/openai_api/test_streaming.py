"""Many requests at once: bounded, in a thread of its own, and given up at once when the caller is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from time import monotonic, sleep

import pytest

from beyondbase.sampling.openai_api import OpenAiEngine
from beyondbase.sampling.openai_api.streaming import Streaming
from beyondbase.sampling.options import ServerOptions
from beyondbase.types import Prompt, PromptForm, SampleRequest, SamplingSpec
from tests.sampling.openai_api.faulty_server import Fault, Script, serving

SPEC = SamplingSpec(max_tokens=50, form=PromptForm.CHAT)


@asynccontextmanager
async def nothing() -> AsyncIterator[None]:
    yield


async def each(jobs: Iterable[int]) -> AsyncIterator[int]:
    for job in jobs:
        yield job


class Counted:
    """Jobs that note how many of them were taken."""

    def __init__(self, n: int) -> None:
        self.n, self.taken = n, 0

    def __iter__(self) -> Iterator[int]:
        for job in range(self.n):
            self.taken += 1
            yield job


async def double(client: None, job: int) -> int:
    await asyncio.sleep(0)
    return 2 * job


def test_every_job_gives_one_result() -> None:
    assert sorted(Streaming(nothing, double, 7).results(each(range(1000)))) == [2 * job for job in range(1000)]
    assert list(Streaming(nothing, double, 7).results(each([]))) == []


def test_results_come_while_other_jobs_go_on() -> None:
    async def work(client: None, job: int) -> int:
        await asyncio.sleep(0.5 if job == 0 else 0)
        return job

    assert next(iter(Streaming(nothing, work, 2).results(each(range(5))))) == 1


def test_no_more_jobs_are_under_way_than_may_be() -> None:
    under_way = most = 0

    async def work(client: None, job: int) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001)
        under_way -= 1

    list(Streaming(nothing, work, 5).results(each(range(100))))
    assert most == 5


def test_a_caller_that_takes_its_time_holds_jobs_back() -> None:
    jobs = Counted(100_000)
    results = Streaming(nothing, double, 10).results(each(jobs))
    for _ in range(50):
        next(results)
    sleep(0.2)
    assert jobs.taken <= 50 + 4 * 10
    results.close()


def test_an_error_ends_all_after_the_results_before_it() -> None:
    async def work(client: None, job: int) -> int:
        if job == 20:
            raise ValueError("the twentieth")
        return job

    came: list[int] = []
    with pytest.raises(ValueError, match="the twentieth"):
        came.extend(Streaming(nothing, work, 1).results(each(range(100))))
    assert came == list(range(20))


def test_it_works_inside_an_event_loop_as_in_a_notebook() -> None:
    async def notebook() -> list[int]:
        return sorted(Streaming(nothing, double, 3).results(each(range(5))))

    assert asyncio.run(notebook()) == [0, 2, 4, 6, 8]


def test_a_caller_that_goes_away_ends_the_thread_at_once_though_the_server_hangs() -> None:
    script = Script(faults=lambda body, attempt: Fault.HANG if body["seed"] else None, hang_s=30)
    with serving(script) as url:
        engine = OpenAiEngine.connect("m", ServerOptions(base_url=url, concurrency=4))
        requests = [SampleRequest("p", Prompt("what is 1"), index, index) for index in range(50)]
        samples = engine.generate(requests, SPEC)
        assert next(iter(samples))[0].seed == 0
        begun = monotonic()
        with pytest.raises(KeyboardInterrupt):
            samples.throw(KeyboardInterrupt)  # type: ignore[attr-defined]  # what Ctrl-C does
        assert monotonic() - begun < 2
    assert not [thread for thread in threading.enumerate() if thread.name == "beyondbase-requests"]
