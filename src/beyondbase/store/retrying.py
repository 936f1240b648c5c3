"""What a storage fails at in passing is tried again for a while; what it refuses is told at once.

The libraries beneath try again themselves, for some seconds: botocore five times, s3fs five times more where it is
told to slow down, gcsfs six times. What comes from them is what outlasted that, and a run of days has to outlast more.
"""

from __future__ import annotations

import errno
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

T = TypeVar("T")

_BUSY = {408, 425, 429}
"""HTTP statuses below 500 that another try may mend"""
_NEVER = {501, 505}
"""statuses from 500 on that none mends"""
_PASSING_ERRNO = {
    getattr(errno, name)
    for name in (
        *("EAGAIN", "EBUSY", "ECONNABORTED", "ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH"),
        *("ENETDOWN", "ENETRESET", "ENETUNREACH", "EPIPE", "EREMOTEIO", "ETIMEDOUT"),
    )
    if hasattr(errno, name)
}
_PASSING_NAMES = {
    # botocore and urllib3; HTTPClientError itself is also what wraps a mistake
    *("ConnectionError", "ConnectionClosedError", "ReadTimeoutError", "ConnectTimeoutError"),
    *("ResponseParserError", "IncompleteRead"),
    *("ClientConnectionError", "ClientPayloadError"),  # aiohttp
    "TimeoutError",
    *("TransportError", "ServiceRequestError", "ServiceResponseError"),  # google.auth, azure.core
}
"""what the libraries call a connection that failed, by name: none of them has to be installed"""
_REFUSING_NAMES = {"SSLError", "ClientSSLError"}
"""among them, what the next try would meet again"""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, and how far apart, something is tried again."""

    in_all_s: float
    """from the first try to the begin of the last one"""
    first_wait_s: float
    """doubled after each try; half of each wait is left to chance, so that writers do not come back together"""
    longest_wait_s: float


PATIENCE = Patience(in_all_s=120.0, first_wait_s=0.5, longest_wait_s=15.0)


def patiently(act: Callable[[], T]) -> T:
    """Return what `act` returns; raises what it raised if that is a refusal, or once patience ends."""
    begin, wait_s = time.monotonic(), PATIENCE.first_wait_s
    while True:
        try:
            return act()
        except Exception as error:
            # The boundary to a storage's own library, which raises what it likes.
            if not in_passing(error) or time.monotonic() + wait_s > begin + PATIENCE.in_all_s:
                raise
        time.sleep(wait_s * random.uniform(0.5, 1.0))
        wait_s = min(2 * wait_s, PATIENCE.longest_wait_s)


def in_passing(error: BaseException) -> bool:
    """Whether another try may mend it.

    >>> in_passing(OSError(errno.EBUSY, "Please reduce your request rate")), in_passing(PermissionError("Forbidden"))
    (True, False)
    """
    if isinstance(error, FileNotFoundError | PermissionError):
        return False
    if isinstance(error, TimeoutError) or any(map(_is_garbled, _with_causes(error))):
        return True
    # What a server said counts before what a library made of it.
    for status in filter(None, map(_status, _with_causes(error))):
        return status in _BUSY or (status >= 500 and status not in _NEVER)
    return any(map(_of_connection, _with_causes(error)))


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _status(error: BaseException) -> int | None:
    """The HTTP status that a library's error tells: botocore's, gcsfs', aiohttp's, azure.core's."""
    response = getattr(error, "response", None)
    told = response.get("ResponseMetadata", {}).get("HTTPStatusCode") if isinstance(response, dict) else None
    names = ("status_code", "status", "code")  # one after the other: aiohttp warns of who looks at its code
    for status in chain([told], (getattr(error, name, None) for name in names)):
        if isinstance(status, int | str) and str(status).isdecimal():
            return int(status)
    return None


def _is_garbled(error: BaseException) -> bool:
    """Whether an answer could be read by nobody: aiohttp gives it the status 400, which no server said."""
    return "HttpProcessingError" in _names(error)


def _of_connection(error: BaseException) -> bool:
    names = _names(error)
    if names & _REFUSING_NAMES:
        return False
    return bool(names & _PASSING_NAMES) or (isinstance(error, OSError) and error.errno in _PASSING_ERRNO)


def _names(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}
