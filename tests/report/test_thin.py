"""Successes that are few among many samples: a warning on the first screen where they could make the verdict."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from beyondbase.analyses.results import StudyAnalysis, Thin, Tipping
from beyondbase.analyses.serialize import from_json
from beyondbase.report.page import render
from beyondbase.report.summary import summary_lines


def test_the_warning_stands_before_the_verdict_and_only_where_a_lead_could_fall(
    make_study: Callable[..., StudyAnalysis],
) -> None:
    plain = make_study(10, whole=False)
    assert "Few successes" not in render(plain, [])
    assert "WARNING" not in " ".join(summary_lines(plain))
    lead = Tipping("the base's lead", 256, "base", 0.0004, 0.0007)
    thin = (Thin("base", 80, 13, 47, 0.00098, lead), Thin("RL", 80, 2, 58, 0.0002, None))
    warned = dataclasses.replace(plain, thin=thin)
    first_screen = render(warned, []).partition('<section class="first">')[0]
    assert first_screen.count("Few successes among many samples") == 1
    assert "0.098% of wrong answers" in first_screen
    assert "WARNING: the base counts as solving 13 problems of 80" in " ".join(summary_lines(warned))
    again = from_json(warned.to_json())
    assert isinstance(again, StudyAnalysis)
    assert again.thin == thin
