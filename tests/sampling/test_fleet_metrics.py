"""The text that a scraper reads, read by the rules of the format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import pytest

from beyondbase.sampling.fleet_metrics import CONTENT_TYPE, prometheus
from beyondbase.sampling.fleet_status import FleetStatus
from beyondbase.sampling.leases import Loss
from tests.shown_fleet import FLEET, HOSTILE

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
PAIR = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"'
SAMPLE = re.compile(rf"({NAME})\{{((?:{PAIR},?)*)\}} (\S+)")
LOST = "beyondbase_replicas_lost_total"
ESCAPED = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


class Read(NamedTuple):
    """What a scraper makes of a text."""

    kinds: Mapping[str, str]
    values: Mapping[tuple[str, frozenset[tuple[str, str]]], float]

    def value(self, name: str, **labels: str) -> float:
        whole = {"label": FLEET.label, "run": FLEET.run} | labels
        return self.values[f"beyondbase_{name}", frozenset(whole.items())]


def read(text: str) -> Read:
    """Read version 0.0.4: a name's HELP, its TYPE, then its values, all in one place."""
    assert text.endswith("\n")
    helped, kinds, values = set[str](), dict[str, str](), dict[tuple[str, frozenset[tuple[str, str]]], float]()
    current = ""
    for line in text[:-1].split("\n"):
        if match := re.fullmatch(rf"# HELP ({NAME}) (\S.*)", line):
            assert match[1] not in helped
            helped.add(match[1])
            current = match[1]
        elif match := re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge)", line):
            assert match[1] == current and match[1] not in kinds
            kinds[match[1]] = match[2]
        else:
            match = SAMPLE.fullmatch(line)
            assert match is not None, line
            assert match[1] == current and current in kinds
            pairs = [(name, unescaped(value)) for name, value in re.findall(PAIR, match[2])]
            assert len(dict(pairs)) == len(pairs)
            key = match[1], frozenset(pairs)
            assert key not in values
            values[key] = float(match[5])
    assert helped == set(kinds)
    return Read(kinds, values)


def unescaped(value: str) -> str:
    return re.sub(r"\\.", lambda match: ESCAPED[match[0]], value)


def test_every_value_stands_under_its_name() -> None:
    found = read(prometheus(FLEET))
    assert found.value("replicas_ready") == 7
    assert found.value("replicas_lost_total", loss="died") == 1
    assert found.value("replicas_lost_total", loss="taken") == 2
    assert found.value("recorders_lost_total") == 4
    assert found.value("samples_drawn_total") == 123_456
    assert found.value("samples_at_most") == 1_024_000
    assert found.value("requests_failed_total") == 3
    assert found.value("leases_lost_total") == 2
    assert found.value("leases_copied_total") == 5
    assert found.value("batches_waiting") == 6
    assert found.value("waiting_bytes") == 3_500_000
    assert found.value("tokens_total") == 91_000_000
    assert found.value("tokens_per_second") == 12_345.6
    assert found.value("left_seconds") == 36_000
    assert found.value("problems_aside") == 2
    assert found.value("over") == 0
    assert read(prometheus(replace(FLEET, over=True))).value("over") == 1


def test_what_counts_ends_in_total_and_nothing_else_does() -> None:
    kinds = read(prometheus(FLEET)).kinds
    assert {name for name, kind in kinds.items() if kind == "counter"} == {
        name for name in kinds if name.endswith("_total")
    }
    assert all(name.startswith("beyondbase_") for name in kinds)


@pytest.mark.parametrize("name", [HOSTILE, "\\n", 'a"} 1\nevil{b="', "\\", "", "数学"])
def test_a_name_comes_out_as_it_went_in_and_adds_no_metric(name: str) -> None:
    found = read(prometheus(replace(FLEET, label=name, run=name[::-1])))
    assert set(found.kinds) == set(read(prometheus(FLEET)).kinds)
    assert found.value("samples_drawn_total", label=name, run=name[::-1]) == FLEET.drawn


def test_what_is_not_known_is_absent_and_not_zero() -> None:
    unknown = read(prometheus(replace(FLEET, seconds_left=None, replicas_lost={})))
    assert not [name for name, _ in unknown.values if name in ("beyondbase_left_seconds", LOST)]
    assert LOST in unknown.kinds


def test_every_way_to_lose_a_replica_has_a_label() -> None:
    found = read(prometheus(replace(FLEET, replicas_lost=dict.fromkeys(Loss, 9))))
    assert [found.value("replicas_lost_total", loss=loss.value) for loss in Loss] == [9] * len(Loss)


def test_a_number_is_written_whole() -> None:
    many: FleetStatus = replace(FLEET, tokens=2**53 - 1, tokens_per_s=0.1)
    found = read(prometheus(many))
    assert (found.value("tokens_total"), found.value("tokens_per_second")) == (2**53 - 1, 0.1)


def test_the_type_names_the_version() -> None:
    assert CONTENT_TYPE == "text/plain; version=0.0.4; charset=utf-8"
