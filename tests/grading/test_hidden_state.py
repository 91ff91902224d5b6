"""Nothing hides from a proof: a lock that lets in whoever has tried four times is never said to hold.

The number of tries is kept in another way in each of them. Where it is seen the lock is broken, in as many steps; else
the answer is unknown, or the lock is refused, with a reason.
"""

import textwrap

import pytest

from booking.errors import BadInputError
from booking.grading import BROKEN, HOLDS, prove

SEEN = {
    "a variable": ("tries = 0", "tries += 1", "tries > 3"),
    "a tuple": ("tries = ()", "tries = (*tries, 1)", "len(tries) > 3"),
    "a string": ("tries = ''", "tries += 'x'", "tries == 'xxxx'"),
    "bytes": ("tries = b''", "tries += b'x'", "len(tries) > 3"),
    "a fraction": ("tries = 0.0", "tries += 0.5", "tries > 1.6"),
    "a large number": ("tries = 10 ** 30", "tries += 1", "tries == 10 ** 30 + 4"),
    "a bool and a number": ("tries, was = True, 0", "tries, was = tries and was < 3, was + 1", "tries is False"),
    "an attribute": ("self.tries = 0", "self.tries += 1", "self.tries > 3"),
    "a range": ("tries = range(0)", "tries = range(len(tries) + 1)", "len(tries) > 3"),
    "a free variable": ("tries = 0; look = [1 for k in range(2) if k > tries]; look = 0", "tries += 1", "tries > 3"),
}

HIDDEN = {
    "a list": ("tries = []", "tries.append(1)", "len(tries) > 3"),
    "a list in a tuple": ("tries = ([],)", "tries[0].append(1)", "len(tries[0]) > 3"),
    "a dict": ("tries = {}", "tries[len(tries)] = 1", "len(tries) > 3"),
    "a set": ("tries = set()", "tries.add(len(tries))", "len(tries) > 3"),
    "a bytearray": ("tries = bytearray()", "tries.append(1)", "len(tries) > 3"),
    "a list that is an attribute": ("self.tries = []", "self.tries.append(1)", "len(self.tries) > 3"),
    "a global list": ("TRIES.clear()", "TRIES.append(1)", "len(TRIES) > 3"),
    "a global number": ("global COUNT; COUNT = 0", "COUNT += 1", "COUNT > 3"),
    "a global's attribute": ("NOTES.tries = 0", "NOTES.tries += 1", "NOTES.tries > 3"),
    "an attribute of a function": ("helper.tries = 0", "helper.tries += 1", "helper.tries > 3"),
    "an attribute of the class": ("Lock.tries = 0", "Lock.tries += 1", "Lock.tries > 3"),
    "an attribute of its own class": ("type(self).tries = 0", "type(self).tries += 1", "self.tries > 3"),
    "the dict of the lock": ("vars(self)['x'] = 0", "vars(self)['x'] += 1", "vars(self)['x'] > 3"),
    "the dict of the lock by its name": ("d = self.__dict__; d['x'] = 0", "d['x'] += 1", "d['x'] > 3"),
    "a generator": ("tries = (k for k in range(9)); k = 0", "k = next(tries)", "k > 2"),
    "an iterator": ("tries = iter(range(9)); k = 0", "k = next(tries)", "k > 2"),
    "an iterator of a tuple": ("tries = iter((0, 0, 0, 1)); k = 0", "k = next(tries)", "k"),
    "a map": ("tries = map(int, '0001'); k = 0", "k = next(tries)", "k"),
    "an enumeration": ("tries = enumerate('abcd'); k = (0,)", "k = next(tries)", "k[0] > 2"),
    "a global counter": ("k = next(COUNTER); j = k", "j = next(COUNTER)", "j > k + 3"),
    "a closure": ("tries, count = closure()", "count()", "tries() > 3"),
    "a default": ("pass", "by_default(1)", "len(by_default()) > 3"),
    "a bound method": ("tries = [].append; size = tries.__self__", "tries(1)", "len(size) > 3"),
    "an object": ("tries = Notes(); tries.n = 0", "tries.n += 1", "tries.n > 3"),
    "an object with slots": ("tries = Slots(); tries.n = 0", "tries.n += 1", "tries.n > 3"),
    "an exception": ("tries = ValueError(0)", "tries.args = (tries.args[0] + 1,)", "tries.args[0] > 3"),
    "a cached function": ("cached.cache_clear()", "cached(cached.cache_info().currsize)", "cached.cache_info()[3] > 3"),
    "a setter": ("self.count = 0", "self.count = 1", "len(TRIES) > 3"),
    "the environment": ("os.environ['X'] = ''", "os.environ['X'] += 'x'", "os.environ['X'] == 'xxxx'"),
    "the module": ("sys.tries = 0", "sys.tries += 1", "sys.tries > 3"),
    "an import": ("import sys; sys.tries = 0", "sys.tries += 1", "sys.tries > 3"),
    "the globals": ("globals()['COUNT'] = 0", "globals()['COUNT'] += 1", "COUNT > 3"),
    "an exec": ("exec('COUNT = 0', G)", "exec('COUNT += 1', G)", "G['COUNT'] > 3"),
    "a switch interval": ("sys.setrecursionlimit(1000)", "sys.setrecursionlimit(sys.getrecursionlimit() + 1)",
        "sys.getrecursionlimit() > 1003"),
    "the identity of a number": ("a = b = 10 ** 20; c = 0", "b = 10 ** 19 * (10 + c); c = 0", "a is not b"),
}  # fmt: skip

