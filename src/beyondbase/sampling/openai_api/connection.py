"""Where a server is, and the key that opens it, which stands in nothing that is shown or stored."""

from __future__ import annotations

import json
import os
import re
import ssl
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import quote, urlsplit

import httpx

from beyondbase.errors import BadInput
from beyondbase.sampling.options import ServerOptions

_CONNECT_S = 10.0
_SHOWN = 300
"""characters of a server's own words that an error repeats"""


@dataclass(frozen=True, slots=True)
class Connection:
    """An address and how to speak to it."""

    base_url: str
    """without a slash at its end"""
    timeout_s: float
    key: str = field(default="", repr=False)

    @classmethod
    def of(cls, options: ServerOptions) -> Connection:
        """Read the address and the key; raises BadInput, without repeating what may be a secret."""
        return cls(_checked_url(options.base_url), options.timeout_s, _key(options.api_key_env))

    @property
    def root(self) -> str:
        """The address outside the protocol, where a server says what it is."""
        return self.base_url.removesuffix("/v1")

    def headers(self) -> dict[str, str]:
        """What every request carries."""
        content = {"Content-Type": "application/json"}
        return content | {"Authorization": f"Bearer {self.key}"} if self.key else content

    def client(self) -> httpx.Client:
        """Open what asks questions, from any thread."""
        return httpx.Client(headers=self.headers(), timeout=self._timeout(), verify=self._trust())

    def async_client(self) -> httpx.AsyncClient:
        """Open what asks one question after the other in an event loop."""
        trust, headers = self._trust(), self.headers()
        return httpx.AsyncClient(base_url=self.base_url, headers=headers, timeout=self._timeout(), verify=trust)

    def _timeout(self) -> httpx.Timeout:
        """Seconds for each step of a request; waiting for a free connection has no limit."""
        return httpx.Timeout(self.timeout_s, connect=min(self.timeout_s, _CONNECT_S), pool=None)

    def _trust(self) -> ssl.SSLContext | bool:
        """Certificates that are trusted: read once, and not at all for a server that shows none."""
        return _certificates() if self.base_url.startswith("https:") else False

    def shown(self, text: str) -> str:
        """One line of what a server said, cut to a readable length, the key taken out of it.

        >>> Connection("http://localhost:8000/v1", 1.0, "sk-secret").shown("bad\\n key: Bearer sk-secret")
        'bad key: Bearer ***'
        """
        # Before the cut, which could leave half a key; and as JSON or a URL would write it.
        for form in {self.key, json.dumps(self.key)[1:-1], quote(self.key, safe="")} - {""}:
            text = text.replace(form, "***")
        line = " ".join(text.split())
        return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."


@cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def check_options(options: ServerOptions) -> None:
    """Raise BadInput for options that no server could be used by."""
    for name, value, low in (
        ("concurrency", options.concurrency, 1),
        ("samples-per-request", options.samples_per_request, 1),
        ("retries", options.retries, 0),
        ("budget-tokens", options.budget_tokens, 1),
        ("usd-per-million-in", options.usd_per_million_in, 0),
        ("usd-per-million-out", options.usd_per_million_out, 0),
    ):
        if value is not None and not value >= low:
            raise BadInput(f"{name}: expected at least {low}, got {value}")
    for name, value in (("timeout-s", options.timeout_s), ("budget-usd", options.budget_usd)):
        if value is not None and not value > 0:
            raise BadInput(f"{name}: expected more than 0, got {value}")
    if options.budget_usd is not None and None in (options.usd_per_million_in, options.usd_per_million_out):
        raise BadInput(
            "budget-usd: expected both prices beside it: give --usd-per-million-in and --usd-per-million-out"
        )


def _checked_url(url: str) -> str:
    example = "such as http://localhost:8000/v1"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BadInput(f"base-url: expected an address {example}, got one that cannot be read") from None
    # The manifest keeps the address, so that nothing secret may be in it, and no error may repeat it.
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise BadInput(
            f"base-url: expected an address {example}, without user, password, query or fragment; "
            "put the key into the environment variable that api-key-env names"
        )
    if parts.scheme not in ("http", "https") or not host:
        raise BadInput(f"base-url: expected http:// or https:// and a host, {example}, got {url[:60]!r}")
    return url.rstrip("/")


def _key(name: str) -> str:
    # A key given in place of a name must not come out again in an error.
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise BadInput(
            "api-key-env: expected the name of an environment variable (letters, digits, _), got another text"
        )
    key = os.environ.get(name)
    if key is None:
        if name != ServerOptions().api_key_env:
            raise BadInput("api-key-env: the environment variable it names is not set; export it, or name another")
        return ""
    # A header takes nothing else, and the library's own error would show the whole of it.
    if not re.fullmatch(r"[!-~]*", key):
        raise BadInput(
            f"{name}: expected a key of visible ASCII characters, got white space or others; export it again"
        )
    return key
