"""Wrong locks although their cells are atomic: one step too many, or one forgotten."""

from booking.cells import AtomicCell, Cell, Cells


class GetThenSet:
    """Each of the two is one step, but both together are two: another buyer gets between them."""

    taken = AtomicCell(False)

    def acquire(self, me):
        while self.taken.get():
            pass
        self.taken.set(True)

    def release(self, me):
        self.taken.set(False)


class SwapOnce:
    """Who has waited until the cell looks free must swap again: others have seen the same."""

    taken = AtomicCell(False)

    def acquire(self, me):
        if self.taken.swap(True):
            while self.taken.get():
                pass

    def release(self, me):
        self.taken.set(False)


class TicketInTwoSteps:
    """To read the next number and to write it back are two steps, so two buyers can draw the same ticket."""

    tickets = Cell(0)
    called = Cell(0)

    def acquire(self, me):
        mine = self.tickets
        self.tickets = (mine + 1) % (self.n + 1)
        while self.called != mine:
            pass

    def release(self, me):
        self.called = (self.called + 1) % (self.n + 1)


class MCSForgetful:
    """Who leaves while its successor is about to say so does not wait for it, and nobody wakes the successor."""

    tail = AtomicCell(None)
    successor = Cells(None)
    waits = Cells(False)

    def acquire(self, me):
        self.successor[me] = None
        self.waits[me] = True
        predecessor = self.tail.swap(me)
        if predecessor is not None:
            self.successor[predecessor] = me
            while self.waits[me]:
                pass

    def release(self, me):
        if self.successor[me] is not None:
            self.waits[self.successor[me]] = False
        else:
            self.tail.compare_and_swap(me, None)


class MCSLate:
    """It says that it waits only when its predecessor knows it, so it may miss the wake-up and wait forever."""

    tail = AtomicCell(None)
    successor = Cells(None)
    waits = Cells(False)

    def acquire(self, me):
        self.successor[me] = None
        predecessor = self.tail.swap(me)
        if predecessor is not None:
            self.successor[predecessor] = me
            self.waits[me] = True
            while self.waits[me]:
                pass

    def release(self, me):
        if self.successor[me] is None:
            if self.tail.compare_and_swap(me, None):
                return
            while self.successor[me] is None:
                pass
        self.waits[self.successor[me]] = False


class CLHWithItsOwnNode:
    """It comes back with the node that its successor still watches, so both wait for each other."""

    tail = AtomicCell(None)
    busy = Cells(False)

    def acquire(self, me):
        self.busy[me] = True
        predecessor = self.tail.swap(me)
        if predecessor is not None and predecessor != me:
            while self.busy[predecessor]:
                pass

    def release(self, me):
        self.busy[me] = False
