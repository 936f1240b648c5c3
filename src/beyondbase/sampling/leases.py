"""Leases: samples that one replica of an engine draws, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from beyondbase.sampling.plan import Span


class Loss(StrEnum):
    """Why a replica is no longer there."""

    DIED = "died"
    """its process ended, on a machine that lives on: what it drew may be why"""
    HUNG = "hung"
    """it handed over nothing for too long and was ended: what it drew may be why"""
    TAKEN = "taken"
    """its machine is gone, by a failure or pre-emption: no problem is to blame"""


@dataclass(frozen=True, slots=True)
class Terms:
    """How leases are cut, and what is borne."""

    most: int = 256
    """samples of a lease"""
    least: int = 16
    """samples of a lease near the end, where smaller ones let all replicas end together"""
    ahead: int = 3
    """full leases that a replica holds, in one or in many pieces, so that it never waits for the next"""
    hang_s: float = 1800.0
    """a replica that shows no progress for so long, although it has work, is taken for hung"""
    late: float = 2.0
    """a lease that takes so many times the usual is a straggler, which a replica without work draws too"""
    strikes: int = 3
    """losses of a replica at a problem until the problem is set aside"""


@dataclass(slots=True, eq=False)
class Lease:
    """Samples that one replica draws."""

    number: int
    spans: Sequence[Span]
    """without those whose request failed, which may be drawn elsewhere by now"""
    replica: str
    given_s: float
    n_samples: int = 0
    """when it was handed out"""
    alone: bool = False
    """of one problem that is suspected of killing engines, and shares its replica with no other"""
    twin: Lease | None = None
    """the other lease of the same samples, where a straggler was handed out twice"""
    unrecorded: int = 0
    """batches with completions of it that are not recorded yet"""
    loss: Loss | None = None
    n_th_loss: int = 0
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Handed:
    """What a driver is told of a batch of completions: whose they are, not what they say."""

    leases: frozenset[int]
    """leases that it has completions of"""
    ended: frozenset[int] = frozenset()
    """leases of which their replica has no more after it"""


@dataclass(frozen=True, slots=True)
class Aside:
    """What was being drawn of a problem when it was set aside."""

    span: Span
    loss: Loss
    """how the last replica ended that drew it"""
