"""Right locks for two buyers that only read and write, and two ways to make one for many of Peterson's."""

from booking.cells import Cell, Cells


class Peterson:
    """The last to come gives way, so of two that wait exactly one may go."""

    flag = Cells(False)
    turn = Cell(0)

    def acquire(self, me):
        self.flag[me] = True
        self.turn = 1 - me
        while self.flag[1 - me] and self.turn == 1 - me:
            pass

    def release(self, me):
        self.flag[me] = False


class Dekker:
    """Who sees the other's flag lowers its own unless it has the turn, and raises it again when the turn comes."""

    flag = Cells(False)
    turn = Cell(0)

    def acquire(self, me):
        self.flag[me] = True
        while self.flag[1 - me]:
            if self.turn != me:
                self.flag[me] = False
                while self.turn != me:
                    pass
                self.flag[me] = True

    def release(self, me):
        self.turn = 1 - me
        self.flag[me] = False


class Kessels:
    """Peterson's turn as two bits, equal or different, so that each cell is written by one buyer only."""

    flag = Cells(False)
    half = Cells(0)

    def acquire(self, me):
        self.flag[me] = True
        mine = (self.half[1 - me] + me) % 2  # equal halves: buyer 0 gives way; different ones: buyer 1
        self.half[me] = mine
        while self.flag[1 - me] and mine == (self.half[1 - me] + me) % 2:
            pass

    def release(self, me):
        self.flag[me] = False


class Filter:
    """A lock of n - 1 levels; at each of them the last to come waits while anybody is as far as it is."""

    level = Cells(0)
    last = Cells(0)  # of each level: who came last

    def acquire(self, me):
        for level in range(1, self.n):
            self.level[me] = level
            self.last[level] = me
            while self.is_anybody_as_far(level, me) and self.last[level] == me:
                pass

    def is_anybody_as_far(self, level, me):
        return any(self.level[other] >= level for other in range(self.n) if other != me)

    def release(self, me):
        self.level[me] = 0


class Tournament:
    """A tree of Peterson's locks for two: the winner of each goes on, and gives all of them back from the root down."""

    left = Cells(False)
    right = Cells(False)
    last = Cells(0)  # of each lock, 1 is the root: the side that came last

    def acquire(self, me):
        place = self.n + me  # the places are numbered as in a heap: lock k is above 2k on its left and 2k + 1
        while place > 1:
            lock, side = place // 2, place % 2
            self.set_flag(lock, side, True)
            self.last[lock] = side
            while self.flag(lock, 1 - side) and self.last[lock] == side:
                pass
            place = lock

    def release(self, me):
        self.leave(self.n + me)

    def leave(self, place):
        if place > 1:
            self.leave(place // 2)
            self.set_flag(place // 2, place % 2, False)

    def flag(self, lock, side):
        return self.right[lock] if side else self.left[lock]

    def set_flag(self, lock, side, value):
        if side:
            self.right[lock] = value
        else:
            self.left[lock] = value
