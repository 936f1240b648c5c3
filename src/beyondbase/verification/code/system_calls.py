"""Which system calls a sandboxed process may make: those that compute, and read what is there. All others fail.

The numbers are those of Linux on x86-64 (arch/x86/entry/syscalls/syscall_64.tbl), the machine that this was tried on.
"""

from __future__ import annotations

import struct

_MACHINE = 0xC000003E
"""AUDIT_ARCH_X86_64"""
_FIRST_X32 = 0x40000000
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_AT, _MACHINE_AT = 0, 4
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_FAIL = 0x00050000
_EPERM, _ENOTTY, _ENOSYS = 1, 25, 38

_PLAIN = {
    "read": 0, "write": 1, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "poll": 7, "lseek": 8, "mmap": 9,
    "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15,
    "pread64": 17, "readv": 19, "writev": 20, "access": 21, "select": 23, "sched_yield": 24, "mremap": 25,
    "madvise": 28, "dup": 32, "dup2": 33, "nanosleep": 35, "getpid": 39, "execve": 59, "exit": 60, "uname": 63,
    "fcntl": 72, "getcwd": 79, "readlink": 89, "gettimeofday": 96, "getrlimit": 97, "getrusage": 98, "sysinfo": 99,
    "times": 100, "getuid": 102, "getgid": 104, "geteuid": 107, "getegid": 108, "getppid": 110,
    "sigaltstack": 131, "arch_prctl": 158, "gettid": 186, "time": 201, "futex": 202, "sched_getaffinity": 204,
    "getdents64": 217, "set_tid_address": 218, "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229,
    "clock_nanosleep": 230, "exit_group": 231, "openat": 257, "newfstatat": 262, "readlinkat": 267, "faccessat": 269,
    "pselect6": 270, "ppoll": 271, "set_robust_list": 273, "dup3": 292, "getrandom": 318,
    "membarrier": 324, "statx": 332, "rseq": 334, "faccessat2": 439,
}  # fmt: skip
_FORKS = {"clone": 56, "wait4": 61}
_IOCTL, _CLONE3, _PRLIMIT = 16, 435, 302
_SECOND_ARGUMENT_AT = 24
_RLIMIT_CPU = 0


def seccomp_filter(*, forks: bool = False) -> bytes:
    """Return the filter as a classic BPF program (linux/seccomp.h): no processes or threads unless `forks`.

    >>> len(seccomp_filter()) % 8
    0
    """
    allowed = sorted((_PLAIN | _FORKS if forks else _PLAIN).values())
    # `ioctl` fails as it does on what is no terminal, and `clone3` as on a kernel that has none: callers go on from
    # both, and from a refusal they would not.
    failing = {_IOCTL: _ENOTTY, _CLONE3: _ENOSYS}
    code = [(_LOAD, 0, 0, _MACHINE_AT), (_IF_EQUAL, 1, 0, _MACHINE), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER_AT)]
    code += [(_IF_AT_LEAST, 0, 1, _FIRST_X32), (_RETURN, 0, 0, _KILL)]
    for number, error in failing.items():
        code += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _FAIL | error)]
    # A process that lowered its own limit of CPU time would be ended by the kernel in a way that only the kernel may.
    may = _FAIL | _EPERM if not forks else _ALLOW
    code += [(_IF_EQUAL, 0, 4, _PRLIMIT), (_LOAD, 0, 0, _SECOND_ARGUMENT_AT), (_IF_EQUAL, 0, 1, _RLIMIT_CPU)]
    code += [(_RETURN, 0, 0, may), (_RETURN, 0, 0, _ALLOW)]
    for position, number in enumerate(allowed):
        code.append((_IF_EQUAL, len(allowed) - position, 0, number))
    code += [(_RETURN, 0, 0, _FAIL | _EPERM), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *line) for line in code)
