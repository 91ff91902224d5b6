"""What a process gives up before it runs somebody else's code: memory, time, files, children and signals.

On Linux (x86-64, ARM64) a seccomp filter makes the kernel refuse every call that writes to the file system, starts a
program or a process, opens a socket or reaches another process; elsewhere only the limits of `resource` hold. It is
no container: reading files is allowed, and so is every call that the kernel learns after this was written.
"""

import ctypes
import errno
import os
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass

_LOAD, _IF_EQUAL, _IF_ANY_BIT, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Where a call's number, its architecture and its arguments (8 bytes each) are in what the kernel shows a filter."""
_NEW_ABI = 0x40000000
"""Numbers from here on are x86's second way to make each call."""
_NO_NEW_PRIVILEGES, _SECCOMP, _WITH_FILTER, _DEATH_SIGNAL, _SIGKILL = 38, 22, 2, 1, 9

_WRITES = 0x243
"""O_WRONLY, O_RDWR, O_CREAT and O_TRUNC."""
_THREAD = 0x10000
"""CLONE_THREAD: the new one is a thread of this process."""
_OWNER = 8
"""In F_SETOWN, F_SETSIG and F_SETOWN_EX, which make the kernel send signals."""
_ANY = 0xFFFFFFFF

_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""The kernel's name of each architecture, and the column of its numbers below."""

_REFUSED: dict[str, dict[str, tuple[int | None, int | None]]] = {
    "children": {
        "fork": (57, None),
        "vfork": (58, None),
        "execve": (59, 221),
        "execveat": (322, 281),
        "unshare": (272, 97),
        "setns": (308, 268),
    },
    "other processes": {
        "kill": (62, 129),
        "tkill": (200, 130),
        "tgkill": (234, 131),
        "rt_sigqueueinfo": (129, 138),
        "rt_tgsigqueueinfo": (297, 240),
        "pidfd_open": (434, 434),
        "pidfd_send_signal": (424, 424),
        "pidfd_getfd": (438, 438),
        "ptrace": (101, 117),
        "process_vm_readv": (310, 270),
        "process_vm_writev": (311, 271),
        "setpriority": (141, 140),
        "ioprio_set": (251, 30),
        "sched_setparam": (142, 118),
        "sched_setscheduler": (144, 119),
        "sched_setattr": (314, 274),
        "sched_setaffinity": (203, 122),
        "shmget": (29, 194),
        "semget": (64, 190),
        "msgget": (68, 186),
        "mq_open": (240, 180),
        "socket": (41, 198),
    },
    "its own limits": {
        "prctl": (157, 167),
        "setrlimit": (160, 164),
        "io_uring_setup": (425, 425),
        "memfd_create": (319, 279),
        "bpf": (321, 280),
        "userfaultfd": (323, 282),
        "perf_event_open": (298, 241),
        "keyctl": (250, 219),
        "add_key": (248, 217),
    },
    "files": {
        "creat": (85, None),
        "unlink": (87, None),
        "unlinkat": (263, 35),
        "rmdir": (84, None),
        "rename": (82, None),
        "renameat": (264, 38),
        "renameat2": (316, 276),
        "mkdir": (83, None),
        "mkdirat": (258, 34),
        "link": (86, None),
        "linkat": (265, 37),
        "symlink": (88, None),
        "symlinkat": (266, 36),
        "mknod": (133, None),
        "mknodat": (259, 33),
        "truncate": (76, 45),
        "chmod": (90, None),
        "fchmod": (91, 52),
        "fchmodat": (268, 53),
        "fchmodat2": (452, 452),
        "chown": (92, None),
        "fchown": (93, 55),
        "lchown": (94, None),
        "fchownat": (260, 54),
        "utimensat": (280, 88),
        "utime": (132, None),
        "utimes": (235, None),
        "setxattr": (188, 5),
        "lsetxattr": (189, 6),
        "fsetxattr": (190, 7),
    },
    "the machine": {
        "mount": (165, 40),
        "umount2": (166, 39),
        "pivot_root": (155, 41),
        "chroot": (161, 51),
        "reboot": (169, 142),
        "kexec_load": (246, 104),
        "init_module": (175, 105),
        "finit_module": (313, 273),
        "delete_module": (176, 106),
        "swapon": (167, 224),
        "swapoff": (168, 225),
        "settimeofday": (164, 170),
        "clock_settime": (227, 112),
        "adjtimex": (159, 171),
        "sethostname": (170, 161),
    },
}
"""The calls that are refused whatever their arguments are, by what they would change; None: ARM has no such call."""

