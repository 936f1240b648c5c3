r"""From an answer text to the program in it; which of several readings is Python is found out in the sandbox.

1. A text whose first line is indented goes on with the prompt, as base models do; it ends at its first line that is
   not indented: the stop words of Chen et al. 2021 (arXiv 2107.03374) and all else that would begin at the margin.
2. Fenced blocks (``` alone, or with python, py, python3) are programs. The last that defines the function counts, else
   the last. A block that is never closed counts like the others; it is cut where it ceases to be Python.
3. Without one, a text whose first line begins a program is one, up to a print, an assertion, `if __name__`, a docstring
   or a fence at the margin once the function is there, which base models add after an answer.
4. All else holds no program.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from itertools import islice

from beyondbase.programs.references import FunctionTests, StdioCases

_FENCE = re.compile(r"^[ \t]*(`{3,})[ \t]*([^\s`]*)[^\n]*$", re.MULTILINE)
_PYTHON = ("", "python", "py", "python3", "Python")
_MARGIN = re.compile(r"^(?=[^\s#)\]}])", re.MULTILINE)
_ADDED = re.compile(r"^(?:print\b|assert\b|if __name__|\"\"\"|'''|```|\[DONE\]|<)", re.MULTILINE)
_BEGINS = re.compile(r"(?:from|import|def|class|async def)\s|@\w|#|[A-Za-z_][\w, ]*=[^=]")
_BEGINS_MAIN = re.compile(r"(?:for|while|if|try|with|print|int|input)\b")
_MOST_CUTS = 40
"""places at which a program may end that are tried, from the likeliest on"""


@dataclass(frozen=True, slots=True)
class Program:
    """A program's readings: `head` and `text` up to each cut in turn, the first that compiles being meant."""

    head: str
    text: str
    cuts: tuple[int, ...]


def program_of(text: str, reference: FunctionTests | StdioCases) -> Program | None:
    r"""Return the program in an answer, or None.

    >>> tests = FunctionTests("def double(x):\n    '''Twice.'''\n", "", "double", "humaneval")
    >>> program_of("So:\n```python\ndef double(x):\n    return 2 * x\n```\n", tests).text
    'def double(x):\n    return 2 * x\n'
    >>> base = program_of("    return 2 * x\n\nprint(double(2))\n", tests)
    >>> base.text[: base.cuts[0]]
    '    return 2 * x\n\n'
    >>> program_of("It is four.", tests)
    """
    defines = _definition(reference)
    head = reference.prompt + "\n" if isinstance(reference, FunctionTests) and reference.style == "humaneval" else ""
    first = _first_line(text)
    if head and _is_body(text) and not _FENCE.match(first):
        return Program(head[:-1], text, _cuts_of_a_body(text))
    blocks = _blocks(text)
    if blocks:
        block, closed = next((block for block in reversed(blocks) if defines.search(block[0])), blocks[-1])
        if not block.strip():
            return None
        if head and not defines.search(block) and _is_body(block):
            head = head[:-1]
        return Program(head, block, (len(block),) if closed else _cuts_from_the_end(block))
    begins = _BEGINS.match(first) or (isinstance(reference, StdioCases) and _BEGINS_MAIN.match(first))
    if not begins:
        return None
    defined = defines.search(text)
    added = _ADDED.search(text, defined.end()) if defined and isinstance(reference, FunctionTests) else None
    whole = text[: added.start()] if added else text
    return Program(head, whole, _cuts_from_the_end(whole))


def _definition(reference: FunctionTests | StdioCases) -> re.Pattern[str]:
    """What a block must hold to be meant: the function, and for whole programs anything."""
    if isinstance(reference, StdioCases):
        return re.compile("")
    name = re.escape(reference.entry_point)
    return re.compile(rf"^(?:async\s+)?(?:def|class)\s+{name}\b|^{name}\s*=", re.MULTILINE)


def _blocks(text: str) -> list[tuple[str, bool]]:
    """Fenced blocks of Python, and whether each is closed."""
    blocks, opened = [], None
    for fence in _FENCE.finditer(text):
        ticks, language = fence.groups()
        if opened is None:
            opened = fence
        elif not language and len(ticks) >= len(opened[1]):
            if opened[2] in _PYTHON:
                blocks.append((textwrap.dedent(text[opened.end() + 1 : fence.start()]), True))
            opened = None
        elif language:  # a new block: the last one was never closed
            opened = fence
    if opened is not None and opened[2] in _PYTHON[1:]:
        blocks.append((textwrap.dedent(text[opened.end() + 1 :]), False))
    return blocks


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")


def _is_body(text: str) -> bool:
    first = _first_line(text)
    return first[:1] in (" ", "\t")


def _cuts_of_a_body(text: str) -> tuple[int, ...]:
    """The first line at the margin, and later ones, since one inside of a text or of brackets ends nothing."""
    return (*_ends(text)[:_MOST_CUTS], len(text))


def _cuts_from_the_end(text: str) -> tuple[int, ...]:
    """The whole, and lines at the margin from the last on: what follows a program is prose, or a half of a line."""
    return (len(text), *islice(reversed(_ends(text)), _MOST_CUTS))


def _ends(text: str) -> list[int]:
    """Where lines begin at the margin, after the first that is not empty."""
    begun = len(text) - len(text.lstrip())
    return [match.start() for match in _MARGIN.finditer(text) if match.start() > begun]
