"""Read a run: its samples, its verdicts, and the counts that follow from them.

    RUN/manifest.json  RUN/problems.parquet  RUN/samples/part-*.parquet  RUN/verdicts/VERIFIER/part-*.parquet
    RUN/scores/SCORER/part-*.parquet

Nothing here writes. What is read is what lies there at that moment, whoever is writing or compacting the run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from beyondbase.errors import BadInput, StoreError
from beyondbase.store.audit.results import RunAudit
from beyondbase.store.audit.single import audit
from beyondbase.store.counting import (
    UNTOLD,
    Shortfall,
    by_log,
    no_verdict,
    shortfall,
    tally,
    that_can_count,
    up_to_stop,
)
from beyondbase.store.manifest import RunManifest, read_manifest
from beyondbase.store.parts import READ_ERRORS, read_part
from beyondbase.store.place import Place, names, place
from beyondbase.store.problem_file import read_problem_ids, read_problems
from beyondbase.store.row_folder import KEY, SAMPLES, SCORES, VERDICTS, RowFolder
from beyondbase.store.score_folders import Owed, ScoreFolders
from beyondbase.store.settings_file import VERIFIER, read_settings
from beyondbase.store.shard import WHOLE, Shard
from beyondbase.store.tables import scan
from beyondbase.store.url_path import UrlPath
from beyondbase.types import Problem, SuccessCounts
from beyondbase.wording import in_short, number

_VERIFIER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


def open_run(path: str | os.PathLike[str] | UrlPath, verifier: str | None = None) -> Run:
    """Open a run, in a folder or at a URL such as s3://bucket/run; raises StoreError if there is none to be read.

    Given a `verifier` that has judged the run (the name its verdicts are stored by, or the beginning of that name
    before the '-', where one alone has it), the run is seen through its verdicts: they are the default everywhere,
    and the manifest names it. Its successes may not reach every stop; `Run.counts` then says what is owed.
    """
    folder = place(path)
    run = Run(folder, read_manifest(folder))
    return run if verifier is None else run.seen_by(verifier)


class Run:
    """One model's samples on one problem set, as they lie on disk now."""

    def __init__(self, path: Place, manifest: RunManifest) -> None:
        self.path = path
        self.manifest = manifest
        self._samples = RowFolder(path / "samples", SAMPLES, manifest.run_id)
        self._verdicts = dict[str, RowFolder]()
        self._scores = ScoreFolders(path, manifest.run_id)
        self._stopped_by = manifest.verifier

    def seen_by(self, verifier: str) -> Run:
        """Return the same run with another verifier's verdicts as the default; see `open_run`."""
        judged = self.verifiers()
        chosen = [name for name in judged if name == verifier] or [n for n in judged if n.startswith(f"{verifier}-")]
        if len(chosen) != 1:
            having = f"verdicts of {', '.join(sorted(judged)) or 'nobody'}"
            mend = "name one of them in full" if chosen else f"judge it with `beyondbase verify {self.path} --verifier`"
            raise StoreError(f"{self.path}: expected verdicts of {in_short(verifier)}, found {having}; {mend}")
        seen = Run(self.path, replace(self.manifest, verifier=chosen[0]))
        seen._stopped_by = self._stopped_by
        return seen

    def problems(self) -> list[Problem]:
        """Return what was asked, in the order of the problem set."""
        return read_problems(self.path)

    def samples(self) -> pl.LazyFrame:
        """Return every sample once, in the order that each writer drew them, failed requests left out.

        Columns: problem_id, sample_index, seed, text, token_ids, logprob_sum (nats), entropy_mean
        (nats a token), n_tokens, finish, error, reasoning; null: not told. To be collected before the run is
        compacted, which takes away the files that it names.
        """
        parts, rows = self._samples.rows()
        return self._samples.only(parts, self._samples.winners(rows, self._ids()).filter(SAMPLES.good))

    def verdicts(self, verifier: str | None = None) -> pl.LazyFrame:
        """Return one verifier's verdicts (None: the manifest's), one a sample, in the order that each writer gave them.

        Columns: problem_id, sample_index, verdict, answer, detail. A verifier_error stands here as
        long as no verdict came for the same sample. To be collected before the run is compacted.
        """
        folder = self._verdict_rows(verifier)
        parts, rows = folder.rows()
        return folder.only(parts, folder.winners(rows, self._ids()))

    def scores(self, scorer: str) -> pl.LazyFrame:
        """Return what a scorer's model gives each sample that it scored, one row a sample; see `scorers`.

        Columns: problem_id, sample_index, outcome, n_tokens (of the response, with the token that ends it),
        logprob_sum (nats; -inf where a token is outside the scorer's top-p or top-k), entropy_mean (nats a token;
        null: not told), n_outside (such tokens), n_top1 and n_top5 (tokens that are the model's first choice, or
        among its first five), rank_mean and worst_rank (1: the first choice), top_ids (the first choice at each
        position), error. Samples that could not be scored are left out (`failed_scores`). Raises StoreError where
        no such scorer was here. To be collected before the run is compacted.
        """
        folder = self._scores.folder(scorer)
        parts, rows = folder.rows()
        return folder.only(parts, folder.winners(rows, self._ids()).filter(SCORES.good))

    def failed_scores(self, scorer: str) -> pl.DataFrame:
        """Return the samples that a scorer could not score: problem_id, sample_index, n_tokens, error."""
        folder = self._scores.folder(scorer)
        _, rows = folder.rows(["n_tokens", "error"])
        failed = folder.winners(rows, self._ids()).filter(~SCORES.good)
        return failed.select(pl.col("problem_id").cast(pl.String), "sample_index", "n_tokens", "error")

    def scorers(self) -> dict[str, dict[str, str]]:
        """Return the settings of each scorer that has scored this run, by name: the model, its hashes, engine, T ..."""
        return self._scores.settings()

    def unscored(self, scorer: str, first: int | None, shard: Shard = WHOLE) -> Owed:
        """Return the samples of index below `first` (None: all) that a scorer owes a number."""
        parts, rows = self._samples.rows()
        drawn = self._samples.winners(rows, self._ids()).filter(SAMPLES.good)
        return self._scores.owed(scorer, parts, drawn, first, shard)

    def counted(self, verifier: str | None = None) -> pl.DataFrame:
        """Return the rows that an estimator counts, up to each problem's stop under the run's rule.

        Columns: problem_id, sample_index, verdict, answer, finish, n_tokens, entropy_mean; sorted by
        problem order and index. Raises StoreError while a counted sample or its verdict is missing. Of an imported
        run those count that have a verdict: nothing is owed, but a verdict that a verifier of ours has not given yet.
        """
        counted = self._countable(verifier, ["n_tokens", "entropy_mean"], ["answer"])
        self._check_complete(counted, verifier)
        columns = [*KEY, "verdict", "answer", "finish", "n_tokens", "entropy_mean"]
        return counted.select(columns).with_columns(pl.col("problem_id").cast(pl.String))

    def counts(self, verifier: str | None = None) -> SuccessCounts:
        """Return samples and successes of each problem, in the order of the problem set.

        Raises StoreError while a counted sample or its verdict is missing. Which count: `counted`.
        """
        rule = self.manifest.rule
        per_problem = self._check_complete(self._countable(verifier), verifier)
        return SuccessCounts(
            per_problem["problem_id"].cast(pl.String).to_list(),
            n=per_problem["n"].to_numpy(),
            c=per_problem["c"].to_numpy(),
            stop_at=rule.stop_at,
            n_max=None if rule.stop_at is None else rule.n_max,
        )

    def shortfall(self, verifier: str | None = None) -> Shortfall:
        """Return what is missing before this run can be counted."""
        return self._lack(_tally(self._countable(verifier)))

    def n_drawn(self) -> int:
        """Return the number of samples in the store, those past a stop included."""
        _, rows = self._samples.rows()
        return self._samples.winners(rows, self._ids()).filter(SAMPLES.good).height

    def n_failed(self) -> int:
        """Return the number of requests that failed, those included that were made good later."""
        _, rows = self._samples.rows()
        return rows.filter(~SAMPLES.good).height

    def states(self, verifier: str | None = None, shard: Shard = WHOLE) -> pl.DataFrame:
        """Return problem_id, sample_index and verdict (null: none yet) of every sample of a shard, in no set order."""
        return _of_shard(self._joined(verifier), shard).select(*KEY, "verdict")

    def n_unjudged(self, verifier: str | None = None, shard: Shard = WHOLE) -> int:
        """Return the number of samples that lack a verdict; of a verifier of ours, those that it can judge."""
        return self._owed_verdicts(verifier, shard).height

    def unjudged(self, verifier: str | None = None, shard: Shard = WHOLE) -> Iterator[pl.DataFrame]:
        """Yield the samples that lack a verdict, part by part: problem_id, sample_index, text, finish.

        Those that were imported without their text are left out: no verifier of ours can judge them.

        For a writer, whose locks keep a compaction from taking the parts away.
        """
        owed = self._owed_verdicts(verifier, shard)
        for part in self._samples.parts() if owed.height else ():
            for frame in self.texts_of([part.path]):
                mine = frame.join(owed, on=KEY, how="semi").unique(KEY, keep="last")
                owed = owed.join(mine, on=KEY, how="anti")
                if mine.height:
                    yield mine

    def texts_of(self, parts: Sequence[Place]) -> Iterator[pl.DataFrame]:
        """Yield the samples of each of these parts: problem_id, sample_index, text, finish."""
        for path in parts:
            rows = scan([path], SAMPLES.schema)
            try:
                yield rows.filter(SAMPLES.good).select(*KEY, "text", "finish").collect()
            except READ_ERRORS:
                read_part(path)
                raise

    def audit(self, verifier: str | None = None) -> RunAudit:
        """Look for what a broken run looks like; see `store.audit`."""
        return audit(self, verifier)

    def row_folders(self) -> list[RowFolder]:
        """Return the folder of samples, that of each verifier's verdicts and that of each scorer's scores."""
        return [self._samples, *(self._verdict_rows(name) for name in self.verifiers()), *self._scores.all()]

    def verifiers(self) -> list[str]:
        """Return the names of the verifiers that have judged some of the samples."""
        return sorted(name for name in names(self.path / "verdicts") if _VERIFIER_NAME.fullmatch(name))

    def verdict_folder(self, verifier: str | None = None) -> Place:
        """Return where one verifier's verdicts lie; raises BadInput for a name that is no folder's."""
        name = verifier or self.manifest.verifier
        if not _VERIFIER_NAME.fullmatch(name):
            raise BadInput(f"verifier: expected a name of letters, digits, '.', '_', '+' and '-', got {name!r}")
        return self.path / "verdicts" / name

    def score_folder(self, scorer: str) -> Place:
        """Return where one scorer's scores lie; raises BadInput for a name that is no folder's."""
        return self._scores.path(scorer)

    def verifier_settings(self, verifier: str | None = None) -> dict[str, str] | None:
        """Return what the verdicts of a verifier depend on beside its name; None where nothing was noted."""
        return read_settings(self.verdict_folder(verifier), VERIFIER)

    def _ids(self) -> list[str]:
        # Read after the rows: whoever adds problems writes them before their first row.
        return read_problem_ids(self.path)

    def _verdict_rows(self, verifier: str | None) -> RowFolder:
        path = self.verdict_folder(verifier)
        return self._verdicts.setdefault(path.name, RowFolder(path, VERDICTS, self.manifest.run_id))

    def _countable(
        self, verifier: str | None, of_sample: Sequence[str] = (), of_verdict: Sequence[str] = ()
    ) -> pl.DataFrame:
        """Read the rows that count; a verdict that is missing stands among them, where it is owed."""
        rows = self._joined(verifier, of_sample, of_verdict)
        if self.manifest.imported:
            return that_can_count(rows, verifier or self.manifest.verifier)
        return up_to_stop(rows, self.manifest.rule)

    def _lack(self, per_problem: pl.DataFrame) -> Shortfall:
        if self.manifest.imported:
            return Shortfall(0, int(per_problem["unjudged"].sum()))
        return shortfall(per_problem, self.manifest.rule)

    def _joined(
        self, verifier: str | None, of_sample: Sequence[str | pl.Expr] = (), of_verdict: Sequence[str] = ()
    ) -> pl.DataFrame:
        """Read each sample with its verdict (null: none yet), small columns only; problem_id is an Enum in order."""
        folder = self._verdict_rows(verifier)
        if self.manifest.imported and not by_log(folder.path.name):
            of_sample = [*of_sample, pl.col("text").is_null().alias(UNTOLD)]
        # Samples first: where a run is being written, their verdicts come after them.
        _, samples = self._samples.rows(of_sample)
        _, verdicts = folder.rows(of_verdict)
        ids = self._ids()
        drawn = self._samples.winners(samples, ids).filter(SAMPLES.good)
        return drawn.join(folder.winners(verdicts, ids).drop("row"), on=KEY, how="left")

    def _owed_verdicts(self, verifier: str | None, shard: Shard) -> pl.DataFrame:
        owed = _of_shard(self._joined(verifier), shard).filter(no_verdict())
        if UNTOLD in owed.columns:
            owed = owed.filter(~pl.col(UNTOLD))
        return owed.select(pl.col("problem_id").cast(pl.String), "sample_index")

    def _check_complete(self, counted: pl.DataFrame, verifier: str | None) -> pl.DataFrame:
        """Tally the counted rows, or raise StoreError saying what is missing and the command that adds it."""
        per_problem = _tally(counted)
        lack = self._lack(per_problem)
        folder = self._verdict_rows(verifier)
        # A verifier that others were stopped by has to be named.
        named = "" if folder.path.name == self._stopped_by else f" --verifier {folder.path.name}"
        if lack.problems_owing:
            raise StoreError(
                f"{self.path}: {lack.problems_owing} of {per_problem.height} problems still owe samples"
                f"{_gone(self._samples)}; run the command that made the run again{named and f' with{named}'}, "
                "which draws them"
            )
        if lack.unjudged:
            raise StoreError(
                f"{self.path}: {lack.unjudged} counted samples lack a verdict of {folder.path.name}"
                f"{_gone(folder)}; judge them with `beyondbase verify {self.path}{named}`"
            )
        if self.manifest.imported:
            self._check_any_scored(per_problem, folder.path.name)
        return per_problem

    def _check_any_scored(self, per_problem: pl.DataFrame, verifier: str) -> None:
        """Raise StoreError naming a problem of an imported run that has nothing to count."""
        without = per_problem.filter(pl.col("n") == 0)["problem_id"].cast(pl.String).to_list()
        if not without:
            return
        others = f" and {number(len(without) - 1, 'other')}" if len(without) > 1 else ""
        has = "have" if others else "has"
        lack = "scored sample in the log" if by_log(verifier) else f"text that {verifier} could judge"
        raise StoreError(
            f"{self.path}: problem {in_short(without[0])}{others} of {per_problem.height} {has} no {lack}; import the "
            "log again with --n-min 1, which leaves out such problems and lists them"
        )


def _of_shard(rows: pl.DataFrame, shard: Shard) -> pl.DataFrame:
    return rows if shard == WHOLE else rows.filter(pl.col("problem_id").to_physical() % shard.of == shard.index)


def _tally(counted: pl.DataFrame) -> pl.DataFrame:
    order = counted["problem_id"].dtype
    assert isinstance(order, pl.Enum)
    return tally(counted, pl.Series(order.categories, dtype=order))


def _gone(folder: RowFolder) -> str:
    """Name the parts that a gap in the numbering shows to be gone, if any."""
    gone = [path.name for path in folder.absent()]
    return f" ({folder.path}/{', '.join(gone)} is gone)" if gone else ""
