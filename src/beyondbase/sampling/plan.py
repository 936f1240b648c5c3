"""Which samples are still owed, as a function of the verdicts so far.

Each problem climbs the ladder of its rule (draw_ladder.py) and stays on the first rung at or past its
stop. So the rows of a finished run depend on the verdicts alone, not on kills, batch sizes, who drew them or the
order in which completions came.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from beyondbase.draw_ladder import ladder
from beyondbase.seeds import sample_seed
from beyondbase.types import DrawRule, IntArray, Prompt, SampleRequest, Verdict

ATTEMPTS = 3
"""times that one plan hands out a sample whose request fails"""
LARGEST_ROUND = 100_000
"""samples that one process is given at once, so that memory does not grow with n_max"""

StateArray = NDArray[np.int8]


class State(IntEnum):
    """What is known of one sample, a byte each."""

    MISSING = 0
    UNDER_WAY = 1
    """handed out, and nothing heard of it yet"""
    FAILED = 2
    """its request failed as often as it is tried"""
    PENDING = 3
    """drawn, without a verdict"""
    NOT_CORRECT = 4
    CORRECT = 5


_MISSING, _UNDER_WAY, _FAILED, _PENDING, _NOT_CORRECT, _CORRECT = map(int, State)
"""the same as plain numbers: to look a member up costs as much as to compare an array with it"""

STATE_OF: dict[str | None, State] = dict.fromkeys(Verdict, State.NOT_CORRECT)
"""what a verdict (None: none yet) makes of a sample"""
STATE_OF |= {Verdict.CORRECT: State.CORRECT, Verdict.VERIFIER_ERROR: State.PENDING, None: State.PENDING}


class Span(NamedTuple):
    """Samples of one problem."""

    problem_id: str
    index_N: IntArray


def size(spans: Iterable[Span]) -> int:
    """Count the samples of spans."""
    return sum(len(span.index_N) for span in spans)


def requests_of(spans: Iterable[Span], prompts: Mapping[str, Prompt], run_seed: int) -> list[SampleRequest]:
    """Write out what an engine is asked for.

    >>> [one] = requests_of([Span("a", np.array([3]))], {"a": Prompt("1 + 1 =")}, run_seed=0)
    >>> one.sample_index, one.seed == sample_seed(0, "a", 3)
    (3, True)
    """
    return [
        SampleRequest(span.problem_id, prompts[span.problem_id], index, sample_seed(run_seed, span.problem_id, index))
        for span in spans
        for index in span.index_N.tolist()
    ]


class Plan:
    """What one run has drawn and judged, and what it owes next; memory is that of the open problems.

    >>> plan = Plan(["a"], DrawRule(n_max=4, stop_at=2, n_first=2))
    >>> first = plan.lease()
    >>> first[0].index_N.tolist(), plan.lease()
    ([0, 1], [])
    >>> plan.note(first[0], np.array([State.CORRECT, State.NOT_CORRECT]))
    >>> plan.settle(first)
    >>> plan.lease()[0].index_N.tolist()
    [2]
    """

    def __init__(self, problem_ids: Sequence[str], rule: DrawRule) -> None:
        """Plan for problems, in their order, under a rule; nothing is drawn yet."""
        self.rule = rule
        self._ids = list(problem_ids)
        self._ladder = ladder(rule)
        self._row_of = {problem_id: row for row, problem_id in enumerate(self._ids)}
        self._state_P_N: list[StateArray | None] = [None] * len(self._ids)
        self._rung_P = [0] * len(self._ids)
        self._open_P = bytearray([1]) * len(self._ids)
        self._queue = list(range(len(self._ids)))  # a heap of rows that may owe something
        self._queued_P = bytearray([1]) * len(self._ids)
        self._attempts = dict[tuple[int, int], int]()
        self._drawn_closed = self.drawn = self.under_way = 0
        self.n_open = len(self._ids)

    def note(self, span: Span, state_N: StateArray) -> None:
        """Take note of what is known of a span now; what is known of a sample that was drawn stays known."""
        row = self._row_of[span.problem_id]
        if not self._open_P[row]:
            return
        index_N, new_N = span.index_N, state_N
        if (most := int(index_N.max(initial=-1))) >= self.rule.n_max:
            inside = index_N < self.rule.n_max
            index_N, new_N, most = index_N[inside], new_N[inside], self.rule.n_max - 1
        known_N = self._states(row, most + 1)
        old_N = known_N[index_N]
        drawn_N = old_N >= _PENDING
        n_drawn = int(np.count_nonzero(drawn_N))
        if n_drawn:
            new_N = np.where(drawn_N & (new_N < _PENDING), old_N, new_N)
        known_N[index_N] = new_N
        self.under_way += int(np.count_nonzero(new_N == _UNDER_WAY) - np.count_nonzero(old_N == _UNDER_WAY))
        self.drawn += int(np.count_nonzero(new_N >= _PENDING)) - n_drawn
        self._enqueue(row)

    def lease(self, most: int = LARGEST_ROUND) -> list[Span]:
        """Hand out samples that are owed now, problem by problem; nothing while all are under way, or none is owed.

        Each is to be settled or given back. A problem is stuck while a verdict that its stop hangs on is missing,
        or after ATTEMPTS failures of the same request.
        """
        spans, left = list[Span](), most
        while self._queue and left > 0:
            row = heappop(self._queue)
            self._queued_P[row] = 0
            owed = self._owed(row)
            taken = owed[:left]
            if len(taken):
                spans.append(Span(self._ids[row], taken))
                self._states(row, int(taken[-1]) + 1)[taken] = _UNDER_WAY
                self.under_way += len(taken)
                left -= len(taken)
            if len(taken) < len(owed):
                self._enqueue(row)
        return spans

    def still_under_way(self, span: Span) -> Span:
        """Keep the samples of a span of which nothing was heard yet."""
        state_N = self._state_P_N[self._row_of[span.problem_id]]
        keep = slice(0) if state_N is None else state_N[span.index_N] == _UNDER_WAY
        return Span(span.problem_id, span.index_N[keep])

    def settle(self, spans: Iterable[Span]) -> None:
        """Close spans: a sample of which nothing was heard is a request that failed, and is owed again."""
        for span in map(self.still_under_way, spans):
            self.failed(span)

    def failed(self, span: Span) -> None:
        """Take note of requests that failed; after ATTEMPTS of them a sample is owed to a later call alone."""
        row = self._row_of[span.problem_id]
        state_N = np.full(len(span.index_N), _MISSING, dtype=np.int8)
        for at, index in enumerate(span.index_N.tolist()):
            count = self._attempts[row, index] = self._attempts.get((row, index), 0) + 1
            if count >= ATTEMPTS:
                state_N[at] = _FAILED
        self.note(span, state_N)

    def give_back(self, spans: Iterable[Span]) -> None:
        """Take back spans that nobody draws any more: what was not heard of is owed as if never handed out."""
        for span in map(self.still_under_way, spans):
            self.note(span, np.full(len(span.index_N), _MISSING, dtype=np.int8))

    def set_aside(self, problem_id: str) -> Span:
        """Owe nothing more of a problem to this plan; return what of it was under way."""
        row = self._row_of[problem_id]
        known_N = self._states(row, self.rule.n_max)
        span = Span(problem_id, np.flatnonzero(known_N == _UNDER_WAY))
        lost = np.flatnonzero(known_N < _PENDING)
        self.note(Span(problem_id, lost), np.full(len(lost), _FAILED, dtype=np.int8))
        return span

    def owes(self) -> bool:
        """Whether the next lease would hold something."""
        while self._queue:
            if len(self._owed(self._queue[0])):
                return True
            self._queued_P[heappop(self._queue)] = 0
        return False

    @property
    def at_most(self) -> int:
        """Samples that will be there at the end if no open problem stops before n_max."""
        return self.n_open * self.rule.n_max + self._drawn_closed

    def _states(self, row: int, n: int) -> StateArray:
        """What is known of a problem's first n samples or more: as far as the rung that they reach."""
        known_N = self._state_P_N[row]
        if known_N is None or len(known_N) < n:
            grown_N = np.zeros(self._ladder[bisect_left(self._ladder, n)], dtype=np.int8)
            if known_N is not None:
                grown_N[: len(known_N)] = known_N
            known_N = self._state_P_N[row] = grown_N
        return known_N

    def _enqueue(self, row: int) -> None:
        if not self._queued_P[row]:
            self._queued_P[row] = 1
            heappush(self._queue, row)

    def _owed(self, row: int) -> IntArray:
        """Move one problem up its ladder as far as its verdicts allow; return what that rung lacks."""
        while self._open_P[row]:
            known_N = self._state_P_N[row]
            if known_N is None:
                return np.arange(self._ladder[0])
            target = self._ladder[self._rung_P[row]]
            rung_N = self._states(row, target)[:target]
            missing = np.flatnonzero(rung_N == _MISSING)
            if len(missing) or rung_N.min() < _PENDING:
                return missing
            if not self._climb(row, rung_N):
                break
        return np.zeros(0, dtype=np.int64)

    def _climb(self, row: int, rung_N: StateArray) -> bool:
        """Close a problem whose rung is full and that stopped on it, or step up; False if that is not known yet."""
        stopped = self.rule.stop_at is not None and np.count_nonzero(rung_N == _CORRECT) >= self.rule.stop_at
        if stopped or len(rung_N) == self.rule.n_max:
            self._close(row)
        elif (rung_N == _PENDING).any():
            return False
        else:
            self._rung_P[row] += 1
        return True

    def _close(self, row: int) -> None:
        """Forget all of a problem but how many samples it has."""
        self._drawn_closed += int(np.count_nonzero(self._states(row, 0) >= _PENDING))
        self._state_P_N[row] = None
        self._open_P[row] = 0
        self.n_open -= 1
