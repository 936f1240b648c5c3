from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields, replace
from types import MappingProxyType

import pytest
from rich.cells import cell_len

from beyondbase.sampling.fleet_status import COLUMNS, FleetStatus
from beyondbase.sampling.leases import Loss
from tests.shown_fleet import FLEET, HOSTILE

ROWS = 12


def named(name: str) -> FleetStatus:
    """Let everything that has a name have this one."""
    return replace(FLEET, label=name, run=name, aside=[name] * 7, waiting_for=name)


def screen(status: FleetStatus) -> str:
    return "\n".join(status.lines())


@pytest.mark.parametrize("name", [HOSTILE, "x" * 500, "数学" * 200, HOSTILE * 100, ""])
def test_no_name_steers_the_screen_or_leaves_it(name: str) -> None:
    lines = named(name).lines()
    assert len(lines) <= ROWS
    assert all(line.isprintable() and cell_len(line) <= COLUMNS for line in lines)
    assert named(name).note().isprintable()


def test_a_long_name_hides_no_number() -> None:
    text = screen(named("数学" * 200))
    for fact in ("123,456 of 1,024,000 samples (12%)", "10h00m left", "1h12m so far", "7 problems"):
        assert fact in text


def test_a_line_is_cut_only_where_it_is_too_long() -> None:
    fits = replace(FLEET, waiting_for="x" * (COLUMNS - 11))
    assert fits.lines()[-1] == f"{'waits for':<11}{fits.waiting_for}"
    cut = replace(FLEET, waiting_for="x" * (COLUMNS - 10)).lines()[-1]
    assert cut == f"{'waits for':<11}{'x' * (COLUMNS - 14)}..."


def test_the_screen_tells_the_faults_that_there_were_and_no_others() -> None:
    text = screen(FLEET)
    for fact in ("1 died, 2 gone with their machine", "4 lost", "3 requests failed", "2 shares", "aime-7, aime-9"):
        assert fact in text
    none = {"requests_failed": 0, "leases_lost": 0, "leases_copied": 0, "recorders_lost": 0}
    well = screen(replace(FLEET, **none, replicas_lost={Loss.HUNG: 0}, aside=()))
    assert "failures   none" in well
    assert not any(word in well for word in ("lost", "hung", "set aside", "waits for"))


def test_the_time_left_is_told_where_it_is_known_and_the_run_not_over() -> None:
    assert "10h00m left" in screen(FLEET)
    assert "left" not in screen(replace(FLEET, seconds_left=None))
    over = screen(replace(FLEET, over=True))
    assert "left" not in over and ", over" in over


def test_a_run_without_samples_has_a_screen() -> None:
    assert "0 of 0 samples\n" in screen(replace(FLEET, drawn=0, at_most=0, seconds_left=None))


def test_the_note_is_what_a_bar_does_not_show() -> None:
    assert FLEET.note() == "7 of 8 replicas, 12,346 tokens/s, 3 replicas lost, 2 problems set aside"
    waits = replace(FLEET, replicas_ready=0, replicas_lost={}, aside=(), tokens_per_s=0.0, waiting_for="no room")
    assert waits.note() == "0 of 8 replicas, no room"


@pytest.mark.parametrize("lost", [Counter({Loss.DIED: 2}), MappingProxyType({Loss.DIED: 2})])
def test_json_has_every_field_under_its_name_and_makes_the_status_again(lost: Counter[Loss]) -> None:
    status = replace(FLEET, replicas_lost=lost)
    told = json.loads(json.dumps(status.as_json()))
    assert set(told) == {field.name for field in fields(FleetStatus)}
    assert told["replicas_lost"] == {"died": 2}
    told |= {"replicas_lost": {Loss(name): count for name, count in told["replicas_lost"].items()}}
    again = FleetStatus(**told | {"aside": tuple(told["aside"])})
    assert again == replace(status, replicas_lost={Loss.DIED: 2})
