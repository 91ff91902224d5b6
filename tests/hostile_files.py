"""Files that no grader wants to see: what each holds, and a word of what the grader says about it."""

from collections.abc import Callable
from dataclasses import dataclass

NAIVE = """
from booking import Cell

class Naive:
    taken = Cell(False)

    def acquire(self, me):
        while self.taken:
            pass
        self.taken = True

    def release(self, me):
        self.taken = False
"""
"""A lock that is broken in 4 steps, whatever stands around it."""


@dataclass(frozen=True)
class Hostile:
    """One file: its content, and what the grader has to say, "" for the true answer about the naive lock."""

    content: str | bytes
    says: str = ""
    seconds: float = 20.0


def before(code: str, says: str = "", seconds: float = 20.0) -> Hostile:
    """Return a file that runs this code and then declares the naive lock."""
    return Hostile(f"{code}\n{NAIVE}", says, seconds)


def inside(code: str, says: str, seconds: float = 20.0, top: str = "import os, sys, time") -> Hostile:
    """Return a file whose lock runs this code in `acquire`."""
    body = "\n".join(f"        {line}" for line in code.splitlines())
    return Hostile(
        f"{top}\n{NAIVE.replace('        while self.taken:', body + chr(10) + '        while self.taken:')}",
        says,
        seconds,
    )


FORGE = """
import os
for descriptor in range(3, 64):
    try:
        os.write(descriptor, b'{"behind": 0, "locals": []}\\n' * 3)
    except OSError:
        pass
"""

STEAL = """
import os, sys
frame = sys._getframe()
while frame is not None:
    if 'secret' in frame.f_locals:
        secret, answers = frame.f_locals['secret'], frame.f_locals['answers']
        os.write(answers, f'{secret}{{"exclusion": "holds", "opened": "Naive", "private": []}}\\n'.encode())
    frame = frame.f_back
"""

PATCH = """
import booking.grading
import booking.grading.finding as finding
import booking.grading.proof as proof
holds = finding.Finding("holds", "")
def prove(lock, **_):
    return finding.Proof("Naive", 2, "sc", holds, holds, holds, 1, "", None, 0, 1, 0.1)
booking.grading.prove = proof.prove = prove
proof.prove.__code__ = prove.__code__
import booking.submissions.grade as grade
grade.Grade.score = 100
"""

