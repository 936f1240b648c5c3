"""Find the Ray cluster to work on."""

from __future__ import annotations

import os
import sys

import ray

from beyondbase.errors import BadInput

AT_HAND = "ray"
"""the cluster that RAY_ADDRESS names or that runs on this machine; where there is none, one is started here"""

CLIENT_ATTEMPTS = 3
"""each takes some 40 s where it fails"""


def connect(on: str) -> None:
    """Connect this process to a cluster, once; raises BadInput where none answers."""
    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told what is measured here
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # what Ray will do by default
    address = os.environ.get("RAY_ADDRESS", "auto") if on == AT_HAND else on
    try:
        _init(address)
    except ConnectionError as error:
        if on == AT_HAND and "RAY_ADDRESS" not in os.environ:
            ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level="ERROR")
            return
        raise _unreachable(address, error) from None
    except (RuntimeError, ValueError, ImportError, OSError) as error:
        raise _unreachable(address, error) from None


def _init(address: str) -> None:
    for left in reversed(range(CLIENT_ATTEMPTS)):
        try:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
            return
        except ConnectionAbortedError as error:
            # Ray's client server forks a process for each client while gRPC runs there; now and then the fork dies
            # (ray-project/ray#63202). It is the server that failed, and another fork of it mostly lives.
            if not left:
                raise
            print(f"{address} began no process for this command, asked once more: {_reason(error)}", file=sys.stderr)


def _unreachable(address: str, error: Exception) -> BadInput:
    return BadInput(
        f"on: expected a Ray cluster at {address}, got {_reason(error)}; start one by `ray start --head`, or name the "
        "address of its head, such as --on HOST:6379 or --on ray://HOST:10001; one that asks for a token needs "
        "RAY_AUTH_MODE=token here too"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionAbortedError):  # the server's traceback, whose last line says what it was
        return str(error).rstrip().rpartition("\n")[2][:300]
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
