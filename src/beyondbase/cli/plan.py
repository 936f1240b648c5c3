"""`beyondbase plan`: how wide the band, how likely each verdict, and what it costs, before any sampling."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from beyondbase.analyses.plan import plan
from beyondbase.analyses.plan_tables import Prices
from beyondbase.analyses.planned_rates import PRESETS, Piloted, Rates, piloted
from beyondbase.analyses.simulated_study import Design, Terms
from beyondbase.cli.settings import Analysis, Draw, claim_folder, save_config
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.errors import BadInput
from beyondbase.extras import load
from beyondbase.store import open_run
from beyondbase.types import Progress

_LAW, _CHANGE = ("zero", "alpha", "beta"), ("odds", "lost", "unlocked")


@dataclass(frozen=True, slots=True)
class Assume:
    """Success rates to plan with where there is no pilot; what is given replaces that part of the preset."""

    preset: str | None = None
    """rates near those of a measured pair: deepscaler (1,060 maths problems; the default) or countdown (the demo)"""
    zero: float | None = None
    """share of problems that the base never solves"""
    alpha: float | None = None
    """the base's other rates follow Beta(alpha, beta)"""
    beta: float | None = None
    """see alpha"""
    odds: float | None = None
    """RL multiplies the odds of success of every problem by this; 1 for no effect"""
    lost: float | None = None
    """share of problems whose rate RL takes to 0"""
    unlocked: float | None = None
    """share of the problems that the base never solves to which RL gives a rate"""

    def given(self) -> list[str]:
        """Name what was set by hand."""
        return [name for name in ("preset", *_LAW, *_CHANGE) if getattr(self, name) is not None]

    def rates(self, tokens: float | None) -> Rates:
        """Return the rates, or raise BadInput for a law or change that cannot be."""
        name = self.preset or next(iter(PRESETS))
        if name not in PRESETS:
            raise BadInput(f"preset: expected one of {', '.join(PRESETS)}, got {name!r}")
        law, change = ({part: getattr(self, part) for part in self.given() if part in of} for of in (_LAW, _CHANGE))
        return replace(PRESETS[name], base=replace(PRESETS[name].base, **law), tokens=tokens, **change)


@dataclass(frozen=True, slots=True)
class PlanConfig:
    """Say before sampling what a study would show and cost, from assumed rates or from a pilot.

    The study and others around it are simulated, with the band and the verdict of `compare`.
    """

    problems: int | None = None
    """number of problems; by default the pilot's, or 200"""
    pilot: Path | None = None
    """folder of a study whose two runs are the pilot"""
    base: str | None = None
    """run of the base model that is the pilot, with --rl: folder or URL"""
    rl: str | None = None
    """run of the RL model that is the pilot, with --base"""
    tokens_per_sample: float | None = None
    """mean tokens of a sample; a pilot has measured them"""
    tokens_per_second: float | None = None
    """tokens generated a second, over all machines"""
    price: float | None = None
    """of a million generated tokens, in any currency"""
    target: float = 0.8
    """chance of an answer (narrowed, sharpened or expanded) to look for"""
    runs: int = 600
    """simulated studies of the stated size; others get a quarter"""
    seed: int = 0
    """of the simulation"""
    out: Path | None = None
    """folder for plan.json and the figure; by default nothing is written"""
    assume: Assume = field(default_factory=Assume)
    draw: Draw = field(default_factory=Draw)
    analysis: Analysis = field(default_factory=Analysis)


def run(config: PlanConfig, progress: Progress) -> Outcome:
    """Simulate, and say what came of it."""
    rates = _rates(config)
    pilot_size = len(rates.base) if isinstance(rates, Piloted) else 200
    design = Design(pilot_size if config.problems is None else config.problems, config.draw.rule())
    terms = Terms(config.analysis.confidence, config.analysis.margin, config.seed)
    prices = Prices(config.tokens_per_second, config.price)
    if config.out is not None:
        claim_folder(config.out)
    result = plan(rates, design, terms, prices, runs=config.runs, target=config.target, progress=progress)
    lines = list(load("beyondbase.report.plan_summary:plan_lines")(result))
    if config.out is not None:
        path = load("beyondbase.report.result_files:write_result")(result, config.out)
        save_config(config.out / "plan.toml", "plan", config)
        lines.append(f"numbers: {path}; figure: {config.out / 'figures' / 'plan.svg'}")
    return Outcome(lines, json.loads(result.to_json()))


def _rates(config: PlanConfig) -> Rates:
    """Return the pilot's rates where there is one, else the assumed ones."""
    runs = {"--base": config.base, "--rl": config.rl}
    given = [name for name, path in runs.items() if path is not None]
    if config.pilot is not None and given:
        raise BadInput(f"pilot: expected --pilot STUDY or --base RUN and --rl RUN, got --pilot and {given[0]}")
    if len(given) == 1:
        raise BadInput(f"pilot: expected both --base RUN and --rl RUN, got {given[0]} alone")
    if config.pilot is None and not given:
        return config.assume.rates(config.tokens_per_sample)
    if set_by_hand := config.assume.given() + ["tokens-per-sample"] * (config.tokens_per_sample is not None):
        raise BadInput(f"{set_by_hand[0]}: expected no assumption beside a pilot, which has measured it; leave it out")
    base, rl = (config.base, config.rl) if config.pilot is None else (config.pilot / "runs" / m for m in ("base", "rl"))
    assert base is not None
    assert rl is not None
    return piloted(open_run(base), open_run(rl), allow_unequal=frozenset(config.analysis.allow_unequal))


VERB = Verb(
    PlanConfig,
    run,
    example="beyondbase plan --problems 500 --tokens-per-sample 6000 --tokens-per-second 2500 --price 0.5",
    resume="run the same command again",
)
