"""A group of processes, without a sale: children that wait, tell, fail and are killed."""

import ast
import os
import resource
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pytest
from programs import children_of

import booking.processes
from booking.errors import BadInputError
from booking.processes.fork import UNKNOWN_EXIT, ForkedProcess
from booking.processes.group import SPARE_DESCRIPTORS, ProcessGroup, room_for
from booking.processes.journal import END, FAILED, READY, Journal, receive
from booking.processes.lifeline import PipeEnds, become_child, wait_for_gate

METHODS = ["fork", "spawn", "forkserver"]


@dataclass(frozen=True)
class WaiterTask:
    """What a child of these tests is told."""

    number: int
    ends: PipeEnds


def wait_and_tell(task: WaiterTask) -> None:
    """Be a child that says what it does; number 3 fails behind the gate."""
    become_child(task.ends, lambda: None)
    journal = Journal(task.number, task.ends.journal)
    journal.record(READY, "call")
    wait_for_gate(task.ends.gate, task.ends.lifeline)
    if task.number == 3:
        [][task.number]
    journal.record(END, "return")


def test_the_room_of_processes_stands_alone() -> None:
    """It imports nothing of ours but its own files and the errors, so it knows nothing about tickets."""
    folder = Path(booking.processes.__file__).parent
    nodes = [node for path in folder.glob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    ours = {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and "booking" in str(node.module)}
    assert {name for name in ours if not name.startswith("booking.processes")} == {"booking.errors"}


@pytest.mark.parametrize("method", METHODS)
def test_children_wait_at_the_gate_and_tell_how_they_end(method: str) -> None:
    """Nobody passes the gate before it opens; a child that fails says why, in one line, and ends with 1."""
    with ProcessGroup(get_context(method)) as group:
        for number in (1, 2, 3):
            group.start(wait_and_tell, WaiterTask(number=number, ends=group.ends), f"child-{number}")
        group.seal()
        assert {receive(group.inbox).word for _ in range(3)} == {READY}
        assert not group.inbox.poll(0.05)
        group.open_gate()
        said = sorted((message.word, message.buyer, message.error) for message in (receive(group.inbox) for _ in "123"))
        with pytest.raises(EOFError):
            receive(group.inbox)
        assert group.all_end_within(20)
    assert [process.exitcode for process in group.processes] == [0, 0, 1]
    assert [(word, number) for word, number, _ in said] == [(END, 1), (END, 2), (FAILED, 0)]
    assert str(said[2][2]).startswith("IndexError: list index out of range (test_group.py line ")


@pytest.mark.parametrize("method", METHODS)
def test_an_exception_of_the_parent_leaves_nobody(method: str) -> None:
    """Children that wait at the gate are killed and collected on the way out."""
    with ProcessGroup(get_context(method)) as group:
        group.start(wait_and_tell, WaiterTask(number=1, ends=group.ends), "child")
    before = set(children_of(os.getpid()))
    group = ProcessGroup(get_context(method))

    def fail() -> None:
        with group:
            group.start(wait_and_tell, WaiterTask(number=1, ends=group.ends), "child")
            assert receive(group.inbox).word == READY
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [process.exitcode for process in group.processes] == [-signal.SIGKILL]
    assert set(children_of(os.getpid())) == before


@pytest.mark.parametrize("method", METHODS)
def test_a_gate_with_nobody_behind_it_opens(method: str) -> None:
    """Where every process was killed on the way, opening the gate is no failure."""
    with ProcessGroup(get_context(method)) as group:
        group.start(signal.raise_signal, signal.SIGKILL, "doomed")
        group.seal()
        assert group.all_end_within(20)
        group.open_gate()
        with pytest.raises(EOFError):
            group.inbox.recv_bytes()
    assert [process.exitcode for process in group.processes] == [-signal.SIGKILL]


def test_a_child_that_was_collected_elsewhere_has_an_unknown_exit() -> None:
    """Somebody else who waits for the child learns its exit code, and nobody after that."""
    child = ForkedProcess(os._exit, (7,), "collected")
    child.start()
    assert os.waitpid(child.pid or 0, 0)[1] == 7 << 8
    assert child.exitcode == UNKNOWN_EXIT


@pytest.fixture
def limit() -> Iterator[int]:
    """Return a soft limit of open files that is a little above what is open now."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    low = len(os.listdir("/dev/fd")) + SPARE_DESCRIPTORS  # noqa: PTH208 - it only counts
    resource.setrlimit(resource.RLIMIT_NOFILE, (low, before[1]))
    yield low
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_there_is_room_beside_what_is_open(limit: int) -> None:
    """Spawned children take two descriptors each beside those that are open, and afterwards the limit is as before."""
    kept = [os.dup(0) for _ in range(20)]
    try:
        with room_for(10):
            raised = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    finally:
        for descriptor in kept:
            os.close(descriptor)
    assert raised >= limit + 20 + 2 * 10 - 1  # listing the open files opens one
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == limit


def test_more_processes_than_open_files_are_refused() -> None:
    """A hard limit that is too low is named before any process starts."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        pytest.skip("this system has no hard limit of open files")
    with pytest.raises(BadInputError, match="open files"), room_for(hard // 2):
        pass
