"""One engine that decodes many sequences at once, in time that is counted in tokens.

All sequences at work advance by a token a step, so in steps the seats are plain servers: a sequence holds one for as
many steps as it has tokens, and takes the first that falls free. Only the length of a step depends on how many are at
work: steps are turned into seconds piece by piece, for as long as no further lease comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heapreplace

import numpy as np

from beyondbase.types import FloatArray
from simulations.cluster.samples import Drawn
from simulations.cluster.world import Feed, World

_MOMENT_S = 1e-3


@dataclass(slots=True, eq=False)
class Job:
    """A lease at work, its samples in the order in which they end."""

    lease: int
    drawn: Drawn
    end_N: FloatArray
    """the step at which each sample ends"""
    n_taken: int = 0


class Engine:
    """Decodes leases, one after the other or one into the other."""

    def __init__(self, world: World, speed: float, now: float) -> None:
        self._world, self._speed = world, speed
        self._jobs = list[Job]()
        self._queue = deque[tuple[int, Drawn]]()
        self._free = [0.0] * world.seats
        self._last_start = 0.0
        self._step_K = np.zeros(1)
        self._second_K = np.array([now])

    def give(self, lease: int, drawn: Drawn, now: float) -> None:
        """Add a lease to those that are drawn."""
        self._queue.append((lease, drawn))
        self._begin(now)

    def take(self, now: float) -> tuple[list[tuple[int, Drawn]], frozenset[int]]:
        """Hand over the samples that have ended since the last call, and name the leases that have."""
        step, done, ended = self._at(now), list[tuple[int, Drawn]](), set[int]()
        for job in self._jobs:
            upto = int(np.searchsorted(job.end_N, step, side="right"))
            if upto > job.n_taken:
                done.append((job.lease, Drawn(*(array_N[job.n_taken : upto] for array_N in job.drawn))))
                job.n_taken = upto
            if upto == len(job.end_N):
                ended.add(job.lease)
        if ended:
            self._jobs = [job for job in self._jobs if job.lease not in ended]
            self._begin(now)
        return done, frozenset(ended)

    def next_take(self, now: float) -> float | None:
        """Seconds of the clock at which there is something worth handing over; None while there is no work."""
        if not self._jobs:
            return None
        first = min(job.end_N[job.n_taken] for job in self._jobs)
        whole = min(job.end_N[-1] for job in self._jobs)
        first_s, whole_s = np.interp([first, whole], self._step_K, self._second_K)
        # A moment later: turned back into steps, the time at which a sample ends may fall short of its end.
        return _MOMENT_S + max(now, min(float(whole_s), max(float(first_s), now + self._world.gather_s)))

    def withdraw(self, lease: int, now: float) -> int:
        """Draw no more of a lease; return the tokens that were decoded of it and not handed over."""
        step = self._at(now)
        self._queue = deque(each for each in self._queue if each[0] != lease)
        lost = self._untaken([job for job in self._jobs if job.lease == lease], step)
        left = [job for job in self._jobs if job.lease != lease]
        self._jobs, self._free = [], [step] * self._world.seats
        for job in left:
            self._again(job, step)
        self._time(step, now)
        self._begin(now)
        return lost

    def untaken(self, now: float) -> int:
        """Tokens that were decoded and not handed over."""
        return self._untaken(self._jobs, self._at(now))

    def starts(self, row: int) -> float | None:
        """Seconds of the clock at which the first sample of a problem begins, where it is at work or will be."""
        starts = [
            float((job.end_N - job.drawn.tokens_N)[job.drawn.row_N == row].min())
            for job in self._jobs
            if (job.drawn.row_N == row).any()
        ]
        return float(np.interp(min(starts), self._step_K, self._second_K)) if starts else None

    def _begin(self, now: float) -> None:
        while self._queue and (self._world.feed is Feed.CONTINUOUS or not self._jobs):
            step = self._at(now)
            lease, drawn = self._queue.popleft()
            self._jobs.append(self._seated(lease, drawn, step))
            self._time(step, now)

    def _seated(self, lease: int, drawn: Drawn, step: float) -> Job:
        if self._free[0] < step:  # no seat is free in the past
            self._free = [max(free, step) for free in self._free]
            heapify(self._free)
        free = self._free
        end_N = np.array([heapreplace(free, free[0] + tokens) + tokens for tokens in drawn.tokens_N.tolist()])
        self._last_start = float(end_N[-1] - drawn.tokens_N[-1]) if len(end_N) else step
        order = np.argsort(end_N, kind="stable")
        return Job(lease, Drawn(*(array_N[order] for array_N in drawn)), end_N[order])

    def _again(self, job: Job, step: float) -> None:
        """Seat a job anew where seats fell free: what had begun goes on, what had not begins earlier."""
        began_N = job.end_N - job.drawn.tokens_N < step
        for end in job.end_N[began_N & (job.end_N > step)].tolist():
            heapreplace(self._free, end)
        rest = self._seated(job.lease, Drawn(*(array_N[~began_N] for array_N in job.drawn)), step)
        end_N = np.concatenate([job.end_N[began_N], rest.end_N])
        order = np.argsort(end_N, kind="stable")
        pairs = zip(job.drawn, rest.drawn, strict=True)
        drawn = Drawn(*(np.concatenate([mine_N[began_N], other_N])[order] for mine_N, other_N in pairs))
        self._jobs.append(Job(job.lease, drawn, end_N[order], job.n_taken))

    def _at(self, now: float) -> float:
        return float(np.interp(now, self._second_K, self._step_K))

    def _time(self, step: float, now: float) -> None:
        """Say when each coming step ends, if no further lease comes."""
        end_N = np.sort(np.concatenate([job.end_N for job in self._jobs] or [np.zeros(0)]))
        after_N = end_N[np.searchsorted(end_N, max(step, self._last_start), side="right") :]
        at_work_N = np.arange(len(after_N), 0, -1)
        if self._last_start > step:  # until then a sequence waits, so all seats are taken
            self._step_K = np.concatenate([[step, self._last_start], after_N])
            at_work_N = np.concatenate([[self._world.seats], at_work_N])
        else:
            self._step_K = np.concatenate([[step], after_N])
        step_s = (self._world.step_s + self._world.seat_step_s * at_work_N) / self._speed
        self._second_K = np.concatenate([[now], now + np.cumsum(np.diff(self._step_K) * step_s)])

    @staticmethod
    def _untaken(jobs: Iterable[Job], step: float) -> int:
        lost = 0.0
        for job in jobs:
            tokens_N, end_N = job.drawn.tokens_N[job.n_taken :], job.end_N[job.n_taken :]
            lost += (step - (end_N - tokens_N)).clip(0, tokens_N).sum()
        return int(lost)
