"""The verbs, each imported when it is called, so that `--help` is quick and needs neither torch nor a plotter."""

from __future__ import annotations

from typing import NamedTuple

from beyondbase.cli.verb import Verb
from beyondbase.extras import load


class Entry(NamedTuple):
    """Where a verb is, and what it does in one line."""

    module: str
    line: str


VERBS: dict[str, Entry] = {
    "demo": Entry("beyondbase.cli.demo", "train a small model by RLVR and compare it with its base: needs nothing"),
    "plan": Entry("beyondbase.cli.plan", "say before sampling what a study would show and what it costs"),
    "compare": Entry("beyondbase.cli.compare", "compare two models: sample both, verify, analyze, report"),
    "study": Entry("beyondbase.cli.study", "the whole experiment: compare, and say why and how robust the answer is"),
    "study run": Entry("beyondbase.cli.study_run", "train, sample and report all that the TOML of an experiment asks"),
    "sample": Entry("beyondbase.cli.sample", "draw and verify samples of one model"),
    "watch": Entry("beyondbase.cli.watch", "show how far a run on a cluster is"),
    "verify": Entry("beyondbase.cli.verify", "judge the samples of a run again, or with another verifier"),
    "score": Entry("beyondbase.cli.score", "say how likely the samples of a run are under any model"),
    "label": Entry("beyondbase.cli.label", "draw samples for a person to label, to measure a verifier's errors"),
    "gold": Entry("beyondbase.cli.gold", "try a verifier on the gold answers of a problem set"),
    "audit": Entry("beyondbase.cli.audit", "look for what would spoil a run, or the comparison of two"),
    "agreement": Entry(
        "beyondbase.cli.agreement", "compare two verifiers on the same samples, and what the second does to the curves"
    ),
    "compact": Entry("beyondbase.cli.compact", "merge the many small files of a run into few"),
    "analyze": Entry("beyondbase.cli.analyze", "analyse two runs that are there"),
    "models": Entry("beyondbase.cli.models", "compare several models with one base: one table for all"),
    "report": Entry("beyondbase.cli.report", "compare two logs of other programs, or draw a study's report again"),
    "data": Entry("beyondbase.cli.data", "list the problem sets that go by a name"),
    "data get": Entry("beyondbase.cli.data_get", "bring such a set from its makers' repository"),
    "train base": Entry("beyondbase.cli.train_base", "pretrain the small base model"),
    "train ladder": Entry("beyondbase.cli.train_ladder", "pretrain base models of three sizes"),
    "train rl": Entry("beyondbase.cli.train_rl", "train a model by RLVR"),
    "train sft": Entry("beyondbase.cli.train_sft", "fine-tune a model on the correct samples of a run"),
    "train trl": Entry(
        "beyondbase.cli.train_trl", "train any Hugging Face model by RLVR with TRL, and watch its pass@k"
    ),
    "train verl": Entry("beyondbase.cli.train_verl", "write data, configuration and command of a training with verl"),
    "import": Entry("beyondbase.cli.import_runs", "read the logs of other programs as runs"),
    "export": Entry("beyondbase.cli.export", "write a run for other programs, or a study for a paper"),
}


def load_verb(name: str) -> Verb:
    """Import a verb."""
    verb: Verb = load(f"{VERBS[name].module}:VERB")
    return verb
