from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from beyondbase.errors import BadInput
from beyondbase.sampling.runner import sample_round
from beyondbase.types import Completion, Finish, Prompt, SampleRequest, SamplingSpec

REQUESTS = [SampleRequest("a", Prompt(""), index, index) for index in range(3)]
GOOD = Completion("x", [1], 0.0, 0.0, Finish.EOS)
FAILED = Completion.failed("reset by peer")


class ListEngine:
    """Returns what it was given, whatever is asked."""

    def __init__(self, replies: list[tuple[SampleRequest, Completion]]) -> None:
        self.replies = replies

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        return {}

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        yield from self.replies


def _round(replies: list[tuple[SampleRequest, Completion]]) -> tuple[int, list[tuple[int, Completion]], list[int]]:
    kept: list[tuple[int, Completion]] = []
    reports: list[int] = []
    failed = sample_round(
        ListEngine(replies),
        REQUESTS,
        SamplingSpec(),
        lambda request, completion: kept.append((request.sample_index, completion)),
        reports.append,
    )
    return failed, kept, reports


def test_completions_are_handed_on_in_the_order_they_come() -> None:
    failed, kept, reports = _round([(request, GOOD) for request in reversed(REQUESTS)])
    assert (failed, kept) == (0, [(2, GOOD), (1, GOOD), (0, GOOD)])
    assert reports[-1] == 3


def test_failed_requests_are_handed_on_and_counted() -> None:
    failed, kept, _ = _round([(REQUESTS[0], GOOD), (REQUESTS[1], FAILED), (REQUESTS[2], GOOD)])
    assert (failed, kept[1]) == (1, (1, FAILED))


def test_a_request_that_the_engine_leaves_out_is_a_failed_one() -> None:
    failed, kept, reports = _round([(REQUESTS[1], GOOD)])
    assert failed == 2
    assert [(index, c.finish, c.error) for index, c in kept[1:]] == [
        (index, Finish.ERROR, "the engine returned nothing") for index in (0, 2)
    ]
    assert reports[-1] == 3


@pytest.mark.parametrize("replies", [[(REQUESTS[0], GOOD)] * 2, [(SampleRequest("b", Prompt(""), 0, 0), GOOD)]])
def test_a_sample_that_comes_twice_or_unasked_is_refused(replies: list[tuple[SampleRequest, Completion]]) -> None:
    with pytest.raises(BadInput, match=r"expected each requested sample once, got sample 0 of problem '[ab]' twice or"):
        _round(replies)
