"""A server that speaks the OpenAI protocol on the loopback address, right or wrong as it is told, and counts."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]


class Fault(StrEnum):
    """What goes wrong with one attempt."""

    BUSY = auto()
    BUSY_SECONDS = auto()
    BUSY_DATE = auto()
    BROKEN = auto()
    HANG = auto()
    DRIP = auto()
    RESET = auto()
    HALF_JSON = auto()
    SHORT_BODY = auto()
    NO_JSON = auto()
    NO_CHOICES = auto()
    FEWER = auto()
    MORE = auto()
    EMPTY = auto()
    NULL = auto()
    REASONING = auto()
    FILTERED = auto()
    TOOL = auto()
    NO_FINISH = auto()
    CUT = auto()
    NO_USAGE = auto()
    REFUSED = auto()
    TOO_LONG = auto()
    NO_KEY = auto()
    ECHO = auto()
    """an error whose body repeats the key"""


def right(body: Body) -> str:
    """Answer that the exact verifier takes for problem 'what is N'."""
    return f"answer: {question(body).split()[-1]}"


def question(body: Body) -> str:
    return str(body.get("prompt") or body["messages"][-1]["content"])


@dataclass
class Script:
    """How a server behaves, and what it was asked."""

    faults: Callable[[Body, int], Fault | None] = lambda body, attempt: None
    """of a request's body and the number of attempts at it before, by its seed"""
    answer: Callable[[Body], str] = right
    owner: str = "somebody"
    get: Mapping[str, Body] = field(default_factory=dict)
    """further paths that answer"""
    models: tuple[str, ...] = ("m",)
    max_model_len: int | None = None
    hang_s: float = 3.0
    attempts: Counter[object] = field(default_factory=Counter)
    bodies: list[Body] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    paths: Counter[str] = field(default_factory=Counter)
    under_way: int = 0
    most_under_way: int = 0
    guard: threading.Lock = field(default_factory=threading.Lock)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # it would hold each body back for 40 ms, behind its headers
    script: Script
    closing: threading.Event

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        script = self.script
        if self.path == "/v1/models":
            length = {} if script.max_model_len is None else {"max_model_len": script.max_model_len}
            cards = [{"id": name, "owned_by": script.owner, "created": 0, **length} for name in script.models]
            self.reply(200, {"data": cards})
        elif self.path in script.get:
            self.reply(200, script.get[self.path])
        else:
            self.reply(404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        script = self.script
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with script.guard:
            script.paths[self.path] += 1
        has_tokenizer = script.owner in ("vllm", "sglang") or "/props" in script.get
        if self.path.endswith("/tokenize") and has_tokenizer:
            text = body.get("content") or question(body)
            bos = [0] if body.get("add_special_tokens") or body.get("add_special") else []
            self.reply(200, {"tokens": bos + list(text.encode()), "count": len(text)})
            return
        if self.path == "/apply-template" and has_tokenizer:
            self.reply(200, {"prompt": f"<user>{question(body)}"})
            return
        with script.guard:
            attempt = script.attempts[body.get("seed")]
            script.attempts[body.get("seed")] += 1
            script.bodies.append(body)
            script.headers.append(self.headers.get("Authorization", ""))
            script.under_way += 1
            script.most_under_way = max(script.most_under_way, script.under_way)
        try:
            self.answer(body, script.faults(body, attempt))
        finally:
            with script.guard:
                script.under_way -= 1

    def answer(self, body: Body, fault: Fault | None) -> None:
        match fault:
            case Fault.BUSY:
                self.reply(429, {"error": {"message": "slow down"}})
            case Fault.BUSY_SECONDS:
                self.reply(429, {"error": {"message": "slow down"}}, {"Retry-After": "1"})
            case Fault.BUSY_DATE:
                then = datetime.now(UTC) + timedelta(seconds=2)
                self.reply(
                    503, {"error": {"message": "slow down"}}, {"Retry-After": format_datetime(then, usegmt=True)}
                )
            case Fault.BROKEN:
                self.reply(500, {"error": {"message": "out of memory"}})
            case Fault.HANG:
                self.closing.wait(self.script.hang_s)
            case Fault.DRIP:
                self.drip()
            case Fault.RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
            case Fault.REFUSED:
                self.reply(400, {"error": {"message": "temperature must be even"}})
            case Fault.TOO_LONG:
                self.reply(400, {"error": {"message": f"maximum context length is 9, got {len(question(body))}"}})
            case Fault.NO_KEY:
                self.reply(401, {"error": {"message": f"wrong key: {self.headers.get('Authorization')}"}})
            case Fault.ECHO:
                self.reply(500, {"error": {"message": f"headers were {dict(self.headers)}"}})
            case _:
                self.samples(body, fault)

    def drip(self) -> None:
        """Send a byte now and then, so that no single read ever times out."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        while not self.closing.wait(0.05):
            try:
                self.wfile.write(b" ")
                self.wfile.flush()
            except OSError:
                return

    def samples(self, body: Body, fault: Fault | None) -> None:
        n = body.get("n", 1)
        count = {Fault.FEWER: max(0, n - 1), Fault.MORE: n + 1, Fault.NO_CHOICES: 0}.get(fault, n)  # type: ignore[arg-type]
        choices = [choice(body, fault, index, self.script.answer(body)) for index in range(count)]
        told = {"prompt_tokens": 10, "completion_tokens": 5 * n, "total_tokens": 10 + 5 * n}
        whole = {"object": "list", "choices": choices} | ({} if fault is Fault.NO_USAGE else {"usage": told})
        if fault is Fault.NO_JSON:
            self.send(200, b"<html>welcome</html>")
        elif fault in (Fault.HALF_JSON, Fault.SHORT_BODY):
            text = json.dumps(whole).encode()
            half = text[: len(text) // 2]
            self.send(200, half, length=len(text) if fault is Fault.SHORT_BODY else len(half))
        else:
            self.reply(200, whole)

    def reply(self, status: int, body: Body, headers: Mapping[str, str] | None = None) -> None:
        self.send(status, json.dumps(body).encode(), headers)

    def send(
        self, status: int, content: bytes, headers: Mapping[str, str] | None = None, length: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)
        if length is not None:
            self.close_connection = True


def choice(body: Body, fault: Fault | None, index: int, text: str) -> Body:
    finish = {Fault.FILTERED: "content_filter", Fault.TOOL: "tool_calls", Fault.NO_FINISH: None, Fault.CUT: "length"}
    told: Body = {"index": index, "finish_reason": finish.get(fault, "stop")}  # type: ignore[arg-type]
    content = {Fault.EMPTY: "", Fault.NULL: None, Fault.REASONING: None}.get(fault, text)  # type: ignore[arg-type]
    if "prompt" in body:
        return told | {"text": content}
    message: Body = {"role": "assistant", "content": content}
    if fault is Fault.REASONING:
        message["reasoning_content"] = "thinking"
    if fault is Fault.TOOL:
        message["tool_calls"] = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    return told | {"message": message}


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """Run a server; yields its base url."""
    closing = threading.Event()
    handler = type("ScriptedHandler", (Handler,), {"script": script, "closing": closing})

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 256

        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing of a client that has gone."""

    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
