"""Settings that several verbs share, and what is made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from beyondbase.analyses.labels import read_labels
from beyondbase.cli.toml_file import write_toml
from beyondbase.draw_ladder import check_rule
from beyondbase.durable import writing
from beyondbase.errors import BadInput
from beyondbase.estimators.verifier_error import Audit
from beyondbase.pipeline import AnalysisOptions
from beyondbase.store import WHOLE, Shard
from beyondbase.store.place import Place, put
from beyondbase.types import DrawRule


@dataclass(frozen=True, slots=True)
class Draw:
    """How many samples a problem gets."""

    n_max: int = 1024
    """most samples of a problem, and the largest k"""
    stop_at: int = 4
    """stop a problem at this success: fewer samples, estimates still unbiased"""
    fixed_n: bool = False
    """draw n-max samples of every problem, whatever comes of them"""
    n_first: int = 16
    """samples that every problem gets before it can stop"""

    def rule(self) -> DrawRule:
        """Return the rule, or raise BadInput if it cannot be followed."""
        rule = DrawRule(self.n_max, None if self.fixed_n else self.stop_at, self.n_first)
        check_rule(rule)
        for name, value in (("n-first", rule.n_first), ("stop-at", rule.stop_at or 0)):
            if value > rule.n_max and not self.fixed_n:
                raise BadInput(
                    f"{name}: expected at most n-max = {rule.n_max}, got {value}; lower it, or raise --n-max"
                )
        return rule


@dataclass(frozen=True, slots=True)
class Analysis:
    """How the two runs are compared."""

    confidence: float = 0.95
    """of the band, the exact bounds and the confirmed problems"""
    margin: float = 0.02
    """largest difference, as a share of problems, that counts as none"""
    allow_unequal: tuple[str, ...] = ()
    """compare although this setting differs, and say so in the report: problems, template, stop, max_tokens ..."""
    base_direct: str | None = None
    """run of the base under --template direct or direct-boxed: what guesses solve, as filter and floor"""
    rl_direct: str | None = None
    """the same of the RL model"""
    guess_below: float = 0.05
    """drop problems that guesses solve at a rate above 0 and below this"""
    guess_chance: float | None = None
    """chance of a blind guess, such as 0.25 for four choices: the floor where no direct answers are given"""
    cluster_by: str | None = None
    """stratum that names families of problems which may change together, such as rewordings of one problem"""
    audit_wrong: int = 0
    """samples of both models that a trusted judge found wrong"""
    audit_wrong_passed: int = 0
    """of them, those that the verifier passed"""
    audit_right: int = 0
    """samples that the judge found right"""
    audit_right_passed: int = 0
    """of them, those that the verifier passed"""
    second_verifier: str | None = None
    """take the verdicts of this verifier on all samples as the truth, in place of an audit"""
    labels: Path | None = None
    """file of samples that a person has labelled (`beyondbase label`), in place of the numbers of an audit"""

    def options(self, seed: int, by_verifier: str | None = None) -> AnalysisOptions:
        """Return the options of the pipeline; the seed is that of the band's bootstrap."""
        numbers = (self.audit_right, self.audit_right_passed, self.audit_wrong, self.audit_wrong_passed)
        given = {"--audit-...": any(numbers), "--second-verifier": self.second_verifier, "--labels": self.labels}
        if len(audits := [flag for flag, value in given.items() if value]) > 1:
            raise BadInput(f"expected one audit of the verifier, got {' and '.join(audits)}; leave out all but one")
        if self.labels is not None:
            read_labels(self.labels)  # what cannot be read is told before hours of work
        return AnalysisOptions(
            confidence=self.confidence,
            margin=self.margin,
            seed=seed,
            allow_unequal=frozenset(self.allow_unequal),
            base_direct=self.base_direct,
            rl_direct=self.rl_direct,
            guess_below=self.guess_below,
            guess_chance=self.guess_chance,
            audit=Audit(*numbers) if any(numbers) else None,
            cluster_by=self.cluster_by,
            by_verifier=by_verifier,
            second_verifier=self.second_verifier,
            labels=self.labels,
        )


def read_training(log: Path) -> pl.DataFrame:
    """Read the log of an RLVR training, one row a step."""
    try:
        return pl.read_ndjson(log)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadInput(f"{log}: expected the metrics.jsonl of a training, cannot read it ({error})") from None


def shard_of(text: str | None) -> Shard:
    """Read `2/4` as the second of four shards.

    >>> shard_of("2/4"), shard_of(None) == WHOLE
    (Shard(index=1, of=4), True)
    """
    if text is None:
        return WHOLE
    if (match := re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)) and 1 <= int(match[1]) <= int(match[2]):
        return Shard(int(match[1]) - 1, int(match[2]))
    raise BadInput(f"shard: expected I/N with 1 <= I <= N, such as 2/4, got {text!r}")


def run_name(name: str) -> str:
    """Name a model or a run by the last part of its folder, hub id or URL.

    >>> run_name("Qwen/Qwen2.5-7B"), run_name("s3://bucket/runs/base/")
    ('Qwen2.5-7B', 'base')
    """
    folder = Path(name)
    return folder.resolve().name if folder.exists() else name.rstrip("/").rpartition("/")[2]


def claim_folder(path: Path) -> None:
    """Make a folder now, so that one that cannot be made is told before hours of work."""
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


def save_config(path: Place, verb: str, config: object) -> None:
    """Keep what a folder was made with, as the file that makes it again."""
    put(path, write_toml(config, f"beyondbase {verb} --config {path.name}").encode())
