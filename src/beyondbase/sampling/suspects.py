"""Problems that replicas were lost at: each is drawn alone, by one replica at a time, until it is cleared."""

from __future__ import annotations

from collections import defaultdict, deque

from beyondbase.sampling.plan import Span


class Suspects:
    """Problems under suspicion, and spans of them that wait for a replica which draws nothing else.

    >>> import numpy as np
    >>> suspects = Suspects()
    >>> suspects.strike("a", n_th_loss=1), "a" in suspects, suspects.ready
    (1, True, False)
    >>> suspects.add(Span("a", np.array([0, 1])))
    >>> suspects.take().index_N.tolist(), suspects.ready
    ([0, 1], False)
    """

    def __init__(self) -> None:
        self._losses = defaultdict[str, set[int]](set)
        self._waiting = dict[str, list[Span]]()
        self._line = deque[str]()
        self._drawn = set[str]()

    def __contains__(self, problem_id: str) -> bool:
        return problem_id in self._waiting

    @property
    def ready(self) -> bool:
        """Whether a span waits of a problem that nobody draws alone now."""
        return bool(self._line)

    def strike(self, problem_id: str, n_th_loss: int) -> int:
        """Suspect a problem of the n-th loss of a replica; return how many losses it is suspected of, ever."""
        self._waiting.setdefault(problem_id, [])
        self._losses[problem_id].add(n_th_loss)
        return len(self._losses[problem_id])

    def add(self, span: Span) -> None:
        """Let a span of a suspected problem wait."""
        waiting = self._waiting[span.problem_id]
        if not waiting and span.problem_id not in self._drawn:
            self._line.append(span.problem_id)
        waiting.append(span)

    def take(self) -> Span:
        """Take a span that is ready; further ones of its problem wait until this one is back."""
        problem_id = self._line.popleft()
        self._drawn.add(problem_id)
        return self._waiting[problem_id].pop(0)

    def back(self, problem_id: str) -> None:
        """Take note that a problem is drawn alone no more."""
        self._drawn.discard(problem_id)
        if self._waiting.get(problem_id):
            self._line.append(problem_id)

    def drop(self, problem_id: str) -> list[Span]:
        """Suspect a problem no more; return what of it waited. What it was suspected of is not forgotten."""
        self._drawn.discard(problem_id)
        if problem_id in self._line:
            self._line.remove(problem_id)
        return self._waiting.pop(problem_id, [])