_UNKNOWN = {"clone3": (435, 435), "openat2": (437, 437)}
"""Calls whose flags a filter cannot read: said to be unknown, so that the C library uses their forerunners."""

_REFUSED_WITH = {
    "open": ((2, None), 1, _WRITES),
    "openat": ((257, 56), 2, _WRITES),
    "fcntl": ((72, 25), 1, _OWNER),
    "prlimit64": ((302, 261), 2, _ANY),
}
"""Calls refused if any of these bits is set in the argument with this index, from 0."""
_REFUSED_WITHOUT = {"clone": ((56, 220), 0, _THREAD)}
"""Calls refused unless it is set."""


@dataclass(frozen=True)
class Limits:
    """What a process may use: seconds on the clock, bytes of memory, bytes that it prints."""

    seconds: float = 60.0
    memory: int = 1 << 30
    printed: int = 64 << 20


def confine(limits: Limits) -> bool:
    """Give up everything but memory, time and reading, for good; return whether the kernel filters our calls.

    To be called while this process has one thread only. A process of root could raise its limits again, unless its
    calls are filtered.
    """
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return False
    seconds = int(limits.seconds) + 1
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        lower(kind, most)
    if _filter_calls():
        return True
    lower(resource.RLIMIT_NPROC, _PROCESSES)
    return False


_OPEN_FILES = 64
_REFUSALS: tuple[type[Exception], ...] = (ValueError,) if sys.platform == "darwin" else ()
"""macOS refuses to limit memory below what is mapped."""
_PROCESSES = 0 if sys.platform == "darwin" else 4096
"""How many processes the user may have where calls are not filtered; other systems than macOS count threads, too."""


def lower(kind: int, most: int) -> None:
    """Lower one of this process's limits; one that is lower already stays."""
    import resource  # noqa: PLC0415 - not on Windows

    _, hard = resource.getrlimit(kind)
    if hard == resource.RLIM_INFINITY or hard > most:
        with suppress(*_REFUSALS):
            resource.setrlimit(kind, (most, most))


def end_with_parent() -> None:
    """Ask the kernel of Linux to kill this process when its parent has ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, _SIGKILL, 0, 0, 0)


def _filter_calls() -> bool:
    """Ask the kernel to filter this process's calls, and to end it with its parent; return whether it filters."""
    machine = _MACHINES.get(os.uname().machine)
    if sys.platform != "linux" or machine is None or sys.maxsize < _NEW_ABI << 2:
        return False
    end_with_parent()
    system = ctypes.CDLL(None)
    program = b"".join(_program(*machine))
    code = ctypes.create_string_buffer(program, len(program))
    described = ctypes.create_string_buffer(struct.pack("HP", len(program) // 8, ctypes.addressof(code)))
    if system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    return not system.prctl(_SECCOMP, _WITH_FILTER, described, 0, 0)


def _program(architecture: int, column: int) -> list[bytes]:
    """Return the filter: an instruction of the kernel's packet filter is 8 bytes, and jumps count instructions."""
    refuse = _instruction(_RETURN, _REFUSE | errno.EPERM)
    unknown = _instruction(_RETURN, _REFUSE | errno.ENOSYS)
    allow = _instruction(_RETURN, _ALLOW)
    program = [_instruction(_LOAD, _ARCHITECTURE), _instruction(_IF_EQUAL, architecture, 1, 0), refuse]
    program += [_instruction(_LOAD, _NUMBER), _instruction(_IF_AT_LEAST, _NEW_ABI, 0, 1), unknown]
    for calls in _REFUSED.values():
        for numbers in calls.values():
            program += _if_called(numbers[column], refuse)
    for numbers in _UNKNOWN.values():
        program += _if_called(numbers[column], unknown)
    for rules, when in ((_REFUSED_WITH, (0, 1)), (_REFUSED_WITHOUT, (1, 0))):
        for numbers, argument, bits in rules.values():
            test = _instruction(_LOAD, _ARGUMENTS + 8 * argument) + _instruction(_IF_ANY_BIT, bits, *when)
            program += _if_called(numbers[column], test + refuse + allow)
    return [*program, allow]


def _if_called(number: int | None, then: bytes) -> list[bytes]:
    return [] if number is None else [_instruction(_IF_EQUAL, number, 0, len(then) // 8) + then]


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
