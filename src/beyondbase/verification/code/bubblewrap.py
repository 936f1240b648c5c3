"""The sandbox: a Python that sees its own library, and nothing else of the machine; or no Python at all.

Nothing can be written: there is no place for it, no tmpfs either. What is not named in the command is not there.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.verification.code.system_calls import seccomp_filter

NOBODY = "65534"
INSIDE = Path(__file__).parent / "inside"
ISOLATED = ["-s", "-P", "-S", "-B"]
"""no user site, no current folder, no site-packages, no cache files; there is no environment to keep out"""
_MEND = (
    "install it (apt install bubblewrap, dnf install bubblewrap), or give --code-sandbox docker where a Docker daemon "
    "runs; answers are never run without a sandbox"
)


@dataclass(frozen=True, slots=True)
class Started:
    """A process in a sandbox of its own."""

    popen: subprocess.Popen[bytes]
    told: int
    """where the sandbox writes the process's number"""


class Bubblewrap:
    """Start processes under bwrap, each in name spaces of its own."""

    name = "bubblewrap"

    def __init__(self) -> None:
        found = shutil.which("bwrap")
        if found is None:
            raise BadInput(f"code: expected bubblewrap to run answers in, found no bwrap; {_MEND}")
        if (sys.platform, platform.machine()) != ("linux", "x86_64"):
            raise BadInput(
                "code: expected Linux on x86-64 for --code-sandbox bubblewrap, whose filter of system calls is made "
                f"for it, got {sys.platform} on {platform.machine()}; give --code-sandbox docker"
            )
        self._command = [found, *_ROOM, *runtime(), "--remount-ro", "/"]

    def version(self) -> str:
        """What bwrap calls itself."""
        return subprocess.run([self._command[0], "--version"], capture_output=True, text=True).stdout.strip()

    def start(self, side: str, *, forks: bool = False) -> Started:
        """Start `inside/SIDE.py` with pipes for standard input, output and error."""
        calls, told = _filled(seccomp_filter(forks=forks)), os.pipe()
        command = [*self._command, "--seccomp", str(calls), "--info-fd", str(told[1]), "--"]
        command += [_python(), *ISOLATED, "-c", f"from inside.{side} import main; main()"]
        pipe = subprocess.PIPE
        try:
            popen = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=pipe, pass_fds=(calls, told[1]), env={}, bufsize=0
            )
        except BaseException:
            os.close(told[0])
            raise
        finally:
            os.close(calls)
            os.close(told[1])
        return Started(popen, told[0])


_ROOM = [
    *("--unshare-all", "--unshare-user", "--uid", NOBODY, "--gid", NOBODY, "--cap-drop", "ALL"),
    *("--hostname", "sandbox", "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv", "--chdir", "/"),
    *("--setenv", "PYTHONHASHSEED", "0", "--setenv", "PYTHONPATH", "/harness", "--setenv", "OPENBLAS_NUM_THREADS", "1"),
    *("--dev-bind", "/dev/null", "/dev/null", "--ro-bind", str(INSIDE), "/harness/inside"),
]
# The order of a set of texts must not change a verdict from one run to the next: PYTHONHASHSEED.


def _filled(content: bytes) -> int:
    reading, writing = os.pipe()
    os.write(writing, content)  # shorter than a pipe holds
    os.close(writing)
    return reading


_NO_USE = ("_tkinter.", "_curses", "readline.", "nis.", "_dbm.", "_gdbm.", "_crypt.")
"""modules whose libraries are left out: each bound file takes its time at each start"""


@cache
def _python() -> str:
    return os.path.realpath(sys.executable)


@cache
def runtime() -> tuple[str, ...]:
    """Options that bind Python, its standard library, numpy, and the folders of the libraries that these need."""
    library = Path(os.__file__).resolve().parent
    bound = {_python(): _python(), str(library): str(library)}
    for package in ("numpy", "numpy.libs"):
        folder = _numpy_folder().parent / package
        if folder.is_dir():
            bound[str(folder)] = f"/site/{package}"
    modules = [path for path in library.glob("lib-dynload/*.so") if not path.name.startswith(_NO_USE)]
    modules += _numpy_folder().rglob("*.so")
    for path in _libraries([Path(_python()), *modules]):
        if not path.startswith(str(_numpy_folder().parent)):
            bound.setdefault(path, path)
    # a folder before what lies in it
    return tuple(part for source in sorted(bound) for part in ("--ro-bind", source, bound[source]))


def _numpy_folder() -> Path:
    spec = find_spec("numpy")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _libraries(programs: list[Path]) -> set[str]:
    """Paths of the shared libraries that programs need, and of the loader, which `ldd` tells."""
    shown = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=False).stdout
    words = {word for line in shown.splitlines() if "=>" in line or "ld-linux" in line for word in line.split()}
    return {word for word in words if word.startswith("/") and not word.endswith(":") and os.path.exists(word)}
