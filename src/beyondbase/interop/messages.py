"""Chat messages, as many programs log them: a content of one text or of parts, asked by several roles."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A piece of a content: text, thoughts, or something else that has none."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: str = ""
    text: str | None = None
    reasoning: str | None = None
    refusal: str | None = None


class Message(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    role: str = ""
    content: str | list[Part] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None


def text_of(message: Message) -> str:
    """The text of a message, its parts joined; what a model says in refusal is its text."""
    if message.content is None:
        return message.refusal or ""
    if isinstance(message.content, str):
        return message.content
    return "\n".join(part.text for part in message.content if part.text is not None)


def reasoning_of(message: Message) -> str:
    """The thoughts that a message has apart from its text."""
    parts = message.content if isinstance(message.content, list) else []
    thoughts = [part.reasoning for part in parts if part.reasoning]
    return message.reasoning_content or message.reasoning or "\n".join(thoughts)


def prompt_of(messages: Sequence[Message]) -> str | None:
    r"""All that a model was shown: the one message as it is, several with their roles; None if there is none.

    >>> prompt_of([Message(role="user", content="2 + 2")])
    '2 + 2'
    >>> prompt_of([Message(role="system", content="Be brief."), Message(role="user", content="2 + 2")])
    'system: Be brief.\n\nuser: 2 + 2'
    """
    if not messages:
        return None
    if len(messages) == 1:
        return text_of(messages[0])
    return "\n\n".join(f"{message.role}: {text_of(message)}" for message in messages)
