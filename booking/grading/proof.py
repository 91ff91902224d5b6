"""Prove a lock: exclusion, deadlock freedom, starvation freedom and bypass."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from booking.errors import BadInputError
from booking.grading.buyer import MOST_ANSWERS
from booking.grading.finding import BROKEN, HOLDS, UNKNOWN, Finding, Proof, Witness
from booking.grading.product import MANY_VALUES, MOST_BUFFERED, Limits, Product
from booking.grading.properties import Lasso, Properties
from booking.grading.subject import OwnLock, Subject
from booking.grading.witness import steps_along
from booking.locks.own import require_lock

Memory = Literal["sc", "tso"]
MOST_BUYERS = 30
MOST_HIDDEN = 30_000
"""How many states are looked at if each of them is a history, because something in the code cannot be seen."""
MOST_FOR_MANY = 200_000
"""How many states are looked at for several entries each, before it is tried with one each."""


def prove(  # noqa: PLR0913 - the limits of a search
    lock: type | Subject,
    *,
    buyers: int = 2,
    entries: int = 2,
    memory: Memory = "sc",
    seconds: float = 60,
    states: int = 2_000_000,
) -> Proof:
    """Return what is known of a lock with so many buyers, each of which enters again and again, or stays outside.

    The properties are defined in `booking.grading.properties`. Where the values in the cells grow without an end, as
    those of Lamport's bakery do, each buyer enters at most `entries` times, or once if that is too much. The search
    ends after so many seconds or states, and answers unknown then. `memory` is "sc" if each access takes effect at
    once, or "tso". Raise BadInputError for a class that is no lock, code that touches no cell for 10 s, or code that
    is different on a second run.
    """
    subject = own_lock(lock) if isinstance(lock, type) else lock
    if not 1 <= buyers <= MOST_BUYERS:
        raise BadInputError(f"buyers={buyers} is not possible; use 1 to {MOST_BUYERS}")
    started = time.monotonic()
    limits = Limits(started + seconds, states, values=2 * buyers + 7)
    search = _Search(subject, buyers, memory, limits)
    search.run(entries)
    return search.proof(time.monotonic() - started)


def own_lock(lock: type) -> OwnLock:
    """Return a class of this process as the subject of a proof; raise BadInputError if it is no lock."""
    require_lock(lock)
    return OwnLock(lock)


@dataclass
class _Search:
    """The search for one proof: `product` has the states that the answers come from."""

    lock: Subject
    buyers: int
    memory: Memory
    limits: Limits

    def run(self, entries: int) -> None:
        """Explore without a limit to the entries, and with one if the values grow or the states are too many."""
        self.crowded: Witness | None = None
        self.why = MANY_VALUES
        self.product = Product(self.lock, self.buyers, self.memory)
        with self.product.watched():
            if self.buyers > 2 and self._grows_with_two():  # noqa: PLR2004
                self._explore_entries(entries)
            elif not self._explore_all():
                self._note_crowded()
                self._explore_entries(entries)

    def _explore_all(self) -> bool:
        """Explore without a limit to the entries; return whether a limit would find nothing more."""
        product, most = self.product, max(self.limits.states // 2, 1)
        if any(buyer.hidden for buyer in product.buyers):
            product.explore(replace(self.limits, states=min(most, MOST_HIDDEN)))
            return True
        product.explore(replace(self.limits, states=most))
        if product.cut and product.cut != MANY_VALUES:
            self.why = f"without a limit there are more than {most:,} states"
        return not product.cut or (product.is_tso and product.cut != MANY_VALUES)

    def _note_crowded(self) -> None:
        """Keep the witness of the states so far, before others are explored."""
        self.crowded = self.crowded or self._crowded(Properties(self.product))

    def _explore_entries(self, entries: int) -> None:
        """Explore so many entries each, or one each if those are too many."""
        whole = Limits(self.limits.deadline, self.limits.states, self.limits.states, 1)
        if entries > 1:
            self.product.explore(replace(whole, states=min(whole.states, MOST_FOR_MANY), entries=entries))
        if entries == 1 or self.product.cut:
            self._note_crowded()
            self.product.explore(whole)

    def _grows_with_two(self) -> bool:
        """Return whether two buyers make the values grow, which is found out much faster than with more."""
        product = Product(self.lock, 2, self.memory)
        with product.watched():
            product.explore(Limits(self.limits.deadline, 100_000, self.limits.values))
        return product.cut == MANY_VALUES

    def _crowded(self, properties: Properties) -> Witness | None:
        product = self.product
        if product.crowded < 0:
            return None
        return Witness(steps_along(product, properties.path(product.crowded)))

    def proof(self, seconds: float) -> Proof:
        """Return what the states say."""
        properties = Properties(self.product)
        crowded = self.crowded or self._crowded(properties)
        steps = None if crowded is None else sum(bool(step.cell) and step.kind != "flush" for step in crowded.steps)
        exclusion = self._finding(crowded, f"two are inside after {steps} accesses", "two are never inside")
        deadlock, starvation, bypass, reason = self._liveness(properties)
        return Proof(
            lock=self.lock.name,
            buyers=self.buyers,
            memory=self.memory,
            exclusion=exclusion,
            deadlock_freedom=deadlock,
            starvation_freedom=starvation,
            bypass=bypass,
            bypass_reason=reason,
            steps=steps,
            entries=self.product.limits.entries,
            states=len(self.product.states),
            seconds=seconds,
        )

    def _liveness(self, properties: Properties) -> tuple[Finding, Finding, int | None, str]:
        """Return the findings for deadlock and starvation, and the bypass; unknown if very many states are no whole."""
        failure = properties.failure()
        if failure is not None:
            state, error = failure
            broken = Finding(BROKEN, error, Witness(steps_along(self.product, properties.path(state))))
            return broken, broken, None, error
        if self.product.cut and len(self.product.states) > MOST_FOR_MANY:  # to look at them takes too long
            unknown = Finding(UNKNOWN, self._doubt())
            return unknown, unknown, None, self._doubt()
        waiting = [properties.waiting(me) for me in range(self.buyers)]
        starving = [(len(found.lasso.stem), me) for me, found in enumerate(waiting) if found.lasso is not None]
        deadlock = self._lasso(properties.deadlock() if starving else None)
        starver = min(starving)[1] if starving else -1
        return (
            self._finding(deadlock, "from some moment on nobody gets in", "somebody always gets in"),
            self._finding(
                self._lasso(waiting[starver].lasso if starving else None),
                f"buyer {starver + 1} waits forever",
                "everybody who tries gets in",
            ),
            *self._bypass([found.bypass for found in waiting]),
        )

    def _bypass(self, found: Sequence[int | None]) -> tuple[int | None, str]:
        doubt = self._doubt()
        if None in found:
            return None, "others can get in again and again before a buyer does: there is no bound"
        most = max(bypass for bypass in found if bypass is not None)
        if doubt:
            return None, f"unknown: {doubt}; the most that was found is {most}"
        if self.product.limits.entries:
            return None, f"no bound was found with {self._times()} each; the most that was found is {most}"
        return most, f"others get in at most {most} times between a buyer's first step and its entry"

    def _lasso(self, lasso: Lasso | None) -> Witness | None:
        if lasso is None:
            return None
        return Witness(steps_along(self.product, lasso.stem), steps_along(self.product, lasso.cycle, state=lasso.state))

    def _finding(self, witness: Witness | None, broken: str, holds: str) -> Finding:
        if witness is not None:
            return Finding(BROKEN, broken, witness)
        doubt = self._doubt()
        if doubt:
            return Finding(UNKNOWN, doubt)
        if self.product.limits.entries:
            return Finding(HOLDS, f"{holds}: proved for {self._times()} each, because {self.why}")
        return Finding(HOLDS, f"{holds}, however often each buyer enters")

    def _times(self) -> str:
        entries = self.product.limits.entries
        return f"{entries} {'entry' if entries == 1 else 'entries'}"

    def _doubt(self) -> str:
        """Return why something may have been missed, "" if nothing was."""
        return "; ".join(self._doubts())

    def _doubts(self) -> Iterator[str]:
        product = self.product
        if product.cut:
            yield f"the search ended at {product.cut}, after {len(product.states):,} states"
        if product.lost:
            hidden = next((h for buyer in product.buyers if (h := buyer.obscured)), "")
            yield hidden or f"a call makes more than {MOST_ANSWERS} accesses"
        if product.has_filled:
            yield f"a store buffer holds more than {MOST_BUFFERED} writes"
