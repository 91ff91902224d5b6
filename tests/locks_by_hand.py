# ruff: noqa: ARG002, D102, FBT003
"""Famous locks, right ones and wrong ones, as a student writes them; the tests know what is true of each."""

from booking import AtomicCell, Cell, Cells, fence


class NoLock:
    """Let everybody in."""

    def acquire(self, me: int) -> None:
        pass

    def release(self, me: int) -> None:
        pass


class Naive:
    """Test, then set."""

    busy = Cell(False)

    def acquire(self, me: int) -> None:
        while self.busy:
            pass
        self.busy = True

    def release(self, me: int) -> None:
        self.busy = False


class LockOne:
    """Flags only (Herlihy and Shavit)."""

    flag = Cells(False)

    def acquire(self, me: int) -> None:
        self.flag[me] = True
        while self.flag[1 - me]:
            pass

    def release(self, me: int) -> None:
        self.flag[me] = False


class LockTwo:
    """A victim only (Herlihy and Shavit)."""

    victim = Cell(0)

    def acquire(self, me: int) -> None:
        self.victim = me
        while self.victim == me:
            pass

    def release(self, me: int) -> None:
        pass


class Hyman:
    """Hyman 1966, wrong."""

    wants = Cells(False)
    turn = Cell(0)

    def acquire(self, me: int) -> None:
        self.wants[me] = True
        while self.turn != me:
            while self.wants[1 - me]:
                pass
            self.turn = me

    def release(self, me: int) -> None:
        self.wants[me] = False


class Peterson:
    """Peterson 1981."""

    flag = Cells(False)
    turn = Cell(0)

    def acquire(self, me: int) -> None:
        self.flag[me] = True
        self.turn = 1 - me
        while self.flag[1 - me] and self.turn == 1 - me:
            pass

    def release(self, me: int) -> None:
        self.flag[me] = False


class SwappedPeterson(Peterson):
    """Its two writes swapped, wrong."""

    def acquire(self, me: int) -> None:
        self.turn = 1 - me
        self.flag[me] = True
        while self.flag[1 - me] and self.turn == 1 - me:
            pass


class FencedPeterson(Peterson):
    """With a fence behind the writes."""

    def acquire(self, me: int) -> None:
        self.flag[me] = True
        self.turn = 1 - me
        fence()
        while self.flag[1 - me] and self.turn == 1 - me:
            pass


class Dekker:
    """Dekker, told by Dijkstra in 1965."""

    flag = Cells(False)
    turn = Cell(0)

    def acquire(self, me: int) -> None:
        self.flag[me] = True
        while self.flag[1 - me]:
            if self.turn != me:
                self.flag[me] = False
                while self.turn != me:
                    pass
                self.flag[me] = True

    def release(self, me: int) -> None:
        self.turn = 1 - me
        self.flag[me] = False


class Filter:
    """Peterson's lock for n, as a filter of n - 1 levels."""

    level = Cells(0)
    victim = Cells(0)

    def acquire(self, me: int) -> None:
        for j in range(1, self.n):
            self.level[me] = j
            self.victim[j] = me
            while any(self.level[k] >= j for k in range(self.n) if k != me) and self.victim[j] == me:
                pass

    def release(self, me: int) -> None:
        self.level[me] = 0


class TestAndSet:
    """Spin on a swap."""

    __test__ = False
    busy = AtomicCell(False)

    def acquire(self, me: int) -> None:
        while self.busy.swap(True):
            pass

    def release(self, me: int) -> None:
        self.busy.set(False)


class TestAndTestAndSet(TestAndSet):
    """Spin on a read, then swap."""

    def acquire(self, me: int) -> None:
        while True:
            while self.busy.get():
                pass
            if not self.busy.swap(True):
                return


class Ticket:
    """Draw a number and wait for it."""

    drawn = AtomicCell(0)
    served = Cell(0)

    def acquire(self, me: int) -> None:
        mine = self.drawn.add(1, modulo=self.n + 1)
        while self.served != mine:
            pass

    def release(self, me: int) -> None:
        self.served = (self.served + 1) % (self.n + 1)


class Anderson:
    """A slot for each waiting process (Anderson 1990); which slot is private memory."""

    tail = AtomicCell(0)
    closed = Cells(False)
    started = Cell(False)

    def acquire(self, me: int) -> None:
        self.slot = self.tail.add(1, modulo=self.n)
        if self.slot == 0 and not self.started:
            self.started = True
            return
        while not self.closed[self.slot]:
            pass

    def release(self, me: int) -> None:
        self.closed[self.slot] = False
        self.closed[(self.slot + 1) % self.n] = True


class Bakery:
    """Lamport 1974."""

    choosing = Cells(False)
    number = Cells(0)

    def acquire(self, me: int) -> None:
        self.choosing[me] = True
        self.number[me] = 1 + max(self.number[k] for k in range(self.n))
        self.choosing[me] = False
        for k in range(self.n):
            if k == me:
                continue
            while self.choosing[k]:
                pass
            while self.number[k] and (self.number[k], k) < (self.number[me], me):
                pass

    def release(self, me: int) -> None:
        self.number[me] = 0


class BakeryWithoutChoosing(Bakery):
    """Numbers only, wrong."""

    def acquire(self, me: int) -> None:
        self.number[me] = mine = 1 + max(self.number[k] for k in range(self.n))
        for k in range(self.n):
            if k == me:
                continue
            while (other := self.number[k]) > 0 and (other, k) < (mine, me):
                pass


class Mcs:
    """Mellor-Crummey and Scott 1991; a process number stands for its node."""

    tail = AtomicCell(None)
    following = Cells(None)
    waits = Cells(False)

    def acquire(self, me: int) -> None:
        self.following[me] = None
        before = self.tail.swap(me)
        if before is not None:
            self.waits[me] = True
            self.following[before] = me
            while self.waits[me]:
                pass

    def release(self, me: int) -> None:
        if self.following[me] is None:
            if self.tail.compare_and_swap(me, None):
                return
            while self.following[me] is None:
                pass
        self.waits[self.following[me]] = False


class Szymanski:
    """Szymanski 1988."""

    flag = Cells(0)

    def acquire(self, me: int) -> None:
        self.flag[me] = 1
        while any(self.flag[k] in (3, 4) for k in range(self.n)):
            pass
        self.flag[me] = 3
        if any(self.flag[k] == 1 for k in range(self.n)):
            self.flag[me] = 2
            while not any(self.flag[k] == 4 for k in range(self.n)):
                pass
        self.flag[me] = 4
        while any(self.flag[k] in (2, 3, 4) for k in range(me)):
            pass

    def release(self, me: int) -> None:
        while any(self.flag[k] in (2, 3) for k in range(me + 1, self.n)):
            pass
        self.flag[me] = 0


class LamportFast:
    """Lamport's fast lock 1987."""

    b = Cells(False)
    x = Cell(-1)
    y = Cell(-1)

    def acquire(self, me: int) -> None:
        while True:
            self.b[me] = True
            self.x = me
            if self.y != -1:
                self.b[me] = False
                while self.y != -1:
                    pass
                continue
            self.y = me
            if self.x == me:
                return
            self.b[me] = False
            for j in range(self.n):
                while self.b[j]:
                    pass
            if self.y == me:
                return
            while self.y != -1:
                pass

    def release(self, me: int) -> None:
        self.y = -1
        self.b[me] = False
