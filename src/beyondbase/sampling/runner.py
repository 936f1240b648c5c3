"""Ask an engine for samples and hand each one on as it comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from beyondbase.errors import BadInput
from beyondbase.sampling.engine import Engine
from beyondbase.types import Completion, Finish, SampleRequest, SamplingSpec

Sink = Callable[[SampleRequest, Completion], None]

_REPORT_S = 0.2


def sample_round(
    engine: Engine,
    requests: Sequence[SampleRequest],
    spec: SamplingSpec,
    sink: Sink,
    report: Callable[[int], None],
) -> int:
    """Draw `requests`, hand each completion to `sink`, tell `report` how many came; return how many failed.

    A request that the engine leaves out is a failed one. Raises BadInput if the engine returns a
    sample that was not asked for, or one twice.
    """
    waiting = {(request.problem_id, request.sample_index): request for request in requests}
    failed, last_report = 0, 0.0
    for done, (request, completion) in enumerate(engine.generate(requests, spec), 1):
        if waiting.pop((request.problem_id, request.sample_index), None) is None:
            raise BadInput(
                f"engine: expected each requested sample once, got sample {request.sample_index} of problem "
                f"{request.problem_id!r} twice or unasked; mend the engine's generate()"
            )
        failed += completion.finish is Finish.ERROR
        sink(request, completion)
        now = monotonic()
        if now - last_report > _REPORT_S:
            report(done)
            last_report = now
    for request in waiting.values():
        sink(request, Completion.failed("the engine returned nothing"))
    report(len(requests))
    return failed + len(waiting)
