"""`beyondbase verify`: judge the samples of a run without drawing any."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl
import tyro

from beyondbase.cli.sample import in_words
from beyondbase.cli.settings import run_name
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.errors import BeyondbaseError
from beyondbase.extras import load
from beyondbase.pipeline import verify_run
from beyondbase.sampling.engines import HERE
from beyondbase.sampling.options import RayOptions
from beyondbase.store import open_run
from beyondbase.types import SETTLED, Progress, Verdict
from beyondbase.verification import VerifierOptions, verifier_of
from beyondbase.verification.settled import SettledAsWrong


class Settle(StrEnum):
    """What becomes of samples at which a verifier fails again and again."""

    NO = "no"
    """they stay without a verdict, and the run cannot be counted"""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class VerifyConfig:
    """Judge every sample of a run that has no verdict yet of this verifier."""

    run: tyro.conf.Positional[str]
    """folder or URL of the run"""
    verifier: str | None = None
    """name of a verifier, or module:function of your own; by default the one the run was made with"""
    settle: Settle = Settle.NO
    """wrong: count as wrong, and say so in every report, the samples at which the verifier fails once more"""
    on: str = HERE
    """here: this process and its workers; ray: `--recorders` processes of a Ray cluster, or of the one at an address"""
    ray: RayOptions = field(default_factory=RayOptions)
    grade: VerifierOptions = field(default_factory=VerifierOptions)


def run(config: VerifyConfig, progress: Progress) -> Outcome:
    """Judge what is owed."""
    verifier = verifier_of(config.verifier or open_run(config.run).manifest.verifier, config.grade)
    label = run_name(config.run)
    if config.on == HERE:
        judged = verify_run(config.run, verifier, progress, label)
    else:
        on_ray = load("beyondbase.integrations.ray.shards:verify_on_ray")
        judged = on_ray(config.run, verifier, config.ray, config.on, progress, label)
    if config.settle is Settle.WRONG:
        judged = verify_run(config.run, SettledAsWrong(verifier.name), progress, label)
    rows = judged.verdicts(verifier.name).select("verdict", "detail").collect()
    verdicts = Counter(rows["verdict"].to_list())
    if failed := verdicts[Verdict.VERIFIER_ERROR]:
        first = rows.filter(pl.col("verdict") == Verdict.VERIFIER_ERROR.value)["detail"][0]
        raise BeyondbaseError(
            f"{config.run}: {verifier.name} failed on {failed:,} of {rows.height:,} samples, the first with {first}; "
            "use a verifier made for these problems, or run the same command again: with more time where it lacked "
            "time, with --settle wrong to count them as wrong"
        )
    settled = rows.filter(pl.col("detail").str.starts_with(SETTLED)).height
    data = {"run": str(config.run), "verifier": verifier.name, "verdicts": dict(sorted(verdicts.items()))}
    said = f"{rows.height:,} samples judged by {verifier.name}: {in_words(verdicts)}"
    return Outcome([said + (f"; {settled:,} of them {SETTLED}" if settled else "")], data | {"settled": settled})


VERB = Verb(VerifyConfig, run, example="beyondbase verify out/compare/runs/base --verifier exact")
