"""A process of a cluster that judges what replicas drew and writes it, with its verdicts, as parts of its own."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from beyondbase.integrations.ray.replica import Drawn
from beyondbase.sampling.plan import STATE_OF, Span, State, StateArray
from beyondbase.store import PartWriter, open_run
from beyondbase.store.parts import unique_name
from beyondbase.store.place import Place
from beyondbase.types import Finish
from beyondbase.verification.runner import JUDGED, Judge
from beyondbase.verification.verifier import Verifier


@dataclass(frozen=True, slots=True)
class Session:
    """What is recorded: samples of one run, for one verifier."""

    name: str
    run: Place
    verifier: Verifier


class Recorded(NamedTuple):
    """What became of batches."""

    rows: list[tuple[Span, StateArray]]
    """State.MISSING stands for a request that failed"""
    n_failed: int
    n_tokens: int


class Recorder:
    """Writes under a name like no other: several are at work on one run, and none waits for another."""

    def __init__(self) -> None:
        self._session = ""

    def record(self, session: Session, *batches: Drawn) -> Recorded:
        """Commit the samples of batches, then their verdicts; raises StoreError where the store cannot be written."""
        if session.name != self._session:
            self._begin(session)
        drawn = [each for batch in batches for each in batch]
        writer = self._writer
        for request, completion in drawn:
            writer.append_sample(request, completion)
        writer.commit()
        states = self._judged(drawn, writer)
        writer.commit()
        n_failed = sum(done.finish is Finish.ERROR for _, done in drawn)
        return Recorded(states, n_failed, sum(done.n_tokens or 0 for _, done in drawn))

    def pid(self) -> int:
        """Number of this process."""
        return os.getpid()

    def _begin(self, session: Session) -> None:
        run = open_run(session.run)
        # Not entered: without its clock, nothing is committed but whole calls.
        self._writer = PartWriter(run, unique_name(""))
        self._verifier = session.verifier
        self._judge = Judge(session.verifier, run.problems())
        self._session = session.name

    def _judged(self, drawn: Drawn, writer: PartWriter) -> list[tuple[Span, StateArray]]:
        """Judge what was drawn, and say what is known now of each sample, problem by problem."""
        known = {(ask.problem_id, ask.sample_index): State.MISSING for ask, _ in drawn}
        good = [(ask.problem_id, ask.sample_index, done.text, done.finish.value) for ask, done in drawn]
        frame = pl.DataFrame(good, ["problem_id", "sample_index", "text", "finish"], orient="row")
        for verdicts in self._judge.rows([frame.filter(pl.col("finish") != Finish.ERROR.value)]):
            writer.append_verdicts(self._verifier.name, verdicts)
            for problem_id, index, verdict in verdicts.select(JUDGED).iter_rows():
                known[problem_id, index] = STATE_OF[verdict]
        of_problem = defaultdict[str, list[tuple[int, int]]](list)
        for (problem_id, index), state in known.items():
            of_problem[problem_id].append((index, state))
        spans = []
        for problem_id, told in of_problem.items():
            index_N, state_N = np.array(told).T
            spans.append((Span(problem_id, index_N), state_N.astype(np.int8)))
        return spans
