"""The shape of verifiers' traces.jsonl: a line an episode, with the trace of each agent that took part."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from beyondbase.interop.messages import Message


class _Seen(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Task(_Seen):
    """What was asked: the data set's own fields are in `data`."""

    data: dict[str, JsonValue]
    key: str | None = None
    hash: str | None = None


class Node(_Seen):
    """A message, and the tokens that it adds."""

    message: Message
    sampled: bool = False
    token_ids: list[int] = []
    mask: list[bool] = []


class Usage(_Seen):
    """Tokens of a call."""

    completion_tokens: int | None = None


class Call(_Seen):
    """A request to the model."""

    finish_reason: str | None = None
    usage: Usage | None = None
    error: JsonValue = None


class AgentConfig(_Seen):
    """How an agent was run."""

    model: str | None = None
    sampling: dict[str, JsonValue] | None = None


class Agent(_Seen):
    """Who made a trace."""

    name: str = "agent"
    trainable: bool = True
    config: AgentConfig = AgentConfig()


class Reward(_Seen):
    """A score, and what it weighs in the sum."""

    score: float
    weight: float = 1.0


class Error(_Seen):
    """Why something failed."""

    type: str = ""
    message: str = ""


class Trace(_Seen):
    """What one agent did."""

    task: Task
    agent: Agent = Agent()
    nodes: list[Node] = []
    calls: list[Call] = []
    rewards: dict[str, Reward | None] = {}
    root_reply: str | None = None
    ok: bool = False
    stop_condition: str | None = None
    errors: list[Error] = []


class Episode(_Seen):
    """One rollout of a task."""

    task: Task
    ok: bool = False
    errors: list[Error] = []
    traces: list[Trace] = []


def first_trace(first: Mapping[str, object]) -> Trace | None:
    """Return the trace of the model under evaluation in a log's first line, if there is one."""
    traces = first.get("traces", [first])
    for found in traces if isinstance(traces, list) else []:
        try:
            trace = Trace.model_validate(found)
        except ValidationError:
            continue
        if trace.agent.trainable:
            return trace
    return None
