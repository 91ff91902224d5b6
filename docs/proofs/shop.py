"""The code of the project: a lock for two, and a buyer."""

from booking import Cell, Cells, Desk, Outcome


class GiveWay:
    """Peterson's lock: the last to come gives way."""

    wants = Cells(False)
    last = Cell(0)

    def acquire(self, me):
        self.wants[me] = True
        self.last = me
        while self.wants[1 - me] and self.last == me:
            pass

    def release(self, me):
        self.wants[me] = False


def purchase(desk: Desk) -> Outcome:
    """Buy a ticket under the lock, and take it for sold out if there is none."""
    with desk.lock:
        count = desk.read()
        if count == 0:
            return Outcome.SOLD_OUT
        desk.pay()
        desk.write(count - 1)
    return Outcome.BOUGHT


def hasty_purchase(desk: Desk) -> Outcome:
    """Read outside the lock: somebody else may buy before the lock is there."""
    count = desk.read()
    if count == 0:
        return Outcome.SOLD_OUT
    desk.pay()
    with desk.lock:
        desk.write(count - 1)
    return Outcome.BOUGHT
