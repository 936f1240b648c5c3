"""The answer: a label, a sentence with its numbers, what it rests on, and what would decide it."""

from __future__ import annotations

import polars as pl

from beyondbase.analyses.evidence import At, Evidence
from beyondbase.analyses.needs import fresh_samples, problems_needed, samples_needed, samples_to_confirm
from beyondbase.analyses.results import Cell, Crossover, CrossoverStatus, StudyVerdict, Target, VerdictLabel
from beyondbase.wording import band_text, number, points

_CONCLUSION = {
    VerdictLabel.NARROWED: "RLVR narrowed what the model can solve",
    VerdictLabel.SHARPENED: "RLVR sharpened the model and left what it can solve as it was",
    VerdictLabel.EXPANDED: "RLVR expanded what the model can solve",
    VerdictLabel.AHEAD_OPEN: "RLVR is ahead at every k, and whether it expanded what the model can solve is open",
    VerdictLabel.UNDECIDED: "the data do not decide whether RLVR narrowed or expanded what the model can solve",
}


def verdict(evidence: Evidence, solvability: pl.DataFrame) -> StudyVerdict:
    """Judge by the table of docs/method.md, section 14."""
    label = judge(evidence)
    return StudyVerdict(label, _sentence(evidence, label), _rests_on(evidence), _needs(evidence, label, solvability))


def judge(e: Evidence) -> VerdictLabel:
    """The label; where two would fit, the one that says more of large k comes first."""
    rl_first = e.first.lo > 0
    confirmed = e.cells[Cell.RL_ONLY.value][1]
    if (rl_first and e.last.hi < 0) or e.crossover.status is CrossoverStatus.BASE_AHEAD:
        return VerdictLabel.NARROWED
    if e.last.lo > 0 and confirmed:
        return VerdictLabel.EXPANDED
    if rl_first and e.last.within(e.margin):
        return VerdictLabel.SHARPENED
    if e.crossover.status is CrossoverStatus.NONE_UP_TO_N:
        return VerdictLabel.AHEAD_OPEN
    return VerdictLabel.UNDECIDED


def _sentence(e: Evidence, label: VerdictLabel) -> str:
    band = f"{e.confidence * 100:g}% band"
    these = e.target is Target.THESE_PROBLEMS
    text = f"On {'exactly these ' if these else ''}{number(e.problems, 'problem')}, RL minus base is "
    text += f"{points(e.first.delta)} points of pass@k at k = {e.first.k} ({band} {band_text(e.first.lo, e.first.hi)})"
    if e.last.k > e.first.k:
        text += f" and {points(e.last.delta)} points at k = {e.last.k} ({band_text(e.last.lo, e.last.hi)})"
    text += f": {'on them, ' if these else ''}{_CONCLUSION[label]}"
    if label is VerdictLabel.EXPANDED:
        confirmed = number(e.cells[Cell.RL_ONLY.value][1], "problem")
        text += f", with {confirmed} confirmed that only RL solves, {confirmed_by(e)}"
    if label is VerdictLabel.SHARPENED:
        text += f", to within {e.margin * 100:g} points"
    return text + "."


def _rests_on(e: Evidence) -> tuple[str, ...]:
    rl_only, base_only = e.cells[Cell.RL_ONLY.value], e.cells[Cell.BASE_ONLY.value]
    facts = [
        f"the same {number(e.problems, 'problem')} for both models, {_taken_as(e.target)}",
        f"a band that holds for all k = 1..{e.last.k} at once, at {e.confidence * 100:g}%",
        _crossover_text(e.crossover, e.last.k),
        f"solved at least once: {rl_only[0]} by RL only, {base_only[0]} by the base only "
        f"(McNemar p = {e.mcnemar:.2g}); confirmed {rl_only[1]} and {base_only[1]}, {confirmed_by(e)}",
    ]
    if e.table_n is not None:
        facts.append(
            f"the models drew unequally: McNemar's test and the ratios take {number(e.table_n, 'sample')} of each "
            "problem from both, at random"
        )
    if e.last.within(e.margin) and not e.last.open:
        facts.append(
            f"a difference at k = {e.last.k} that is certain in sign, and smaller than {e.margin * 100:g} points"
        )
    facts.append("these two checkpoints: another training run may differ")
    return tuple(facts)


