"""The words for runs that were imported from another program's logs: from where, what is missing, what is unknown."""

from __future__ import annotations

from collections.abc import Iterator

from beyondbase.analyses.results import RunHealth, StudyAnalysis
from beyondbase.wording import number

_UNTOLD = "not told / not told"


def imported_sentences(analysis: StudyAnalysis) -> list[str]:
    """Say where each imported run is from, what it lacks, and which settings nobody told; none for runs of our own."""
    said = [*_of_run(analysis.base_health, "base"), *_of_run(analysis.rl_health, "RL")]
    unknown = unknown_sentence(analysis)
    return [*said, *([unknown] if unknown else [])]


def unknown_sentence(analysis: StudyAnalysis) -> str:
    """Say which settings the logs do not tell; nothing where all is known."""
    if not analysis.unknown:
        return ""
    neither = [name for name, both in analysis.unknown.items() if both == _UNTOLD]
    one = [f"{name} ({both})" for name, both in analysis.unknown.items() if both != _UNTOLD]
    parts = []
    if neither:
        parts.append(f"not told by the logs: {', '.join(neither)}")
    if one:
        parts.append(f"told of one run alone (base / RL): {', '.join(one)}")
    return f"Unknown settings, in which the two runs may differ: {'; '.join(parts)}."


def imported_briefly(run: RunHealth) -> str:
    """How many samples of a problem count, and how many are missing; nothing for a run of our own."""
    if not run.source:
        return ""
    missing = f", {run.missing:,} without a verdict" if run.missing else ""
    return f" (imported; n {spread(run)}{missing})"


def spread(run: RunHealth) -> str:
    """Write the counted samples of the problems with fewest and with most."""
    if run.n_fewest == run.n_most:
        return f"{run.n_most:,}"
    return f"from {run.n_fewest:,} to {run.n_most:,}"


def _of_run(run: RunHealth, model: str) -> Iterator[str]:
    if not run.source:
        return
    yield (
        f"The {model} samples are imported from {run.source}: {number(run.samples, 'sample')} with a verdict of "
        f"{number(run.problems, 'problem')}, n {spread(run)}; missing, and not counted as wrong, are "
        f"{number(run.missing, 'sample')} without a verdict and {number(run.failed_requests, 'failed request')}."
    )
    for line in run.noticed:
        yield f"Of the {model} log: {line}."
