"""What each verifier can be told: fields are flags of the command line, and settings beside the verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field

from beyondbase.verification.code.choice import CodeSandbox
from beyondbase.verification.judge.rule import JudgeRule
from beyondbase.verification.math.options import MathOptions


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """A model behind a server of the OpenAI protocol that grades the reasoning of right answers."""

    judge_model: str = ""
    """the name that the server gives it; --verifier judge needs it"""
    judge_base_url: str = ""
    """such as http://localhost:8000/v1; --verifier judge needs it"""
    judge_api_key_env: str = "OPENAI_API_KEY"
    """name of the environment variable that holds the judge's key"""
    judge_over: str = "math"
    """verifier that says which answers are right: only their reasoning is judged"""
    judge_votes: int = 3
    """votes on each right answer"""
    judge_rule: JudgeRule = JudgeRule.MAJORITY
    """votes for valid that reasoning needs: any (one), majority (more than half), all"""
    judge_template: str = "steps"
    """what the judge is asked: a name, or a text file with {question}, {answer} and {mark}"""
    judge_temperature: float = 0.6
    """of the votes; 0 takes one vote"""
    judge_max_tokens: int = 8192
    """cap on the tokens of a vote, thoughts included; one that reaches it is no vote"""
    judge_seed: int = 0
    """the seed of a vote is a hash of this, the problem, the answer's text and the number of the vote"""
    judge_concurrency: int = 64
    """requests under way at once"""
    judge_budget_tokens: int | None = None
    """stop before the judge has used up more tokens in this call, prompts included"""


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
class OwnOptions:
    """Options of a verifier given as module:function; its limits only ever turn into missing verdicts."""

    own_workers: int = 2
    """processes that call the function"""
    own_cpu_s: float = 60.0
    """CPU seconds that one call may take; beyond, the verdict is verifier_error"""
    own_memory_mb: int = 4096
    """address space of a process"""


@dataclass(frozen=True, slots=True)
class VerifierOptions:
    """Options of all verifiers; those of others than the one at work are not read."""

    judge: JudgeOptions = field(default_factory=JudgeOptions)
    code: CodeOptions = field(default_factory=CodeOptions)

    math: MathOptions = field(default_factory=MathOptions)
    own: OwnOptions = field(default_factory=OwnOptions)
