"""Right locks for any number of buyers that only read and write: nothing but ordinary cells."""

from booking.cells import Cell, Cells


class Dijkstra:
    """Before it enters, a buyer has said that it is inside and then seen nobody else say so."""

    wants = Cells(False)
    inside = Cells(False)
    turn = Cell(0)

    def acquire(self, me):
        self.wants[me] = True
        while not self.gets_in(me):
            pass

    def gets_in(self, me):
        turn = self.turn
        if turn != me:
            self.inside[me] = False
            if not self.wants[turn]:
                self.turn = me
            return False
        self.inside[me] = True
        return not any(self.inside[other] for other in range(self.n) if other != me)

    def release(self, me):
        self.inside[me] = False
        self.wants[me] = False


class Knuth:
    """Dijkstra's idea, and the turn goes round from each buyer that leaves, so nobody is passed over without end."""

    stage = Cells(0)  # 0: outside, 1: waits for its turn, 2: about to enter
    turn = Cell(0)

    def acquire(self, me):
        while True:
            self.stage[me] = 1
            other = self.turn
            while other != me:  # wait until nobody between the turn and me wants to enter
                other = self.turn if self.stage[other] else (other - 1) % self.n
            self.stage[me] = 2
            if not any(self.stage[other] == 2 for other in range(self.n) if other != me):
                break
        self.turn = me

    def release(self, me):
        self.turn = (me - 1) % self.n
        self.stage[me] = 0


class DeBruijn:
    """Knuth's lock, but the turn moves only past a buyer that does not want it, which shortens the longest wait."""

    stage = Cells(0)
    turn = Cell(0)

    def acquire(self, me):
        while True:
            self.stage[me] = 1
            other = self.turn
            while other != me:
                other = self.turn if self.stage[other] else (other - 1) % self.n
            self.stage[me] = 2
            if not any(self.stage[other] == 2 for other in range(self.n) if other != me):
                break

    def release(self, me):
        turn = self.turn
        if turn == me or self.stage[turn] == 0:
            self.turn = (turn - 1) % self.n
        self.stage[me] = 0


class EisenbergMcGuire:
    """The buyer that leaves hands the turn to the next one that waits, so nobody waits for more than all the others."""

    stage = Cells(0)  # 0: outside, 1: waits for its turn, 2: about to enter
    turn = Cell(0)

    def acquire(self, me):
        while True:
            self.stage[me] = 1
            other = self.turn
            while other != me:
                other = self.turn if self.stage[other] else (other + 1) % self.n
            self.stage[me] = 2
            if not any(self.stage[other] == 2 for other in range(self.n) if other != me):
                turn = self.turn
                if turn == me or self.stage[turn] == 0:
                    break
        self.turn = me

    def release(self, me):
        other = (me + 1) % self.n
        while self.stage[other] == 0:
            other = (other + 1) % self.n
        self.turn = other
        self.stage[me] = 0


class Bakery:
    """Draw a number above all others; the smallest goes first, and of two equal ones that of the lower buyer."""

    choosing = Cells(False)
    number = Cells(0)

    def acquire(self, me):
        self.choosing[me] = True
        mine = 1 + max(self.number[other] for other in range(self.n))
        self.number[me] = mine
        self.choosing[me] = False
        for other in range(self.n):
            if other != me:
                while self.choosing[other]:
                    pass
                while self.is_before(other, mine, me):
                    pass

    def is_before(self, other, mine, me):
        number = self.number[other]
        return number != 0 and (number, other) < (mine, me)

    def release(self, me):
        self.number[me] = 0


class BlackWhiteBakery:
    """A bakery with two colours of numbers: the shop changes the colour, so the numbers never exceed the buyers."""

    colour = Cell(False)
    choosing = Cells(False)
    mine = Cells(False)
    number = Cells(0)

    def acquire(self, me):
        self.choosing[me] = True
        colour = self.colour
        self.mine[me] = colour
        highest = 0
        for other in range(self.n):
            if self.mine[other] == colour:
                highest = max(highest, self.number[other])
        self.number[me] = highest + 1
        self.choosing[me] = False
        for other in range(self.n):
            if other != me:
                while self.choosing[other]:
                    pass
                while self.is_before(other, highest + 1, colour, me):
                    pass

    def is_before(self, other, number, colour, me):
        theirs = self.number[other]
        if theirs == 0:
            return False
        if self.mine[other] == colour:
            return (theirs, other) < (number, me)
        return self.colour == colour

    def release(self, me):
        self.colour = not self.mine[me]
        self.number[me] = 0


class BurnsLamport:
    """One bit for each buyer: give way to the lower ones, then wait for the higher ones without giving way."""

    flag = Cells(False)

    def acquire(self, me):
        self.flag[me] = True
        while self.is_raised_below(me):
            self.flag[me] = False
            while self.is_raised_below(me):
                pass
            self.flag[me] = True
        for other in range(me + 1, self.n):
            while self.flag[other]:
                pass

    def is_raised_below(self, me):
        return any(self.flag[other] for other in range(me))

    def release(self, me):
        self.flag[me] = False


class Szymanski:
    """A waiting room with two doors: those inside go one by one, and its front door opens when all of them are gone."""

    flag = Cells(0)  # 0: outside, 1: wants in, 2: waits for others to come in, 3: in the doorway, 4: the door is shut

    def acquire(self, me):
        self.flag[me] = 1
        while any(self.flag[other] >= 3 for other in range(self.n)):
            pass
        self.flag[me] = 3
        if any(self.flag[other] == 1 for other in range(self.n)):
            self.flag[me] = 2
            while not any(self.flag[other] == 4 for other in range(self.n)):
                pass
        self.flag[me] = 4
        while any(self.flag[other] >= 2 for other in range(me)):
            pass

    def release(self, me):
        while any(2 <= self.flag[other] <= 3 for other in range(me + 1, self.n)):
            pass
        self.flag[me] = 0


class LamportFast:
    """Without rivals it takes seven accesses, however many buyers there are; rivals notice each other in x and y."""

    here = Cells(False)
    x = Cell(None)
    y = Cell(None)

    def acquire(self, me):
        while not self.gets_in(me):
            pass

    def gets_in(self, me):
        self.here[me] = True
        self.x = me
        if self.y is not None:
            self.here[me] = False
            while self.y is not None:
                pass
            return False
        self.y = me
        if self.x == me:
            return True
        self.here[me] = False
        for other in range(self.n):
            while self.here[other]:
                pass
        if self.y == me:
            return True
        while self.y is not None:
            pass
        return False

    def release(self, me):
        self.y = None
        self.here[me] = False
