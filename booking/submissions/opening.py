"""A submission: somebody's file with a lock, opened and proved in a confined child."""

import ast
import builtins
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from booking.cells import cell_text, cells_in, unpack
from booking.errors import BookingError
from booking.grading.buyer import Buyer
from booking.locks.own import lock_in, require_lock
from booking.storage.source import read


def answers(confine: Callable[[], object]) -> Callable[[str], str]:
    """Return what answers questions about a submission in the confined child; both are JSON.

    The first question names the file and the class, and its answer what was `opened`, or why it is `refused`. The
    others ask for the first local states of its buyers, and for what a buyer does when it is told something: the child
    says what the code does, and the parent finds out what follows from that.
    """
    encode, decode = json.dumps, json.loads
    opened = _Opened()
    confine()

    def answer(question: str) -> str:
        asked = decode(question)
        try:
            return encode(getattr(opened, asked[0])(*asked[1:]))
        except BookingError as error:
            return encode({"refused": str(error)})
        except MemoryError:
            return encode({"failed": "needs more memory than it is given"})
        except Exception as error:  # noqa: BLE001 - a stranger's code is at work, and the parent has to hear why
            return encode({"failed": f"ends the proof by {type(error).__name__}: {error!s:.200}"})

    return answer


class _Opened:
    """One submission in the child; its methods are the questions."""

    def __init__(self) -> None:
        self._file = ""
        self._lock: type = object
        self._buyers: dict[tuple[int, int], Buyer] = {}
        self._told: dict[tuple[int, int], int] = {}

    def open(self, file: str, name: str | None) -> dict[str, Any]:
        """Return the name of the lock in a file, and what may be wrong with it."""
        source = read(Path(file))
        self._file, self._lock = file, lock_in(source, file, name)
        require_lock(self._lock)
        return {"opened": str(self._lock.__name__), "private": private_names(source, self._lock)}

    def begin(self, buyers: int) -> dict[str, Any]:
        """Return the cells, with their first values, and the first local states of so many buyers."""
        cells = [(*cell, bits) for cell, bits in cells_in(self._lock, buyers).items()]
        for me in range(buyers):
            buyer = self._buyers[buyers, me] = Buyer(self._lock, me, buyers, self._file)
            buyer.watched().__enter__()
        hidden = [self._buyers[buyers, me].hidden for me in range(buyers)]
        rows = [name for name, index, _ in cells if cell_text(self._lock, name, index) != name]
        return {
            "cells": cells,
            "rows": rows,
            "hidden": hidden,
            "locals": [self._new(buyers, me) for me in range(buyers)],
        }

    def after(self, buyers: int, me: int, number: int, bits: int) -> dict[str, Any]:
        """Return the local state behind another one of a buyer when it is told this, and those that are new."""
        return {"behind": self._buyers[buyers, me].after(number, unpack(bits)), "locals": self._new(buyers, me)}

    def fail(self, buyers: int, me: int, number: int, kind: str, reason: str) -> dict[str, Any]:
        """Return the local state in which a buyer has failed."""
        error = getattr(builtins, kind, ValueError)(reason)
        return {"behind": self._buyers[buyers, me].fail(number, error), "locals": self._new(buyers, me)}

    def obscured(self, buyers: int, me: int) -> dict[str, Any]:
        """Return what could not be seen of a buyer's code."""
        return {"obscured": self._buyers[buyers, me].obscured}

    def _new(self, buyers: int, me: int) -> list[Any]:
        """Return the local states of a buyer that were not told yet."""
        found = self._buyers[buyers, me].locals[self._told.get((buyers, me), 0) :]
        self._told[buyers, me] = self._told.get((buyers, me), 0) + len(found)
        return [(int(each.phase), each.stop.access, each.stop.place, each.stop.error) for each in found]


def private_names(source: str, lock: type) -> list[str]:
    """Return the attributes of `self` that are no cells and that one method assigns and another one reads."""
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    methods = [
        node
        for kind in classes
        if kind.name == lock.__name__
        for node in kind.body
        if isinstance(node, ast.FunctionDef)
    ]
    assigned = {(name, method.name) for method in methods for name in _attributes(method, ast.Store)}
    loaded = {(name, method.name) for method in methods for name in _attributes(method, ast.Load)}
    crossing = {name for name, method in assigned for other, place in loaded if name == other and method != place}
    return sorted(name for name in crossing if not hasattr(inspect.getattr_static(lock, name, None), "__get__"))


def _attributes(method: ast.FunctionDef, context: type[ast.expr_context]) -> Iterator[str]:
    """Yield the attributes of `self` that a method touches in this way; `self.count += 1` loads and stores."""
    for node in ast.walk(method):
        target = node.target if isinstance(node, ast.AugAssign) else node
        if (
            isinstance(target, ast.Attribute)
            and ast.unparse(target.value) == "self"
            and (isinstance(target.ctx, context) or target is not node)
        ):
            yield target.attr
