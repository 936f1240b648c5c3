"""The port of a fleet's status; no cluster is needed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from beyondbase.errors import BadInput
from beyondbase.integrations.ray.status_server import LOOPBACK, StatusServer
from beyondbase.sampling.fleet_metrics import prometheus
from beyondbase.sampling.fleet_status import NOT_BEGUN
from tests.shown_fleet import FLEET, HOSTILE

PAGES = ("/", "/status.json", "/metrics")


@pytest.fixture
def server() -> Iterator[StatusServer]:
    made = StatusServer(0)
    yield made
    made.close()


def get(server: StatusServer, path: str, method: str = "GET") -> httpx.Response:
    return httpx.request(method, server.url + path, trust_env=False, timeout=20)


def port_of(server: StatusServer) -> int:
    return int(server.url.rpartition(":")[2])


@pytest.mark.parametrize("path", PAGES)
def test_before_anything_is_shown_every_page_says_so(server: StatusServer, path: str) -> None:
    reply = get(server, path)
    assert (reply.status_code, reply.text) == (503, f"{NOT_BEGUN}\n")


def test_the_pages_are_what_was_shown_last(server: StatusServer) -> None:
    for status in (FLEET, replace(FLEET, drawn=200_000, over=True)):
        server.show(status)
        text, told, metrics = (get(server, path) for path in PAGES)
        assert [reply.status_code for reply in (text, told, metrics)] == [200] * 3
        assert text.text.splitlines() == status.lines()
        assert told.json() == json.loads(json.dumps(status.as_json()))
        assert metrics.text == prometheus(status)


def test_each_page_has_its_type_and_is_kept_by_nobody(server: StatusServer) -> None:
    server.show(FLEET)
    replies = {path: get(server, path) for path in PAGES}
    assert {path: reply.headers["content-type"] for path, reply in replies.items()} == {
        "/": "text/plain; charset=utf-8",
        "/status.json": "application/json",
        "/metrics": "text/plain; version=0.0.4; charset=utf-8",
    }
    assert all(reply.headers["cache-control"] == "no-store" for reply in replies.values())
    assert ["refresh" in reply.headers for reply in replies.values()] == [True, False, False]


def test_another_page_is_not_found_and_the_pages_are_named(server: StatusServer) -> None:
    server.show(FLEET)
    for path in ("/other", "/status.json/", "/../etc/passwd"):
        reply = get(server, path)
        assert reply.status_code == 404
        assert all(page in reply.text for page in PAGES)
    assert get(server, "/metrics?x=1").status_code == 200


def test_head_is_get_without_its_body(server: StatusServer) -> None:
    server.show(FLEET)
    for path in (*PAGES, "/other"):
        whole, head = get(server, path), get(server, path, "HEAD")
        assert head.content == b""
        assert head.status_code == whole.status_code
        assert int(head.headers["content-length"]) == len(whole.content)


def test_nothing_can_be_sent(server: StatusServer) -> None:
    assert [get(server, "/", method).status_code for method in ("POST", "PUT", "DELETE")] == [501] * 3


@pytest.mark.parametrize("path", PAGES)
def test_a_name_that_is_no_text_can_be_told(server: StatusServer, path: str) -> None:
    server.show(replace(FLEET, label=HOSTILE, run=HOSTILE))
    reply = get(server, path)
    assert reply.status_code == 200
    reply.content.decode()
    if path == "/status.json":
        assert reply.json()["run"] == HOSTILE.replace("\udc80", "?")


def test_a_taken_port_is_bad_input_in_one_line(server: StatusServer) -> None:
    with pytest.raises(BadInput, match=rf"^status-port: expected a port .* free, got {port_of(server)} \(.*; choose"):
        StatusServer(port_of(server))


@pytest.mark.parametrize("port", [-1, 65_536, 2**70])
def test_what_is_no_port_is_bad_input(port: int) -> None:
    with pytest.raises(BadInput, match=f"got {port} "):
        StatusServer(port)


def test_it_listens_to_this_machine_alone(server: StatusServer) -> None:
    assert server.url.startswith(f"http://{LOOPBACK}:")
    assert server.url.startswith("http://127.")
    # the same port of another address is free, which it were not if all addresses were listened to
    with socket.socket() as other:
        other.bind(("127.0.0.3", port_of(server)))


def test_close_frees_the_port_and_ends_the_thread() -> None:
    first = StatusServer(0)
    first.show(FLEET)
    get(first, "/")
    first.close()
    with pytest.raises(httpx.ConnectError):
        get(first, "/")
    second = StatusServer(port_of(first))
    assert get(second, "/").status_code == 503
    second.close()
    assert not first._thread.is_alive()


def test_a_client_that_goes_away_or_says_nothing_holds_up_no_other(
    server: StatusServer, capfd: pytest.CaptureFixture[str]
) -> None:
    server.show(FLEET)
    with socket.create_connection((LOOPBACK, port_of(server))):
        gone = socket.create_connection((LOOPBACK, port_of(server)))
        gone.sendall(b"GET / HTTP/1.0\r\n\r\n")
        gone.close()
        with socket.create_connection((LOOPBACK, port_of(server))) as odd:
            odd.sendall(b"\x16\x03\x01\x00\xff\r\n\r\n")
            assert get(server, "/").status_code == 200
    assert capfd.readouterr() == ("", "")


def test_it_needs_no_ray() -> None:
    code = (
        "import sys; from beyondbase.integrations.ray.status_server import StatusServer; StatusServer(0).close();"
        "print('ray' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
