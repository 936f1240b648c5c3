"""Find the Ray cluster to work on."""

from __future__ import annotations

import os

import ray

from beyondbase.errors import BadInput

AT_HAND = "ray"
"""the cluster that RAY_ADDRESS names or that runs on this machine; where there is none, one is started here"""


def connect(on: str) -> None:
    """Connect this process to a cluster, once; raises BadInput where none answers."""
    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told what is measured here
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # what Ray will do by default
    address = os.environ.get("RAY_ADDRESS", "auto") if on == AT_HAND else on
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except ConnectionError as error:
        if on == AT_HAND and "RAY_ADDRESS" not in os.environ:
            ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level="ERROR")
            return
        raise _unreachable(address, error) from None
    except (RuntimeError, ValueError, ImportError, OSError) as error:
        raise _unreachable(address, error) from None


def _unreachable(address: str, error: Exception) -> BadInput:
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return BadInput(
        f"on: expected a Ray cluster at {address}, got {reason}; start one by `ray start --head`, or name the address "
        "of its head, such as --on HOST:6379 or --on ray://HOST:10001"
    )
