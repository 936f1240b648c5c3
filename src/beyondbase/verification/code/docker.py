"""The second sandbox, for machines with a Docker daemon and no bubblewrap."""

from __future__ import annotations

import shutil
import subprocess

from beyondbase.errors import BadInput
from beyondbase.verification.code.bubblewrap import INSIDE, ISOLATED, NOBODY, Started

_IMAGE = "python:3.11-slim"
"""has no numpy: tests that import it do not start, which is told as an error of the verifier"""
_PATIENCE_S = 20


class Docker:
    """Start processes in containers of their own, without network, in a file system that nobody can write to."""

    name = "docker"

    def __init__(self, memory_bytes: int) -> None:
        if not self.answers():
            raise BadInput(
                "code: expected a Docker daemon that answers, found none; start it, or install bubblewrap (apt install "
                "bubblewrap); answers are never run without a sandbox"
            )
        self._memory_bytes = memory_bytes

    @staticmethod
    def answers() -> bool:
        """Whether there is a daemon."""
        if shutil.which("docker") is None:
            return False
        try:
            return not subprocess.run(["docker", "version"], capture_output=True, timeout=_PATIENCE_S).returncode
        except subprocess.TimeoutExpired:
            return False

    def version(self) -> str:
        """Image, as its name says it."""
        return f"docker {_IMAGE}"

    def start(self, side: str, *, forks: bool = False) -> Started:
        """Start `inside/SIDE.py` with pipes for standard input, output and error."""
        pipe = subprocess.PIPE
        command = docker_command(side, 2 * self._memory_bytes)
        # The number of a process in a container is not told, so that one that sleeps is an error, not wrong.
        return Started(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0), told=-1)


def docker_command(side: str, memory_bytes: int) -> list[str]:
    """Return the command line of one process.

    >>> docker_command("program_side", 1 << 30)[:6]
    ['docker', 'run', '--rm', '--interactive', '--network', 'none']
    """
    return [
        *("docker", "run", "--rm", "--interactive", "--network", "none", "--read-only", "--cap-drop", "ALL"),
        *("--security-opt", "no-new-privileges", "--pids-limit", "8", "--user", f"{NOBODY}:{NOBODY}"),
        *("--memory", str(memory_bytes), "--memory-swap", str(memory_bytes), "--log-driver", "none"),
        *("--env", "PYTHONHASHSEED=0", "--env", "PYTHONPATH=/harness", "--volume", f"{INSIDE}:/harness/inside:ro"),
        *("--workdir", "/", _IMAGE, "python", *ISOLATED, "-c", f"from inside.{side} import main; main()"),
    ]