def confirmed_by(e: Evidence) -> str:
    """What the confirmed problems rest on."""
    if e.confirmation is None:
        return "by the same samples"
    tested = dict(e.confirmation.directions.select("cell", "tested").iter_rows())
    return f"on fresh samples alone ({tested[Cell.RL_ONLY.value]} and {tested[Cell.BASE_ONLY.value]} were tested)"


def _taken_as(target: Target) -> str:
    if target is Target.THESE_PROBLEMS:
        return "and no others: only which samples were drawn is left to chance"
    return "taken as a sample of all such problems"


def _crossover_text(crossover: Crossover, largest: int) -> str:
    match crossover.status:
        case CrossoverStatus.CROSSES:
            return (
                f"the base overtakes RL at some k in {crossover.lo}..{crossover.hi} (the curves meet at {crossover.k})"
            )
        case CrossoverStatus.NONE_UP_TO_N:
            return f"RL is ahead at every k up to {largest}"
        case CrossoverStatus.BASE_AHEAD:
            return f"the base is ahead at every k up to {largest}"
        case CrossoverStatus.UNDECIDED:
            where = (
                f"the curves meet at k = {crossover.k}"
                if crossover.k
                else f"the curves do not meet up to k = {largest}"
            )
            return f"{where}, which the band does not settle"


def _needs(e: Evidence, label: VerdictLabel, solvability: pl.DataFrame) -> tuple[str, ...]:
    if label is VerdictLabel.AHEAD_OPEN:
        return (_to_confirm(e, solvability),)
    if label is not VerdictLabel.UNDECIDED:
        return ()
    needs = [_problems_at(e, at) for at in dict.fromkeys((e.first, e.last)) if at.open]
    if e.last.lo > 0:
        needs.append(_to_confirm(e, solvability))
    if not needs:  # the sign is certain at both ends, and not what any verdict asks for
        needs.append(f"a lead at every k up to {e.last.k}: the sign is certain at both ends and open between them")
    return tuple(needs)


def _to_confirm(e: Evidence, solvability: pl.DataFrame) -> str:
    """What would confirm an RL-only problem."""
    if e.escalation is not None:
        return f"{samples_to_confirm(solvability, e.confidence)}; {fresh_samples(e.escalation)}"
    if e.confirmation is None:
        return samples_to_confirm(solvability, e.confidence)
    tested = number(e.confirmation.directions["tested"][0], "problem")
    return f"a larger k, or more fresh samples: of {tested} tested as RL only none is confirmed"


def _problems_at(e: Evidence, at: At) -> str:
    half = (at.hi - at.lo) / 2
    ways = {"to tell which is ahead": abs(at.delta)}
    if at.k == e.last.k:
        ways[f"to show a difference below {e.margin * 100:g} points"] = e.margin - abs(at.delta)
    way = max(ways, key=lambda name: ways[name])  # the one that leaves the band most room
    if e.target is Target.THESE_PROBLEMS:
        return _samples_alone(e, at, way, ways[way])
    problems = problems_needed(e.problems, half, ways[way])
    if problems is None:
        return f"at k = {at.k}: no realistic number of problems would decide a difference of {points(at.delta)} points"
    text = f"at k = {at.k}: about {problems:,} problems like these (now {e.problems:,}) {way}, if the difference stays "
    return f"{text}at {points(at.delta)} points{_samples_at(e, at, ways[way])}"


def _samples_alone(e: Evidence, at: At, way: str, room: float) -> str:
    """What would do where the problems are given: all of the band comes from the draws."""
    samples = samples_needed(e.last.k, 1.0, (at.hi - at.lo) / 2, room)
    if samples is None:
        return f"at k = {at.k}: no realistic number of samples would decide a difference of {points(at.delta)} points"
    return (
        f"at k = {at.k}: about {samples:,} samples of each problem (now {e.last.k:,}) {way}, if the difference stays "
        f"at {points(at.delta)} points"
    )


def _samples_at(e: Evidence, at: At, room: float) -> str:
    """The other way: more samples of the same problems; at the last budget only, where the draws weigh most."""
    if at.k != e.last.k:
        return ""
    samples = samples_needed(e.last.k, e.noise, (at.hi - at.lo) / 2, room)
    if samples is None:
        return "; more samples of the same problems would not do"
    return f"; or about {samples:,} samples of each of the same problems (now {e.last.k:,})"
