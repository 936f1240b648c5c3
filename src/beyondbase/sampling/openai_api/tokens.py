"""The token ids of prompts, where a server has a tokenizer to ask."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx

from beyondbase.errors import BadInput
from beyondbase.sampling.messages import messages
from beyondbase.sampling.openai_api.connection import Connection
from beyondbase.sampling.openai_api.discovery import Served, Told, json_object
from beyondbase.sampling.openai_api.prompts import TokenIds
from beyondbase.sampling.options import Server
from beyondbase.types import Prompt, PromptForm, SamplingSpec

_AT_ONCE = 16
_NONE_THERE = {400, 403, 404, 405, 422, 501}
"""statuses of a server that has no such path, or not for this model"""
_KEPT = 10_000
"""prompts whose ids are kept beside those that were known before"""
_CHARS_A_TOKEN = 4
BY_TOKENIZER = "by the server's tokenizer"
BY_LENGTH = f"as one token for {_CHARS_A_TOKEN} characters, since the server has no tokenizer to ask"


class KnownPrompts:
    """Token ids of prompts in one event loop: those that are known, and others, asked for as they come."""

    def __init__(
        self, known: dict[Prompt, TokenIds | None], ask: Callable[[Prompt], Mapping[Prompt, TokenIds | None]]
    ) -> None:
        self._known, self._ask = known, ask
        self._most = len(known) + _KEPT
        self._asking = dict[Prompt, asyncio.Task[Mapping[Prompt, TokenIds | None]]]()

    async def ids(self, prompt: Prompt) -> TokenIds | None:
        """Return the ids of a prompt, asked for once by all who want them; raises BadInput if none come."""
        if prompt in self._known:
            return self._known[prompt]
        if prompt not in self._asking:
            self._asking[prompt] = asyncio.create_task(asyncio.to_thread(self._ask, prompt))
        told = await self._asking[prompt]
        if self._asking.pop(prompt, None) is not None:
            while len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            self._known[prompt] = told[prompt]
        return told[prompt]


def token_ids(
    to: Connection, served: Served, prompts: Iterable[Prompt], spec: SamplingSpec
) -> Mapping[Prompt, TokenIds | None]:
    """Token ids of each prompt as the server will see it; None where it does not tell them."""
    distinct = list(dict.fromkeys(prompts))
    with (
        to.client() as http,
        ThreadPoolExecutor(_AT_ONCE) as threads,
    ):
        return dict(
            zip(distinct, threads.map(lambda prompt: _ids(http, to, served, prompt, spec), distinct), strict=True)
        )


def check_bos(to: Connection, served: Served, prompt: Prompt, spec: SamplingSpec) -> str:
    """Say what becomes of the beginning-of-sequence token; raises BadInput if it is asked for and not to be had."""
    if spec.form is PromptForm.CHAT:
        if spec.add_bos:
            raise BadInput("add-bos: expected false for a chat prompt, whose template decides, got true")
        return "as the chat template says"
    known = token_ids(to, served, [prompt], spec)[prompt]
    if known is None:
        if spec.add_bos:
            raise BadInput(
                f"add-bos: expected false, since this server ({served.server.value}) decides itself, got true"
            )
        return "as the server decides, not known"
    if spec.add_bos:
        without = _ids_without_bos(to, served, prompt, spec)
        if without is not None and len(without) == len(known):
            raise BadInput("add-bos: expected a tokenizer with a beginning-of-sequence token, the server's adds none")
    return "added" if spec.add_bos else "not added"


def count(ids: TokenIds | None, prompt: Prompt, spec: SamplingSpec) -> int:
    """Number of tokens of a prompt, or about that number where they are not known."""
    return len(ids) if ids is not None else -(-len(spec.system + prompt.text) // _CHARS_A_TOKEN)


def _ids_without_bos(to: Connection, served: Served, prompt: Prompt, spec: SamplingSpec) -> TokenIds | None:
    plain = SamplingSpec(max_tokens=spec.max_tokens)
    return token_ids(to, served, [prompt], plain)[prompt]


def _ids(http: httpx.Client, to: Connection, served: Served, prompt: Prompt, spec: SamplingSpec) -> TokenIds | None:
    chat = spec.form is PromptForm.CHAT
    if prompt.images:
        return None
    plain = {"model": served.model, "prompt": prompt.text, "add_special_tokens": spec.add_bos}
    match served.server:
        case Server.VLLM:
            shape = {"model": served.model, "messages": messages(prompt, spec)} if chat else plain
            reply = _post(http, to, f"{to.root}/tokenize", shape)
        case Server.SGLANG if not chat:
            reply = _post(http, to, f"{to.base_url}/tokenize", plain)
        case Server.LLAMACPP:
            text: object = prompt.text
            if chat:
                text = _post(http, to, f"{to.root}/apply-template", {"messages": messages(prompt, spec)}).get("prompt")
            body = {"content": text, "add_special": chat or spec.add_bos, "parse_special": True}
            reply = _post(http, to, f"{to.root}/tokenize", body) if isinstance(text, str) else {}
        case _:
            return None
    ids = reply.get("tokens")
    return tuple(ids) if isinstance(ids, list) and all(isinstance(i, int) for i in ids) else None


def _post(http: httpx.Client, to: Connection, url: str, body: Told) -> Told:
    try:
        response = http.post(url, content=json.dumps(body).encode())
        if response.status_code not in _NONE_THERE:
            response.raise_for_status()
        return json_object(response)
    except httpx.HTTPError as error:
        reason = to.shown(str(error)) or type(error).__name__
        raise BadInput(
            f"{to.base_url}: expected token ids of a prompt, got {reason}; is the server still there?"
        ) from None
