"""What a run was made with: written once, checked at every resume, read by every analysis."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from beyondbase.errors import StoreError
from beyondbase.store.place import Place
from beyondbase.types import DrawRule, Origin, SamplingSpec
from beyondbase.wording import in_short

FORMAT_VERSION = 2
FILE_NAME = "manifest.json"
WHERE = {"base_url", "server_version", "model_card", "context"}
"""what an engine says of the place that serves a model, not of what it draws: may be another when a run goes on"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunManifest:
    """One model, one sampling specification, one problem set: the resolved configuration of a run."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    model: str
    """display name"""
    problem_set: str
    problems_hash: str
    template_hash: str
    spec: SamplingSpec
    rule: DrawRule
    verifier: str
    """the verifier whose successes stopped the problems, and the default of every analysis"""
    engine: Mapping[str, str]
    """resolved settings of the engine: hashes of weights and tokenizer, dtype, the first prompt"""
    versions: Mapping[str, str] = field(default_factory=dict)
    origin: Origin = Origin.DRAWN
    unknown: tuple[str, ...] = ()
    """fields of `spec` that an imported log does not tell: what stands in them means nothing (see `told`)"""
    run_id: str = ""
    """digest of all that decided a sample when the run was made, which gives it; every part of the run carries it"""
    format_version: int = FORMAT_VERSION

    @property
    def imported(self) -> bool:
        """Whether another program drew the samples."""
        return self.origin is Origin.IMPORTED

    def told(self, setting: str) -> object:
        """Return a field of `spec`, or None where it is not known: None of top_k, which keeps all, is "all" here."""
        if setting in self.unknown:
            return None
        value = getattr(self.spec, setting)
        return "all" if value is None else value

    def identified(self) -> RunManifest:
        """The same with the run_id that a run made with it has."""
        engine = {key: value for key, value in self.engine.items() if key not in WHERE}
        decides = [dataclasses.asdict(self.spec), self.problems_hash, self.template_hash, engine]
        digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
        return dataclasses.replace(self, run_id=digest[:16])


_ADAPTER = TypeAdapter(RunManifest)


def manifest_text(manifest: RunManifest) -> str:
    """Write a manifest as indented JSON."""
    return _ADAPTER.dump_json(manifest, indent=2).decode() + "\n"


def read_manifest(run_path: Place) -> RunManifest:
    """Read RUN/manifest.json, or raise StoreError saying what is wrong with it."""
    manifest = find_manifest(run_path)
    if manifest is None:
        raise StoreError(f"{run_path}: expected a run, found no {FILE_NAME} in it; make a run with `beyondbase sample`")
    return manifest


def find_manifest(run_path: Place) -> RunManifest | None:
    """Read RUN/manifest.json, or return None if there is none; raises StoreError if it cannot be read."""
    path = run_path / FILE_NAME
    try:
        text = path.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: cannot be read ({error}); restore it from a copy") from None
    return parse_manifest(text, path)


def parse_manifest(text: str, path: Place) -> RunManifest:
    """Parse the text of a manifest; `path` is only named in errors."""
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        raise StoreError(f"{path}: expected JSON, got a torn or foreign file ({error}); restore it") from None
    version = fields.get("format_version") if isinstance(fields, dict) else None
    if isinstance(version, int) and version != FORMAT_VERSION:
        age, mend = (
            ("newer", "upgrade beyondbase") if version > FORMAT_VERSION else ("older", "sample into a new folder")
        )
        raise StoreError(
            f"{path}: format version {version} is {age} than version {FORMAT_VERSION}, which this beyondbase reads; "
            f"{mend}"
        )
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise StoreError(f"{path}: expected a run manifest, but {where}: {first['msg']}; restore the file") from None


def check_resumable(path: Place, stored: RunManifest, wanted: RunManifest) -> RunManifest:
    """Return the manifest a resumed run goes on with: the stored one with `wanted`'s larger n_max and its problems.

    Raises StoreError, naming the setting and both values, if the two would not draw the same samples.
    """
    for name, old, new in _differences(stored, wanted):
        raise StoreError(
            f"{path}: {name} is {in_short(old)} in this run and {in_short(new)} now; "
            "use the run's own settings, or another folder for a new run"
        )
    if wanted.rule.n_max < stored.rule.n_max:
        raise StoreError(
            f"{path}: rule.n_max is {stored.rule.n_max} in this run and {wanted.rule.n_max} now; "
            "it can be raised and not lowered"
        )
    if wanted.problems_hash != stored.problems_hash:
        stored = dataclasses.replace(stored, problem_set=wanted.problem_set, problems_hash=wanted.problems_hash)
    return dataclasses.replace(stored, rule=wanted.rule)


def _differences(stored: RunManifest, wanted: RunManifest) -> Iterator[tuple[str, object, object]]:
    """Yield (name, stored value, wanted value) of the settings that must be equal and are not."""
    for (name, old), (_, new) in zip(_settings(stored), _settings(wanted), strict=True):
        if old != new:
            yield name, old, new
    for key in sorted({*stored.engine, *wanted.engine} - WHERE):
        if stored.engine.get(key) != wanted.engine.get(key):
            yield f"engine.{key}", stored.engine.get(key), wanted.engine.get(key)


def _settings(manifest: RunManifest) -> Iterator[tuple[str, object]]:
    for spec_field in dataclasses.fields(manifest.spec):
        yield f"spec.{spec_field.name}", getattr(manifest.spec, spec_field.name)
    yield "template_hash", manifest.template_hash
    yield "rule.stop_at", manifest.rule.stop_at
    yield "rule.n_first", manifest.rule.n_first
