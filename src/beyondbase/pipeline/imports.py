"""Another program's log into a run: read once, written whole or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from beyondbase.errors import BadInput, StoreError
from beyondbase.interop.foreign import ForeignLog, ForeignRow, Told
from beyondbase.interop.known import KnownProblems
from beyondbase.pipeline.import_manifest import manifest_of, noticed, scorer_settings
from beyondbase.pipeline.import_options import Imported, ImportOptions, shown_model, verdicts_name
from beyondbase.pipeline.judge_again import can_judge
from beyondbase.pipeline.log_rows import Columns, LogRows, Seen, problems_of
from beyondbase.problems import ProblemSet
from beyondbase.store import open_run
from beyondbase.store.bulk_writer import BulkWriter
from beyondbase.store.manifest import find_manifest
from beyondbase.types import Progress, silent
from beyondbase.wording import in_short


def import_log(
    log: ForeignLog, format_name: str, out: Path, options: ImportOptions, progress: Progress = silent
) -> Imported:
    """Make the run of a log at `out`, or open it if it was made of the same files in the same way.

    Nothing is judged again here (`judge_again`). Raises BadInput for a log that contradicts itself, and StoreError
    where `out` holds something else; either way nothing is left behind.
    """
    digest = _digest(log, format_name, options)
    stored = find_manifest(out)
    if stored is None:
        return _make(log, format_name, out, options, digest, _counting(log, progress))
    if stored.engine.get("source") != digest:
        raise StoreError(
            f"{out}: expected no run, or one of these files read in this way, found another; choose another folder"
        )
    run = open_run(out)
    return Imported(run, log, tuple(json.loads(stored.engine["noticed"])), can_judge(run, options))


def _make(log: ForeignLog, format_name: str, out: Path, options: ImportOptions, digest: str, told: Told) -> Imported:
    with BulkWriter(out, digest) as writer:

        def write(samples: Columns, verdicts: Columns) -> None:
            writer.append_samples(samples)
            writer.append_verdicts(verdicts_name(log), verdicts)

        rows = LogRows(
            write,
            run_id_of=_ids(options),
            n_max=options.n_max,
            judged_again=options.verifier is not None,
            references=options.problems is not None,
            salt=shown_model(log, options),
        )
        for row in log.rows(told):
            rows.add(row)
        rows.flush()
        few = rows.with_fewer(options.n_min)
        seen = {name: one for name, one in rows.seen.items() if name not in few}
        _check_any(log, seen, rows)
        if few:
            writer.leave_out(sorted(few))
        asked = _problem_set(log, seen, options)
        lines = noticed(log, rows, few, asked, options)
        manifest = manifest_of(log, format_name, rows, seen, asked, options)
        manifest = replace(manifest, engine={**manifest.engine, "source": digest, "noticed": json.dumps(lines)})
        run = writer.finish(manifest, asked.problems, {verdicts_name(log): scorer_settings(log, rows)})
    return Imported(run, log, tuple(lines), can_judge(run, options))


def _counting(log: ForeignLog, progress: Progress) -> Told:
    total, done = sum(file.stat().st_size for file in log.files) or 1, 0

    def told(n_bytes: int) -> None:
        nonlocal done
        done = min(total, done + n_bytes)
        progress(f"read {log.name} (bytes)", done, total)

    return told


def _ids(options: ImportOptions) -> Callable[[ForeignRow], str | None]:
    keep, known = options.keep, None if options.problems is None else KnownProblems(options.problems)

    def id_of(row: ForeignRow) -> str | None:
        found = row.problem_id
        if known is not None:
            problem = known.problem_of(row)
            if problem is None:
                return None
            found = problem.problem_id
        if keep is None:
            return found
        return keep[found].problem_id if found in keep else None

    return id_of


def _digest(log: ForeignLog, format_name: str, options: ImportOptions) -> str:
    """Digest of the files' bytes and of all that decides what is made of them."""
    digest, seen = hashlib.sha256(), dict[bytes, Path]()
    for file in log.files:
        with open(file, "rb") as content:
            mine = hashlib.file_digest(content, "sha256").digest()
        if mine in seen:
            raise BadInput(f"{file}: expected samples of its own, got the bytes of {seen[mine]}; leave one of them out")
        seen[mine] = file
        digest.update(mine)
    asked: list[object] = [format_name, log.name, log.scorer, sorted(log.settings.items()), options.model]
    asked += [sorted(options.settings.items()), dataclasses.astuple(options.reading), options.n_max, options.n_min]
    asked += [sorted((name, dataclasses.astuple(problem)[:3]) for name, problem in (options.keep or {}).items())]
    asked += [options.verifier is not None, options.problems.hash if options.problems else ""]
    digest.update(json.dumps(asked, default=str).encode())
    return digest.hexdigest()[:16]


def _check_any(log: ForeignLog, seen: Mapping[str, Seen], rows: LogRows) -> None:
    if any(one.n for one in seen.values()):
        return
    where = ", ".join(str(file) for file in log.files[:2])
    if rows.left_out:
        first = in_short(next(iter(rows.left_out)))
        raise BadInput(
            f"{where}: expected samples of these problems, found none of theirs among {len(rows.left_out)} (first "
            f"{first}); give the problem set that was asked"
        )
    raise BadInput(f"{where}: expected samples, found none that can be taken; see the log, and --n-min")


def _problem_set(log: ForeignLog, seen: Mapping[str, Seen], options: ImportOptions) -> ProblemSet:
    name = options.problems.name if options.problems else log.facts.get("task", log.name)
    if options.keep is not None:
        return ProblemSet(name, tuple(problem for problem in options.keep.values() if problem.problem_id in seen))
    if options.problems is not None:
        return replace(options.problems, problems=tuple(p for p in options.problems if p.problem_id in seen))
    golds = {name: json.dumps({"answer": one.gold}) for name, one in seen.items() if one.gold is not None}
    return ProblemSet(name, tuple(problems_of(seen, golds)))