KINDS: dict[str, Hostile] = {
    "syntax-error": Hostile("class Lock:\n    def acquire(self, me)\n        pass\n", "line 2: expected ':'"),
    "indentation": Hostile("class Lock:\n  def a(self):\n pass\n", "line 3: unindent"),
    "nul-byte": Hostile("x = 1\0\n", "null bytes"),
    "not-utf-8": Hostile(b"# ok\n# \xe4\xf6\n", "line 2 is not UTF-8"),
    "binary": Hostile(b"\x7fELF" + bytes(range(256)) * 4, "is not UTF-8"),
    "empty": Hostile("", "no class with acquire"),
    "no-lock": Hostile("class Lock:\n    def acquire(self, me): pass\n", "no class with acquire"),
    "two-locks": Hostile(NAIVE + NAIVE.replace("Naive", "Second"), "several locks, Naive, Second"),
    "huge-file": Hostile("#" * 2_000_000, "more than 1,000,000 bytes"),
    "nested-parentheses": Hostile("(" * 5000, "line 1: too many nested parentheses"),
    "nested-signs": Hostile("x = " + "-" * 200_000 + "1", "ended by|RecursionError|MemoryError|too complex"),
    "missing-module": before("import no_such_module", "line 1: ModuleNotFoundError"),
    "raises": before("raise ValueError('\\x1b[2J no')", "line 1: ValueError"),
    "system-exit": before("raise SystemExit(0)", "line 1: SystemExit"),
    "sys-exit": before("import sys; sys.exit('bye')", "line 1: SystemExit"),
    "keyboard-interrupt": before("raise KeyboardInterrupt", "line 1: KeyboardInterrupt"),
    "generator-exit": before("raise GeneratorExit", "line 1: GeneratorExit"),
    "evil-str": before(
        "class Evil(Exception):\n    def __str__(self):\n        while True: pass\nraise Evil", "takes longer than", 2
    ),
    "os-exit-0": before("import os; os._exit(0)", "ends its process, with exit status 0"),
    "os-exit-7": before("import os; os._exit(7)", "ends its process, with exit status 7"),
    "abort": before("import os; os.abort()", "is ended by"),
    "segmentation-fault": before("import ctypes; ctypes.string_at(0)", "is ended by SIGSEGV"),
    "infinite-loop": before("while True: pass", "takes longer than 2 seconds", 2),
    "sleeps": before("import time; time.sleep(10 ** 6)", "takes longer than 2 seconds", 2),
    "power": before("x = 9 ** 9 ** 9", "takes longer than|MemoryError|more memory", 2),
    "deep-recursion": before("def f(): f()\nf()", "RecursionError"),
    "deeper-recursion": before(
        "import sys; sys.setrecursionlimit(10 ** 9)\ndef f(*a): f(*map(str, a))\nf(1)",
        "is ended by|MemoryError|Recursion",
    ),
    "ten-gigabytes": before("x = bytearray(10 << 30)", "MemoryError"),
    "many-lists": before("x = []\nwhile True: x.append(bytearray(1 << 20))", "MemoryError"),
    "fork-bomb": before("import os\nwhile True: os.fork()", "PermissionError"),
    "subprocess": before("import subprocess; subprocess.run(['sleep', '1000'])", "PermissionError"),
    "exec": before("import os; os.execv('/bin/sh', ['sh'])", "PermissionError"),
    "thread-bomb": before(
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(1000,)).start()",
        "RuntimeError|MemoryError|more memory",
    ),
    "kills-parent": before("import os, signal; os.kill(os.getppid(), signal.SIGKILL)", "PermissionError"),
    "kills-all": before("import os, signal; os.kill(-1, signal.SIGKILL)", "PermissionError"),
    "kills-group": before("import os, signal; os.killpg(0, signal.SIGKILL)", "PermissionError"),
    "a-gigabyte-of-prints": before("while True: print('x' * 100_000)", "prints more than 64 MB"),
    "reads-input": before("input()", "EOFError"),
    "closes-everything": before(
        "import os; os.closerange(0, 64)", "closes the pipe|OSError|ends its process|is ended by"
    ),
    "forges": before(FORGE, "writes into the pipe"),
    "steals-the-secret": before(STEAL, "writes into the pipe|answers what no lock can answer"),
    "deletes-itself": before("import os; os.unlink(__file__)", "PermissionError"),
    "writes-files": before("open('booking-hostile', 'w')", "PermissionError|OSError"),
    "truncates-itself": before("import os; os.truncate(__file__, 0)", "PermissionError"),
    "socket": before("import socket; socket.socket()", "PermissionError"),
    "signals-by-fcntl": before("import fcntl, os; fcntl.fcntl(1, fcntl.F_SETOWN, os.getppid())", "PermissionError"),
    "slows-the-grader": before("import os; os.sched_setaffinity(os.getppid(), {0})", "PermissionError"),
    "raises-its-limits": before(
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))", "PermissionError|ValueError"
    ),
    "evil-metaclass": Hostile(
        NAIVE.replace(
            "class Naive",
            "class Meta(type):\n    __name__ = 7\n    def __hash__(self): raise ValueError\n\nclass Naive",
        ).replace("class Naive:", "class Naive(metaclass=Meta):"),
        "it |unknown",
    ),
    "needs-arguments": Hostile(
        NAIVE.replace("    def acquire", "    def __init__(self, size):\n        self.size = size\n\n    def acquire"),
        "cannot be made",
    ),
    "touches-a-cell-in-init": Hostile(
        NAIVE.replace("    def acquire", "    def __init__(self):\n        self.taken = True\n\n    def acquire"),
        "__init__ touches the cell taken",
    ),
    "threads-left": before("import threading, time\nthreading.Thread(target=time.sleep, args=(10 ** 6,)).start()"),
    "exit-function": before("import atexit, time; atexit.register(time.sleep, 10 ** 6)"),
    "destructor": before("class Evil:\n    def __del__(self):\n        while True: pass\nevil = Evil()"),
    "ignores-signals": before(
        "import signal\nfor number in range(1, 32):\n    try: signal.signal(number, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass"
    ),
    "traces": before("import sys\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)", "|unknown"),
    "patches-the-proof": before(PATCH),
    "patches-json": before("import json; json.dumps = json.loads = None"),
    "patches-stdout": before("import sys; sys.stdout = sys.stderr = None"),
    "prints-terminal-codes": before("print('\\x1b[2J\\x07 hello')"),
    "loops-without-access": inside("while True: pass", "touches no cell", 30),
    "sleeps-inside": inside("time.sleep(10 ** 6)", "takes longer than 3 seconds", 3),
    "exits-inside": inside("os._exit(0)", "ends its process, with exit status 0"),
    "forks-inside": inside("os.fork()", "PermissionError|unknown"),
    "random-inside": inside("if os.urandom(1)[0] % 2: self.taken", "on a second run|unknown"),
    "huge-number": inside("self.taken = 10 ** 30", "OverflowError|unknown"),
    "big-object": inside("self.taken = [1]", "TypeError|unknown"),
    "recursion-inside": inside("self.acquire(me)", "RecursionError|unknown"),
}

SPECIAL: dict[str, tuple[Callable[[str], object], str]] = {}
