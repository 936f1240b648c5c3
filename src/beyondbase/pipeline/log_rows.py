"""From the rows of a foreign log to the columns of a run: indexed, counted, and refused where they contradict."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignRow, ForeignSample
from beyondbase.interop.natural_order import natural
from beyondbase.pipeline.log_numbers import check_numbers
from beyondbase.types import Finish, Problem, Verdict
from beyondbase.wording import in_short

MOST_ROWS, MOST_CHARS = 50_000, 64_000_000
"""of a part"""
NO_REFERENCE = "{}"
"""of a problem whose answer is not told"""
_ANSWERED = 1
"""marks an index; a request that failed does not, and may have been made good"""
MOST_INDEX = 10_000_000
"""a sample index beyond this is none"""
Columns = dict[str, tuple[object, ...]]
"""name -> values, none where there is no row"""
_SAMPLE = ("problem_id", "sample_index", "seed", "text", "token_ids", "logprob_sum", "entropy_mean", "n_tokens")
SAMPLE_COLUMNS = (*_SAMPLE, "finish", "error", "reasoning")
VERDICT_COLUMNS = ("problem_id", "sample_index", "verdict", "answer", "detail")


@dataclass(slots=True)
class Seen:
    """What the rows so far said of one problem."""

    question: str | None
    gold: str | None
    strata: Mapping[str, str]
    where: str
    next_index: int = 0
    taken: bytearray = field(default_factory=bytearray)
    n: int = 0
    """samples that answered"""
    scored: int = 0
    failed: int = 0
    right: int = 0
    """of those scored"""
    correct: int | None = None
    """of samples whose own verdicts are not told"""


class LogRows:
    """Collects rows into parts, which `write` is given whenever one is full."""

    def __init__(
        self,
        write: Callable[[Columns, Columns], None],
        *,
        run_id_of: Callable[[ForeignRow], str | None],
        n_max: int | None = None,
        judged_again: bool = False,
        references: bool = False,
        salt: str = "",
    ) -> None:
        """`run_id_of`: the problem's id in the run, None to leave the row out.

        judged_again: our verifier will judge the texts, where the log has a gold answer or `references` are known, so
        that counts of successes alone need no verdicts. salt: the model, each of which has an order of its own in which
        such counts are spread.
        """
        self.seen: dict[str, Seen] = {}
        self.left_out: dict[str, int] = {}
        self.templates: set[str] = set()
        self.spread = False
        self._write, self._id_of = write, run_id_of
        self._n_max, self._judged_again, self._references = n_max, judged_again, references
        self._salt = salt
        self._clear()

    def add(self, row: ForeignRow) -> None:
        """Take a row; raises BadInput where it contradicts an earlier one."""
        problem_id = self._id_of(row)
        if problem_id is None:
            self.left_out[row.problem_id] = self.left_out.get(row.problem_id, 0) + len(row.samples)
            return
        seen = self._problem(problem_id, row)
        if row.prompt is not None and len(self.templates) < 2:
            self.templates.add(template_of(row))
        for sample in self._spread(row, seen.next_index) if row.correct is not None else row.samples:
            check_numbers(sample, row.where)
            index = _index(seen, sample, problem_id, row.where)
            if self._n_max is None or index < self._n_max:
                self._sample(problem_id, index, sample, seen)
        if row.correct is not None:
            seen.correct = (seen.correct or 0) + row.correct
        if len(self._samples) >= MOST_ROWS or self._chars >= MOST_CHARS:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        samples, verdicts = list(zip(*self._samples, strict=True)), list(zip(*self._verdicts, strict=True))
        self._write(
            dict(zip(SAMPLE_COLUMNS, samples, strict=True)) if samples else {},
            dict(zip(VERDICT_COLUMNS, verdicts, strict=True)) if verdicts else {},
        )
        self._clear()

    @property
    def scored(self) -> bool:
        """Whether the log has verdicts at all."""
        return any(seen.scored for seen in self.seen.values())

    def with_fewer(self, n_min: int) -> set[str]:
        """Problems with fewer samples that count: those that the log scored, or all that answered if it scored none."""
        scored = self.scored
        return {name for name, seen in self.seen.items() if (seen.scored if scored else seen.n) < n_min}

    def _clear(self) -> None:
        self._samples: list[tuple[object, ...]] = []
        self._verdicts: list[tuple[object, ...]] = []
        self._chars = 0

    def _problem(self, problem_id: str, row: ForeignRow) -> Seen:
        seen = self.seen.get(problem_id)
        if seen is None:
            question = row.prompt if row.question is None else row.question
            seen = self.seen[problem_id] = Seen(question, row.gold, dict(row.strata), row.where)
            return seen
        for name, old, new in (("question", seen.question, row.question), ("answer", seen.gold, row.gold)):
            if old is not None and new is not None and old != new:
                raise BadInput(
                    f"{row.where}: expected one {name} of problem {in_short(problem_id)}, got {in_short(new)} and, at "
                    f"{seen.where}, {in_short(old)}; are these two logs? Give them one at a time"
                )
        return seen

    def _sample(self, problem_id: str, index: int, sample: ForeignSample, seen: Seen) -> None:
        text = None if sample.text is None else _utf8(sample.text)
        reasoning, error = _utf8(sample.reasoning), _utf8(sample.error)
        n_tokens = sample.n_tokens if sample.n_tokens is not None else len(sample.token_ids) or None
        numbers = (sample.token_ids, sample.logprob_sum, None, n_tokens)
        row = (problem_id, index, sample.seed, text, *numbers, sample.finish.value, error, reasoning)
        self._samples.append(row)
        self._chars += len(text or "") + len(reasoning) + 4 * len(sample.token_ids)
        if sample.finish is Finish.ERROR:
            seen.failed += 1
            return
        seen.n += 1
        if sample.verdict is None:
            return
        seen.scored += sample.verdict is not Verdict.VERIFIER_ERROR
        seen.right += sample.verdict is Verdict.CORRECT
        cut = sample.verdict in (Verdict.WRONG, Verdict.NO_ANSWER) and sample.finish is Finish.LENGTH
        verdict = Verdict.TRUNCATED if cut else sample.verdict
        self._verdicts.append((problem_id, index, verdict.value, _utf8(sample.answer), _utf8(sample.detail)))

    def _spread(self, row: ForeignRow, before: int) -> Sequence[ForeignSample]:
        """The samples of a row whose log tells only how many are correct.

        Where our verifier will judge them, they are left without a verdict. Elsewhere that many are called correct, in
        an order drawn at random for the problem, so that its first samples are no better than the rest; the texts are
        left out, since none can stand beside a verdict that may not be its own.
        """
        assert row.correct is not None
        good = [sample for sample in row.samples if sample.finish is not Finish.ERROR]
        if not 0 <= row.correct <= len(good):
            raise BadInput(f"{row.where}: expected 0 to {len(good)} correct samples, got {row.correct}; see the log")
        judged = self._judged_again and (row.gold is not None or self._references)
        if judged and all(sample.text is not None for sample in good):
            return row.samples
        self.spread = True
        # problems may come in several rows: each has an order of its own, by what came before it
        chance = random.Random(
            hashlib.sha256(f"{self._salt}\n{row.problem_id}\n{before}".encode("utf-8", "replace")).digest()
        )
        order = chance.sample(range(len(good)), len(good))
        verdicts = [Verdict.CORRECT if rank < row.correct else Verdict.WRONG for rank in order]
        return [
            ForeignSample(None, verdict, sample.sample_index, finish=sample.finish, n_tokens=sample.n_tokens)
            for sample, verdict in zip(good, verdicts, strict=True)
        ]


def template_of(row: ForeignRow) -> str:
    """The prompt with the question taken out, or "" where it cannot be found in it.

    >>> template_of(ForeignRow("1", (), "line 1", question="2 + 2 =", prompt="Q: 2 + 2 =\\nA:"))
    'Q: {question}\\nA:'
    """
    question, prompt = row.question, row.prompt or ""
    if not question or question == prompt or prompt.count(question) != 1:
        return ""
    return prompt.replace(question, "{question}")


def problems_of(seen: Mapping[str, Seen], references: Mapping[str, str]) -> list[Problem]:
    """The problems in the natural order of their ids, which is the same for two logs that asked in another order."""
    return [
        Problem(name, _utf8(one.question or ""), references.get(name, NO_REFERENCE), dict(one.strata))
        for name, one in sorted(seen.items(), key=lambda item: natural(item[0]))
    ]


def _index(seen: Seen, sample: ForeignSample, problem_id: str, where: str) -> int:
    index = seen.next_index if sample.sample_index is None else sample.sample_index
    if not 0 <= index <= MOST_INDEX:
        raise BadInput(f"{where}: expected a sample index of 0 to {MOST_INDEX:,}, got {index}")
    if index >= len(seen.taken):
        seen.taken.extend(bytes(max(index + 1, 2 * len(seen.taken)) - len(seen.taken)))
    if seen.taken[index] == _ANSWERED and sample.finish is not Finish.ERROR:
        raise BadInput(
            f"{where}: expected sample {index} of problem {in_short(problem_id)} once, got it again; the same rows "
            "stand twice in these files: leave one out"
        )
    if sample.finish is not Finish.ERROR:
        seen.taken[index] = _ANSWERED
    seen.next_index = index + 1 if index >= seen.next_index else seen.next_index
    return index


def _utf8(text: str) -> str:
    """The text with half characters replaced: they have no UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
