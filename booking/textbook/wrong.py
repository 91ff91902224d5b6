"""Wrong locks that only read and write: first ideas, published mistakes, and right ones with one thing changed."""

from booking.cells import Cell, Cells


class NaiveFlag:
    """Between the test and the write, another buyer tests too."""

    taken = Cell(False)

    def acquire(self, me):
        while self.taken:
            pass
        self.taken = True

    def release(self, me):
        self.taken = False


class DoubleCheckedFlag:
    """To test twice changes nothing: both buyers can pass both tests before either writes."""

    taken = Cell(False)

    def acquire(self, me):
        while self.taken or self.taken:
            pass
        self.taken = True

    def release(self, me):
        self.taken = False


class PrivateFlag:
    """An ordinary attribute is private to each process, so nobody sees what the others write into it."""

    entries = Cell(0)

    def __init__(self):
        self.taken = False

    def acquire(self, me):
        while self.taken:
            pass
        self.taken = True
        self.entries = 1

    def release(self, me):
        self.taken = False


class StrictAlternation:
    """A buyer waits for its turn even if the others never come, so it can wait when nobody is there."""

    turn = Cell(0)

    def acquire(self, me):
        while self.turn != me:
            pass

    def release(self, me):
        self.turn = (me + 1) % self.n


class LookThenFlag:
    """Both look before either raises its flag."""

    flag = Cells(False)

    def acquire(self, me):
        while any(self.flag[other] for other in range(self.n) if other != me):
            pass
        self.flag[me] = True

    def release(self, me):
        self.flag[me] = False


class LockOne:
    """Both raise their flags, and then each waits for the other: Peterson's lock without the turn."""

    flag = Cells(False)

    def acquire(self, me):
        self.flag[me] = True
        while any(self.flag[other] for other in range(self.n) if other != me):
            pass

    def release(self, me):
        self.flag[me] = False


class LockTwo:
    """The last to come waits for another to come: alone it waits forever, and with three two of them get in."""

    last = Cell(None)

    def acquire(self, me):
        self.last = me
        while self.last == me:
            pass

    def release(self, me):
        pass


class PoliteFlags:
    """Each lowers its flag for the other and raises it again, and both can do so in step without end: a livelock."""

    flag = Cells(False)

    def acquire(self, me):
        self.flag[me] = True
        while any(self.flag[other] for other in range(self.n) if other != me):
            self.flag[me] = False
            self.flag[me] = True

    def release(self, me):
        self.flag[me] = False


class Hyman:
    """A buyer waits for the other's flag and then takes the turn; meanwhile the other has come back with the turn."""

    flag = Cells(False)
    turn = Cell(0)

    def acquire(self, me):
        self.flag[me] = True
        while self.turn != me:
            while self.flag[1 - me]:
                pass
            self.turn = me

    def release(self, me):
        self.flag[me] = False


class PetersonSwapped:
    """The turn is given away before the flag is up, so the other does not see the flag and overtakes."""

    flag = Cells(False)
    turn = Cell(0)

    def acquire(self, me):
        self.turn = 1 - me
        self.flag[me] = True
        while self.flag[1 - me] and self.turn == 1 - me:
            pass

    def release(self, me):
        self.flag[me] = False


class PetersonSelfish:
    """Each takes the turn instead of giving it away, so the last to come gets in although somebody is inside."""

    flag = Cells(False)
    turn = Cell(0)

    def acquire(self, me):
        self.flag[me] = True
        self.turn = me
        while self.flag[1 - me] and self.turn == 1 - me:
            pass

    def release(self, me):
        self.flag[me] = False


class PetersonOr:
    """With `or` instead of `and` a buyer waits for the turn that it has just given away, even if nobody is there."""

    flag = Cells(False)
    turn = Cell(0)

    def acquire(self, me):
        self.flag[me] = True
        self.turn = 1 - me
        while self.flag[1 - me] or self.turn == 1 - me:
            pass

    def release(self, me):
        self.flag[me] = False


class PetersonForMany:
    """One turn makes only one buyer wait: right for two buyers, and of three two get in."""

    flag = Cells(False)
    last = Cell(0)

    def acquire(self, me):
        self.flag[me] = True
        self.last = me
        while any(self.flag[other] for other in range(self.n) if other != me) and self.last == me:
            pass

    def release(self, me):
        self.flag[me] = False


class TournamentUpwards:
    """It gives the locks back from the leaf up, and clears the flag of a buyer that has won the lower one meanwhile."""

    left = Cells(False)
    right = Cells(False)
    last = Cells(0)

    def acquire(self, me):
        place = self.n + me
        while place > 1:
            lock, side = place // 2, place % 2
            self.set_flag(lock, side, True)
            self.last[lock] = side
            while self.flag(lock, 1 - side) and self.last[lock] == side:
                pass
            place = lock

    def release(self, me):
        place = self.n + me
        while place > 1:
            self.set_flag(place // 2, place % 2, False)
            place = place // 2

    def flag(self, lock, side):
        return self.right[lock] if side else self.left[lock]

    def set_flag(self, lock, side, value):
        if side:
            self.right[lock] = value
        else:
            self.left[lock] = value


class BakeryWithoutChoosing:
    """While one is about to write its number, another draws the same one and enters without seeing it."""

    number = Cells(0)

    def acquire(self, me):
        mine = 1 + max(self.number[other] for other in range(self.n))
        self.number[me] = mine
        for other in range(self.n):
            if other != me:
                while self.is_before(other, mine, me):
                    pass

    def is_before(self, other, mine, me):
        number = self.number[other]
        return number != 0 and (number, other) < (mine, me)

    def release(self, me):
        self.number[me] = 0


class OneBitHalf:
    """Burns' and Lamport's lock without its second wait: it gives way to lower ones, and nobody to higher ones."""

    flag = Cells(False)

    def acquire(self, me):
        self.flag[me] = True
        while any(self.flag[other] for other in range(me)):
            self.flag[me] = False
            while any(self.flag[other] for other in range(me)):
                pass
            self.flag[me] = True

    def release(self, me):
        self.flag[me] = False


class LamportFastHasty:
    """Lamport's fast lock without its wait for the others: one that has passed the test of y still writes it."""

    here = Cells(False)
    x = Cell(None)
    y = Cell(None)

    def acquire(self, me):
        while not self.gets_in(me):
            pass

    def gets_in(self, me):
        self.x = me
        if self.y is not None:
            while self.y is not None:
                pass
            return False
        self.y = me
        return self.x == me or self.y == me

    def release(self, me):
        self.y = None
