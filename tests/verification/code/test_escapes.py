"""What runs in the sandbox stays there: nothing gets out, nothing is believed, no neighbour notices."""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beyondbase.types import Problem, Verdict
from beyondbase.verification.code import process
from beyondbase.verification.code.verifier import CodeVerifier
from beyondbase.verification.options import CodeOptions
from beyondbase.verification.verifier import Answer

KNOWN = runpy.run_path(str(Path(__file__).with_name("escapes.py")))
ESCAPES: list[Any] = [escape for escape in KNOWN["ESCAPES"] if escape.name not in KNOWN["VARIANTS"]]
VARIANTS: list[Any] = [escape for escape in KNOWN["ESCAPES"] if escape.name in KNOWN["VARIANTS"]]
DOUBLE = {"kind": "function", "style": "mbpp", "prompt": "", "test": "assert f(2) == 4", "entry_point": "f"}
PROBLEM = Problem("double", "", json.dumps(DOUBLE))
SECRET = "BEYONDBASE_TEST_SECRET"
SUBREAPER = 36


@pytest.fixture
def orphans_come_here() -> Iterator[None]:
    """Let processes that lose their parent become children of this one, as long as the test lasts."""
    libc = ctypes.CDLL(None)
    assert not libc.prctl(SUBREAPER, 1, 0, 0, 0)
    yield
    libc.prctl(SUBREAPER, 0, 0, 0, 0)


def fenced(program: str) -> str:
    return f"```python\n{program}```\n"


def children() -> set[str]:
    """Living and dead: a sandbox leaves no zombie either, since not every machine has a first process that reaps."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def test_each_name_is_one_escape_and_most_are_always_tried() -> None:
    assert len({escape.name for escape in ESCAPES + VARIANTS}) == len(KNOWN["ESCAPES"])
    assert {escape.name for escape in VARIANTS} == KNOWN["VARIANTS"]
    assert len(ESCAPES) >= 40


@pytest.mark.parametrize(
    "escapes", [ESCAPES, pytest.param(VARIANTS, marks=pytest.mark.slow)], ids=["one of each", "variants"]
)
def test_escapes_are_held_and_neighbours_are_left_alone(
    escapes: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orphans_come_here: None
) -> None:
    monkeypatch.setattr(process, "IDLE_S", 1.5)
    monkeypatch.setenv(SECRET, "told to nobody")
    canary = tmp_path / "canary"
    canary.write_text("alive")
    with socket.create_server(("127.0.0.1", 0)) as server:
        known = {"canary": str(canary), "secret": SECRET, "pid": os.getpid(), "port": server.getsockname()[1]}
        neighbours = ["def f(x):\n    return 2 * x\n", "def f(x):\n    return x\n"]
        programs = [text for i, escape in enumerate(escapes) for text in (filled(escape, known), neighbours[i % 2])]
        before = children()
        verifier = CodeVerifier(CodeOptions(code_cpu_s=1, code_memory_mb=512, code_workers=4))
        judged = list(verifier.verify_all(Answer(PROBLEM, fenced(program)) for program in programs))
    got_out = {
        escape.name: (judgement.verdict.value, judgement.detail)
        for escape, judgement in zip(escapes, judged[0::2], strict=True)
        if judgement.verdict is not Verdict.WRONG
    }
    assert got_out == {}
    assert {judgement.verdict for judgement in judged[1::4]} == {Verdict.CORRECT}
    assert {judgement.verdict for judgement in judged[3::4]} == {Verdict.WRONG}
    assert [path.name for path in tmp_path.iterdir()] == ["canary"]
    assert canary.read_text() == "alive"
    assert children() <= before


def filled(escape: Any, known: dict[str, object]) -> str:
    """Tell a program what it is to reach, where it wants to reach something of this machine."""
    is_attempt = "return 0" in escape.program
    return str(escape.program.format(**known)) if is_attempt else str(escape.program)
