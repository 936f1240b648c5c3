"""What an experiment says, in sentences and tables in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from beyondbase.analyses.results import Decision, ExperimentResults, ExperimentTable
from beyondbase.report.section import SectionTable
from beyondbase.wording import band_text, duration, number, points

_DASH = "–"


def answer_sentences(results: ExperimentResults) -> list[str]:
    """The answer: how many statements hold, and what became of the models on each set."""
    said = []
    decisions = results.conclusions["decision"].to_list()
    if decisions:
        said.append(f"{number(len(decisions), 'statement').capitalize()}: {_counted(decisions)}.")
    for set_ in results.sets:
        trained = results.models.filter(pl.col("set") == set_, pl.col("label").is_not_null())
        groups = trained.group_by("label", maintain_order=True).agg("row")
        parts = [f"{label}: {', '.join(_short(row) for row in rows)}" for label, rows in groups.rows()]
        if parts:
            said.append(f"On {set_}, against their bases: {'; '.join(parts)}.")
    missing = results.models.filter(pl.col("why") != "")
    if missing.height:
        said.append(f"Not whole: {number(missing.height, 'row')} below, each with its reason.")
    return said


def conclusions_table(results: ExperimentResults) -> SectionTable | None:
    """The findings, one row a statement."""
    if not results.conclusions.height:
        return None
    rows = []
    for number_, text, paper, decision in results.conclusions.rows():
        some = results.findings.filter(pl.col("number") == number_)
        rows.append((text, paper or _DASH, decision, _evidence(some)))
    head = ("statement", "the source says", "here", "difference in points of pass@k, with its interval")
    level = f"{results.confidence * 100:g}%"
    note = (
        f"An interval is a {level} one for this difference alone, over problems, and over trainings where a model has "
        "several; it is not widened for the number of statements. A statement about several models holds if it holds "
        "for each, and does not if it does not for one."
    )
    return SectionTable("conclusions", head, rows, note=note)


def _evidence(some: pl.DataFrame) -> str:
    if some.height == 1:
        return _interval(some.row(0, named=True))
    known = some.drop_nulls("delta")["delta"].to_list()
    span = f"; estimates from {points(min(known))} to {points(max(known))}" if known else ""
    return f"{number(some.height, 'model')}: {_counted(some['decision'].to_list())}{span}"


def _counted(decisions: list[str]) -> str:
    """How often each decision was made.

    >>> _counted(["undecided", "holds", "holds"])
    'holds 2, undecided 1'
    """
    return ", ".join(f"{d.value} {decisions.count(d.value)}" for d in Decision if d.value in decisions)


def _interval(row: dict[str, Any]) -> str:
    return _DASH if row["delta"] is None else f"{points(row['delta'])} ({band_text(row['lo'], row['hi'])})"


def findings_table(results: ExperimentResults) -> SectionTable:
    """Each statement for each of its models."""
    text = dict(results.conclusions.select("number", "text").rows())
    rows = [
        (
            f"{row['number']}. {text[row['number']]}",
            f"{_short(row['row'])} against {_short(row['against'])}",
            f"{row['set']}, k = {row['k']}",
            row["expect"],
            _interval(row),
            _trainings(row),
            row["decision"],
        )
        for row in results.findings.rows(named=True)
    ]
    head = ("statement", "models", "where", "expected", "difference, points", "trainings", "here")
    return SectionTable("findings", head, rows)


def _trainings(row: dict[str, Any]) -> str:
    both = [count for count in (row["trainings"], row["against_trainings"]) if count]
    one = "one: says nothing about other seeds"
    return " and ".join(one if count == 1 else str(count) for count in both) or _DASH


def table_words(results: ExperimentResults, table: ExperimentTable, name: str) -> Iterator[SectionTable]:
    """A table of the experiment, and its source's numbers."""
    cells = {(row["row"], row["set"], row["k"]): row for row in table.cells.rows(named=True)}
    gaps = {(row["row"], row["set"]): row for row in table.gaps.rows(named=True)}
    why = {(row, set_): text for row, set_, text in results.models.select("row", "set", "why").rows()}
    head = ["model"]
    for set_ in table.sets:
        head += [f"{set_}, pass@{k}" for k in table.k] + ([f"{set_}, gap"] if gaps else [])
    rows = []
    for row in table.rows:
        texts = [_short(row)]
        for set_ in table.sets:
            texts += [_percent(cells[row, set_, k], "share", why.get((row, set_), "")) for k in table.k]
            texts += [_percent(gaps[row, set_], "gap")] if gaps else []
        rows.append(texts)
    note = "In percent, with intervals at each k taken alone, over problems and trainings."
    if gaps:
        note += f" Gap: pass@{max(table.k)} of the model's base less its own pass@1, in points."
    yield SectionTable(name, head, rows, note=note)
    if table.paper:
        columns = table.paper_columns or [""] * len(table.paper[0])
        paper = [[str(value) for value in row] for row in table.paper]
        yield SectionTable(f"{name}-source", columns, paper, title=f"Beside it: {table.source}")


