"""The manifest of an imported run: what its log tells, and what it does not."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter, ValidationError

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog
from beyondbase.interop.natural_order import natural
from beyondbase.pipeline.import_options import ImportOptions, shown_model, verdicts_name
from beyondbase.pipeline.log_rows import LogRows, Seen
from beyondbase.problems import ProblemSet
from beyondbase.store import RunManifest
from beyondbase.store.versions import installed_versions
from beyondbase.types import DrawRule, Origin, SamplingSpec
from beyondbase.wording import in_short, number, some

_SPEC = TypeAdapter(SamplingSpec)


def noticed(log: ForeignLog, rows: LogRows, few: set[str], asked: ProblemSet, options: ImportOptions) -> list[str]:
    """Say what a reader of the run must know: what is missing, left out, not told or not kept, a sentence each."""
    kept = {problem.problem_id: rows.seen[problem.problem_id] for problem in asked}
    failed, unscored = (sum(getattr(one, name) for one in kept.values()) for name in ("failed", "n"))
    unscored -= sum(one.scored for one in kept.values())
    lines = []
    if failed:
        lines.append(f"{number(failed, 'request')} failed in the log: missing, not wrong")
    if unscored and rows.scored:
        lines.append(f"{number(unscored, 'sample')} not scored in the log: missing, not wrong")
    if rows.spread:
        lines.append("the log tells how many samples are correct and not which: spread at random over the samples")
    if few:
        lines.append(f"left out, with fewer than {options.n_min} scored samples: {some(sorted(few, key=natural))}")
    if rows.left_out and options.keep is None:
        lines.append(f"left out, none of the problems given: {some(list(rows.left_out))}")
    if options.problems is not None and (
        silent_ones := [p.problem_id for p in options.problems if p.problem_id not in kept]
    ):
        lines.append(f"without samples in the log: {some(silent_ones)}")
    if log.lost:
        lines.append(f"not kept of the log: {', '.join(log.lost)}")
    return lines


def manifest_of(
    log: ForeignLog,
    format_name: str,
    rows: LogRows,
    seen: Mapping[str, Seen],
    asked: ProblemSet,
    options: ImportOptions,
) -> RunManifest:
    """Return the manifest of a run of these problems; raises BadInput where the log and its user contradict."""
    template = next(iter(rows.templates)) if len(rows.templates) == 1 else ""
    hashed = hashlib.sha256(template.encode("utf-8", "replace")).hexdigest()[:16] if template else ""
    settings = _settings(log, options) | ({"template": f"log:{hashed[:8]}"} if template else {})
    n_max = max(one.next_index for one in seen.values())
    n_max = n_max if options.n_max is None else min(n_max, options.n_max)
    judged, own = any(one.scored for one in seen.values()), verdicts_name(log)
    engine = {"engine": "import", "format": format_name, "files": _files(log)}
    kept = [seen[problem.problem_id] for problem in asked]
    for name, counted in (("samples", "n"), ("scored", "scored"), ("correct", "right")):
        engine[f"{name}_in_log"] = str(sum(getattr(one, counted) for one in kept))
    if not judged and any(one.correct is not None for one in kept):
        engine["correct_in_log"] = str(sum(one.correct or 0 for one in kept))
    if template:
        engine["template_text"] = template
    return RunManifest(
        model=shown_model(log, options),
        problem_set=asked.name,
        problems_hash=asked.hash,
        template_hash=hashed,
        spec=_spec(log, settings),
        rule=DrawRule(n_max, None, min(n_max, 16)),
        verifier=options.verifier.name if options.verifier and not judged and _has_golds(kept, options) else own,
        engine={**engine, **log.facts},
        versions=installed_versions(),
        origin=Origin.IMPORTED,
        unknown=tuple(name for name in SamplingSpec.__dataclass_fields__ if name not in settings),
    )


def _has_golds(kept: Sequence[Seen], options: ImportOptions) -> bool:
    return options.problems is not None or all(one.gold is not None for one in kept)


def _files(log: ForeignLog) -> str:
    first, more = ", ".join(file.name for file in log.files[:2]), len(log.files) - 2
    return f"{first} and {number(more, 'other file')}" if more > 0 else first


def _settings(log: ForeignLog, options: ImportOptions) -> dict[str, object]:
    for name, value in options.settings.items():
        if name in log.settings and log.settings[name] != value:
            flag = name.replace("_", "-")
            raise BadInput(
                f"{flag}: the log says {in_short(log.settings[name])}, got {in_short(value)}; leave --{flag} out"
            )
    return {**log.settings, **options.settings}


def _spec(log: ForeignLog, settings: Mapping[str, object]) -> SamplingSpec:
    try:
        return _SPEC.validate_python(settings)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            f"{log.files[0]}: expected a setting that can be, but {name}: {first['msg']}; see the log"
        ) from None


def scorer_settings(log: ForeignLog, rows: LogRows) -> dict[str, str]:
    """Say what the log's own verdicts are, to stand beside them."""
    which = "not told: the number of successes is, which samples they are is drawn at random" if rows.spread else "told"
    return {"from": "the log", "scorer": log.scorer or "the only one", "which_samples": which}
