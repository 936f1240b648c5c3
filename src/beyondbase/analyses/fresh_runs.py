"""Fresh samples on disk: which runs they are, whether they may be used, and their counts.

    RUNS/confirm-HASH/base  RUNS/confirm-HASH/rl

beside the first runs, HASH being that of the problems they were drawn for: other problems get another folder.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from beyondbase.errors import BadInput, NotComparable, StoreError
from beyondbase.store.manifest import FILE_NAME, RunManifest
from beyondbase.store.place import Place
from beyondbase.store.run_store import Run, open_run
from beyondbase.types import SuccessCounts

FreshPair = tuple[Run, Run]


def fresh_folder(problems_hash: str) -> str:
    """Name of the folder of the fresh runs on a set of problems."""
    return f"confirm-{problems_hash[:8]}"


def begun_folders(runs: Place) -> list[Place]:
    """Folders of fresh runs beside the first ones, in which at least the base's was begun."""
    return sorted(path for path in runs.glob("confirm-*") if (path / "base" / FILE_NAME).exists())


def fresh_pairs(base: Run, rl: Run) -> list[FreshPair]:
    """The fresh runs of these two models beside the base's first run; StoreError if one was begun and not ended.

    Fresh runs of other models are none of theirs: several comparisons may share a folder of runs.
    """
    pairs = []
    for folder in begun_folders(base.path.parent):
        fresh_base = open_run(folder / "base")
        if weights_of(fresh_base) != weights_of(base):
            continue
        if not (folder / "rl" / FILE_NAME).exists():
            raise StoreError(
                f"{folder}: expected fresh samples of both models, got those of the base alone; end what was begun "
                "with `beyondbase compare --confirm`, or remove the folder"
            )
        fresh_rl = open_run(folder / "rl")
        if weights_of(fresh_rl) == weights_of(rl):
            pairs.append((fresh_base, fresh_rl))
    return pairs


def fresh_counts(base: Run, rl: Run, pairs: list[FreshPair]) -> tuple[SuccessCounts, SuccessCounts] | None:
    """Counts of all fresh samples, each problem once; None where there are none.

    Raises NotComparable for fresh runs that were sampled otherwise than the first ones or by a seed in use, and
    StoreError while samples or verdicts are missing.
    """
    if not pairs:
        return None
    first_seeds = [run.manifest.told("seed") for run in (base, rl)]
    sides = []
    for first, runs in ((base, [pair[0] for pair in pairs]), (rl, [pair[1] for pair in pairs])):
        for run in runs:
            _check_like(first.manifest, run, first_seeds)
        sides.append(_together([run.counts(first.manifest.verifier) for run in runs]))
    for fresh_base, fresh_rl in pairs:
        seed = fresh_rl.manifest.told("seed")
        if seed is not None and seed == fresh_base.manifest.told("seed"):
            raise NotComparable(f"{fresh_rl.path}: expected another seed than that of {fresh_base.path}; sample again")
    return sides[0], sides[1]


def _check_like(first: RunManifest, run: Run, taken: list[object]) -> None:
    fresh = run.manifest
    mine, theirs = (replace(manifest.spec, seed=0) for manifest in (first, fresh))
    if mine != theirs or first.template_hash != fresh.template_hash or first.unknown != fresh.unknown:
        raise NotComparable(
            f"{run.path}: expected fresh samples drawn as the first ones, got {theirs} and not {mine}; "
            "remove the folder and sample again"
        )
    if fresh.told("seed") is not None and fresh.spec.seed in taken:
        raise NotComparable(f"{run.path}: expected a seed that no first run has, got {fresh.spec.seed}; sample again")


def _together(counts: list[SuccessCounts]) -> SuccessCounts:
    """The counts of several runs by one rule; a problem in two of them has the same samples in both."""
    rules = {(each.stop_at, each.n_max) for each in counts}
    if len(rules) > 1:
        raise BadInput("fresh samples: expected one rule for all, got two; run `beyondbase compare --confirm` again")
    (stop_at, n_max) = rules.pop()
    ids = [problem_id for each in counts for problem_id in each.problem_ids]
    rows = list({problem_id: row for row, problem_id in reversed(list(enumerate(ids)))}.values())[::-1]
    n, c = (np.concatenate(values)[rows] for values in ([e.n_P for e in counts], [e.c_P for e in counts]))
    return SuccessCounts([ids[row] for row in rows], n, c, stop_at=stop_at, n_max=n_max)


def weights_of(run: Run) -> str:
    """What tells a model from another."""
    return run.manifest.engine.get("weights_hash", run.manifest.model)
