"""How an office serves: in which way, how many, and how patiently."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """How the office serves. `workers` 0 gives each client a process of its own.

    `clients` is how many may be connected at once, `idle` how many seconds one may say nothing, and `timeout`
    how many seconds a purchase waits for the lock; None waits for ever.
    """

    workers: int
    clients: int
    idle: float = 30.0
    timeout: float | None = None
