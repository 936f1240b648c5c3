"""From an episode of verifiers to a row: a sample a trace of the model under evaluation."""

from __future__ import annotations

import hashlib
import json

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignRow, ForeignSample
from beyondbase.interop.formats.verifiers_episode import Episode, Error, Node, Task, Trace
from beyondbase.interop.messages import Message, prompt_of, reasoning_of, text_of
from beyondbase.interop.scores import verdict_of_score
from beyondbase.types import Finish, Verdict
from beyondbase.wording import in_short

_CUT = {"max_turns", "max_input_tokens", "max_output_tokens", "max_total_tokens", "compaction_failed"}
_DIGEST = 64
"""hex digits of a task's own digest, of which 16 are kept as its id"""


def row_of_episode(episode: Episode, where: str, scorer: str, threshold: float | None) -> tuple[ForeignRow, str]:
    """Make a row of an episode: a sample a trace of the model under evaluation; and name that model.

    Raises BadInput where several agents share that model under different names: which of them answers is not told.
    """
    mine = [trace for trace in episode.traces if trace.agent.trainable]
    if len(names := {trace.agent.name for trace in mine}) > 1:
        raise BadInput(
            f"{where}: expected one agent that answers, got {', '.join(sorted(names))}; give the episodes of one agent"
        )
    if len(models := {trace.agent.config.model for trace in mine} - {None}) > 1:
        raise BadInput(f"{where}: expected one model, got {', '.join(map(str, models))}; split the file")
    samples = [_sample(trace, where, scorer, threshold) for trace in mine]
    if not mine:
        samples = [ForeignSample(None, finish=Finish.ERROR, error=_why(episode.errors, "no trace in the log"))]
    data = episode.task.data
    shown = prompt_of(_shown(mine[0])) if mine else None
    gold = data.get("answer")
    gold = str(gold) if isinstance(gold, str | int | float) and not isinstance(gold, bool) else None
    row = ForeignRow(_problem_id(episode.task), samples, where, _text(data.get("prompt")), gold, shown)
    return row, str(next(iter(models), ""))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _problem_id(task: Task) -> str:
    key = task.key or task.hash
    if key is None:
        key = hashlib.sha256(json.dumps(task.data, sort_keys=True).encode("utf-8", "replace")).hexdigest()
    return key[:16] if len(key) == _DIGEST else key


def _shown(trace: Trace) -> list[Message]:
    """The messages before the model's first one."""
    first = next((i for i, node in enumerate(trace.nodes) if node.sampled), len(trace.nodes))
    return [node.message for node in trace.nodes[:first]]


def _sample(trace: Trace, where: str, scorer: str, threshold: float | None) -> ForeignSample:
    if not trace.ok:
        return ForeignSample(None, finish=Finish.ERROR, error=_why(trace.errors, trace.stop_condition or "not ok"))
    verdict, detail = _verdict(trace, where, scorer, threshold)
    said = [node for node in trace.nodes if node.sampled]
    last = said[-1].message if said else Message(role="assistant", content="")
    tokens = [call.usage.completion_tokens or 0 for call in trace.calls if call.usage is not None]
    return ForeignSample(
        text_of(last) if trace.root_reply is None else trace.root_reply,
        verdict,
        detail=detail,
        finish=_finish(trace),
        reasoning=reasoning_of(last),
        n_tokens=sum(tokens) or None,
        token_ids=_token_ids(said[0]) if len(said) == 1 else (),
    )


def _verdict(trace: Trace, where: str, scorer: str, threshold: float | None) -> tuple[Verdict | None, str]:
    """The verdict of a reward, or of all of them by their weights; one that was not given leaves all unscored."""
    rewards = trace.rewards
    if scorer != "reward":
        if rewards and scorer not in rewards:
            raise BadInput(
                f"{where}: expected a reward named {in_short(scorer)}, found {', '.join(rewards)}; name one of these"
            )
        one = rewards.get(scorer)
        score = None if one is None else one.score
    elif not rewards or None in rewards.values():
        score = None
    else:
        score = sum(one.score * one.weight for one in rewards.values() if one is not None)
    return verdict_of_score(score, where, threshold), f"{scorer} {score}"


def _finish(trace: Trace) -> Finish:
    if trace.stop_condition in _CUT:
        return Finish.LENGTH
    reason = next((call.finish_reason for call in reversed(trace.calls) if not call.error), None)
    return {"stop": Finish.STOP, "length": Finish.LENGTH}.get(reason or "", Finish.UNKNOWN)


def _token_ids(node: Node) -> list[int]:
    if len(node.mask) != len(node.token_ids):
        return []
    return [token for token, sampled in zip(node.token_ids, node.mask, strict=True) if sampled]


def _why(errors: list[Error], otherwise: str) -> str:
    last = errors[-1] if errors else None
    return f"{last.type}: {last.message}".strip(": ") or otherwise if last else otherwise
