"""Ray's client server, which loses the first processes that it begins for clients: HOW_MANY OPTIONS_OF_THE_SERVER.

They die so by themselves now and then (ray-project/ray#63202).
"""

from __future__ import annotations

import os
import runpy
import sys
from typing import Any

from ray.util.client.server import proxier


def serve(lost: int) -> None:
    """Serve by Ray's own module."""
    start, left = proxier.start_ray_client_server, [None] * lost

    def start_or_lose(*args: Any, **kwargs: Any) -> Any:
        started = start(*args, **kwargs)
        if left:
            left.pop()
            started.process.kill()
            os.waitid(os.P_PID, started.process.pid, os.WEXITED | os.WNOWAIT)  # dead, and left for Ray to find so
        return started

    proxier.start_ray_client_server = start_or_lose
    runpy.run_module("ray.util.client.server", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    serve(int(sys.argv.pop(1)))
