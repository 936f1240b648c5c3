"""Diversity in words: what the two models find among equally many samples, and which measures moved."""

from __future__ import annotations

from typing import Any

from beyondbase.analyses.results import Diversity, PathCoverage, StudyAnalysis
from beyondbase.report.figures.diversity import LABELS, moved, ordered
from beyondbase.report.section import Group, Head, Section, SectionTable
from beyondbase.wording import number

_HEAD = Head("diversity", Group.WHY, "How many different things they say", "Diversity")
_MOST_PROBLEMS = 12
_DIGITS = {"effective number": 1, "nats": 2, "share": 3}
_MISSING = {
    "answers": "distinct final answers",
    "solutions": "distinct correct solutions",
    "programs": "distinct programs",
    "words": "words and ways of reasoning",
}

_Row = dict[str, Any]


def section(analysis: StudyAnalysis) -> Section | None:
    """The section, or why there is none; None where nobody asked."""
    result = analysis.diversity
    if result is None:
        return _HEAD.not_made(analysis.not_made)
    return _HEAD.section(
        sentences=[*_sentences(result), *_path_sentences(analysis.paths)],
        figures=("diversity", "paths_found"),
        tables=[_table(result), *_problems(analysis.paths)],
        note=_note(result),
        missing={_MISSING.get(name, LABELS.get(name, name)): why for name, why in result.missing.items()},
    )


def _sentences(result: Diversity) -> list[str]:
    """What is said of the measures that matter most, and how many moved."""
    rows = {row["measure"]: row for row in result.measures.iter_rows(named=True)}
    said = [
        _among(rows, "solutions_0", "correct samples", "distinct correct solutions"),
        _among(rows, "correct_clusters_0", "correct samples", "ways of reasoning") if "solutions_0" not in rows else "",
        _among(rows, "answers_0", "answers", "distinct final answers"),
        _entropies(rows),
        _count(result),
    ]
    return [sentence for sentence in said if sentence]


def _among(rows: dict[str, _Row], name: str, samples: str, what: str) -> str:
    if name not in rows:
        return ""
    row = rows[name]
    return (
        f"Among {row['samples']} {samples} of a problem the base has {_value(row, 'base')} {what} and RL "
        f"{_value(row, 'rl')}{_ratio(row, 'as many')} ({number(row['problems'], 'problem')} with as many under both "
        "models)."
    )


def _entropies(rows: dict[str, _Row]) -> str:
    """Token and answer entropy, which may move apart."""
    told = [
        f"the {LABELS[name]} goes from {_value(rows[name], 'base')} to {_value(rows[name], 'rl')} nats"
        f"{_ratio(rows[name], 'as much')}"
        for name in ("token_entropy", "answer_entropy")
        if name in rows
    ]
    sentence = "; ".join(told)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""


def _count(result: Diversity) -> str:
    count = moved(result.measures)
    if not sum(count.values()):
        return ""
    fell = f"diversity fell: {count['smaller']} of {sum(count.values())} measures are smaller under RL"
    rose = f"diversity rose: {count['larger']} of {sum(count.values())} measures are larger under RL"
    match (count["smaller"] > 0, count["larger"] > 0):
        case (True, False):
            text = f"On these measures {fell}, none is larger"
        case (False, True):
            text = f"On these measures {rose}, none is smaller"
        case (False, False):
            text = "No measure of diversity is known to have changed"
        case _:
            text = f"The measures disagree: {count['smaller']} are smaller under RL and {count['larger']} larger"
    return f"{text}, {count['open']} open."


def _path_sentences(paths: PathCoverage | None) -> list[str]:
    if paths is None:
        return []
    found = dict(paths.found_by.select("found_by", "solutions").iter_rows())
    only = {model: f"{found[model]:,} (in {number(_only(paths, model), 'problem')})" for model in ("base", "rl")}
    return [
        f"Of all {sum(found.values()):,} solutions of {number(paths.problems.height, 'problem')}, in "
        f"{number(paths.n, 'sample')} of each problem both models found {found['both']:,}, the base alone "
        f"{only['base']}, RL alone {only['rl']}, and neither {found['neither']:,}."
    ]


def _only(paths: PathCoverage, model: str) -> int:
    return int((paths.problems[f"{model}_found"] > paths.problems["both_found"]).sum())


def _value(row: _Row, side: str) -> str:
    return f"{row[side]:.{_DIGITS[row['unit']]}f}"


def _bounds(row: _Row, side: str) -> str:
    digits = _DIGITS[row["unit"]]
    return f"{row[f'{side}_lo']:.{digits}f} to {row[f'{side}_hi']:.{digits}f}"


def _ratio(row: _Row, as_: str) -> str:
    if row["ratio"] is None:
        return ""
    return f", {row['ratio']:.2f} times {as_} ({row['ratio_lo']:.2f} to {row['ratio_hi']:.2f})"


def _table(result: Diversity) -> SectionTable:
    rows = [
        [
            row["name"],
            str(row["samples"]),
            str(row["problems"]),
            f"{_value(row, 'base')} ({_bounds(row, 'base')})",
            f"{_value(row, 'rl')} ({_bounds(row, 'rl')})",
            f"{row['delta']:+.{_DIGITS[row['unit']]}f} "
            f"({row['delta_lo']:+.{_DIGITS[row['unit']]}f} to {row['delta_hi']:+.{_DIGITS[row['unit']]}f})",
            "" if row["ratio"] is None else f"{row['ratio']:.2f} ({row['ratio_lo']:.2f} to {row['ratio_hi']:.2f})",
        ]
        for row in ordered(result.measures).iter_rows(named=True)
    ]
    head = ["measure", "samples", "problems", "base", "RL", "RL minus base", "RL over base"]
    return SectionTable("diversity-measures", head, rows, "Diversity within problems")


def _problems(paths: PathCoverage | None) -> list[SectionTable]:
    """The problems at which most solutions were found by one model alone."""
    if paths is None:
        return []
    rows = [
        (row["problem_id"], row["n_solutions"], row["both_found"], row["base_found"], row["rl_found"])
        for row in paths.problems.iter_rows(named=True)
    ]
    rows.sort(key=lambda row: (-(row[3] + row[4] - 2 * row[2]), row[0]))
    cells = [
        [problem_id, str(n), str(both), str(base - both), str(rl - both), str(n - base - rl + both)]
        for problem_id, n, both, base, rl in rows[:_MOST_PROBLEMS]
    ]
    shown = number(len(cells), "problem")
    title = f"Solutions found by one model alone: the {shown} with most of them"
    head = ["problem", "solutions", "both", "base alone", "RL alone", "neither"]
    return [SectionTable("paths-problems", head, cells, title, "All problems are in analysis.json.")]


def _note(result: Diversity) -> str:
    return (
        f"From the first {result.n} samples of each problem, texts of the first {result.n_texts}. Orders are those of "
        "Hill numbers: the effective number of kinds, in which order 0 counts all alike and order 2 the frequent ones "
        "most; order 0 is rarefied to the samples named, orders 1 and 2 are corrected for the number of samples and "
        "may exceed it. Ways of reasoning are clusters of texts that share half of their three-word runs, seen among "
        f"the samples named. {result.confidence * 100:g}% intervals over problems, each measure alone; measures "
        "overlap and are no independent witnesses. What one model "
        "alone found in these samples the other may find in more."
    )
