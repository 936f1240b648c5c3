"""One answer tried: a program beside its tests, or fed one case after the other."""

from __future__ import annotations

import json
from dataclasses import dataclass

from beyondbase.programs.extraction import Program
from beyondbase.programs.references import FunctionTests, StdioCase, StdioCases
from beyondbase.types import Judgement, Verdict
from beyondbase.verification.code.inside.wire import Uncarried, frame, unpack
from beyondbase.verification.code.process import End, Ended, Limits, Process
from beyondbase.verification.code.sandbox import Sandbox

_WHY = {
    End.CPU: "used up its {cpu_s} s of CPU time",
    End.IDLE: "sleeps: it neither computes nor answers",
    End.FLOOD: "puts out more than is read",
}


class Broken(Exception):
    """The harness failed, not the program: missing data."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where programs run, and what they may use."""

    sandbox: Sandbox
    limits: Limits

    def process(self, side: str, *, forks: bool = False) -> Process:
        """Start one side."""
        return Process(self.sandbox.start(side, forks=forks), self.limits)

    def program(self, program: Program, kind: str, entry_point: str = "") -> bytes:
        """Return the frame that hands a program over."""
        start = {
            "kind": kind, "entry_point": entry_point, "head": program.head, "text": program.text,
            "cuts": program.cuts, "cpu_s": self.limits.cpu_s, "memory_bytes": self.limits.memory_bytes,
        }  # fmt: skip
        return json.dumps(start).encode()


class Tests:
    """The tests of one problem, ready for one answer after the other."""

    def __init__(self, bench: Bench, reference: FunctionTests) -> None:
        self.reference = reference
        self._bench = bench
        self._process = bench.process("tests_side", forks=True)
        problem = {
            "prompt": reference.prompt, "test": reference.test, "entry_point": reference.entry_point,
            "style": reference.style, "cpu_s": bench.limits.cpu_s, "memory_bytes": bench.limits.memory_bytes,
        }  # fmt: skip
        try:
            letter, content = self._process.ask(b"S", json.dumps(problem).encode())
        except Ended as ended:
            self.close()
            raise Broken(f"the tests do not start: {ended.said or ended.status}") from None
        if letter != b"P":
            self.close()
            raise Broken(f"the tests do not start: {unpack(content)}")

    def try_one(self, program: Program) -> Judgement:
        """Judge one program; raises Broken, after which these tests are of no more use."""
        process = self._bench.process("program_side")
        try:
            try:
                process.ask(b"S", self._bench.program(program, "function", self.reference.entry_point))
            except Ended as ended:
                raise Broken(f"the sandbox does not start: {ended.said or ended.status}") from None
            return self._dialogue(process)
        finally:
            process.close()

    def close(self) -> None:
        """End the process."""
        self._process.close()

    def _dialogue(self, process: Process) -> Judgement:
        try:
            letter, content = process.hear()
            loaded = unpack(content)
        except Ended as ended:
            return _ended(ended, self._bench.limits, "before the tests")
        except Uncarried:
            loaded = "writes into what is not its own"
        if loaded != "":
            return Judgement(Verdict.WRONG, detail=str(loaded))
        try:
            letter, content = self._process.ask(b"G")
            while letter == b"C":
                try:
                    _, reply = process.ask(b"C", content)
                except Ended as ended:
                    judgement = _ended(ended, self._bench.limits, "in the tests")
                    self._process.ask(b"X")  # the tests of this answer end; those of the next are as they were
                    return judgement
                letter, content = self._process.ask(b"R", reply)
            if letter == b"V":
                passed, detail = unpack(content)
                self._process.hear()
                return Judgement(Verdict.CORRECT if passed is True else Verdict.WRONG, detail=str(detail))
            raise Broken(f"the tests end without a word, status {unpack(content)}")
        except Ended as ended:
            raise Broken(f"the tests end: {ended.end}, {ended.said or ended.status}") from None


def try_cases(bench: Bench, program: Program, reference: StdioCases) -> Judgement:
    """Judge a program by cases up to the first that it fails, each in a process that knows no other."""
    for number, case in enumerate(reference.cases, 1):
        process = bench.process("program_side")
        try:
            output, ended = process.run(frame(b"S", bench.program(program, "stdio")) + case.input.encode())
        finally:
            process.close()
        judgement = _of_case(bench, case, output, ended, f"in case {number}")
        if judgement is not None:
            return judgement
    return Judgement(Verdict.CORRECT)


def _of_case(bench: Bench, case: StdioCase, output: bytes, ended: Ended, where: str) -> Judgement | None:
    if not output.startswith(b"H"):
        raise Broken(f"the sandbox does not start: {ended.said or ended.status}")
    if ended.end is not End.EXITED or ended.status:
        return _ended(ended, bench.limits, where)
    if _lines(output[1:].decode(errors="replace")) != _lines(case.output):
        return Judgement(Verdict.WRONG, detail=f"another output {where}")
    return None


def _lines(text: str) -> list[list[str]]:
    """What is compared of an output: words of lines, whatever the white space between them and at the end."""
    return [line.split() for line in text.strip().splitlines()]


def _ended(ended: Ended, limits: Limits, where: str) -> Judgement:
    """What a program's end says of it; raises Broken for ends that are not of its own making."""
    if ended.end in (End.STARVED, End.KILLED):
        raise Broken(f"the program was {ended.end} {where}")
    if ended.end in _WHY:
        return Judgement(Verdict.WRONG, detail=f"{_WHY[ended.end].format(cpu_s=limits.cpu_s)} {where}")
    last = ended.said.strip().splitlines()[-1:] or [f"status {ended.status}"]
    return Judgement(Verdict.WRONG, detail=f"ends {where}: {last[0][:300]}")
