"""A function in a fresh, small interpreter: to fork it costs a fifth of forking pytest with all its tests in memory."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def apart(function: Callable[P, R], *arguments: P.args, **keywords: P.kwargs) -> R:
    """Return what a function of a module in tests/trials returns, called in an interpreter of its own."""
    call = pickle.dumps((function, arguments, keywords))
    ran = subprocess.run([sys.executable, __file__], input=call, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    result: R = pickle.loads(ran.stdout)  # noqa: S301 - our own bytes
    return result


if __name__ == "__main__":
    called, positional, named = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own bytes
    sys.stdout.buffer.write(pickle.dumps(called(*positional, **named)))
