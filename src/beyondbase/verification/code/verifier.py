"""The verifier of programs: extracted, run in a sandbox beside the problem's tests, and believed in nothing."""

from __future__ import annotations

import hashlib
import platform
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock

from beyondbase.errors import BeyondbaseError
from beyondbase.programs.extraction import Program, program_of
from beyondbase.programs.references import FunctionTests, StdioCases, reference_of
from beyondbase.types import Judgement, Problem, Verdict
from beyondbase.verification.code.probe import checked_sandbox
from beyondbase.verification.code.process import IDLE_S, Limits
from beyondbase.verification.code.trial import Bench, Tests, try_cases
from beyondbase.verification.options import CodeOptions
from beyondbase.verification.verifier import Answer, GoldTexts

_VERSION = 1
_AHEAD = 2
"""answers under way or waiting, a worker"""


class CodeVerifier:
    """Judge programs by the tests of their problem (HumanEval, MBPP) or by cases of input and output.

    The program and the tests run in two sandboxes. What a program returns is carried over as plain data, so that
    nothing it defines, patches or prints can pass a test for it. CPU time decides what is too slow, never the clock.
    """

    def __init__(self, options: CodeOptions) -> None:
        self._options = options
        self._bench: Bench | None = None

    @property
    def name(self) -> str:
        """`code-1`, and the limits that differ from the usual ones.

        >>> CodeVerifier(CodeOptions(code_cpu_s=20)).name
        'code-1+cpu20'
        """
        usual, own = CodeOptions(), self._options
        cpu = f"+cpu{own.code_cpu_s}" if own.code_cpu_s != usual.code_cpu_s else ""
        memory = f"+mem{own.code_memory_mb}" if own.code_memory_mb != usual.code_memory_mb else ""
        return f"code-{_VERSION}{cpu}{memory}"

    @property
    def settings(self) -> Mapping[str, str]:
        """Limits, sandbox and Python."""
        bench = self._ready()
        return {
            "cpu_s": str(self._options.code_cpu_s),
            "memory_mb": str(self._options.code_memory_mb),
            "idle_s": str(IDLE_S),
            "sandbox": bench.sandbox.version(),
            "python": platform.python_version(),
        }

    def verify(self, problem: Problem, text: str) -> Judgement:
        """Judge one answer; raises BeyondbaseError where there is no sandbox to be trusted."""
        return next(self.verify_all([Answer(problem, text)]))

    def verify_all(self, answers: Iterable[Answer]) -> Iterator[Judgement]:
        """Judge answers in order, --code-workers at once; raises BeyondbaseError where there is no sandbox."""
        pool = _Benches(self._ready())
        waiting: deque[Future[Judgement]] = deque()
        with ThreadPoolExecutor(self._options.code_workers, thread_name_prefix="code") as threads:
            try:
                for answer in answers:
                    waiting.append(threads.submit(pool.judge, answer))
                    if len(waiting) >= _AHEAD * self._options.code_workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()
                # Tests end with the thread that started them, and are to be waited for before it ends.
                wait(waiting)
                pool.close()

    def gold_texts(self, problem: Problem) -> GoldTexts | None:
        """Return the reference's solution, and a program that never comes to an answer; None without a solution."""
        reference = reference_of(problem)
        if not reference.solution:
            return None
        if isinstance(reference, StdioCases):
            return GoldTexts(_fenced(reference.solution), _fenced("raise SystemExit(1)"))
        # A solution may go on with the prompt, or be a whole program.
        whole = f"def {reference.entry_point}(" in reference.solution
        right = reference.solution if whole else reference.prompt + reference.solution
        wrong = f"def {reference.entry_point}(*_, **__):\n    raise NotImplementedError"
        return GoldTexts(_fenced(right), _fenced(wrong))

    def _ready(self) -> Bench:
        if self._bench is None:
            limits = Limits(self._options.code_cpu_s, self._options.code_memory_mb << 20)
            self._bench = Bench(checked_sandbox(self._options.code_sandbox, limits), limits)
        return self._bench


class _Benches:
    """Prepared tests, kept from one answer of a problem to its next."""

    def __init__(self, bench: Bench) -> None:
        self._bench, self._lock = bench, Lock()
        self._idle: list[Tests] = []

    def judge(self, answer: Answer) -> Judgement:
        """Judge one answer, whatever becomes of it; raises BeyondbaseError alone."""
        try:
            reference = reference_of(answer.problem)
            program = program_of(answer.text, reference)
            if program is None:
                return Judgement(Verdict.NO_ANSWER, detail="no program")
            judgement = self._tried(program, reference)
        except BeyondbaseError:
            raise
        except Exception as error:
            # Nothing that fails on this side of the sandbox is the program's fault.
            return Judgement(Verdict.VERIFIER_ERROR, detail=f"{type(error).__name__}: {error}")
        return Judgement(judgement.verdict, _fingerprint(program), judgement.detail)

    def close(self) -> None:
        """End all."""
        for tests in self._idle:
            tests.close()
        self._idle.clear()

    def _tried(self, program: Program, reference: FunctionTests | StdioCases) -> Judgement:
        if isinstance(reference, StdioCases):
            return try_cases(self._bench, program, reference)
        tests = self._taken(reference)
        try:
            judgement = tests.try_one(program)
        except BaseException:
            tests.close()
            raise
        with self._lock:
            self._idle.append(tests)
        return judgement

    def _taken(self, reference: FunctionTests) -> Tests:
        with self._lock:
            same = next((tests for tests in self._idle if tests.reference == reference), None)
            others = [tests for tests in self._idle if tests is not same and tests.reference != reference]
            if same:
                self._idle.remove(same)
            else:
                self._idle = [tests for tests in self._idle if tests not in others]
        if same:
            return same
        for tests in others:  # answers come problem by problem: the last one's tests are of no more use
            tests.close()
        return Tests(self._bench, reference)


def _fingerprint(program: Program) -> str:
    """Equal programs are equal answers."""
    return hashlib.sha256(program.text.encode(errors="replace")).hexdigest()[:16]


def _fenced(program: str) -> str:
    return f"```python\n{program}\n```\n"
