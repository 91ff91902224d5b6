"""No lock: the tickets are split among the buyers beforehand, a file for each, and added up afterwards."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

from booking.errors import DiskError
from booking.history.history import History
from booking.protection import Protection
from booking.purchase import Outcome
from booking.steps import Step
from booking.storage import paths
from booking.stores import Store
from booking.text.words import buyers, count_of

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext


def share_path(path: Path, buyer: int) -> Path:
    """Return the file in which a buyer has its share of the tickets, beside the store: `db.json.share-3`."""
    return path.with_name(f"{path.name}.share-{buyer}")


class Partition(Protection):
    """Give every buyer a share of the tickets before the sale.

    Each buyer reads and writes the count of its own share, so no ticket is sold twice. The price is that a share can
    be left unsold while other buyers find theirs empty.
    """

    alone = True

    @property
    def shares(self) -> tuple[int, ...]:
        """Return how many tickets each buyer gets before the sale."""
        return self.scenario.shares

    def misfit(self) -> str | None:
        """Return why the store cannot be used, None if it can."""
        if self.store_kind.outlives_sale and len(self.store_kind.write_steps) == 1:
            return None
        store = self.scenario.store
        return f"--lock partition splits the tickets into files, which the store {store} cannot; use --store json"

    def store(self, path: Path, *, durable: bool = False) -> Store:
        """Return the parent's store, which deals out the shares and adds them up."""
        return PartitionedStore(super().store(path, durable=durable), self.scenario.buyers)

    def store_of(self, buyer: int, store: Store) -> Store:
        """Return this buyer's share."""
        return cast("PartitionedStore", store).share(buyer)

    def note(self, history: History) -> str | None:
        """Return what came of the split: what is left, and who found an empty share."""
        scenario, left = history.scenario, history.stock_left
        empty = [ending.buyer for ending in history.endings if ending.outcome is Outcome.SOLD_OUT]
        tickets, people = count_of(scenario.tickets, "ticket"), count_of(scenario.buyers, "buyer")
        rest = "" if left is None else f" {count_of(left, 'ticket')} {'is' if left == 1 else 'are'} left in the shares."
        without = f" {buyers(empty)} found {'its' if len(empty) == 1 else 'their'} share empty." if empty else ""
        price = " So tickets are left while buyers go without." if empty and left else ""
        return f"The {tickets} had been split among the {people}.{rest}{without}{price}"


class PartitionedStore(Store):
    """A store that the parent splits: to write a count is to deal out the shares, to read it is to add them up.

    `whole` is the store itself. Tidying up writes the sum back into it and removes the shares, so what a killed buyer
    has not sold is still for sale.
    """

    write_steps = (Step.WRITE,)
    shared = True

    def __init__(self, whole: Store, number: int) -> None:
        super().__init__(whole.path, durable=whole.durable)
        self.where = whole.where
        self._whole = whole
        self._shares = [type(whole)(share_path(whole.path, buyer)) for buyer in range(1, number + 1)]

    def share(self, buyer: int) -> Store:
        """Return the share of this buyer, counted from 1."""
        return self._shares[buyer - 1]

    def prepare(self, context: "BaseContext") -> int | None:
        """Remove the shares of a sale that was killed, and return the count in the store itself."""
        self._sweep()
        return self._whole.prepare(context)

    def read(self) -> int:
        """Return the sum of the shares, or the count in the store where there are none."""
        there = [share for share in self._shares if share.path.exists()]
        return sum(share.read() for share in there) if there else self._whole.read()

    def write(self, count: int) -> Iterator[tuple[Step, Callable[[], None]]]:
        """Yield the one step of dealing out so many tickets; the buyers only see their own share."""
        yield Step.WRITE, lambda: self.put(count)

    def put(self, count: int) -> None:
        """Write the count into the store and deal it out, all shares as equal as can be."""
        self._whole.put(count)
        each, more = divmod(count, len(self._shares))
        for buyer, share in enumerate(self._shares, 1):
            share.put(each + (buyer <= more))

    def tidy(self, dead: set[int] | None = None) -> None:
        """Write what is left in the shares into the store, and remove them."""
        there = [share for share in self._shares if share.path.exists()]
        if there:
            self._whole.put(sum(share.read() for share in there))
        self._sweep()
        self._whole.tidy(dead)

    def _sweep(self) -> None:
        """Remove all shares, those of a larger sale before this one too, and what a killed buyer was writing."""
        pattern = re.compile(re.escape(share_path(self.path, 0).name[:-1]) + r"[0-9]+(\..+\.booking-tmp)?")
        try:
            entries = list(self.path.parent.iterdir())
        except FileNotFoundError:
            return
        except OSError as error:
            raise paths.refused("list", self.path.parent, error) from None
        for entry in entries:
            if pattern.fullmatch(entry.name):
                try:
                    entry.unlink(missing_ok=True)
                except OSError as error:
                    shown = paths.shown(entry)
                    raise DiskError(f"cannot remove {shown}: {error.strerror}; remove it by hand") from None