BODY = """
import functools, itertools, os, random, sys, time
from booking import AtomicCell, Cells
TRIES = []
COUNT = 0
COUNTER = itertools.count()
G = {{}}
class Notes: pass
class Slots: __slots__ = ("n",)
NOTES = Notes()
def helper(): pass
@functools.lru_cache
def cached(k): return k
def by_default(k=None, tries=[]):
    tries += [k] if k else []
    return tries
def closure():
    n = 0
    def count():
        nonlocal n
        n += 1
    return (lambda: n), count
class Lock:
    busy = AtomicCell(False)
    other = Cells(0)
    tries = 0
    @property
    def count(self): return 0
    @count.setter
    def count(self, value): TRIES.append(1) if value else TRIES.clear()
    def acquire(self, me):
        {start}
        while self.busy.swap(True):
            {more}
            if {enough}:
                return
    def release(self, me):
        self.busy.set(False)
"""

LOOPS = {
    "a loop over a range": "for k in range(4):\n    if not self.busy.swap(True): return",
    "a loop over a range whose variable changes": "for k in range(4):\n    k = 0\n"
    "    if not self.busy.swap(True): return",
    "a loop over a tuple": "for k in (0, 0, 0, 0):\n    if not self.busy.swap(True): return",
    "a loop over a list": "for k in [0] * 4:\n    if not self.busy.swap(True): return",
    "a loop over a string": "for k in 'xxxx':\n    if not self.busy.swap(True): return",
    "a loop over a zip": "for k, j in zip(range(4), range(4)):\n    if not self.busy.swap(True): return",
    "a loop over a generator": "for k in (0 for j in range(4)):\n    if not self.busy.swap(True): return",
    "a loop over a method that yields": "for k in self.four():\n    if not self.busy.swap(True): return",
    "a comprehension": "if 0 in [self.busy.swap(True) for k in range(4)]: return",
    "half a sum": "if self.busy.swap(True) + self.busy.swap(True) + self.busy.swap(True) < 3: return",
    "a recursion": "return self.again(me, 4)",
    "a recursion that forgets its depth": "if self.busy.swap(True): self.deeper(me); self.deeper(me)",
    "a handler in a handler": "try:\n    self.fails()\nexcept ValueError:\n    try:\n        self.fails()\n"
    "    except ValueError:\n        try: self.fails()\n        except ValueError: self.try_once()",
    "a finally": "try:\n    if not self.busy.swap(True): return\nfinally:\n    for k in range(3):\n"
    "        if not self.busy.swap(True): return",
    "a loop in a header": "for k in (x := [0]): y = self.busy.swap(True); y and x and x.append(0); x = ()",
}
LOOPS_BODY = """
from booking import AtomicCell, Cells
class Lock:
    busy = AtomicCell(False)
    def four(self):
        yield 0
        yield 0
        yield 0
        yield 0
    def again(self, me, k):
        if k and self.busy.swap(True):
            self.again(me, k - 1)
    def deeper(self, me):
        if self.busy.swap(True) and self.busy.swap(True):
            return
    def fails(self):
        if self.busy.swap(True): raise ValueError
    def try_once(self):
        if self.busy.swap(True): pass
    def acquire(self, me):
{text}
    def release(self, me):
        self.busy.set(False)
"""


def lock_in(source: str) -> type:
    """Return the class that this text defines."""
    names: dict[str, object] = {}
    exec(compile(source, "<hidden>", "exec"), names)  # noqa: S102 - our own text
    kind = names["Lock"]
    assert isinstance(kind, type)
    return kind


def counting(start: str, more: str, enough: str) -> type:
    """Return the lock that keeps its tries like this."""
    return lock_in(BODY.format(start=start, more=more, enough=enough))


@pytest.mark.parametrize("name", SEEN)
def test_what_is_seen_breaks_the_lock(name: str) -> None:
    """The lock breaks in 5 steps: one gets in, and the other tries four times."""
    proof = prove(counting(*SEEN[name]))

    assert (proof.exclusion.answer, proof.steps) == (BROKEN, 5)


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_hidden_never_holds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock breaks, or the answer is unknown with a reason, or the lock is refused."""
    monkeypatch.setattr("booking.grading.proof.MOST_HIDDEN", 400)  # some 100 are as near as what breaks it
    try:
        finding = prove(counting(*HIDDEN[name]), seconds=1).exclusion
    except BadInputError:
        return
    assert finding.answer != HOLDS
    assert finding.reason


@pytest.mark.parametrize("name", LOOPS)
def test_tries_that_a_loop_counts_break_the_lock(name: str) -> None:
    """The place in a loop, a recursion or an expression is seen, too, and so is what hides there."""
    proof = prove(lock_in(LOOPS_BODY.format(text=textwrap.indent(LOOPS[name], " " * 8))))

    assert proof.exclusion.answer == BROKEN
    assert proof.steps == 5 or name not in {"a loop over a range", "a recursion"}


LISTS = """
class Lock:
    def __init__(self):
        self.flag = [False, False]

    def acquire(self, me):
        self.flag[me] = True
        while self.flag[1 - me]:
            pass

    def release(self, me):
        self.flag[me] = False
"""


def test_a_lock_that_touches_no_cell_is_not_followed_for_ever() -> None:
    """What a lock keeps in lists is private to its process: it lets two in at once, and the reason is told."""
    proof = prove(lock_in(LISTS))
    assert (proof.exclusion.answer, proof.steps) == (BROKEN, 0)
    assert "self.flag holds list objects" in proof.deadlock_freedom.reason
