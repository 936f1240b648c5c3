from __future__ import annotations

import errno
from dataclasses import dataclass
from itertools import pairwise

import aiohttp
import botocore.exceptions as botocore  # type: ignore[import-untyped]
import pytest
from aiohttp.http_exceptions import BadHttpMessage
from multidict import CIMultiDict, CIMultiDictProxy
from s3fs.errors import translate_boto_error  # type: ignore[import-untyped]
from yarl import URL

from beyondbase.store import retrying
from beyondbase.store.retrying import in_passing, patiently


def told(status: int, code: str) -> OSError:
    """What s3fs makes of an answer."""
    answer = {"Error": {"Code": code, "Message": "told to"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = translate_boto_error(botocore.ClientError(answer, "PutObject"))
    assert isinstance(error, OSError)
    return error


class HttpError(Exception):
    """As gcsfs has it."""

    def __init__(self, code: int) -> None:
        self.code = code


def answered(status: int) -> aiohttp.ClientResponseError:
    asked = aiohttp.RequestInfo(URL("http://there"), "GET", CIMultiDictProxy(CIMultiDict()), URL("http://there"))
    return aiohttp.ClientResponseError(asked, (), status=status)


def garbled() -> aiohttp.ClientResponseError:
    """What aiohttp raises at an answer that it cannot read."""
    error = answered(BadHttpMessage.code)
    error.__cause__ = BadHttpMessage("Data after `Connection: close`")
    return error


@dataclass
class Clock:
    """Time that passes by sleeping alone."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(retrying, "time", clock)
    return clock


PASSING = [
    told(503, "SlowDown"),
    told(503, "ServiceUnavailable"),
    told(503, "503"),
    told(500, "InternalError"),
    told(502, "Bad Gateway"),
    told(400, "RequestTimeout"),
    told(429, "TooManyRequests"),
    HttpError(429),
    HttpError(503),
    TimeoutError(),
    ConnectionResetError(),
    OSError(errno.ENETUNREACH, "no way"),
    botocore.EndpointConnectionError(endpoint_url="http://there"),
    botocore.ReadTimeoutError(endpoint_url="http://there"),
    botocore.ConnectionClosedError(endpoint_url="http://there"),
    aiohttp.ServerDisconnectedError(),
    aiohttp.ClientPayloadError(),
    answered(503),
    garbled(),
]
REFUSED = [
    told(403, "AccessDenied"),
    told(403, "SignatureDoesNotMatch"),
    told(404, "NoSuchBucket"),
    told(400, "ExpiredToken"),
    told(400, "InvalidBucketName"),
    told(501, "NotImplemented"),
    HttpError(401),
    answered(400),
    FileNotFoundError(),
    PermissionError(),
    OSError(errno.ENOSPC, "full"),
    ValueError("no such thing"),
    botocore.NoCredentialsError(),
    botocore.HTTPClientError(error=ValueError("a URL of no kind")),
    botocore.SSLError(endpoint_url="https://there", error="whose certificate?"),
]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_what_fails_in_passing_is_tried_again(error: Exception, clock: Clock) -> None:
    assert in_passing(error)
    left = [error, error, error]

    def act() -> str:
        if left:
            raise left.pop()
        return "done"

    assert patiently(act) == "done"
    assert 0 < clock.now < 4


@pytest.mark.parametrize("error", REFUSED, ids=repr)
def test_a_refusal_is_told_at_once(error: Exception, clock: Clock) -> None:
    def act() -> None:
        raise error

    with pytest.raises(type(error)):
        patiently(act)
    assert clock.now == 0


def test_patience_ends_after_two_minutes_and_tries_grow_apart(clock: Clock) -> None:
    tries = []

    def act() -> None:
        tries.append(clock.now)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        patiently(act)
    assert 90 < tries[-1] <= retrying.PATIENCE.in_all_s == 120
    waits = [after - before for before, after in pairwise(tries)]
    longest = [min(0.5 * 2**i, 15.0) for i in range(len(waits))]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))
