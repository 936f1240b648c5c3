"""Which runs may be compared (docs/method.md, section 16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from beyondbase.errors import BadInput, NotComparable
from beyondbase.store.manifest import RunManifest
from beyondbase.store.problem_match import ProblemMatch, match
from beyondbase.store.run_store import Run
from beyondbase.wording import in_short

# what must be equal, and the name by which `allow` refers to it
EQUAL = ("problems", "template", "form", "system", "chat_template", "add_bos", "stop", "max_tokens", "verifier")
MAY_BE_ALLOWED = (*EQUAL, "seed")
MAY_DIFFER = ("temperature", "top_p", "top_k")
"""what two models may be compared at, each at its own: a reader is told"""
UNKNOWN = "not told"


def check_runs(base: Run, rl: Run, allow: frozenset[str]) -> dict[str, str]:
    """Do as `check_comparable`; the problems of imported runs are matched by id and question, and not by their digest.

    A log may leave out questions or reference answers that another one has.
    """
    manifests = base.manifest, rl.manifest
    unlike = base.manifest.problems_hash != rl.manifest.problems_hash
    if not unlike or not any(manifest.imported for manifest in manifests):
        return check_comparable(*manifests, allow)
    return check_comparable(*manifests, allow, match(base.problems(), rl.problems()))


def check_comparable(
    base: RunManifest, rl: RunManifest, allow: frozenset[str], problems: ProblemMatch | None = None
) -> dict[str, str]:
    """Return the differences that `allow` lets pass, as name -> "base value / RL value".

    problems: how those of the two compare, where their digests do not tell.

    Raises NotComparable, naming the setting and both values, for any other difference in what the model
    is asked and how its answer is judged, and for samples that share seeds. What an imported log does not tell is no
    difference; see `unknown_settings`.
    """
    strange = allow - set(MAY_BE_ALLOWED)
    if strange:
        raise BadInput(f"allow-unequal: expected some of {', '.join(MAY_BE_ALLOWED)}, got {min(strange)!r}")
    imported = base.imported or rl.imported
    again = "give a log made alike" if imported else "sample one again"
    mine, theirs, unknown = _settings(base, imported), _settings(rl, imported), unknown_settings(base, rl)
    allowed = {}
    for name in EQUAL:
        if mine[name] == theirs[name] or name in unknown:
            continue
        both = f"{_value(base, name)} / {_value(rl, name)}"
        if name == "problems" and problems is not None:
            if problems.same:
                continue
            both = "; ".join(problems.lines("base", "RL"))
            again = "compare those that both have with `beyondbase report --base LOGS --rl LOGS --match shared`"
        if name not in allow:
            raise NotComparable(
                f"{name}: expected the same for both models, got {both}; {again}, or --allow-unequal {name}"
            )
        allowed[name] = both
    # The seeds of another program are its own: sharing one is told (`remarks`), and is no proof of shared noise.
    if base.spec.seed == rl.spec.seed and not imported:
        both = f"{base.spec.seed} / {rl.spec.seed}"
        if "seed" not in allow:
            raise NotComparable(
                f"seed: expected samples drawn independently, got the same seed for both models ({both}); "
                "sample one again with another --seed, or --allow-unequal seed"
            )
        allowed["seed"] = both
    return allowed


def unknown_settings(base: RunManifest, rl: RunManifest) -> dict[str, str]:
    """Return the settings that the log of an imported run does not tell, as name -> "base value / RL value"."""
    names = (*EQUAL[1:-1], *MAY_DIFFER, "seed")
    told = {name: (_told(base, name), _told(rl, name)) for name in names}
    return {name: f"{both[0]} / {both[1]}" for name, both in told.items() if UNKNOWN in both}


def remarks(base: RunManifest, rl: RunManifest) -> Iterator[str]:
    """Say what a verdict on imported runs leaves open: settings that are not told, or told and not the same."""
    if not (base.imported or rl.imported):
        return
    of = {"base": base, "RL": rl}
    unknown = unknown_settings(base, rl)
    neither = [name for name in unknown if all(_told(run, name) == UNKNOWN for run in of.values())]
    if neither:
        yield f"{', '.join(neither)}: {UNKNOWN} by the logs"
    for model, run in of.items():
        alone = [f"{name} {_told(run, name)}" for name in unknown if _told(run, name) != UNKNOWN]
        if alone:
            yield f"told of {model} alone, so that they may differ: {', '.join(alone)}"
    for name in MAY_DIFFER:
        both = [_told(run, name) for run in of.values()]
        if name not in unknown and both[0] != both[1]:
            yield f"{name} differs (base {both[0]}, RL {both[1]})"
    if "seed" not in unknown and base.spec.seed == rl.spec.seed:
        yield f"both logs state the seed {base.spec.seed}: samples drawn with the same noise are not independent"


def _settings(run: RunManifest, imported: bool) -> Mapping[str, object]:
    spec = run.spec
    return {
        "problems": run.problems_hash,
        # the name of a template that a log was read from says nothing
        "template": run.template_hash if imported else (spec.template, run.template_hash),
        "form": spec.form.value,
        "system": spec.system,
        "chat_template": run.engine.get("chat_template_hash"),
        "add_bos": spec.add_bos,
        "stop": spec.stop,
        "max_tokens": spec.max_tokens,
        "verifier": run.verifier,
    }


def _told(run: RunManifest, name: str) -> str:
    """A setting as a reader knows it, or UNKNOWN."""
    if run.imported and name == "template" and not run.template_hash:
        return UNKNOWN
    if run.imported and name == "chat_template" and "chat_template_hash" not in run.engine:
        return UNKNOWN
    if name in run.unknown:
        return UNKNOWN
    return _value(run, name)


def _value(run: RunManifest, name: str) -> str:
    """A setting as a reader knows it: names, with the start of a hash where names may be equal."""
    match name:
        case "problems":
            return f"{run.problem_set} ({run.problems_hash[:8]})"
        case "template":
            return f"{run.spec.template} ({run.template_hash[:8]})"
        case "stop":
            return repr(list(run.spec.stop))
        case "temperature" | "top_p" | "top_k" | "seed":
            return str(run.told(name))
        case "system" if run.imported:
            return in_short(run.spec.system)
        case _:
            return str(_settings(run, False)[name])
