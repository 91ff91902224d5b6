"""Make a witness happen: real processes take its steps with the stranger's code, this time without confinement."""

from collections.abc import Sequence

from booking.errors import BookingError
from booking.grading.finding import Proof
from booking.locks.own import lock_of
from booking.replayer.gated_locks import replay_witness
from booking.text.words import count_of


def replayed(file: str, proofs: Sequence[Proof]) -> list[str]:
    """Return a sentence about the replay of each witness; to be called in a process that may be lost."""
    return [
        f"With {proof.buyers} buyers, {name.replace('_', ' ')}: {_replayed(file, proof, name)}"
        for proof in proofs
        for name, finding in proof.findings.items()
        if finding.witness is not None
    ]


def _replayed(file: str, proof: Proof, name: str) -> str:
    witness = proof.findings[name].witness
    assert witness is not None  # noqa: S101 - it was asked for
    try:
        steps = replay_witness(lock_of(file), witness, proof.buyers, start_method="fork")
    except BookingError as error:
        return str(error)
    return f"{count_of(len(steps), 'step')} happened on real processes as predicted."
