"""What each verifier can be told: fields are flags of the command line, and settings beside the verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field

from beyondbase.verification.code.choice import CodeSandbox


@dataclass(frozen=True, slots=True)
class CodeOptions:
    """Programs in a sandbox; the first two limits decide verdicts and stand in the verifier's name."""

    code_cpu_s: int = 10
    """seconds of CPU time that a program has, for each case or for all tests of a function"""
    code_memory_mb: int = 1024
    """address space of a program"""
    code_workers: int = 2
    """answers under way at once"""
    code_sandbox: CodeSandbox = CodeSandbox.AUTO
    """auto: bubblewrap, or Docker where that cannot be used"""


@dataclass(frozen=True, slots=True)
class VerifierOptions:
    """Options of all verifiers; those of others than the one at work are not read."""

    code: CodeOptions = field(default_factory=CodeOptions)
