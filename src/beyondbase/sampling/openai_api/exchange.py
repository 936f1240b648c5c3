"""One request and its reply: what failed in passing is tried again, what was refused is not."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any

import httpx

from beyondbase.sampling.openai_api.connection import Connection

_BUSY = {408, 409, 425, 429}
"""statuses below 500 that another attempt may mend"""

Reply = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how far apart a request is tried."""

    attempts: int
    first_wait_s: float = 1.0
    """doubled after each attempt"""
    longest_wait_s: float = 60.0
    """also where a server asks for more"""

    def wait_s(self, attempt: int, asked_for: float | None) -> float:
        """Seconds before the attempt after this one, the first being 1; up to as much again at random.

        Requests that failed together do not come back together. What a server asks for is the least.
        """
        if asked_for is not None:
            return min(asked_for, self.longest_wait_s) + random.uniform(0, self.first_wait_s)
        return min(self.first_wait_s * 2.0 ** (attempt - 1), self.longest_wait_s) * random.uniform(1, 2)


class Passing(Exception):
    """A failure that another attempt may mend."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s
        """what the server asks for before the next attempt"""


class Refused(Exception):
    """A failure that another attempt would meet again."""

    def __init__(self, reason: str, status: int, code: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.code = code
        """the server's own name of the failure"""


async def ask(http: httpx.AsyncClient, path: str, body: Mapping[str, Any], to: Connection, patience: Patience) -> Reply:
    """Post a body and return the reply; raises Passing after the last attempt, or Refused."""
    content = json.dumps(body).encode()  # ASCII, so that half a character in a prompt cannot stop it
    for attempt in count(1):
        try:
            return await _once(http, path, content, to)
        except Passing as error:
            if attempt >= patience.attempts:
                raise
            await asyncio.sleep(patience.wait_s(attempt, error.wait_s))
    raise AssertionError("the last attempt returns or raises")


async def _once(http: httpx.AsyncClient, path: str, content: bytes, to: Connection) -> Reply:
    try:
        # The client limits each read, and this the whole: a server that drips would never time out.
        async with asyncio.timeout(to.timeout_s):
            response = await http.post(path, content=content)
    except (TimeoutError, httpx.TimeoutException):
        raise Passing(f"no answer within {to.timeout_s:g} s") from None
    except httpx.HTTPError as error:
        raise Passing(f"{type(error).__name__}: {to.shown(str(error)) or 'the connection broke'}") from None
    return read(response, to)


def read(response: httpx.Response, to: Connection) -> Reply:
    """Return the JSON object of a reply; raises Passing or Refused for any other."""
    if response.status_code == httpx.codes.OK:
        try:
            reply = response.json()
        except ValueError:
            raise Passing("the reply is no whole JSON") from None
        if not isinstance(reply, dict):
            raise Passing("the reply is no JSON object")
        return reply
    message, code = _told(response)
    reason = f"HTTP {response.status_code}: {to.shown(message)}"
    if response.status_code in _BUSY or response.status_code >= 500:
        raise Passing(reason, retry_after(response.headers.get("Retry-After", ""), datetime.now(UTC)))
    raise Refused(reason, response.status_code, code)


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks to wait, in either of its forms; None if it says nothing.

    >>> retry_after("7", datetime.now(UTC))
    7.0
    >>> retry_after("Wed, 21 Oct 2015 07:28:00 GMT", datetime(2015, 10, 21, 7, 27, 30, tzinfo=UTC))
    30.0
    """
    if value.strip().isdecimal():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds())


def _told(response: httpx.Response) -> tuple[str, str]:
    """What a server says of a failure, and its name for it: the protocol's form, or whatever came."""
    try:
        body = response.json()
    except ValueError:
        return response.text, ""
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return str(error), ""
    message = next((error[key] for key in ("message", "detail") if error.get(key)), error)
    return str(message), f"{error.get('code', '')} {error.get('type', '')}"
