"""Which runs may be compared (docs/method.md, section 16)."""

from __future__ import annotations

from collections.abc import Mapping

from beyondbase.errors import BadInput, NotComparable
from beyondbase.store.manifest import RunManifest

# what must be equal, and the name by which `allow` refers to it
EQUAL = ("problems", "template", "form", "system", "chat_template", "add_bos", "stop", "max_tokens", "verifier")
MAY_BE_ALLOWED = (*EQUAL, "seed")


def check_comparable(base: RunManifest, rl: RunManifest, allow: frozenset[str]) -> dict[str, str]:
    """Return the differences that `allow` lets pass, as name -> "base value / RL value".

    Raises NotComparable, naming the setting and both values, for any other difference in what the model
    is asked and how its answer is judged, and for samples that share seeds.
    """
    unknown = allow - set(MAY_BE_ALLOWED)
    if unknown:
        raise BadInput(f"allow-unequal: expected some of {', '.join(MAY_BE_ALLOWED)}, got {min(unknown)!r}")
    mine, theirs = _settings(base), _settings(rl)
    allowed = {}
    for name in EQUAL:
        if mine[name] == theirs[name]:
            continue
        both = f"{_value(base, name)} / {_value(rl, name)}"
        if name not in allow:
            raise NotComparable(
                f"{name}: expected the same for both models, got {both}; sample one again, or --allow-unequal {name}"
            )
        allowed[name] = both
    if base.spec.seed == rl.spec.seed:
        both = f"{base.spec.seed} / {rl.spec.seed}"
        if "seed" not in allow:
            raise NotComparable(
                f"seed: expected samples drawn independently, got the same seed for both models ({both}); "
                "sample one again with another --seed, or --allow-unequal seed"
            )
        allowed["seed"] = both
    return allowed


def _settings(run: RunManifest) -> Mapping[str, object]:
    spec = run.spec
    return {
        "problems": run.problems_hash,
        "template": (spec.template, run.template_hash),
        "form": spec.form.value,
        "system": spec.system,
        "chat_template": run.engine.get("chat_template_hash"),
        "add_bos": spec.add_bos,
        "stop": spec.stop,
        "max_tokens": spec.max_tokens,
        "verifier": run.verifier,
    }


def _value(run: RunManifest, name: str) -> str:
    """A setting as a reader knows it: names, with the start of a hash where names may be equal."""
    match name:
        case "problems":
            return f"{run.problem_set} ({run.problems_hash[:8]})"
        case "template":
            return f"{run.spec.template} ({run.template_hash[:8]})"
        case "stop":
            return repr(list(run.spec.stop))
        case _:
            return str(_settings(run)[name])
