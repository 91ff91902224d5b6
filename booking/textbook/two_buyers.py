"""Right locks for two buyers that only read and write: nothing but ordinary cells."""

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
