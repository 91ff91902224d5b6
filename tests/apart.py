"""A function in another, small interpreter: to fork it costs a fifth of forking pytest with all its tests in memory."""

import atexit
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from functools import cache
from typing import IO, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


@cache
def interpreter() -> tuple[IO[bytes], IO[bytes]]:
    """Start the interpreter that this process asks from now on, and return where it listens and where it answers."""
    started = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(started.communicate)
    assert started.stdin
    assert started.stdout
    return started.stdin, started.stdout


def apart(function: Callable[P, R], *arguments: P.args, **keywords: P.kwargs) -> R:
    """Return what a function of a module in tests/trials returns, called in the small interpreter."""
    there, back = interpreter()
    pickle.dump((function, arguments, keywords), there)
    there.flush()
    result, error = pickle.load(back)  # noqa: S301 - our own bytes
    assert not error, error
    answer: R = result
    return answer


def serve() -> None:
    """Answer one call after the other until nobody asks any more."""
    while sys.stdin.buffer.peek(1):
        function, arguments, keywords = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own bytes
        try:
            answer = function(*arguments, **keywords), ""
        except Exception:  # noqa: BLE001 - the test shows it
            answer = None, traceback.format_exc()
        pickle.dump(answer, sys.stdout.buffer)
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
