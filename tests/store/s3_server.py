"""An S3 store on the loopback address that is as bad as it is told to be, and counts what it is asked."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from moto.moto_api._internal.models import moto_api_backend  # type: ignore[import-untyped]
from moto.server import DomainDispatcherApplication, create_backend_app  # type: ignore[import-untyped]
from werkzeug.serving import WSGIRequestHandler, make_server

KEY, SECRET, WRONG_SECRET_OF = "AKIATESTINGTESTING00", "sEcReT/of+the/tests0123456789", "AKIAWRONG0000000000"
"""what the store takes, and a key whose secret it finds wrong"""

Environment = dict[str, Any]
Answer = Iterable[bytes]


@dataclass
class Store:
    """How the store behaves, and what it was asked."""

    url: str = ""
    busy: float = 0.0
    """share of the requests that are answered 503 SlowDown, and not carried out"""
    broken: float = 0.0
    """share that are answered 500 InternalError, and not carried out"""
    lost: float = 0.0
    """share of the PUTs and DELETEs that are carried out, and their connection closed without an answer"""
    slow: float = 0.0
    """share that is answered late"""
    slow_s: float = 0.2
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    asked: Counter[str] = field(default_factory=Counter)
    """requests that were carried out, by kind: LIST, GET, HEAD, PUT, DELETE, POST"""
    faults: Counter[str] = field(default_factory=Counter)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def calm(self) -> None:
        """Answer all that comes, at once."""
        self.busy = self.broken = self.lost = self.slow = 0.0

    @contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        """Count what a block asks."""
        before, during = Counter(self.asked), Counter[str]()
        yield during
        during.update(self.asked - before)

    def falls(self, share: float) -> bool:
        with self.guard:
            return share > 0 and self.dice.random() < share


def kind(environ: Environment) -> str:
    """Say what a request is: a GET of a bucket is a LIST."""
    method = str(environ["REQUEST_METHOD"])
    key = str(environ["PATH_INFO"]).strip("/").partition("/")[2]
    if method == "PUT" and "HTTP_X_AMZ_COPY_SOURCE" in environ:
        return "COPY"
    return "LIST" if method == "GET" and not key else method


def failing(app: Callable[..., Answer], store: Store) -> Callable[..., Answer]:
    """Put the faults of a store before the one that works."""

    def answer(environ: Environment, start: Callable[..., Any]) -> Answer:
        def refuse(status: str, code: str) -> Answer:
            store.faults[code] += 1
            body = f"<Error><Code>{code}</Code><Message>told to</Message></Error>".encode()
            start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

        if f"Credential={WRONG_SECRET_OF}/" in environ.get("HTTP_AUTHORIZATION", ""):
            return refuse("403 Forbidden", "SignatureDoesNotMatch")
        if store.falls(store.slow):
            store.faults["slow"] += 1
            time.sleep(store.slow_s)
        if store.falls(store.busy):
            return refuse("503 Slow Down", "SlowDown")
        if store.falls(store.broken):
            return refuse("500 Internal Server Error", "InternalError")
        with store.guard:
            store.asked[kind(environ)] += 1
        done = app(environ, start)
        if environ["REQUEST_METHOD"] in ("PUT", "DELETE") and store.falls(store.lost):
            store.faults["lost"] += 1
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError
        return done

    return answer


class Quiet(WSGIRequestHandler):
    """Writes no log, and keeps connections open as S3 does."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@contextmanager
def s3_store() -> Iterator[Store]:
    """Run an empty store until the block ends; the process keeps its objects, so that no two may run at once."""
    moto_api_backend.reset()
    store = Store()
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, failing(app, store), threaded=True, request_handler=Quiet)
    store.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def environment(store: Store) -> dict[str, str]:
    """Say where the store is and what it takes, as a user does, and nothing that the machine may say otherwise."""
    return {
        "AWS_ENDPOINT_URL": store.url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
