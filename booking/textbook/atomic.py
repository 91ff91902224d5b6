"""Right locks for any number of buyers that use atomic cells: they read and write in one step."""

from booking.cells import AtomicCell, Cell, Cells


class TestAndSet:
    """Of all that swap True into the cell exactly one gets False back; who waits has no place in a queue."""

    taken = AtomicCell(False)

    def acquire(self, me):
        while self.taken.swap(True):
            pass

    def release(self, me):
        self.taken.set(False)


class TestAndTestAndSet:
    """The same, and who waits only reads until the cell looks free, which disturbs the others less."""

    taken = AtomicCell(False)

    def acquire(self, me):
        while True:
            while self.taken.get():
                pass
            if not self.taken.swap(True):
                return

    def release(self, me):
        self.taken.set(False)


class CompareAndSwap:
    """The cell names the owner, and only an empty one can be filled."""

    owner = AtomicCell(None)

    def acquire(self, me):
        while not self.owner.compare_and_swap(None, me):
            pass

    def release(self, me):
        self.owner.set(None)


class Ticket:
    """Everybody draws a ticket in one step and waits until it is called, so the first to draw is the first to enter."""

    tickets = AtomicCell(0)
    called = Cell(0)

    def acquire(self, me):
        mine = self.tickets.add(1, modulo=self.n)
        while self.called != mine:
            pass

    def release(self, me):
        self.called = (self.called + 1) % self.n


class Anderson:
    """A ticket for a place in a ring of n doors; who leaves opens the next one, so everybody watches its own cell."""

    tickets = AtomicCell(0)
    door = Cells(None)  # as None at first, only door 0 is open

    def acquire(self, me):
        self.place = self.tickets.add(1, modulo=self.n)  # no cell: nobody else needs it
        while not self.is_open(self.place):
            pass
        self.door[self.place] = False

    def is_open(self, place):
        door = self.door[place]
        return place == 0 if door is None else door

    def release(self, me):
        self.door[(self.place + 1) % self.n] = True


class MCS:
    """A queue in which everybody knows its successor, waits at a cell of its own, and is woken by its predecessor."""

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
        if self.successor[me] is None:
            if self.tail.compare_and_swap(me, None):
                return
            while self.successor[me] is None:  # it is in the queue and about to say so
                pass
        self.waits[self.successor[me]] = False


class CLH:
    """A queue in which everybody watches its predecessor's node, and takes that node along for its next purchase."""

    tail = AtomicCell(None)  # None: node n, which nobody has brought and which is free
    busy = Cells(False)
    last_busy = Cell(False)  # of node n: there is one node more than there are buyers

    def __init__(self):
        self.node = None  # no cell: only its owner needs it; None: the node with the owner's number

    def acquire(self, me):
        if self.node is None:
            self.node = me
        self.set_busy(self.node, True)
        predecessor = self.tail.swap(self.node)
        self.predecessor = self.n if predecessor is None else predecessor
        while self.is_busy(self.predecessor):
            pass

    def release(self, me):
        self.set_busy(self.node, False)
        self.node = self.predecessor

    def is_busy(self, node):
        return self.last_busy if node == self.n else self.busy[node]

    def set_busy(self, node, value):
        if node == self.n:
            self.last_busy = value
        else:
            self.busy[node] = value
