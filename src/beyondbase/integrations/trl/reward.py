"""A verifier as a reward function of TRL: the texts and the verdicts are those of the evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import polars as pl
from transformers import PreTrainedTokenizerBase

from beyondbase.errors import BadInput
from beyondbase.sampling.texts import answer_text
from beyondbase.types import Finish, Problem, Verdict
from beyondbase.verification.runner import Judge
from beyondbase.verification.verifier import Verifier

LogMetric = Callable[[str, float], None]
REWARDS: dict[str, float | None] = {
    Verdict.CORRECT: 1.0,
    Verdict.WRONG: 0.0,
    Verdict.NO_ANSWER: 0.0,
    Verdict.TRUNCATED: 0.0,
    # missing data: TRL leaves a rollout without a reward out of its group's mean and out of the loss
    Verdict.VERIFIER_ERROR: None,
}


class VerifierReward:
    """Reward rollouts by a verifier, in the form of TRL's `reward_funcs`; needs the columns of `as_dataset`.

    1 for a correct rollout; 0 for one that is wrong, has no answer or is cut at the token cap without a right one;
    None where the verifier failed. The share of each verdict is logged as `verdict/NAME`. The text that is judged
    is decoded from the rollout's tokens as the evaluation does, not taken from TRL's `completions`.

    `eos_ids` are the tokens that end a rollout: one that ends with none of them is truncated. Raises BadInput for a
    problem that it was not made with, and BeyondbaseError for what would fail at every answer.
    """

    def __init__(
        self,
        verifier: Verifier,
        problems: Iterable[Problem],
        tokenizer: PreTrainedTokenizerBase,
        eos_ids: Iterable[int],
    ) -> None:
        self.__name__ = "verifier"  # TRL logs its mean as rewards/verifier/mean
        problems = list(problems)
        self._judge = Judge(verifier, problems)
        self._known = {problem.problem_id for problem in problems}
        self._tokenizer = tokenizer
        self._eos_ids = frozenset(eos_ids)

    def __call__(
        self,
        completion_ids: Sequence[Sequence[int]],
        problem_id: Sequence[str],
        log_metric: LogMetric | None = None,
        **_others: object,
    ) -> list[float | None]:
        """Return one reward a rollout; TRL's other arguments are not read."""
        verdicts = self.verdicts(completion_ids, problem_id)
        if log_metric is not None:
            of = Counter(verdicts)
            for verdict in Verdict:
                log_metric(f"verdict/{verdict.value}", of[verdict.value] / len(verdicts))
        return [REWARDS[verdict] for verdict in verdicts]

    def verdicts(self, completion_ids: Sequence[Sequence[int]], problem_id: Sequence[str]) -> list[str]:
        """Judge rollouts to the problems named, in order."""
        if unknown := set(problem_id) - self._known:
            raise BadInput(
                f"problem_id: expected the problems that the reward was made with, got {min(unknown)!r}; give the "
                "reward and as_dataset the same problem set"
            )
        ends = [self._finish(ids) for ids in completion_ids]
        texts = [answer_text(self._tokenizer, ids, end, ()) for ids, end in zip(completion_ids, ends, strict=True)]
        columns = {"problem_id": list(problem_id), "sample_index": range(len(texts)), "text": texts, "finish": ends}
        judged = pl.concat(self._judge.rows([pl.DataFrame(columns)]))
        return judged.sort("sample_index")["verdict"].to_list()

    def _finish(self, ids: Sequence[int]) -> Finish:
        return Finish.EOS if len(ids) and ids[-1] in self._eos_ids else Finish.LENGTH
