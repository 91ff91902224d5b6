"""Talk to somebody else's code in a confined child: a question in a line, an answer in a line.

The child is a fresh interpreter in its own session and an empty folder, without input and with a minimal environment.
It hears questions through one pipe and answers through another; an answer without the secret of this child is forged.
"""

import os
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from io import FileIO
from pathlib import Path

from booking.errors import BadInputError
from booking.submissions.confinement import Limits, confine

LONGEST_ANSWER = 1 << 20
"""How many bytes an answer may have."""
KEPT = 2_000
"""How many bytes of what a child prints are kept."""
PATIENCE = 1.0
"""How many seconds a child has to end after it has closed its pipes."""
_CHUNK, _PAUSE = 1 << 16, 0.001
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
_ROOT = str(Path(__file__).parent.parent.parent)
_PROGRAM = (
    "import sys; sys.path.append({root!r}); from booking.submissions.sandbox import obey; obey({questions}, {answers})"
)


class LostError(Exception):
    """There will be no answer; the message says what the child has done instead."""


class Child:
    """A confined child to talk to; `printed` is the beginning of what it has printed."""

    def __init__(self, process: "subprocess.Popen[bytes]", questions: FileIO, answers: FileIO, limits: Limits) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        self.printed = bytearray()
        self._process = process
        self._limits = limits
        self._secret = secrets.token_hex(16).encode()
        self._questions = questions
        self._answers, self._output = answers.fileno(), process.stdout.fileno()
        self._received = bytearray()
        self._left = limits.printed
        self._deadline = time.monotonic() + limits.seconds
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._answers, selectors.EVENT_READ)
        self._selector.register(self._output, selectors.EVENT_READ)

    def begin(self, module: str) -> None:
        """Say which module answers: its `answers(confine)` returns a function that does."""
        self._tell(f"{self._secret.decode()} {module} {self._limits.seconds} {self._limits.memory}")

    def ask(self, question: str) -> str:
        """Return the answer, one line; raise LostError if there is none."""
        self._tell(question)
        while b"\n" not in self._received:
            ready = self._selector.select(self.seconds_left)
            if not ready:
                raise LostError(f"takes longer than {self._limits.seconds:g} seconds")
            for key, _ in ready:
                self._read(key.fd)
        answer, _, rest = self._received.partition(b"\n")
        if rest or not answer.startswith(self._secret):
            raise LostError("writes into the pipe of the grader")
        self._received.clear()
        return answer.removeprefix(self._secret).decode("utf-8", "replace")

    @property
    def seconds_left(self) -> float:
        """Return how many seconds the child still has."""
        return max(0.0, self._deadline - time.monotonic())

    def drain(self) -> None:
        """Read what is printed and not read yet, as far as it is shown."""
        with suppress(KeyError, LostError):
            self._selector.unregister(self._answers)
            while len(self.printed) < KEPT and (ready := self._selector.select(0)):
                self._read(ready[0][0].fd)

    def close(self) -> None:
        """Stop listening."""
        self._selector.close()

    def _tell(self, line: str) -> None:
        with suppress(BrokenPipeError):  # how it has ended is seen where it answers
            self._questions.write(f"{line}\n".encode())

    def _read(self, descriptor: int) -> None:
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            self._selector.unregister(descriptor)
            if descriptor == self._answers:
                raise LostError(self._ending())
        elif descriptor == self._answers:
            self._received += chunk
            if len(self._received) > LONGEST_ANSWER:
                raise LostError("writes into the pipe of the grader")
        else:
            self.printed += chunk[: KEPT - len(self.printed)]
            self._left -= len(chunk)
            if self._left < 0:
                raise LostError(f"prints more than {self._limits.printed >> 20} MB; remove what it prints")

    def _ending(self) -> str:
        """Return how a child has ended that has closed its pipe; it is collected only after its group was killed."""
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return "ends its process"
        deadline = min(self._deadline, time.monotonic() + PATIENCE)
        while not (ended := os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)):
            if time.monotonic() > deadline:
                return "closes the pipe of the grader"
            time.sleep(_PAUSE)
        if ended.si_code != os.CLD_EXITED:
            return f"is ended by {signal.Signals(ended.si_status).name}"
        return f"ends its process, with exit status {ended.si_status}"


@contextmanager
def confined(module: str, limits: Limits) -> Iterator[Child]:
    """Yield a confined child in which a module answers; it ends on the way out, with everything that it has started.

    Raise BadInputError on Windows, which cannot confine it.
    """
    if sys.platform == "win32":
        raise BadInputError("a stranger's code is confined on Linux and macOS only; use WSL")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="booking-"))
        (childs_questions, questions), (answers, childs_answers) = _pipe(stack), _pipe(stack)
        process = _start(folder, childs_questions, childs_answers)
        stack.callback(_kill, process)
        childs_questions.close()
        childs_answers.close()
        child = Child(process, questions, answers, limits)
        stack.callback(child.close)
        child.begin(module)
        yield child


def _pipe(stack: ExitStack) -> tuple[FileIO, FileIO]:
    reading, writing = os.pipe()
    return stack.enter_context(FileIO(reading, "rb")), stack.enter_context(FileIO(writing, "wb"))


def _start(folder: str, questions: FileIO, answers: FileIO) -> "subprocess.Popen[bytes]":
    program = _PROGRAM.format(root=_ROOT, questions=questions.fileno(), answers=answers.fileno())
    return subprocess.Popen(
        [sys.executable, "-I", "-u", "-X", "utf8", "-c", program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        cwd=folder,
        env=_ENVIRONMENT,
        pass_fds=(questions.fileno(), answers.fileno()),
        start_new_session=True,
    )


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill the child's process group, whether or not the child has ended, and collect it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # the number stays taken until the child is collected
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def obey(questions: int, answers: int) -> None:
    """Answer in the child what is asked, until its parent closes the pipe; called with the pipes' descriptors."""
    leave, write = os._exit, os.write
    asked = iter(open(questions, "rb").readline, b"")  # noqa: SIM115 - a pipe, open to the end
    secret, module, seconds, memory = next(asked).decode().split()
    answer = import_module(module).answers(lambda: confine(Limits(float(seconds), int(memory))))
    for question in asked:
        content = f"{secret}{answer(question.decode())}\n".encode()
        while content:
            content = content[write(answers, content) :]
    leave(0)
