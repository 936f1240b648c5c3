"""A fleet of which everything is told, for the tests of what shows it."""

from __future__ import annotations

from beyondbase.sampling.fleet_status import FleetStatus
from beyondbase.sampling.leases import Loss

FLEET = FleetStatus(
    label="base",
    run="s3://bucket/runs/base",
    replicas_wanted=8,
    replicas_ready=7,
    replicas_lost={Loss.DIED: 1, Loss.TAKEN: 2},
    recorders_ready=1,
    recorders_lost=4,
    drawn=123_456,
    at_most=1_024_000,
    under_way=1_792,
    problems_open=880,
    problems=1_000,
    requests_failed=3,
    leases_open=21,
    leases_lost=2,
    leases_copied=5,
    batches_waiting=6,
    bytes_waiting=3_500_000,
    tokens=91_000_000,
    tokens_per_s=12_345.6,
    samples_per_s=24.5,
    seconds_left=36_000.0,
    aside=("aime-7", "aime-9"),
    waiting_for="",
    elapsed_s=4_321.5,
)
HOSTILE = 'a\x1b[2J\u202e"\\\r\nb\x9b\udc80'
"""a name that would steer a terminal, end a line, and is no text"""
