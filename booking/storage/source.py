"""Python code in a file of somebody's own: FILE, or FILE:NAME if the file has several of a kind."""

import inspect
import linecache
import sys
import traceback
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from booking.errors import BadInputError

LARGEST_FILE = 1_000_000
"""How many bytes the file may have."""
MODULE = "submission"
"""The name of the module that the file becomes."""
SUFFIX = ".py"


def parted(name: str) -> tuple[str, str | None]:
    """Return the file and the name behind the colon, None if there is none."""
    file, _, item = (name, "", "") if name.endswith(SUFFIX) else name.rpartition(":")
    return file, item or None


def read(path: Path) -> str:
    """Return the text of a file with code; raise BadInputError."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it names no file"
        raise BadInputError(f"it cannot be read: {why}") from None
    if len(content) > LARGEST_FILE:
        raise BadInputError(f"it has more than {LARGEST_FILE:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInputError(f"line {line} is not UTF-8 text") from None


def executed(source: str, file: str) -> ModuleType:
    """Run the file's own statements and return its module; raise BadInputError for whatever it raises."""
    module = ModuleType(MODULE)
    module.__file__ = file
    sys.modules[MODULE] = module
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    try:
        exec(compile(source, file, "exec", dont_inherit=True), vars(module))  # noqa: S102 - a grade confines it
    except SyntaxError as error:
        raise BadInputError(f"line {error.lineno or 1}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise BadInputError(f"{_place(error, file)}{type(error).__name__}: {error!s:.200}") from None
    except BaseException as error:  # SystemExit and KeyboardInterrupt too are what a stranger raises
        if not isinstance(error, Exception) and type(error).__module__ not in {"builtins", MODULE}:
            raise  # what stops our own command, as Ctrl-C does
        raise BadInputError(f"{_place(error, file)}{type(error).__name__}: {error!s:.200}") from None
    return module


def _place(error: BaseException, file: str) -> str:
    """Return "line 3: " for the last line of the file that the error came through, "" if it came through none."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"line {lines[-1]}: " if lines else ""


def buyer_of(name: str) -> Callable[..., Any]:
    """Return the function that FILE or FILE:NAME names; raise BadInputError, with the file, if there is none."""
    file, function = parted(name)
    try:
        changed = Path(file).resolve().stat().st_mtime_ns
    except (OSError, RuntimeError, ValueError):
        changed = 0
    return _buyer_of(str(Path(file).absolute()), file, function, changed)


@lru_cache(maxsize=32)
def _buyer_of(place: str, file: str, name: str | None, changed: int) -> Callable[..., Any]:
    """Return the function, found once for each state of the file."""
    del changed
    try:
        return _buyer_in(executed(read(Path(place)), file), name)
    except BadInputError as error:
        raise BadInputError(f"{file}: {error}") from None


def _buyer_in(module: ModuleType, name: str | None) -> Callable[..., Any]:
    """Return the one function of the module that takes one argument, or the one of this name."""
    own = [each for each in vars(module).values() if isinstance(each, FunctionType) and each.__module__ == MODULE]
    if name is not None:
        own = [each for each in own if each is getattr(module, name, None)]
        if not own:
            raise BadInputError(f"it has no function {name:.60}(desk)")
    fitting = [each for each in dict.fromkeys(own) if takes_a_desk(each)]
    if not fitting:
        raise BadInputError(f"it has no function that takes a desk, such as {name or 'purchase'}(desk)")
    if len(fitting) > 1:
        names = ", ".join(each.__name__ for each in fitting)
        raise BadInputError(f"it has several functions, {names:.200}; name one, as FILE:{fitting[0].__name__:.60}")
    return fitting[0]


def takes_a_desk(function: Callable[..., Any]) -> bool:
    """Return whether this is a plain function that can be called with one argument, and needs it."""
    if inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function):
        return False
    signature = inspect.signature(function)
    try:
        signature.bind(None)
    except TypeError:
        return False
    return bool(signature.parameters)
