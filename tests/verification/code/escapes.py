"""Programs that try to get out of the sandbox, or to pass tests that they do not solve, and what holds each.

The test is `assert f(2) == 4`. A TRY returns 4 where what it tried came off, so that `wrong` says it did not; a CHEAT
returns something else than 4, or nothing, and tries to be believed.
"""
# ruff: noqa: E501 (one program a line)

from __future__ import annotations

import textwrap
from typing import NamedTuple


class Escape(NamedTuple):
    """One program."""

    name: str
    program: str
    held_by: str


def attempt(name: str, code: str, held_by: str, *, imports: str = "os") -> Escape:
    """Make a TRY of statements."""
    body = textwrap.indent(textwrap.dedent(code).strip(), " " * 8)
    program = (
        f"import {imports}\ndef f(x):\n    try:\n{body}\n        return 4\n    except Exception:\n        return 0\n"
    )
    return Escape(name, program, held_by)


def cheat(name: str, code: str, held_by: str) -> Escape:
    """Make a CHEAT of a module."""
    return Escape(name, textwrap.dedent(code).strip() + "\n", held_by)


SECCOMP = "no such system call is let through"
NOT_THERE = "no such path in the sandbox"
ALONE = "nothing but plain data is carried over, and the tests compare it in another sandbox"
CPU = "RLIMIT_CPU, set from outside"

