"""What a reader says of another program's log, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from beyondbase.types import Finish, Verdict


@dataclass(frozen=True, slots=True)
class ForeignSample:
    """One sample, as a log has it; what the log does not tell is None or empty."""

    text: str | None = None
    """None: the log has no text; "" is an empty answer"""
    verdict: Verdict | None = None
    """the log's own; None: not scored, and so missing, never wrong"""
    sample_index: int | None = None
    """None: the next one of its problem, in the order of the log"""
    answer: str = ""
    """that the log's grader took from the text"""
    detail: str = ""
    """the score as the log gives it, or why there is none"""
    finish: Finish = Finish.UNKNOWN
    """ERROR: the request failed, and the sample is missing"""
    error: str = ""
    reasoning: str = ""
    """thoughts that the log has apart from the text"""
    n_tokens: int | None = None
    token_ids: Sequence[int] = ()
    logprob_sum: float | None = None
    """nats"""
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class ForeignRow:
    """One row of a log: a problem, and some of its samples."""

    problem_id: str
    samples: Sequence[ForeignSample]
    where: str
    """file and line, for messages"""
    question: str | None = None
    """the question alone where the log has it, else the whole prompt; None: not told"""
    gold: str | None = None
    """reference answer; None: not told"""
    prompt: str | None = None
    """all that the model was shown, as one text; None: not told"""
    strata: Mapping[str, str] = field(default_factory=dict)
    correct: int | None = None
    """how many of these samples are correct, where the log tells that and not which"""


Told = Callable[[int], None]
"""where a reader says how many bytes more it has read"""


@dataclass(frozen=True, slots=True)
class ForeignLog:
    """One model's samples of one problem set, at one setting, as another program logged them."""

    name: str
    """tells it from the other logs of the same files: a task, a training step"""
    files: Sequence[Path]
    """all files that it is read from, in order"""
    rows: Callable[[Told], Iterator[ForeignRow]]
    """reads the log anew at each call, holding one row at a time; raises BadInput naming file and line"""
    model: str = ""
    """as the log names it"""
    settings: Mapping[str, object] = field(default_factory=dict)
    """the fields of SamplingSpec that the log states: temperature, top_p, top_k (None: all), max_tokens, stop, system,
    seed, add_bos, form"""
    facts: Mapping[str, str] = field(default_factory=dict)
    """what else it states that a reader of the manifest wants: task, versions, hashes, chat template"""
    scorer: str = ""
    """what the log's verdicts are by: the name of its metric, grader or filter; empty: it has one only, unnamed"""
    lost: Sequence[str] = ()
    """fields of the log that a run does not keep"""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a log may leave open."""

    threshold: float | None = None
    """least score that counts as correct, where scores are others than right and wrong"""
    scorer: str | None = None
    """which of several metrics, scorers or filters gives the log's verdicts; None: the only one, or the first"""
    columns: Mapping[str, str] = field(default_factory=dict)
    """for plain tables: our name -> the column of that meaning"""


class Recognise(Protocol):
    """How a format knows its own files."""

    def __call__(self, path: Path) -> str | None:
        """Say by what a file is known to be of the format, or None; reads no more than its beginning."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format of logs."""

    line: str
    """which program writes it, and what files, in one line"""
    recognise: Recognise
    read: Callable[[Sequence[Path], ReadOptions], list[ForeignLog]]
    """list the logs that lie in these files and folders; raises BadInput where there is none"""
