"""The trial of a sandbox: a program that tries to get out must fail at everything, and a right one must not."""

from __future__ import annotations

import json
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.verification.code.bubblewrap import Bubblewrap, runtime
from beyondbase.verification.code.choice import CodeSandbox
from beyondbase.verification.code.docker import Docker
from beyondbase.verification.code.inside.wire import frame
from beyondbase.verification.code.process import Limits, Process
from beyondbase.verification.code.sandbox import Sandbox

_ATTEMPTS = """
import os, socket
got_out = []
def attempt(name, work):
    try:
        work()
    except (OSError, ValueError):
        return
    got_out.append(name)
def spawn():
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
def look():
    if set(os.listdir({home!r})) <= {known!r}:
        raise OSError
attempt("a home folder", look)
attempt("/etc/shadow", lambda: open("/etc/shadow").read())
attempt("a socket", lambda: socket.create_connection(("127.0.0.1", 9), 1))
attempt("a file", lambda: open("/escaped", "w").write("x"))
attempt("another process", spawn)
if len(os.environ) > 6:
    got_out.append("the environment")
print("ready", *got_out, sep="|")
"""
_SAID = "code: expected a sandbox that holds what runs in it,"


def checked_sandbox(wanted: CodeSandbox, limits: Limits) -> Sandbox:
    """Return the sandbox that is wanted, once it has held a program that tries to get out; raises BadInput."""
    if wanted is CodeSandbox.DOCKER:
        return _tried(Docker(limits.memory_bytes), limits)
    try:
        return _tried(Bubblewrap(), limits)
    except BadInput:
        if wanted is CodeSandbox.BUBBLEWRAP or not Docker.answers():
            raise
    return _tried(Docker(limits.memory_bytes), limits)


def _tried(sandbox: Sandbox, limits: Limits) -> Sandbox:
    home = Path.home()
    # where Python itself is installed in it, the way there is seen, and nothing beside it
    known = {path.relative_to(home).parts[0] for path in map(Path, runtime()) if home in path.parents}
    start: dict[str, object] = {"kind": "stdio", "head": "", "text": _ATTEMPTS.format(home=str(home), known=known)}
    start |= {"cuts": [None], "cpu_s": limits.cpu_s, "memory_bytes": limits.memory_bytes}
    process = Process(sandbox.start("program_side"), limits)
    try:
        output, ended = process.run(frame(b"S", json.dumps(start).encode()))
    finally:
        process.close()
    ready, *got_out = output.decode(errors="replace").strip().split("|")
    if ready != "Hready":
        why = " ".join(ended.said.split())[-200:] or f"status {ended.status}"
        raise BadInput(
            f"{_SAID} {sandbox.name} does not start one: {why}; allow unprivileged user name spaces "
            "(sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0), or give "
            "--code-sandbox docker where a Docker daemon runs"
        )
    if got_out:
        raise BadInput(
            f"{_SAID} {sandbox.name} lets it reach {', '.join(got_out)}; report this, and do not run answers"
        )
    return sandbox
