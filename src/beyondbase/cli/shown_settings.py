"""What a run is made with, in lines for a reader: nothing is sampled by a setting that was not shown."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping

from beyondbase.store import RunManifest

_WIDEST = 100


def show_settings(manifest: RunManifest) -> None:
    """Print every resolved setting to standard error."""
    print("\n".join(settings_lines(manifest)), file=sys.stderr, flush=True)


def settings_lines(manifest: RunManifest) -> list[str]:
    """Say all that decides the samples of a run, a line a setting; long values are cut, the manifest has them whole.

    >>> from beyondbase.types import DrawRule, SamplingSpec
    >>> spec, rule = SamplingSpec(stop=("</s>",)), DrawRule(n_max=64)
    >>> manifest = RunManifest(model="m", problem_set="p", problems_hash="1f", template_hash="2e", spec=spec,
    ...                        rule=rule, verifier="exact-1", engine={"dtype": "float32"})
    >>> [line for line in settings_lines(manifest) if "stop" in line or "dtype" in line]
    ["  stop           ['</s>']", '  stop_at        4', '  engine.dtype   float32']
    """
    spec = {field.name: getattr(manifest.spec, field.name) for field in dataclasses.fields(manifest.spec)}
    spec |= dict.fromkeys(manifest.unknown, "unknown")
    facts: dict[str, object] = {
        "problems": f"{manifest.problem_set} ({manifest.problems_hash})",
        "verifier": manifest.verifier,
        **spec,
        "template": f"{spec['template']} ({manifest.template_hash})" if manifest.template_hash else spec["template"],
        **dataclasses.asdict(manifest.rule),
        **{f"engine.{name}": value for name, value in manifest.engine.items()},
    }
    return lines_of(f"settings of {manifest.model}", facts)


def lines_of(head: str, facts: Mapping[str, object]) -> list[str]:
    """Write facts below a head, a line each; long values are cut.

    >>> lines_of("scores", {"dtype": "float32", "top_k": None})
    ['scores:', '  dtype  float32', '  top_k  none']
    """
    width = max(map(len, facts)) + 2
    return [f"{head}:", *(f"  {name:<{width}}{_text(value)}" for name, value in facts.items())]


def _text(value: object) -> str:
    if isinstance(value, tuple):
        value = list(value)
    text = "none" if value is None or value in ([], "") else str(value)
    text = text.encode("unicode_escape").decode() if "\n" in text else text
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."
