"""A cluster is found, or one line says why not."""

from __future__ import annotations

import re

import pytest

from beyondbase.errors import BadInput
from beyondbase.integrations.ray.connect import CLIENT_ATTEMPTS, connect

ray = pytest.importorskip("ray")
FAILURE = "Initialization failure from server:\nTraceback (most recent call last):\nRuntimeError: no process for you\n"


class Refusing:
    """Stands for Ray, which does not connect at first."""

    def __init__(self, failures: int, error: type[Exception] = ConnectionAbortedError) -> None:
        self.failures, self.error, self.calls = failures, error, 0

    def init(self, **_: object) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error(FAILURE)


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Refusing:
    made = Refusing(CLIENT_ATTEMPTS - 1)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", made.init)
    return made


def test_a_client_server_that_loses_our_process_is_asked_again(
    refusing: Refusing, capsys: pytest.CaptureFixture[str]
) -> None:
    connect("ray://head:10001")
    assert refusing.calls == CLIENT_ATTEMPTS
    line = "ray://head:10001 began no process for this command, asked once more: RuntimeError: no process for you"
    assert capsys.readouterr().err.splitlines() == [line] * (CLIENT_ATTEMPTS - 1)


def test_one_that_never_gives_a_process_is_told_in_one_line(refusing: Refusing) -> None:
    refusing.failures = CLIENT_ATTEMPTS
    with pytest.raises(BadInput, match=re.escape("at ray://head:10001, got RuntimeError: no process for you; start")):
        connect("ray://head:10001")


def test_nobody_is_asked_again_for_another_reason(refusing: Refusing) -> None:
    refusing.error = ConnectionRefusedError
    with pytest.raises(BadInput, match="got ConnectionRefusedError: Initialization failure"):
        connect("head:6379")
    assert refusing.calls == 1
