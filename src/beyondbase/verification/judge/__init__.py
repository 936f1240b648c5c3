"""A model that grades the reasoning of right answers: CoT-pass@k (Wen et al. 2025, arXiv 2506.14245).

template: what it is asked   vote: what it said   rule: what the votes come to   reasoning: all together
"""

from beyondbase.verification.judge.reasoning import ReasoningJudge
from beyondbase.verification.judge.rule import JudgeRule
from beyondbase.verification.judge.template import JudgeTemplate

__all__ = ["JudgeRule", "JudgeTemplate", "ReasoningJudge"]
