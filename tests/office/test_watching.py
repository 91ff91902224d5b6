"""Both ways of waiting for many sources do the same: that of this platform, and the one for Windows."""

import socket
from multiprocessing import Pipe

import pytest

from booking.office.watching import SelectorWatching, Watching


@pytest.mark.parametrize("kind", [Watching, SelectorWatching])
def test_whatever_can_be_read_is_called(kind: type[Watching]) -> None:
    """A listening socket, a connected one and a pipe are called when they can be read, and not when removed."""
    watching, called = kind(), list[str]()
    ours, theirs = Pipe()
    with socket.create_server(("127.0.0.1", 0)) as server, ours, theirs:
        watching.add(server, lambda: called.append("server"))
        watching.add(ours, lambda: called.append("pipe"))
        watching.wait(0)
        assert called == []
        with socket.create_connection(server.getsockname()) as caller:
            watching.wait(5)
            assert called == ["server"]
            connection, _ = server.accept()
            with connection:
                watching.add(connection, lambda: called.append("connection"))
                caller.sendall(b"x")
                theirs.send_bytes(b"x")
                watching.wait(5)
                watching.remove(connection)
                watching.remove(connection)
                watching.wait(5)
        watching.remove(server)
    watching.close()
    assert sorted(called[1:]) == ["connection", "pipe", "pipe"]


@pytest.mark.parametrize("kind", [Watching, SelectorWatching])
def test_a_source_removed_in_this_round_is_not_called(kind: type[Watching]) -> None:
    """When one call removes another source that could be read too, that one is not called any more."""
    watching, called = kind(), list[str]()
    pairs = [Pipe(), Pipe()]
    for number, (ours, theirs) in enumerate(pairs):
        other = pairs[1 - number][0]
        watching.add(ours, lambda number=number, other=other: (called.append(str(number)), watching.remove(other)))  # type: ignore[misc]
        theirs.send_bytes(b"x")
    watching.wait(5)
    assert len(called) == 1
    for ours, theirs in pairs:
        watching.remove(ours)
        ours.close()
        theirs.close()
    watching.close()
