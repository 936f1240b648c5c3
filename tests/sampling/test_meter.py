from __future__ import annotations

import pytest

from beyondbase.sampling.meter import Meter


def test_a_meter_knows_nothing_until_it_was_told_twice() -> None:
    meter = Meter()
    assert (meter.tokens_per_s, meter.samples_per_s, meter.seconds_left(5)) == (0.0, 0.0, None)
    for _ in range(2):  # at one time
        meter.tell(3.0, tokens=70, samples=7)
        assert (meter.tokens_per_s, meter.seconds_left(5)) == (0.0, None)
    assert meter.seconds_left(0) == 0.0


@pytest.mark.parametrize("every_s", [0.5, 7.0, 90.0])
def test_a_meter_forgets_what_lies_before_its_window(every_s: float) -> None:
    """Ten times the speed in the first hour: after a window and a step of the slow one, nothing is left of it."""
    meter, now, samples = Meter(window_s=60.0), 0.0, 0.0
    while now < 7200:
        now, samples = now + every_s, samples + every_s * (20 if now < 3600 else 2)
        meter.tell(now, tokens=round(100 * samples), samples=round(samples))
        fast, slow = now < 3600, now > 3600 + 60 + 2 * every_s
        if fast and now > 2 * every_s:
            assert meter.samples_per_s == pytest.approx(20, abs=1 / every_s)
        if slow:
            assert meter.samples_per_s == pytest.approx(2, abs=1 / every_s)
            assert meter.tokens_per_s == pytest.approx(200, rel=0.02)
            assert meter.seconds_left(600) == pytest.approx(300, rel=0.2)


def test_a_meter_of_what_stands_still_knows_no_end() -> None:
    meter = Meter(window_s=60.0)
    for now in range(0, 300, 10):
        meter.tell(float(now), tokens=10 * min(now, 100), samples=min(now, 100))
    assert (meter.samples_per_s, meter.seconds_left(1)) == (0.0, None)
