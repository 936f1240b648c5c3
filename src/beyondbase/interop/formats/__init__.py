"""The formats of other programs' logs, a module each; each module is imported when its format is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.extras import load
from beyondbase.interop.foreign import Format
from beyondbase.wording import in_short

FORMATS: dict[str, str] = {
    "lm-eval": "beyondbase.interop.formats.lm_eval",
    "lighteval": "beyondbase.interop.formats.lighteval",
    "inspect": "beyondbase.interop.formats.inspect",
    "nemo-skills": "beyondbase.interop.formats.nemo_skills",
    "verl": "beyondbase.interop.formats.verl",
    "qwen-math": "beyondbase.interop.formats.qwen_math",
    "monkeys": "beyondbase.interop.formats.monkeys",
    "evalscope": "beyondbase.interop.formats.evalscope",
    "verifiers": "beyondbase.interop.formats.verifiers",
    "tinker": "beyondbase.interop.formats.tinker",
    "human-eval": "beyondbase.interop.formats.human_eval",
    "openai-batch": "beyondbase.interop.formats.openai_batch",
    "counts": "beyondbase.interop.formats.counts",
    "matrix": "beyondbase.interop.formats.matrix",
    "table": "beyondbase.interop.formats.table",
}
"""in the order in which `auto` tries them: a format that any file could be comes last"""


def format_of(name: str) -> Format:
    """Return a format by its name in FORMATS."""
    if name not in FORMATS:
        raise BadInput(f"format: expected auto or one of {', '.join(FORMATS)}, got {in_short(name)}")
    found: Format = load(f"{FORMATS[name]}:FORMAT")
    return found


def recognised(paths: Sequence[Path]) -> tuple[str, str]:
    """Return the format that the first file which any format knows is of, and by what it is known.

    Raises BadInput where no file is known.
    """
    files = [file for path in paths for file in _files(path)]
    for file in files:
        for name in FORMATS:
            if (by := format_of(name).recognise(file)) is not None:
                return name, f"{file.name}: {by}"
    given = in_short(" ".join(map(str, paths)))
    if not files:
        raise BadInput(f"{given}: expected logs, found no file; see the path")
    raise BadInput(
        f"{given}: expected logs of a format known here ({', '.join(FORMATS)}), recognised none of "
        f"{len(files)} files; name the format, or for a table its columns with --columns"
    )


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.exists() else []
    return sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
