"""Before sampling: how wide the band will be, how likely each verdict is, what it costs, and what would do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from beyondbase.analyses.plan_tables import NO_PRICES, Prices, budgets_table, cost_table, designs_table, verdicts_table
from beyondbase.analyses.planned_rates import Piloted, Rates
from beyondbase.analyses.results import StudyPlan
from beyondbase.analyses.simulated_study import (
    DECIDED,
    Design,
    Simulated,
    Terms,
    chance_of,
    check_design,
    check_rates,
    simulate,
)
from beyondbase.checks import instance, is_number, shown, whole_number
from beyondbase.draw_ladder import samples_drawn
from beyondbase.errors import BadInput
from beyondbase.estimators.simulated_counts import draw_counts
from beyondbase.types import DrawRule, Progress, silent

_PROBLEMS_TIMES = (0.25, 0.5, 1, 2, 4)
_SAMPLES_TIMES = (0.25, 1, 4)
_STOPS = (2, 4, None)
_FEWEST_RUNS = 20


def plan(
    rates: Rates,
    design: Design,
    terms: Terms,
    prices: Prices = NO_PRICES,
    *,
    runs: int = 600,
    target: float = 0.8,
    progress: Progress = silent,
) -> StudyPlan:
    """Simulate a study and others around it; after a pilot, also look for the cheapest that decides.

    The stated design is simulated `runs` times, every other a quarter as often: problems x 1/4, 1/2, 1, 2, 4
    and samples x 1/4, 1, 4 under the same stop. The cheapest design whose chance of a decided verdict, less one
    standard error, reaches `target` is looked for among those with at least the stated samples (a verdict is
    about k = n); after a pilot, other stops are tried too, wherever they would be cheaper.

    >>> from beyondbase.analyses.planned_rates import PRESETS
    >>> result = plan(PRESETS["countdown"], Design(100, DrawRule(64)), Terms(), runs=20)
    >>> result.budgets["k"].to_list(), result.designs.height
    ([1, 2, 4, 8, 16, 32, 64], 15)
    """
    check_rates(rates)
    check_design(design)
    instance(Terms, terms)
    instance(Prices, prices)
    whole_number("runs", runs, _FEWEST_RUNS, what="simulated studies")
    if not is_number(target) or not 0 < target < 1:
        raise BadInput(f"target: expected a chance above 0 and below 1, such as 0.8, got {shown(target)}")
    table = [stated if stated != design else design for stated in _table(design)]
    others = max(_FEWEST_RUNS, runs // 4)
    times = {each: runs if each == design else others for each in table}
    report = _reporter(progress, sum(each.problems * n for each, n in times.items()))
    found = [simulate(rates, each, terms, n, report(each.problems)) for each, n in times.items()]
    cheapest = _cheapest(found, design, target)
    if isinstance(rates, Piloted):
        found += _other_stops(rates, design, terms, others, target, cheapest, progress)
        cheapest = _cheapest(found, design, target)
    mine = found[table.index(design)]
    decided, error = chance_of(DECIDED, mine.labels)
    return StudyPlan(
        source=rates.source,
        problems=design.problems,
        n_max=design.rule.n_max,
        stop_at=design.rule.stop_at,
        n_first=design.rule.n_first,
        confidence=terms.confidence,
        margin=terms.margin,
        seed=terms.seed,
        runs=runs,
        tokens_per_second=prices.tokens_per_second,
        price=prices.price,
        budgets=budgets_table(mine),
        verdicts=verdicts_table(mine),
        decided=decided,
        decided_error=error,
        cost=cost_table(mine, prices),
        designs=designs_table(found, prices),
        target=target,
        cheapest=None if cheapest is None else found.index(cheapest),
        assumes=_assumes(rates, design),
    )


def _table(design: Design) -> list[Design]:
    """The stated design and those around it, under the same stop; what cannot be drawn is left out."""
    stop, designs = design.rule.stop_at, list[Design]()
    for n_max in (int(design.rule.n_max * times) for times in _SAMPLES_TIMES):
        if n_max >= max(1, stop or 0):
            rule = replace(design.rule, n_max=n_max)
            designs += [Design(problems, rule) for problems in _problems(design.problems)]
    return designs


def _problems(stated: int) -> list[int]:
    return sorted({max(2, round(stated * times)) for times in _PROBLEMS_TIMES})


def _other_stops(
    rates: Rates,
    design: Design,
    terms: Terms,
    runs: int,
    target: float,
    best: Simulated | None,
    progress: Progress,
) -> list[Simulated]:
    """Designs with another stop, from the cheapest on, up to the first that reaches the target or is no cheaper."""
    tried = list[Simulated]()
    rules = [
        replace(design.rule, n_max=design.rule.n_max * times, stop_at=stop)
        for times in (1, 4)
        for stop in _STOPS
        if stop != design.rule.stop_at and (stop or 0) <= design.rule.n_max
    ]
    price_of = {rule: _price_of_a_problem(rates, rule, terms.seed) for rule in rules}
    limit = np.inf if best is None else _price(best)
    designs = [Design(problems, rule) for problems in _problems(design.problems) for rule in rules]
    designs = [each for each in designs if each.problems * price_of[each.rule] < limit]
    for number, each in enumerate(sorted(designs, key=lambda one: one.problems * price_of[one.rule])):
        progress("try other stops", number, len(designs))
        tried.append(simulate(rates, each, terms, runs, wanted=target))
        if _reaches(tried[-1], target):
            break
    progress("try other stops", len(designs), len(designs))
    return tried


def _price_of_a_problem(rates: Rates, rule: DrawRule, seed: int) -> float:
    """Tokens of a problem under both models, or samples where tokens are not known: a mean over 4,000 draws."""
    rng, total = np.random.default_rng(seed), 0.0
    for _ in range(20):
        truth = rates.draw(200, rng)
        for rate_P, tokens_P in ((truth.base_P, truth.base_tokens_P), (truth.rl_P, truth.rl_tokens_P)):
            drawn_P = samples_drawn(draw_counts(rate_P, rule, rng).n_P, rule)
            total += float(drawn_P @ np.where(np.isfinite(tokens_P), tokens_P, 1.0))
    return total / 4000


def _cheapest(found: Iterable[Simulated], design: Design, target: float) -> Simulated | None:
    enough = [s for s in found if s.design.rule.n_max >= design.rule.n_max and _reaches(s, target)]
    return min(enough, key=_price, default=None)


def _reaches(simulated: Simulated, target: float) -> bool:
    chance, error = chance_of(DECIDED, simulated.labels)
    return chance - error >= target


def _price(simulated: Simulated) -> float:
    tokens = float(simulated.tokens_R_M.sum(axis=1).mean())
    return tokens if np.isfinite(tokens) else float(simulated.samples_R_M.sum(axis=1).mean())


def _assumes(rates: Rates, design: Design) -> tuple[str, ...]:
    return (
        *rates.caveats(design.rule.n_max),
        "every chance is one of the simulation, given those rates: it is not the chance that RLVR did this or that",
        "each simulated study has new problems, independent of each other: a set of families of like problems tells "
        "less than its size",
        "the band stands on k = 1, 2, 4 ... n; that of a comparison stands on every k and is about 0.5% wider",
        "cost: generated tokens of both models, in the samples that a run draws, those of n_first and past a stop "
        "included; prompts, failed requests and the verifier are left out",
    )


def _reporter(progress: Progress, total: int) -> Callable[[int], Callable[[int], None]]:
    """Progress in simulated problems, over all designs: what a run takes grows with its problems."""
    behind = 0

    def of_design(problems: int) -> Callable[[int], None]:
        def done(run: int) -> None:
            nonlocal behind
            behind += problems
            progress("simulate studies", behind, total)

        return done

    return of_design
