"""What is assumed of a cluster: speeds, failures, the store. docs/cluster-simulation.md says where each comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from beyondbase.sampling.gather import hand_over_s

HOUR_S = 3600.0


class Feed(StrEnum):
    """How a replica's engine takes its leases."""

    CONTINUOUS = "continuous"
    """a seat that falls free is given to the next lease at once"""
    LEASES = "lease by lease"
    """a lease is begun when the one before it has ended"""


@dataclass(frozen=True, slots=True)
class World:
    """A cluster; rates of failure are per replica, node, recorder or fleet, in hours between two of them (0: never)."""

    replicas: int = 1000
    node_size: int = 8
    feed: Feed = Feed.CONTINUOUS
    seats: int = 256
    """sequences that a replica decodes at once"""
    step_s: float = 0.006
    seat_step_s: float = 0.000043
    """a decoding step takes step_s, and this for each sequence in it"""
    load_s: float = 180.0
    """from the start of a process to its first token"""
    hand_s: float | None = None
    """a replica hands over what it drew as often as this, and when a lease ends; None: as the driver on Ray asks"""
    tick_s: float = 0.2
    """the driver looks at what came as often as this"""
    replica_hours: float = 200.0
    hang_hours: float = 2000.0
    node_hours: float = 2000.0
    wave_hours: float = 12.0
    """between two waves of pre-emption"""
    wave_share: float = 0.05
    away_s: float = 600.0
    """until a machine that was taken is there again"""
    slow_share: float = 0.02
    slow_speed: float = 1 / 3
    poison: int = 10
    """problems that kill an engine a few seconds after it began to draw them"""
    recorders: int = 32
    recorder_hours: float = 500.0
    recorder_back_s: float = 20.0
    verify_s: float = 0.00014
    put_s: float = 0.1
    put_bytes_s: float = 200e6
    bytes_per_token: float = 2.07
    """in the store, text and token ids together"""

    def without_failures(self) -> World:
        """The same cluster, on which nothing is ever lost or slow."""
        never = dict.fromkeys(("replica_hours", "hang_hours", "node_hours", "wave_hours", "recorder_hours"), 0.0)
        return replace(self, **never, slow_share=0.0, poison=0)

    @property
    def gather_s(self) -> float:
        """Seconds for which a replica lets completions gather before it hands them over."""
        return hand_over_s(self.replicas) if self.hand_s is None else self.hand_s

    @property
    def tokens_per_s(self) -> float:
        """Tokens that a replica of full speed decodes each second with all seats taken."""
        return self.seats / (self.step_s + self.seat_step_s * self.seats)