NETWORK = [
    attempt("tcp", 'socket.create_connection(("127.0.0.1", {port}), 1)', SECCOMP, imports="socket"),
    attempt(
        "udp",
        'socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 53))',
        SECCOMP,
        imports="socket",
    ),
    attempt("unix socket", "socket.socket(socket.AF_UNIX)", SECCOMP, imports="socket"),
    attempt("socket pair", "socket.socketpair()", SECCOMP, imports="socket"),
    attempt("raw and netlink", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", SECCOMP, imports="socket"),
    attempt("name service", 'socket.getaddrinfo("localhost", 80)[0][4][0] or 1 / 0', NOT_THERE, imports="socket"),
]
PROCESSES = [
    attempt("fork", "pid = os.fork()\nif not pid:\n    os._exit(0)", SECCOMP),
    attempt("fork bomb", "while True:\n    os.fork()", SECCOMP),
    attempt("vfork and exec", 'subprocess.run(["/bin/true"], check=True)', SECCOMP, imports="subprocess"),
    attempt("posix_spawn", 'os.posix_spawn("/bin/true", ["true"], {{}})', SECCOMP),
    attempt("shell", 'os.execv("/bin/sh", ["sh", "-c", "true"])', NOT_THERE),
    attempt(
        "another python",
        'os.execv(sys.executable, [sys.executable, "-c", "print(4)"])',
        "the same filter, limits and rooms",
        imports="os, sys",
    ),
    attempt(
        "threads bomb", "while True:\n    _thread.start_new_thread(time.sleep, (9,))", SECCOMP, imports="_thread, time"
    ),
    attempt("background process", "if not os.fork():\n    os.setsid()\n    while True: pass", SECCOMP),
    attempt(
        "daemon by multiprocessing", "multiprocessing.Process(target=print).start()", SECCOMP, imports="multiprocessing"
    ),
    attempt("signal to the parent", "os.kill(os.getppid() or {pid}, 9)", SECCOMP),
    attempt("signal to all", "os.kill(-1, 9)", SECCOMP),
    attempt("signal to the verifier", "os.kill({pid}, 0)", SECCOMP),
    attempt("other processes", "os.listdir('/proc')[0]", NOT_THERE),
    attempt("the first process's memory", "open('/proc/1/mem', 'rb').read(1)", NOT_THERE),
]
CALL = "libc = ctypes.CDLL(None, use_errno=True)\nif libc.syscall({numbers}) < 0:\n    raise OSError"
SYSTEM = [
    attempt(name, CALL.replace("{numbers}", numbers), SECCOMP, imports="ctypes")
    for name, numbers in {
        "ptrace": "101, 0, 0, 0, 0",
        "read another's memory": "310, {pid}, 0, 0, 0, 0, 0",
        "mount": "165, b'none', b'/', b'tmpfs', 0, 0",
        "unmount": "166, b'/harness', 2",
        "setuid": "105, 0",
        "chroot": "161, b'/'",
        "pivot_root": "155, b'/', b'/'",
        "new name space": "272, 0x10000000",
        "keyctl": "250, 0, -3, 1",
        "perf_event_open": "298, 0, 0, -1, -1, 0",
        "bpf": "321, 0, 0, 0",
        "io_uring": "425, 8, 0",
        "memfd": "319, b'x', 0",
        "shared memory": "29, 0, 4096, 0o1600",
        "userfaultfd": "323, 0",
        "clone3": "435, 0, 0",
        "reboot": "169, 0xfee1dead, 672274793, 0",
        "module": "313, 0, b'', 0",
        "prctl": "157, 22, 0",
        "32-bit numbers": "0x40000000 + 57",
    }.items()
]
FILES = [
    attempt("home folder", "open({canary!r}).read()", NOT_THERE),
    attempt("write beside it", "open({canary!r} + '.new', 'w').write('x')", "no place can be written to"),
    attempt("/etc/shadow", "open('/etc/shadow').read()", NOT_THERE),
    attempt("/etc/passwd", "open('/etc/passwd').read()", NOT_THERE),
    attempt("environment", "os.environ['{secret}']", "--clearenv"),
    attempt("environment of the first process", "open('/proc/1/environ').read()", NOT_THERE),
    attempt("symbolic link out", "os.symlink({canary!r}, '/link')", SECCOMP),
    attempt("hard link", "os.link(os.__file__, '/link')", SECCOMP),
    attempt("device node", "os.mknod('/disk', 0o60600, os.makedev(8, 0))", SECCOMP),
    attempt("disk", "open('/big', 'wb').write(bytes(1 << 20))", "the root is read-only"),
    attempt("inode flood", "for i in range(10**6):\n    os.mkdir(f'/{{i}}')", SECCOMP),
    attempt("/tmp", "open('/tmp/x', 'w')", NOT_THERE),
    attempt("/dev/shm", "open('/dev/shm/x', 'w')", NOT_THERE),
    attempt("the harness's own file", "open('/harness/inside/wire.py', 'a')", "bound read-only"),
    attempt("the standard library", "open(os.__file__, 'a')", "bound read-only"),
    attempt("remove the library", "os.unlink(os.__file__)", SECCOMP),
    attempt("change its mode", "os.chmod(os.__file__, 0o777)", SECCOMP),
    attempt("terminal input", "import fcntl\nfcntl.ioctl(0, 0x5412, b'x')", SECCOMP),
]
EXHAUSTION = [
    cheat("infinite loop", "def f(x):\n    while True: pass", CPU),
    cheat("infinite loop on import", "while True: pass", CPU),
    cheat("ignores SIGXCPU", "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", CPU),
    cheat(
        "swallows all",
        "def f(x):\n    while True:\n        try:\n            f(x)\n        except BaseException: pass",
        CPU,
    ),
    attempt("more CPU time", "resource.setrlimit(0, (-1, -1))", SECCOMP, imports="resource"),
    attempt("less CPU time, to look killed", "resource.setrlimit(0, (0, 0))", SECCOMP, imports="resource"),
    attempt("more memory", "resource.setrlimit(9, (-1, -1))", "hard limits", imports="resource"),
    cheat("sleeps forever", "import time\ndef f(x):\n    time.sleep(10**6)", "neither CPU nor run-queue time passes"),
    cheat("waits for its own input", "import os\ndef f(x):\n    while True: os.read(3, 1)", "the same"),
    attempt("memory", "bytearray(1 << 34)", "RLIMIT_AS"),
    attempt("memory by bits", "kept = []\nwhile True:\n    kept.append(bytes(1 << 20))", "RLIMIT_AS"),
    cheat("deep recursion", "def f(x):\n    return f(x)", "Python's own limit"),
    cheat(
        "recursion through the stack",
        "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n    def __repr__(self): return repr(self)\ndef f(x): return repr(A())",
        "RLIMIT_STACK: a crash of the program alone",
    ),
    cheat(
        "flood of output",
        "import sys\ndef f(x):\n    while True: sys.stdout.write('x' * 4096)",
        CPU + "; it goes to /dev/null",
    ),
    cheat(
        "flood of errors",
        "import os\ndef f(x):\n    while True: os.write(2, b'x' * 4096)",
        CPU + "; it goes to /dev/null",
    ),
    cheat(
        "flood of replies",
        "import os\ndef f(x):\n    while True: os.write(4, b'R' * 65536)",
        "a reply's length is capped",
    ),
    cheat("huge value", "def f(x):\n    return 'x' * (20 << 20)", "a reply's length is capped"),
    cheat("endless generator", "import itertools\ndef f(x):\n    return itertools.count()", "RLIMIT_AS and " + CPU),
    cheat(
        "nested value",
        "def f(x):\n    a = []\n    for _ in range(10**5): a = [a]\n    return a",
        "told as nested too deeply",
    ),
    cheat(
        "core dump", "import ctypes\ndef f(x):\n    ctypes.string_at(0)", "RLIMIT_CORE 0: a crash of the program alone"
    ),
    cheat("abort", "import os\ndef f(x):\n    os.abort()", "a crash of the program alone"),
    cheat("a bomb for the parser", "x = " + "(" * 5000, "compiled in the sandbox"),
]
CHEATS = [
    cheat("exit on import", "import sys\nsys.exit(0)", "the end of a program says nothing"),
    cheat("_exit on import", "import os\nos._exit(0)", "the end of a program says nothing"),
    cheat("_exit in the call", "import os\ndef f(x):\n    os._exit(0)", "the end of a program says nothing"),
    cheat("exit in the call", "def f(x):\n    raise SystemExit(0)", "carried over as an exception"),
    cheat("no function", "g = 4", "the function must be there"),
    cheat("equal to all", "class E:\n    def __eq__(self, other): return True\ndef f(x): return E()", ALONE),
    cheat("integer that lies", "class E(int):\n    def __eq__(self, other): return True\ndef f(x): return E(5)", ALONE),
    cheat("text that lies", "class E(str):\n    def __eq__(self, other): return True\n    __hash__ = str.__hash__\ndef f(x): return E('a')", ALONE),
    cheat("list that lies", "class E(list):\n    __eq__ = lambda a, b: True\n    __len__ = lambda a: 4\ndef f(x): return E()", ALONE),
    cheat("pickle", "class E:\n    def __reduce__(self): return eval, ('4',)\ndef f(x): return E()", "never a pickle"),
    cheat("built-ins patched", "import builtins\nbuiltins.AssertionError = builtins.isinstance = int\nbuiltins.all = lambda x: True\ndef f(x): return 5", ALONE),
    cheat("check patched", "import sys\nfor m in list(sys.modules.values()):\n    vars(m)['check'] = lambda c: None\ndef f(x): return 5", ALONE),
    cheat("frames walked", "import sys\ndef f(x):\n    g = sys._getframe()\n    while g:\n        g.f_globals['passed'] = True\n        g = g.f_back\n    return 5", ALONE),
    cheat("objects walked", "import gc\ndef f(x):\n    for o in gc.get_objects():\n        if isinstance(o, dict): o['passed'] = True\n    return 5", ALONE),
    cheat(
        "verdict written everywhere",
        """
        import os
        def f(x):
            said = b'[true, ""]'
            for fd in range(3, 64):
                try: os.write(fd, b'V' + len(said).to_bytes(8, 'little') + said)
                except OSError: pass
            return 5
        """,
        "the letter of a program's frame is not read: what it sends is a reply",
    ),
    cheat("verdict at exit", "import atexit, os\natexit.register(lambda: os.write(4, b'V'))\ndef f(x): return 5", ALONE),
    cheat("reply of another kind", "import os\ndef f(x):\n    os.write(4, b'R' + (4).to_bytes(8, 'little') + b'true')", "no reply"),
    cheat("reply that is no value", "import os\ndef f(x):\n    os.write(4, b'R' + (9).to_bytes(8, 'little') + b'{\"int\": 4')", "no value"),
    cheat("reply cut short", "import os\ndef f(x):\n    os.write(4, b'R' + (9).to_bytes(8, 'little'))\n    os._exit(0)", "the end"),
    cheat("its output closed", "import os\ndef f(x):\n    os.close(4)\n    return 4", "the end"),
    cheat("tests read ahead", "import os\ndef f(x):\n    return os.read(3, 99)", "one call is sent at a time"),
    cheat("import hook", "import sys\nclass H:\n    def find_spec(self, *a): raise SystemExit(0)\nsys.meta_path.insert(0, H())\nimport colorsys", ALONE),
    cheat("code of the harness replaced", "import inside.program_side as p\np._reply = p.pack = lambda *a: b'true'\ndef f(x): return 5", ALONE),
    cheat("raises what tests catch", "def f(x):\n    raise AssertionError('fine')", "an exception fails the test"),
    cheat("a function as the value", "def f(x):\n    return lambda: 4", "no data"),
]  # fmt: skip
ESCAPES = NETWORK + PROCESSES + SYSTEM + FILES + EXHAUSTION + CHEATS
VARIANTS = set(
    """
    udp / socket pair / raw and netlink
    fork / posix_spawn / background process / daemon by multiprocessing / signal to the verifier
    read another's memory / unmount / chroot / pivot_root / keyctl / perf_event_open / bpf / shared memory
    userfaultfd / reboot / module / prctl
    /etc/shadow / hard link / inode flood / /dev/shm / the standard library / remove the library / change its mode
    infinite loop on import / swallows all / less CPU time, to look killed / sleeps forever / memory by bits
    deep recursion / flood of errors / endless generator / core dump
    _exit on import / exit in the call / integer that lies / text that lies / objects walked / reply of another kind
    reply cut short / raises what tests catch
    """.replace("\n", " / ")
    .replace("  ", "")
    .split(" / ")
) - {""}
"""Names of those that another one of their kind is held like: tried with the slow tests."""
