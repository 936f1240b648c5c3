"""A study as one HTML file that needs no network, and its figures beside it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import jinja2
from markupsafe import Markup

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.doublings import doublings
from beyondbase.errors import StoreError
from beyondbase.report import robustness
from beyondbase.report.beyond import law_sentences, predictions
from beyondbase.report.captions import captions, crossover_sentence, resolution_sentence
from beyondbase.report.confirmation import confirmation_sentence
from beyondbase.report.drawing import Drawn, draw
from beyondbase.report.figures import FIGURES
from beyondbase.report.formats import cell, decimals, percent, typeset
from beyondbase.report.guards import effects, guard_sentences
from beyondbase.report.imported import imported_sentences, spread
from beyondbase.report.readings import strata_sentence, these_sentence
from beyondbase.report.reliability import by_budget, by_tau, reliability_sentences
from beyondbase.report.section import Group
from beyondbase.report.sections import sections
from beyondbase.report.tables import example_rows, problem_rows
from beyondbase.report.thin import thin_warnings
from beyondbase.types import Progress, silent
from beyondbase.wording import points, rate


def write_report(analysis: StudyAnalysis, study_path: Path, progress: Progress = silent) -> Path:
    """Write STUDY/report.html and STUDY/figures/NAME.svg, .png and .csv; return the page's path.

    The same analysis gives the same bytes. Raises StoreError where the folder cannot be written.
    """
    page, folder = study_path / "report.html", study_path / "figures"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        figures = {name: figure for name, make in FIGURES.items() if (figure := make(analysis)) is not None}
        drawn = list[Drawn]()
        for name, figure in figures.items():
            drawn.append(draw(name, figure, folder))
            progress("draw figures", len(drawn), len(figures))
        page.write_text(render(analysis, drawn), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise StoreError(f"{page}: cannot be written ({error.strerror}); free space or choose another folder") from None
    return page


def render(analysis: StudyAnalysis, drawn: Sequence[Drawn]) -> str:
    """Fill the template. Sample texts are untrusted: every text is escaped, and no script but the page's own runs.

    The samples stand in the page as closed <details>, not as data for a script, so that they can be read, searched and
    printed where scripts do not run.
    """
    environment = page_environment()
    style, script = (source(environment, name) for name in ("report.css", "report.js"))
    curves, profile, beyond = analysis.comparison.curves, analysis.profile, analysis.extrapolation
    budgets, made = set(doublings(len(curves))), sections(analysis)
    html = environment.get_template("report.html.jinja").render(
        study=analysis,
        comparison=analysis.comparison,
        figures={figure.name: figure for figure in drawn},
        numbers={figure.name: number for number, figure in enumerate(drawn, start=1)},
        captions=captions(analysis) | {figure.name: figure.caption for figure in drawn if figure.caption},
        sections={group.name: [section for section in made if section.group is group] for group in Group},
        robustness=robustness.lines(analysis, _ids(analysis, [section.name for section in made])),
        robustness_said=robustness.robustness_sentence(analysis),
        crossover=crossover_sentence(analysis.comparison),
        these=these_sentence(analysis.comparison),
        strata=strata_sentence(analysis.comparison),
        confirmation=confirmation_sentence(analysis.comparison),
        resolution=resolution_sentence(analysis.comparison),
        curve=[row for row in curves.iter_rows(named=True) if row["k"] in budgets],
        guards=guard_sentences(analysis),
        effects=effects(analysis, sorted(budgets)),
        reliability=[] if profile is None else reliability_sentences(profile),
        by_budget=None if profile is None else by_budget(profile),
        by_tau=None if profile is None or profile.cover.is_empty() else by_tau(profile),
        predictions=[] if beyond is None else predictions(beyond),
        laws=[] if beyond is None else law_sentences(beyond),
        problems=problem_rows(analysis),
        examples=example_rows(analysis),
        thin_warnings=thin_warnings(analysis),
        imported=imported_sentences(analysis),
        style=style,
        script=script,
        script_hash=b64encode(sha256(script.encode()).digest()).decode(),
    )
    return html.replace("\x00", "\ufffd")


def _ids(analysis: StudyAnalysis, made: Sequence[str]) -> list[str]:
    """Ids of the sections that the robustness table may point at."""
    guarded = bool(analysis.comparison.verdict.overturned_by) or analysis.guards is not None
    return [*made, "crossover", *(["guards"] if guarded else [])]


def page_environment() -> jinja2.Environment:
    """Where the templates are, with every text escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("beyondbase.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        filter_.__name__: filter_ for filter_ in (percent, rate, decimals, cell, typeset, points, spread)
    }
    return environment


def source(environment: jinja2.Environment, name: str) -> Markup:
    """A file of the templates as it stands, to be put into a page."""
    assert environment.loader is not None
    return Markup(environment.loader.get_source(environment, name)[0])
