"""How requests become samples, in one call of the engine."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from beyondbase.sampling.feed import Feed
from beyondbase.sampling.openai_api.connection import Connection
from beyondbase.sampling.openai_api.exchange import Passing, Patience, Refused, ask
from beyondbase.sampling.openai_api.parameters import Parameters, server_seed
from beyondbase.sampling.openai_api.prompts import PATHS, TokenIds, asked
from beyondbase.sampling.openai_api.replies import Usage, completions, usage
from beyondbase.sampling.openai_api.spending import Spending
from beyondbase.sampling.openai_api.tokens import KnownPrompts, count
from beyondbase.sampling.openai_api.trouble import Trouble
from beyondbase.sampling.options import Server
from beyondbase.types import Completion, SampleRequest, SamplingSpec

_WAIT_S = 1.0
"""time after which one who waits for requests looks whether the budget is spent"""

Job = Sequence[SampleRequest]
"""requests with one prompt, answered by one reply"""
Done = list[tuple[SampleRequest, Completion]]


class Jobs:
    """Requests of a feed as jobs, until it is closed or the budget allows no further one; one caller at a time."""

    def __init__(self, feed: Feed, samples_per_request: int, spending: Spending) -> None:
        self._feed, self._most, self._spending = feed, samples_per_request, spending
        self._waiting = deque[SampleRequest]()

    def __aiter__(self) -> Jobs:
        return self

    async def __anext__(self) -> Job:
        """Take as many requests as one reply may answer: those for the same problem that stand together."""
        while self._spending.refused is None:
            self._take(0.0)
            if self._waiting:
                return self._first()
            if self._feed.closed:
                break
            await asyncio.to_thread(self._take, _WAIT_S)
        raise StopAsyncIteration

    def _take(self, wait_s: float) -> None:
        self._waiting.extend(self._feed.take(self._most - len(self._waiting), wait_s))

    def _first(self) -> Job:
        job = [self._waiting.popleft()]
        while self._waiting and _alike(self._waiting[0], job[0]):
            job.append(self._waiting.popleft())
        return job


def _alike(a: SampleRequest, b: SampleRequest) -> bool:
    return (a.problem_id, a.prompt) == (b.problem_id, b.prompt)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What every job of one call shares."""

    model: str
    server: Server
    connection: Connection
    patience: Patience
    trouble: Trouble
    spending: Spending
    spec: SamplingSpec
    sent: Parameters
    prompts: KnownPrompts
    seeded: bool
    """one sample a request, each with its seed; otherwise several, since one seed for all would make them alike"""

    async def complete(self, http: httpx.AsyncClient, job: Job) -> Done:
        """Answer the requests of a job; none of them if the budget does not allow it."""
        prompt = job[0].prompt
        ids = await self.prompts.ids(prompt)
        most = Usage(count(ids, prompt, self.spec), len(job) * self.spec.max_tokens)
        if not await self.spending.start(most):
            return []
        used = None
        try:
            reply = await ask(http, PATHS[self.spec.form], self._body(job, ids), self.connection, self.patience)
            used = usage(reply)
        except Passing as error:
            self.trouble.passing(error)
            return _all_failed(job, error)
        except Refused as error:
            self.trouble.refused(error, job[0])
            return _all_failed(job, error)
        finally:
            self.spending.finish(most, used)
        self.trouble.over()
        self.spending.check_told(used)
        came = completions(reply, len(job), self.spec)
        self.spending.samples += sum(not completion.error for completion in came)
        return [(request, self._safe(completion)) for request, completion in zip(job, came, strict=True)]

    def _body(self, job: Job, ids: TokenIds | None) -> Parameters:
        body = {"model": self.model, **asked(job[0].prompt, self.spec, ids), **self.sent}
        return body | ({"seed": server_seed(self.server, job[0].seed)} if self.seeded else {"n": len(job)})

    def _safe(self, completion: Completion) -> Completion:
        """Take the key out of a reason in the server's own words."""
        if not completion.error:
            return completion
        return dataclasses.replace(completion, error=self.connection.shown(completion.error))


def _all_failed(job: Job, error: Exception) -> Done:
    return [(request, Completion.failed(str(error))) for request in job]
