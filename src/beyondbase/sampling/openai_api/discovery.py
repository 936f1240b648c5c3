"""What a server is: its program and version, the models it has, how long a context it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import httpx

from beyondbase.errors import BadInput
from beyondbase.sampling.openai_api.connection import Connection
from beyondbase.sampling.options import Server

_OWNERS = {"vllm": Server.VLLM, "sglang": Server.SGLANG, "llamacpp": Server.LLAMACPP}
_CARD = ("id", "root", "parent", "max_model_len", "owned_by")
"""what /models says of a model that does not change from call to call"""
_LISTED = 20

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Served:
    """One model of one server."""

    server: Server
    version: str
    model: str
    card: Told
    """what /models says of the model"""
    context: int | None
    """longest prompt and answer together, in tokens; None: not told"""
    chat_template: str | None
    """None: not told"""


def discover(http: httpx.Client, to: Connection, model: str, server: Server) -> Served:
    """Ask a server what it is; raises BadInput if it is not there or has no such model."""
    models = _models(http, to)
    card = next((entry for entry in models if entry.get("id") == model), {})
    kind = _kind(http, to, models) if server is Server.AUTO else server
    # transformers serve lists what lies in its cache, and loads other names too.
    if models and not card and kind is not Server.TRANSFORMERS:
        names = [str(entry.get("id")) for entry in models]
        near = get_close_matches(model, names, n=1)
        listed = ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
        hint = f"; perhaps you meant {near[0]}" if near else ""
        raise BadInput(f"model: expected one that {to.base_url} has ({listed}), got {model!r}{hint}")
    told = _told_of_itself(http, to, kind)
    context = _whole(card.get("max_model_len"))
    if kind is Server.LLAMACPP:
        context = _whole(_inner(told, "default_generation_settings").get("n_ctx"))
    template = told.get("chat_template")
    return Served(
        kind,
        str(told.get("version") or told.get("build_info") or "not told"),
        model,
        {key: card[key] for key in _CARD if card.get(key) is not None},
        context,
        template if isinstance(template, str) else None,
    )


def _models(http: httpx.Client, to: Connection) -> Sequence[Told]:
    """What /models lists; empty where a server has no such list."""
    try:
        response = http.get(f"{to.base_url}/models")
    except httpx.HTTPError as error:
        reason = to.shown(str(error)) or type(error).__name__
        raise BadInput(f"{to.base_url}: expected a server, got none ({reason}); start it, or mend base-url") from None
    status = response.status_code
    if status in (401, 403):
        mend = "wrong key" if to.key else "no key"
        raise BadInput(
            f"{to.base_url}: HTTP {status}, {mend}; set it in the environment variable that api-key-env names"
        )
    # 500 alone is a list that cannot be made: transformers serve gives it where its cache is empty.
    if status > 500 or 300 <= status < 400:
        what = "is it still loading?" if status > 500 else "give the address that it points to"
        raise BadInput(f"{to.base_url}: expected a server that is ready, got HTTP {status} from /models; {what}")
    listed = json_object(response).get("data")
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _kind(http: httpx.Client, to: Connection, models: Sequence[Told]) -> Server:
    for entry in models:
        if (owner := _OWNERS.get(str(entry.get("owned_by")))) is not None:
            return owner
    if _get(http, f"{to.root}/get_server_info"):
        return Server.SGLANG
    if "default_generation_settings" in _get(http, f"{to.root}/props"):
        return Server.LLAMACPP
    # The one route that no other program has.
    if "/load_model" in _inner(_get(http, f"{to.root}/openapi.json"), "paths"):
        return Server.TRANSFORMERS
    return Server.PLAIN


def _told_of_itself(http: httpx.Client, to: Connection, server: Server) -> Told:
    match server:
        case Server.VLLM:
            return _get(http, f"{to.root}/version")
        case Server.SGLANG:
            return _get(http, f"{to.root}/get_server_info") or _get(http, f"{to.root}/server_info")
        case Server.LLAMACPP:
            return _get(http, f"{to.root}/props")
        case _:
            return {}


def _get(http: httpx.Client, url: str) -> Told:
    """The JSON object at an address that a server may have; empty if it has none."""
    try:
        return json_object(http.get(url))
    except httpx.HTTPError:
        return {}


def json_object(response: httpx.Response) -> Told:
    """Return the JSON object of a reply, empty if it is none."""
    try:
        body = response.json() if response.status_code == httpx.codes.OK else {}
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _inner(told: Told, key: str) -> Told:
    value = told.get(key)
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
