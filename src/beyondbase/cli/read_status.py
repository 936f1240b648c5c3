"""Reads what a fleet tells at its address; whatever answers there is checked before it is believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from time import monotonic
from typing import Annotated, Any, get_type_hints

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from beyondbase.errors import BadInput
from beyondbase.sampling.fleet_status import NOT_BEGUN, FleetStatus
from beyondbase.sampling.leases import Loss
from beyondbase.wording import in_short

MOST_BYTES = 1_000_000
_PAGE = "/status.json"
_PATIENCE_S = 5.0
"""for a whole answer; a driver that is busy takes its time"""
_MEND = "give the address that the command with --status-port wrote at its start"

_Count = Annotated[int, Field(ge=0, lt=2**63)]
_Amount = Annotated[float, Field(ge=0, le=1e18)]
_Name = Annotated[str, Field(max_length=10_000)]
_CHECKED: Mapping[Any, Any] = {
    bool: bool,
    int: _Count,
    float: _Amount,
    float | None: _Amount | None,
    str: _Name,
    Sequence[str]: list[_Name],
    Mapping[Loss, int]: dict[Loss, _Count],
}


class Absent(BadInput):
    """Nothing answers at an address."""


class StatusReader:
    """Asks one address, directly and not through a proxy, how far its fleet is."""

    def __init__(self, address: str) -> None:
        """Take `http://HOST:PORT`, `HOST:PORT` or a port of this machine; raises BadInput for anything else."""
        self.url = page_of(address)
        self._client = httpx.Client(
            timeout=_PATIENCE_S,
            trust_env=False,
            verify=self.url.startswith("https:"),
            # as it is: what unpacks on the way could be of any size
            headers={"accept-encoding": "identity"},
        )

    def read(self) -> FleetStatus | None:
        """Return what is told now; None: the fleet has not begun.

        Raises Absent where nothing answers in time, and BadInput where what answers is no fleet.
        """
        try:
            code, body = self._get()
        except httpx.TransportError as error:
            why = str(error) or type(error).__name__
            raise Absent(f"watch: expected a fleet at {self.url}, nothing answers ({why}); {_MEND}") from None
        if code == httpx.codes.SERVICE_UNAVAILABLE and body.strip() == NOT_BEGUN.encode():
            return None
        if code != httpx.codes.OK:
            raise self._other(f"the answer {code}")
        try:
            return FleetStatus(**_Status.model_validate_json(body).model_dump())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = f" at {in_short('.'.join(map(str, first['loc'])))}" if first["loc"] else ""
            raise self._other(f"something else{where} ({first['msg']})") from None

    def _get(self) -> tuple[int, bytes]:
        until, body = monotonic() + _PATIENCE_S, bytearray()
        with self._client.stream("GET", self.url) as reply:
            for piece in reply.iter_raw():
                body += piece
                if len(body) > MOST_BYTES:
                    raise self._other(f"more than {MOST_BYTES:,} bytes")
                if monotonic() > until:
                    raise httpx.ReadTimeout(f"no whole answer in {_PATIENCE_S:g} s")
        return reply.status_code, bytes(body)

    def _other(self, got: str) -> BadInput:
        return BadInput(f"watch: expected the status of a fleet at {self.url}, got {got}; {_MEND}")


def page_of(address: str) -> str:
    """Complete an address.

    >>> page_of("8900"), page_of("head:8900/"), page_of("https://head/fleet")
    ('http://127.0.0.1:8900/status.json', 'http://head:8900/status.json', 'https://head/fleet/status.json')
    """
    known = f"127.0.0.1:{address}" if address.isascii() and address.isdecimal() else address
    try:
        url = httpx.URL(known if "://" in known else f"http://{known}")
    except httpx.InvalidURL:
        url = httpx.URL()
    port_is_one = url.port is None or 0 < url.port < 2**16
    if url.scheme not in ("http", "https") or not url.host or not port_is_one or _has_more(url):
        got = "one with a password" if url.userinfo else in_short(address)
        raise BadInput(f"watch: expected an address such as http://127.0.0.1:8900, HOST:PORT or a port, got {got}")
    return str(url.copy_with(path=url.path.removesuffix(_PAGE).rstrip("/") + _PAGE))


def _has_more(url: httpx.URL) -> bool:
    return bool(url.userinfo or url.query or url.fragment)


def _model() -> type[BaseModel]:
    """Build the check of a status from its fields, each bounded, so that none is forgotten."""
    types = get_type_hints(FleetStatus)
    checked: dict[str, Any] = {
        field.name: (_CHECKED[types[field.name]], ... if field.default is MISSING else field.default)
        for field in fields(FleetStatus)
    }
    return create_model("Status", __config__=ConfigDict(strict=True, extra="ignore"), **checked)


_Status = _model()
