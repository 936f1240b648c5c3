"""How requests become samples, in one call of the engine."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import httpx

from beyondbase.sampling.openai_api.connection import Connection
from beyondbase.sampling.openai_api.exchange import Passing, Patience, Refused, ask
from beyondbase.sampling.openai_api.parameters import Parameters, server_seed
from beyondbase.sampling.openai_api.prompts import PATHS, TokenIds, asked
from beyondbase.sampling.openai_api.replies import Usage, completions, usage
from beyondbase.sampling.openai_api.spending import Spending
from beyondbase.sampling.openai_api.tokens import count
from beyondbase.sampling.openai_api.trouble import Trouble
from beyondbase.sampling.options import Server
from beyondbase.types import Completion, Prompt, SampleRequest, SamplingSpec

Job = Sequence[SampleRequest]
"""requests with one prompt, answered by one reply"""
Done = list[tuple[SampleRequest, Completion]]


def jobs(requests: Sequence[SampleRequest], samples_per_request: int) -> Iterator[Job]:
    """Requests for one problem, as many together as one reply may answer."""
    for _, group in groupby(requests, key=lambda request: (request.problem_id, request.prompt)):
        of_problem = list(group)
        for start in range(0, len(of_problem), samples_per_request):
            yield of_problem[start : start + samples_per_request]


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
    token_ids: Mapping[Prompt, TokenIds | None]
    seeded: bool
    """one sample a request, each with its seed; otherwise several, since one seed for all would make them alike"""

    async def complete(self, http: httpx.AsyncClient, job: Job) -> Done:
        """Answer the requests of a job; none of them if the budget does not allow it."""
        prompt = job[0].prompt
        most = Usage(count(self.token_ids[prompt], prompt, self.spec), len(job) * self.spec.max_tokens)
        if not await self.spending.start(most):
            return []
        used = None
        try:
            reply = await ask(http, PATHS[self.spec.form], self._body(job), self.connection, self.patience)
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

    def _body(self, job: Job) -> Parameters:
        prompt = job[0].prompt
        body = {"model": self.model, **asked(prompt, self.spec, self.token_ids[prompt]), **self.sent}
        return body | ({"seed": server_seed(self.server, job[0].seed)} if self.seeded else {"n": len(job)})

    def _safe(self, completion: Completion) -> Completion:
        """Take the key out of a reason in the server's own words."""
        if not completion.error:
            return completion
        return dataclasses.replace(completion, error=self.connection.shown(completion.error))


def _all_failed(job: Job, error: Exception) -> Done:
    return [(request, Completion.failed(str(error))) for request in job]
