"""The stores without a file: what the buyers share of them, under every start method."""

import multiprocessing
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from pathlib import Path

import pytest
from children import Family

from booking.registry import STORES
from booking.stores import Store
from booking.stores.memory import MemoryStore, SharedMemoryStore

CONTEXTS = [multiprocessing.get_context(method) for method in ("fork", "spawn", "forkserver")]
every_store = pytest.mark.parametrize("name", STORES)


@dataclass
class Buyer:
    """A process with the store that its parent handed to it."""

    store: Store

    def read(self) -> int:
        """Return the count as it is seen from here."""
        return self.store.read()

    def write(self, count: int) -> None:
        """Take all the steps of a write."""
        for _, action in self.store.write(count):
            action()


@pytest.mark.parametrize(
    ("name", "context"),
    [(name, context) for name in STORES for context in CONTEXTS[:2]] + [("shared", CONTEXTS[2])],  # packed as by spawn
)
def test_the_buyers_share_what_the_store_declares(
    tmp_path: Path, family: Family, context: BaseContext, name: str
) -> None:
    """Every buyer starts with the parent's count; after a write the others see it exactly if the store is shared."""
    store = STORES[name](tmp_path / "db.json")
    assert store.prepare(context) is None
    store.put(7)
    writer, reader = (family.child(context, Buyer(store)) for _ in range(2))
    assert (writer.ask("read"), reader.ask("read")) == (7, 7)
    writer.ask("write", 6)
    seen = 6 if store.shared else 7
    assert (writer.ask("read"), reader.ask("read"), store.read()) == (6, seen, seen)


@every_store
def test_the_count_is_there_after_the_sale_as_declared(tmp_path: Path, name: str) -> None:
    """A store that outlives its sale is found by the next one; any other is new, and leaves no file."""
    path = tmp_path / "db.json"
    first = STORES[name](path)
    first.prepare(CONTEXTS[0])
    first.put(3)
    first.tidy()
    assert STORES[name](path).prepare(CONTEXTS[0]) == (3 if first.outlives_sale else None)
    assert path.exists() is first.outlives_sale


@every_store
def test_a_store_says_what_it_is_and_where(tmp_path: Path, name: str) -> None:
    """The tables and the first line of a sale are made of these."""
    store = STORES[name](tmp_path / "db.json")
    assert store.summary().endswith(".")
    assert store.where in {str(tmp_path / "db.json"), "each buyer's own memory", "shared memory"}


@pytest.mark.parametrize("kind", [MemoryStore, SharedMemoryStore])
@pytest.mark.parametrize("count", [0, 1, 10**9])
def test_a_write_in_memory_is_the_declared_step(tmp_path: Path, kind: type[Store], count: int) -> None:
    """Nothing happens before its action is called, and the path is not touched."""
    store = kind(tmp_path / "nowhere" / "db.json")
    store.prepare(CONTEXTS[0])
    store.put(5)
    ((step, action),) = store.write(count)
    assert (step, *kind.write_steps) == (*kind.write_steps, step)
    assert store.read() == 5
    action()
    assert store.read() == count
    assert list(tmp_path.iterdir()) == []
