"""Judge a lock that is written with cells: prove its properties, or show the shortest way to break it."""

from booking.grading.finding import BROKEN, HOLDS, UNKNOWN, Finding, Proof, Step, Witness
from booking.grading.proof import prove

__all__ = ["BROKEN", "HOLDS", "UNKNOWN", "Finding", "Proof", "Step", "Witness", "prove"]
