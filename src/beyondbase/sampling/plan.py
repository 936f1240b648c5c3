"""Which samples are still owed, as a function of the verdicts so far.

Each problem climbs the ladder of its rule (draw_ladder.py) and stays on the first rung at or past its
stop. So the rows of a finished run depend on the verdicts alone, not on kills, batch sizes or the order
in which completions came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from beyondbase.draw_ladder import ladder
from beyondbase.seeds import sample_seed
from beyondbase.types import DrawRule, Prompt, SampleRequest, Verdict

ATTEMPTS = 3
"""times that one plan hands out a sample whose request fails"""
LARGEST_ROUND = 100_000
"""requests after which a round ends, so that memory does not grow with n_max; never mid-problem"""

_MISSING, _PENDING, _NOT_CORRECT, _CORRECT = range(4)
_STATES: dict[str | None, int] = dict.fromkeys(Verdict, _NOT_CORRECT)
_STATES |= {Verdict.CORRECT: _CORRECT, Verdict.VERIFIER_ERROR: _PENDING, None: _PENDING}


class Plan:
    """What one run has drawn and judged, one byte a sample, and what it owes next.

    >>> plan = Plan({"a": Prompt("1 + 1 =")}, DrawRule(n_max=4, stop_at=2, n_first=2), run_seed=0)
    >>> [request.sample_index for request in plan.next_round()]
    [0, 1]
    >>> plan.record([("a", 0, "correct"), ("a", 1, "wrong")])
    >>> [request.sample_index for request in plan.next_round()]
    [2]
    """

    def __init__(self, prompts: Mapping[str, Prompt], rule: DrawRule, run_seed: int) -> None:
        """Plan for problems (id -> prompt) under a rule; nothing is drawn yet."""
        self.rule = rule
        self._prompts = prompts
        self._run_seed = run_seed
        self._ladder = ladder(rule)
        self._row_of = {problem_id: row for row, problem_id in enumerate(prompts)}
        self._state_P_N: NDArray[np.int8] = np.zeros((len(prompts), rule.n_max), dtype=np.int8)
        self._attempts_P_N: NDArray[np.int8] = np.zeros_like(self._state_P_N)
        self._rung_P = [0] * len(prompts)
        self._open_P = [True] * len(prompts)

    def record(self, rows: Iterable[tuple[str, int, str | None]]) -> None:
        """Take note of samples that were drawn, as (problem_id, sample_index, verdict or None if it has none yet)."""
        for problem_id, index, verdict in rows:
            if index < self.rule.n_max:
                self._state_P_N[self._row_of[problem_id], index] = _STATES[verdict]

    def next_round(self) -> list[SampleRequest]:
        """List the samples owed now, problem by problem; empty when the run is finished or stuck.

        A problem is stuck while a verdict that its stop hangs on is missing, or after ATTEMPTS
        failures of the same request.
        """
        requests: list[SampleRequest] = []
        for row, (problem_id, prompt) in enumerate(self._prompts.items()):
            if len(requests) >= LARGEST_ROUND:
                break
            for index in self._owed(row):
                seed = sample_seed(self._run_seed, problem_id, index)
                requests.append(SampleRequest(problem_id, prompt, index, seed))
        return requests

    @property
    def drawn(self) -> int:
        """Samples that are there."""
        return int(np.count_nonzero(self._state_P_N))

    @property
    def at_most(self) -> int:
        """Samples that will be there at the end if no open problem stops before n_max."""
        still = sum(self._open_P) * self.rule.n_max
        closed = [row for row, is_open in enumerate(self._open_P) if not is_open]
        return still + int(np.count_nonzero(self._state_P_N[closed]))

    @property
    def n_open(self) -> int:
        """Problems that have not stopped."""
        return sum(self._open_P)

    def _owed(self, row: int) -> list[int]:
        """Move one problem up its ladder as far as its verdicts allow; return what that rung lacks."""
        while self._open_P[row]:
            rung_N = self._state_P_N[row, : self._ladder[self._rung_P[row]]]
            missing = np.flatnonzero(rung_N == _MISSING)
            if len(missing):
                attempts_N = self._attempts_P_N[row]
                owed: list[int] = missing[attempts_N[missing] < ATTEMPTS].tolist()
                attempts_N[owed] += 1
                return owed
            if not self._climb(row, rung_N):
                break
        return []

    def _climb(self, row: int, rung_N: NDArray[np.int8]) -> bool:
        """Close a problem whose rung is full and that stopped on it, or step up; False if that is not known yet."""
        stopped = self.rule.stop_at is not None and np.count_nonzero(rung_N == _CORRECT) >= self.rule.stop_at
        if stopped or len(rung_N) == self.rule.n_max:
            self._open_P[row] = False
        elif (rung_N == _PENDING).any():
            return False
        else:
            self._rung_P[row] += 1
        return True
