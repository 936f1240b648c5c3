"""A second verdict on the samples of an imported run, beside the log's own."""

from __future__ import annotations

import polars as pl

from beyondbase.errors import BadInput
from beyondbase.pipeline.import_options import Imported, ImportOptions, verdicts_name
from beyondbase.pipeline.log_rows import NO_REFERENCE
from beyondbase.pipeline.runs import verify_run
from beyondbase.store import Run
from beyondbase.store.row_folder import KEY
from beyondbase.types import Problem, Progress, Verdict, silent
from beyondbase.wording import number, some


def judge_again(made: Imported, options: ImportOptions, progress: Progress = silent) -> list[str]:
    """Judge the run's texts by the verifier, beside the log's own verdicts, and say where the two disagree."""
    verifier, name = options.verifier, verdicts_name(made.log)
    if verifier is None or not made.judged_again:
        return []
    run = verify_run(str(made.run.path), verifier, progress, label=made.run.manifest.model)
    if name not in run.verifiers():
        told = run.manifest.engine.get("correct_in_log", "0")
        found = int(run.counts(verifier.name).c_P.sum())
        return [f"{found:,} correct by {verifier.name}" + (f", {int(told):,} in the log" if told != "0" else "")]
    table = disagreement(run, name, verifier.name)
    both = int(table["len"].sum())
    correct = pl.col("theirs") == Verdict.CORRECT.value
    ours = pl.col("ours") == Verdict.CORRECT.value
    only_log, only_ours = (int(table.filter(one)["len"].sum()) for one in (correct & ~ours, ours & ~correct))
    failed = int(table.filter(pl.col("ours") == Verdict.VERIFIER_ERROR.value)["len"].sum())
    no_answer = int(table.filter(correct & (pl.col("ours") == Verdict.NO_ANSWER.value))["len"].sum())
    why = f" ({no_answer:,} of them without an answer that {verifier.name} can read)" if no_answer else ""
    lines = [
        f"judged again by {verifier.name}: of {both:,} samples, {only_log:,} are correct in the log alone{why}, "
        f"{only_ours:,} by {verifier.name} alone"
    ]
    if failed:
        lines.append(f"{verifier.name} failed on {number(failed, 'sample')}")
    if only_log or only_ours:
        compare = f"beyondbase agreement {run.path} --first {name} --second {verifier.name} --out FOLDER"
        lines.append(f"which samples, and what it does to the curve: {compare}")
    if no_answer and verifier.name.startswith("math"):
        mend = f"beyondbase verify {run.path} --verifier math --math-rules last-number"
        lines.append(f"where answers stand in no box, the last number can be taken instead: {mend}")
    return lines


def disagreement(run: Run, theirs: str, ours: str) -> pl.DataFrame:
    """Count samples by both verdicts: theirs, ours, len; samples that only one has judged are left out."""
    one, two = (run.verdicts(name).select(*KEY, "verdict").collect() for name in (theirs, ours))
    both = one.join(two, on=list(KEY), suffix="_ours").rename({"verdict": "theirs", "verdict_ours": "ours"})
    return both.group_by("theirs", "ours").len().sort("theirs", "ours")


def can_judge(run: Run, options: ImportOptions) -> bool:
    """Whether our verifier can judge the run: it has texts, and a reference for every problem."""
    if options.verifier is None:
        return False
    without = [p.problem_id for p in run.problems() if not _has_reference(p)]
    texts = run.samples().select(pl.col("text").is_not_null().any()).collect(engine="streaming").item() or False
    if options.must_judge and (without or not texts):
        lack = "text of its samples" if not texts else f"answer of {some(without)}"
        raise BadInput(
            f"verifier: {run.path} has no {lack}, nothing can be judged; give --problems, or --verifier none"
        )
    return texts and not without


def _has_reference(problem: Problem) -> bool:
    return problem.reference not in ("", NO_REFERENCE)
