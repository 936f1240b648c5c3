"""Plain YAML of other programs: texts, numbers, lists and mappings, and nothing that makes objects or grows.

The file is read event by event, so that a tag that asks for an object, an alias that repeats a part of the file (a few
lines of them can stand for gigabytes), and a depth without end are refused before anything is made of them.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from beyondbase.errors import BadInput
from beyondbase.wording import in_short

MOST_BYTES = 256 * 2**20
"""of a file: more are no samples of one problem"""
MOST_DEEP = 32
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WORDS: dict[str, bool | None] = {**_BOOLS, "null": None, "Null": None, "NULL": None, "~": None, "": None}
# no more than PyYAML takes for a number: it writes such texts as 08 and 1e5 without quotes
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_NUMBER = re.compile(
    r"([-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+][0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_TAG = re.compile(r"!|tag:yaml\.org,2002:(str|int|float|bool|null|seq|map)")
Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]


def read_plain_yaml(path: Path) -> Plain:
    """Read a file of one YAML document; raises BadInput naming the line where it is torn, foreign or unsafe."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise BadInput(
                f"{path}: expected at most {MOST_BYTES // 2**20} MiB of YAML, got {size // 2**20} MiB; give the "
                "samples of each problem in a file of its own"
            )
        events = yaml.parse(path.read_bytes(), _LOADER)
        made = _Making(path)
        for event in events:
            made.take(event)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error}); give a log that can") from None
    except (yaml.YAMLError, UnicodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f", line {mark.line + 1}"
        why = " ".join(str(getattr(error, "problem", None) or error).split())
        raise BadInput(
            f"{path}{line}: expected YAML, but {why[:100]}; the file may be torn: see that it is whole"
        ) from None
    return made.document()


class _Making:
    """The document as far as its events have come: what is open, innermost last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: list[list[Plain] | dict[str, Plain]] = []
        self._keys: list[str | None] = []
        self._whole: list[Plain] = []

    def take(self, event: yaml.Event) -> None:
        where = f"{self._path}, line {event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent):
            raise BadInput(f"{where}: expected plain values, got an alias (*{event.anchor}); write the value itself")
        tag = getattr(event, "tag", None)
        if tag is not None and not _PLAIN_TAG.fullmatch(tag):
            raise BadInput(
                f"{where}: expected plain values, got an object ({in_short(tag)}); nothing is made of it: write plain "
                "YAML, as yaml.safe_dump does"
            )
        if isinstance(event, yaml.ScalarEvent):
            self._put(event.value if event.style or tag else _resolved(event.value), where)
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            self._start([] if isinstance(event, yaml.SequenceStartEvent) else {}, where)
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            self._open.pop()
            self._keys.pop()

    def document(self) -> Plain:
        if len(self._whole) != 1:
            raise BadInput(f"{self._path}: expected one YAML document, got {len(self._whole)}; see that it is whole")
        return self._whole[0]

    def _start(self, value: list[Plain] | dict[str, Plain], where: str) -> None:
        if len(self._open) == MOST_DEEP:
            raise BadInput(f"{where}: expected at most {MOST_DEEP} levels, got more; this is no log of samples")
        self._put(value, where)
        self._open.append(value)
        self._keys.append(None)

    def _put(self, value: Plain, where: str) -> None:
        if not self._open:
            self._whole.append(value)
            return
        inner = self._open[-1]
        if isinstance(inner, list):
            inner.append(value)
        elif (key := self._keys[-1]) is None:
            self._key(value, inner, where)
        else:
            inner[key] = value
            self._keys[-1] = None

    def _key(self, value: Plain, inner: dict[str, Plain], where: str) -> None:
        if isinstance(value, list | dict) or value is None:
            raise BadInput(f"{where}: expected a name and a colon, got another value; see that it is a log of samples")
        key = str(value)
        if key in inner:
            raise BadInput(f"{where}: expected {in_short(key)} once, got it again; leave one out")
        self._keys[-1] = key


def _resolved(text: str) -> Plain:
    """The value of a text without quotes.

    >>> [_resolved(text) for text in ("true", "No.", "~", "7", "0.5", "7 apples", "08", "1e5")]
    [True, 'No.', None, 7, 0.5, '7 apples', '08', '1e5']
    """
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > 100:
        return text
    plain = text.replace("_", "")
    if _WHOLE.fullmatch(text):
        return int(plain)
    return float(plain.lower().replace(".inf", "inf").replace(".nan", "nan")) if _NUMBER.fullmatch(text) else text
