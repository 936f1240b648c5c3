"""A small HTTP server that says how far a fleet is: to a browser, to `beyondbase watch`, to Prometheus."""

from __future__ import annotations

import json
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, NamedTuple

from beyondbase.errors import BadInput
from beyondbase.sampling.fleet_metrics import CONTENT_TYPE, prometheus
from beyondbase.sampling.fleet_status import NOT_BEGUN, FleetStatus

LOOPBACK = "127.0.0.1"
_REFRESH_S = 2
_SILENT_S = 10.0
"""after which a client that says nothing is given up"""


class StatusServer:
    """Serves what it was shown last, from a thread of its own, to this machine alone unless told another address.

    GET / is plain text that a browser loads again by itself, /status.json one object, /metrics Prometheus' text. Before
    anything was shown, all of them answer 503.
    """

    def __init__(self, port: int, address: str = LOOPBACK) -> None:
        """Listen on a port, 0 for one that the system chooses; raises BadInput for a port that cannot be had."""
        try:
            self._server = _Server((address, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
            raise BadInput(
                f"status-port: expected a port of {address} that is free, got {port} ({reason}); choose another, "
                "or 0 to let the system choose"
            ) from None
        self.url = f"http://{address}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def show(self, status: FleetStatus) -> None:
        """Replace what is shown."""
        self._server.status = status

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    status: FleetStatus | None = None

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away."""


class _Page(NamedTuple):
    content_type: str
    text: str


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SILENT_S
    protocol_version = "HTTP/1.0"
    server_version, sys_version = "beyondbase", ""
    paths: ClassVar = ("/", "/status.json", "/metrics")

    def do_GET(self) -> None:
        """Answer with a page."""
        path, status = self.path.partition("?")[0], self.server.status
        if path not in self.paths:
            self._answer(HTTPStatus.NOT_FOUND, _plain(f"not found; there is {', '.join(self.paths)}\n"))
        elif status is None:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, _plain(f"{NOT_BEGUN}\n"))
        else:
            self._answer(HTTPStatus.OK, _page(path, status))

    do_HEAD = do_GET

    def _answer(self, code: HTTPStatus, page: _Page) -> None:
        # a folder's name may hold bytes that are no text
        body = page.text.encode(errors="replace")
        self.send_response(code)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.path == "/":
            self.send_header("Refresh", str(_REFRESH_S))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""


def _page(path: str, status: FleetStatus) -> _Page:
    if path == "/metrics":
        return _Page(CONTENT_TYPE, prometheus(status))
    if path == "/status.json":
        return _Page("application/json", json.dumps(status.as_json(), ensure_ascii=False))
    return _plain("\n".join(status.lines()) + "\n")


def _plain(text: str) -> _Page:
    return _Page("text/plain; charset=utf-8", text)
