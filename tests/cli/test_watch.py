"""`beyondbase watch`, against a real server on the loopback address."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from beyondbase.cli import progress, read_status, watch
from beyondbase.integrations.ray.status_server import StatusServer
from beyondbase.sampling.fleet_status import COLUMNS, NOT_BEGUN, FleetStatus
from tests.shown_fleet import FLEET, HOSTILE

Cli = Callable[..., Any]
OVER = replace(FLEET, drawn=200_000, over=True)


@pytest.fixture
def server() -> Iterator[StatusServer]:
    made = StatusServer(0)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a question that nobody expected fail, instead of one a second for ever."""
    monkeypatch.setattr(watch, "sleep", lambda seconds: pytest.fail("it asked again"))


@pytest.fixture
def between(no_waiting: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let these things happen, one after each question."""

    def install(*happenings: Callable[[], object]) -> None:
        left = iter(happenings)
        monkeypatch.setattr(watch, "sleep", lambda seconds: next(left)())

    return install


@contextmanager
def answering(body: bytes, code: int = 200) -> Iterator[str]:
    """Serve one answer to whatever is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(code)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.handle_error = lambda *args: None  # type: ignore[method-assign]
        thread = threading.Thread(target=made.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{made.server_port}"
        finally:
            made.shutdown()
            thread.join()


def told(**changed: object) -> bytes:
    return json.dumps(FLEET.as_json() | changed).encode()


def nothing() -> None:
    pass


def test_once_is_the_screen_or_the_object(beyondbase: Cli, server: StatusServer) -> None:
    server.show(FLEET)
    said = beyondbase("watch", server.url, "--once")
    assert (said.code, said.out.splitlines(), said.err) == (0, FLEET.lines(), "")
    said = beyondbase("watch", server.url, "--once", "--json")
    assert (said.code, said.data) == (0, json.loads(json.dumps(FLEET.as_json())))


@pytest.mark.parametrize("form", ["{url}/", "{url}/status.json", "127.0.0.1:{port}", "{port}", "localhost:{port}/"])
def test_an_address_has_several_forms(beyondbase: Cli, server: StatusServer, form: str) -> None:
    server.show(FLEET)
    address = form.format(url=server.url, port=server.url.rpartition(":")[2])
    assert beyondbase("watch", address, "--once").out.splitlines() == FLEET.lines()


@pytest.mark.parametrize(
    "address", ["", "99999", "0", "h:99999", "ftp://h:1", "http://", "h:x", "h?a=1", "h#a", "file:///etc/passwd"]
)
def test_what_is_no_address_is_bad_input(beyondbase: Cli, address: str) -> None:
    said = beyondbase("watch", address)
    assert said.code == 2
    assert said.error.endswith(
        f"expected an address such as http://127.0.0.1:8900, HOST:PORT or a port, got {address!r}"
    )


def test_a_password_is_not_repeated(beyondbase: Cli) -> None:
    said = beyondbase("watch", "http://me:secret@h:1")
    assert said.code == 2 and "secret" not in said.err


def test_it_ends_with_the_command(beyondbase: Cli, between: Callable[..., None]) -> None:
    server = StatusServer(0)
    gone = [server.close, nothing, nothing]
    between(nothing, lambda: server.show(FLEET), nothing, lambda: server.show(OVER), nothing, *gone)
    said = beyondbase("watch", server.url)
    assert (said.code, said.out.splitlines()) == (0, OVER.lines())
    assert "fleet: 0 of 0, " + NOT_BEGUN in said.err
    assert "sample base: 123,456 of 1,024,000 (12%), 7 of 8 replicas, " in said.err


def test_it_ends_well_with_a_server_that_is_gone(beyondbase: Cli, between: Callable[..., None]) -> None:
    server = StatusServer(0)
    server.show(FLEET)
    between(server.close, *[nothing] * 10)
    said = beyondbase("watch", server.url)
    assert (said.code, said.out.splitlines()) == (0, [*FLEET.lines(), watch._GONE])


def test_the_runs_of_a_command_are_shown_one_after_the_other(beyondbase: Cli, between: Callable[..., None]) -> None:
    servers = [StatusServer(0)]
    servers[0].show(OVER)
    rl = replace(OVER, label="rl", run="out/rl")

    def second() -> None:
        servers.append(StatusServer(int(servers[0].url.rpartition(":")[2])))

    between(servers[0].close, nothing, second, lambda: servers[1].show(rl), lambda: servers[1].close(), *[nothing] * 2)
    said = beyondbase("watch", servers[0].url)
    assert (said.code, said.out.splitlines()) == (0, [*OVER.lines(), "", *rl.lines()])


def test_it_bears_a_server_that_is_away_for_a_moment(beyondbase: Cli, between: Callable[..., None]) -> None:
    servers = [StatusServer(0)]
    servers[0].show(FLEET)

    def back() -> None:
        servers.append(StatusServer(int(servers[0].url.rpartition(":")[2])))
        servers[1].show(OVER)

    between(servers[0].close, nothing, back, lambda: servers[1].close(), *[nothing] * 2)
    said = beyondbase("watch", servers[0].url, "--json")
    assert (said.code, said.data["over"], said.data["drawn"]) == (0, True, OVER.drawn)


def test_what_was_told_last_is_kept_where_the_next_fleet_never_begins(
    beyondbase: Cli, between: Callable[..., None]
) -> None:
    servers = [StatusServer(0)]
    servers[0].show(FLEET)
    port = int(servers[0].url.rpartition(":")[2])

    between(servers[0].close, lambda: servers.append(StatusServer(port)), lambda: servers[1].close(), *[nothing] * 10)
    said = beyondbase("watch", port)
    assert (said.code, said.out.splitlines()) == (0, [*FLEET.lines(), watch._GONE])


def test_a_fleet_that_was_gone_before_it_began_is_an_error(beyondbase: Cli, between: Callable[..., None]) -> None:
    server = StatusServer(0)
    between(server.close, *[nothing] * 10)
    said = beyondbase("watch", server.url)
    assert (said.code, said.out) == (2, "")
    assert "nothing answers" in said.error


def test_before_the_fleet_began_once_says_so(beyondbase: Cli, server: StatusServer) -> None:
    said = beyondbase("watch", server.url, "--once")
    assert said.code == 2
    assert NOT_BEGUN in said.error


def test_where_nothing_listens_is_told_at_once(beyondbase: Cli, between: Callable[..., None]) -> None:
    server = StatusServer(0)
    server.close()
    between()
    said = beyondbase("watch", server.url, "--json")
    assert said.code == 2
    assert said.error.startswith(f"beyondbase: watch: expected a fleet at {server.url}/status.json, nothing answers (")
    assert said.data["exit_code"] == 2


@pytest.mark.parametrize(
    ("body", "got"),
    [
        (b"<html>", "Invalid JSON"),
        (b"", "Invalid JSON"),
        (b"\xff", "Invalid JSON"),
        (b"[]", "Input should be an object"),
        (b"{}", "at 'label' (Field required)"),
        (b"[" * 100_000, "recursion limit"),
        (told(drawn=-1), "at 'drawn'"),
        (told(drawn=2**63), "at 'drawn'"),
        (told(drawn=True), "at 'drawn'"),
        (told(drawn="7"), "at 'drawn'"),
        (told(drawn=None), "at 'drawn'"),
        (told(tokens_per_s=float("nan")), "at 'tokens_per_s'"),
        (told(elapsed_s=float("inf")), "at 'elapsed_s'"),
        (told(seconds_left=1e300), "at 'seconds_left'"),
        (told(label="x" * 10_001), "at 'label'"),
        (told(aside=[1]), "at 'aside.0'"),
        (told(replicas_lost={"\x1b[2J": 1}), r"at 'replicas_lost.\x1b[2J"),
        (told(more=["x" * 1000] * 1000), "more than 1,000,000 bytes"),
    ],
)
def test_what_is_no_status_is_told_in_one_printable_line(beyondbase: Cli, body: bytes, got: str) -> None:
    with answering(body) as url:
        said = beyondbase("watch", url)
    assert (said.code, said.out) == (2, "")
    assert got in said.error
    assert said.error.isprintable() and len(said.error) < 400


@pytest.mark.parametrize("code", [302, 404, 500, 503])
def test_another_server_is_not_waited_for(beyondbase: Cli, code: int) -> None:
    with answering(told(), code) as url:
        said = beyondbase("watch", url)
    assert (said.code, f"got the answer {code};" in said.error) == (2, True)


def test_what_never_has_a_whole_answer_is_given_up(beyondbase: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(told()) as url:
        reader = read_status.StatusReader(url)
        monkeypatch.setattr(read_status, "_PATIENCE_S", 0.0)
        with pytest.raises(read_status.Absent, match=r"nothing answers \(no whole answer in 0 s\)"):
            reader.read()


def test_fields_that_a_later_version_tells_are_passed_over(beyondbase: Cli) -> None:
    with answering(told(temperature_of_room=21, over=True)) as url:
        assert beyondbase("watch", url, "--once").out.splitlines() == replace(FLEET, over=True).lines()


def test_every_field_that_is_told_is_read(server: StatusServer) -> None:
    for status in (FLEET, OVER, replace(FLEET, seconds_left=None, aside=(), replicas_lost={}, waiting_for="room")):
        server.show(status)
        found = read_status.StatusReader(server.url).read()
        assert isinstance(found, FleetStatus)
        assert found.as_json() == status.as_json()


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("words", "code"), [([], 130), (["--once"], 0), (["--once", "--json"], 0)])
def test_no_name_steers_the_terminal(
    beyondbase: Cli, between: Callable[..., None], words: list[str], code: int
) -> None:
    name = HOSTILE.replace("\udc80", "")
    between(interrupt)
    with answering(told(label=name, run=name, aside=[name], waiting_for=name, over=True)) as url:
        said = beyondbase("watch", url, *words)
        assert said.code == code
        assert said.out + said.err != ""
        assert all(line.isprintable() for line in (said.out + said.err).splitlines())


def test_no_proxy_is_asked(beyondbase: Cli, server: StatusServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.show(FLEET)
    assert beyondbase("watch", server.url, "--once").code == 0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_one_screen_that_is_drawn_again(
    beyondbase: Cli, between: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, terminal = StatusServer(0), Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    between(lambda: server.show(FLEET), lambda: server.show(OVER), server.close, nothing, nothing)
    said = beyondbase("watch", server.url)
    shown = terminal.getvalue()
    assert said.out.splitlines() == OVER.lines()
    assert [shown.count(text) for text in (NOT_BEGUN, FLEET.lines()[0])] == [1, 1]
    assert "\x1b[1A\x1b[2K" * (len(FLEET.lines()) - 1) in shown  # the first screen is wiped
    assert "sample base" not in shown  # no bar beside it


def test_an_interrupt_says_that_the_run_goes_on(
    beyondbase: Cli, server: StatusServer, between: Callable[..., None]
) -> None:
    server.show(FLEET)
    between(interrupt)
    said = beyondbase("watch", server.url)
    assert said.code == 130
    assert f"stopped; the run goes on without it; to watch again: beyondbase watch {server.url}\n" in said.err


def test_it_imports_no_ray() -> None:
    code = (
        "import sys, beyondbase.cli.watch; print([name for name in ('ray', 'torch', 'polars') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_bar_is_not_there_before_its_first_stage() -> None:
    terminal = Terminal()
    with progress.progress_on(terminal):
        pass
    assert terminal.getvalue() == ""
