"""`beyondbase export`: a run for other programs, a study for a paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

import tyro

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.cli.fresh_path import fresh_path
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.errors import BadInput
from beyondbase.extras import load
from beyondbase.interop.export.counts import write_counts
from beyondbase.interop.export.data_set import write_data_set
from beyondbase.interop.export.latex import write_latex
from beyondbase.interop.export.matrix import write_matrix
from beyondbase.interop.export.options import ExportOptions
from beyondbase.interop.export.sentence import write_sentence
from beyondbase.interop.export.table import write_table
from beyondbase.pipeline import ANALYSIS, read_analysis
from beyondbase.report.pdf import write_pdfs
from beyondbase.store import Run, open_run
from beyondbase.types import Progress
from beyondbase.wording import in_short, number


class Of(Enum):
    """What an export is of."""

    RUN = auto()
    """a run: one file; of a study, one file for each of its two runs"""
    RUNS = auto()
    """a run, or both runs of a study, in one folder"""
    STUDY = auto()
    """a study"""


@dataclass(frozen=True, slots=True)
class Exporter:
    """One thing that can be exported."""

    of: Of
    write: Callable[..., list[str]]
    """(run, path, options), (name -> run, path) or (analysis, path): writes, and returns what a reader must know"""
    endings: tuple[str, ...]
    """of the file; none: a folder"""
    takes: tuple[str, ...] = ()
    """the fields of ExportOptions that change it"""


def _inspect(run: Run, path: Path, _: ExportOptions) -> list[str]:
    load("beyondbase.interop.export.inspect_log:write_inspect_log")(run, path)
    return []


def _figures(analysis: StudyAnalysis, path: Path) -> list[str]:
    return [f"{number(len(write_pdfs(analysis, path)), 'figure')}, made for the full width of a page's text"]


EXPORTERS: Mapping[str, Exporter] = {
    "counts": Exporter(Of.RUN, write_counts, (".jsonl",), ("n_max", "before_stop")),
    "table": Exporter(Of.RUN, write_table, (".csv", ".parquet"), ("texts",)),
    "matrix": Exporter(Of.RUN, write_matrix, (".csv", ".npy"), ("n_max",)),
    "inspect": Exporter(Of.RUN, _inspect, (".json",)),
    "hf": Exporter(Of.RUNS, write_data_set, ()),
    "latex": Exporter(Of.STUDY, write_latex, (".tex",)),
    "sentence": Exporter(Of.STUDY, write_sentence, (".txt", ".tex")),
    "figures": Exporter(Of.STUDY, _figures, ()),
}


@dataclass(frozen=True, slots=True)
class ExportConfig:
    """Write a run for other programs, or a study for a paper."""

    what: tyro.conf.Positional[str]
    """of a run: counts (JSON lines {id, c, n}, for passk-inference), table (a row a sample), matrix (0/1, for scorio),
    inspect (a log), hf (a Hugging Face data set); of a study: latex (tables), sentence, figures (PDF), and what a run
    gives, for both of its runs"""
    source: tyro.conf.Positional[str]
    """folder or URL of a run, or folder of a study"""
    out: Path
    """file to write, its ending says the form: counts .jsonl; table .csv or .parquet; matrix .csv or .npy; inspect
    .json; latex .tex; sentence .txt or .tex; two runs give NAME-base and NAME-rl; hf, figures: a folder"""
    verifier: str | None = None
    """whose verdicts are exported: a stored name, or the part before "-"; by default those the run was made with"""
    n_max: int | None = None
    """counts, matrix: only the first samples of each problem that are scored"""
    before_stop: bool = False
    """counts: of a run that stops problems, the draws before each stop, for which Chen's formula is unbiased"""
    texts: bool = False
    """table: with the samples' texts"""


def run(config: ExportConfig, progress: Progress) -> Outcome:
    """Write, and say what."""
    if config.what not in EXPORTERS:
        raise BadInput(f"what: expected one of {', '.join(EXPORTERS)}, got {in_short(config.what)}")
    exporter = EXPORTERS[config.what]
    options = ExportOptions(config.n_max, config.before_stop, config.texts)
    _check(config, exporter, options)
    progress(f"export {config.what}", 0, 1)
    parts: dict[Path, tuple[Any, ...]]
    if exporter.of is Of.STUDY:
        parts = {config.out: (read_analysis(config.source),)}
    elif exporter.of is Of.RUNS:
        parts = {config.out: (_runs(config) or {"samples": open_run(config.source, config.verifier)},)}
    elif runs := _runs(config):
        named = {config.out.with_stem(f"{config.out.stem}-{name}"): one for name, one in runs.items()}
        parts = {path: (one, options) for path, one in named.items()}
    else:
        parts = {config.out: (open_run(config.source, config.verifier), options)}
    lines = _written(exporter, parts)
    progress(f"export {config.what}", 1, 1)
    return Outcome(lines, {"what": config.what, "files": [str(path) for path in parts], "said": lines})


def _written(exporter: Exporter, parts: Mapping[Path, tuple[Any, ...]]) -> list[str]:
    lines = []
    for path, given in parts.items():
        with fresh_path(path) as pending:
            said = exporter.write(given[0], pending, *given[1:])
        lines += [*said, f"written: {path}"]
    return lines


def _runs(config: ExportConfig) -> dict[str, Run] | None:
    """The two runs of a study; None where the source is none."""
    study = Path(config.source)
    if not (study / ANALYSIS).is_file():
        return None
    paths = {name: study / "runs" / name for name in ("base", "rl")}
    if not all(path.is_dir() for path in paths.values()):
        raise BadInput(f"{study}: expected the runs of the study in runs/base and runs/rl, found none; export each run")
    return {name: open_run(path, config.verifier) for name, path in paths.items()}


def _check(config: ExportConfig, exporter: Exporter, options: ExportOptions) -> None:
    """Refuse an ending or an option that the export does not know, before anything is read."""
    if exporter.endings and config.out.suffix not in exporter.endings:
        raise BadInput(
            f"out: expected a file that ends with {' or '.join(exporter.endings)}, got {in_short(str(config.out))}"
        )
    for name, default in (("n_max", None), ("before_stop", False), ("texts", False)):
        if getattr(options, name) != default and name not in exporter.takes:
            having = ", ".join(what for what, one in EXPORTERS.items() if name in one.takes)
            raise BadInput(f"{name.replace('_', '-')}: is for {having}, got it with {config.what}; leave it out")
    if exporter.of is Of.STUDY and config.verifier is not None:
        raise BadInput(f"verifier: {config.what} prints a study as it was analysed; analyze it with --by-verifier")


VERB = Verb(
    ExportConfig,
    run,
    example="beyondbase export counts out/study --out out/counts.jsonl",
    resume="run the same command again",
)