def _percent(row: dict[str, Any], name: str, why: str = "") -> str:
    value, lo, hi = (row[name + end] for end in ("", "_lo", "_hi"))
    return why or _DASH if value is None else f"{value * 100:.1f} ({lo * 100:.1f} to {hi * 100:.1f})"


def models_table(results: ExperimentResults) -> SectionTable:
    """Every model on every set against its base."""
    rows = []
    for row in results.models.rows(named=True):
        trainings = _DASH if row["base"] is None else f"{row['trainings']} of {row['trainings_asked']}"
        first, last = (
            _interval({"delta": row[end], "lo": row[f"{end}_lo"], "hi": row[f"{end}_hi"]}) for end in ("first", "last")
        )
        alone = _alone(results.seeds.filter(pl.col("row") == row["row"], pl.col("set") == row["set"]))
        name, why = _short(row["row"]), row["why"]
        rows.append((name, row["set"], trainings, row["label"] or _DASH, first, last, _crossover(row), alone, why))
    head = (
        "model",
        "set",
        "trainings",
        "verdict",
        "k = 1",
        "largest k",
        "crossover",
        "solved alone",
        "what is missing",
    )
    note = (
        f"Differences from the base in points of pass@k, with the {results.confidence * 100:g}% band that holds for "
        "all k at once, over problems and trainings; where one training was measured, over problems alone: it says "
        "nothing about other seeds. Solved alone: problems that the model alone and that the base alone solved "
        "(confirmed), a training each. Expanded asks for a confirmed problem of the model alone in every "
        "training. Where trainings are missing, the row is the mean of the others."
    )
    return SectionTable("models", head, rows, note=note)


def _crossover(row: dict[str, Any]) -> str:
    if row["crossover"] is None:
        return _DASH
    if row["crossover_lo"] is None:
        return str(row["crossover"])
    return f"{row['crossover']}, k = {row['crossover_lo']} to {row['crossover_hi'] or 'any'}"


def _alone(seeds: pl.DataFrame) -> str:
    return "; ".join(
        f"{row['rl_only']} ({row['rl_only_confirmed']}) / {row['base_only']} ({row['base_only_confirmed']})"
        for row in seeds.drop_nulls("rl_only").rows(named=True)
    )


def trainings_table(results: ExperimentResults) -> SectionTable:
    """What each training came to."""
    rows = []
    for row in results.trainings.rows(named=True):
        logged = [_DASH if row[name] is None else f"{row[name]:.3f}" for name in ("reward", "entropy", "kl", "loss")]
        ended = row["why"] or ("ended" if row["steps"] >= row["steps_asked"] else "not whole")
        steps = f"{row['steps']} of {row['steps_asked']}"
        rows.append((row["arm"], str(row["seed"]), row["algorithm"], steps, *logged, ended))
    note = "Means of the last ten steps. A training that several arms share stands under the first of them."
    head = ("training", "seed", "algorithm", "steps", "reward", "entropy, nats", "KL, nats", "loss", "end")
    return SectionTable("trainings-table", head, rows, note=note)


def time_sentence(results: ExperimentResults) -> str:
    """How long it took, one thread a unit."""
    if not results.time.height:
        return "No unit was timed."
    parts = [f"{kind} {duration(s)} ({number(units, 'unit')})" for kind, units, s in results.time.rows()]
    whole = duration(sum(results.time["seconds"].to_list()))
    return f"Units of one thread each, {whole} in all: {', '.join(parts)}."


def _short(row: str) -> str:
    """The name of a model, without the grid's name where its key says it.

    >>> _short("kl/kl=0.1@150"), _short("grpo@150")
    ('kl=0.1@150', 'grpo@150')
    """
    return row.rpartition("/")[2] if "=" in row else row
