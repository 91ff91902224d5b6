"""The parent's side of a replay: it permits one step at a time, and hears of it before it permits the next."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from booking.errors import InconclusiveError
from booking.processes.group import Process, ProcessGroup
from booking.processes.journal import READY, receive
from booking.protection import Protection
from booking.replayer.gated_desk import ReplayTask, run_gated_buyer
from booking.simulation.buyer import Train, trains_of
from booking.simulation.recorder import Recorder
from booking.simulation.running import IDLE_AFTER, READY_BASE, READY_EACH

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


@dataclass
class Controller:
    """Buyers' processes that are kept alive; each stands before its next step and waits for permission."""

    group: ProcessGroup
    permissions: list["Connection"] = field(default_factory=list)
    patience: float = READY_BASE

    def start(self, protection: Protection, trains: tuple[Train, ...]) -> None:
        """Start the buyers and wait until each of them stands before its first step."""
        buyers = range(1, protection.scenario.buyers + 1)
        for buyer in buyers:
            theirs, ours = self.group.context.Pipe(duplex=False)
            self.permissions.append(ours)
            task = ReplayTask(
                buyer=buyer,
                program=protection.program,
                trains=trains_of(buyer, protection, trains),
                ends=self.group.ends,
                permission=theirs,
            )
            self.group.start(run_gated_buyer, task, f"buyer-{buyer}")
            theirs.close()
        self.group.seal()
        self.patience = READY_BASE + READY_EACH * len(buyers)
        self._hear(buyers, Recorder())

    def process(self, buyer: int) -> Process:
        """Return the process of a buyer."""
        return self.group.processes[buyer - 1]

    def permit(self, buyer: int, recorder: Recorder) -> None:
        """Let a buyer take one step and listen until it asks for its next; what it says goes to `recorder`.

        Raises InconclusiveError where its process has gone or does not answer.
        """
        try:
            self.permissions[buyer - 1].send_bytes(b"go")
        except OSError:
            raise self._silent([buyer]) from None
        self._hear([buyer], recorder)

    def kill(self, buyer: int) -> None:
        """End a buyer's process as a power failure would, and collect it."""
        self.process(buyer).kill()
        self.process(buyer).join()

    def close(self) -> None:
        """Close this end of the pipes; the group ends the processes."""
        for permission in self.permissions:
            permission.close()

    def _hear(self, buyers: Sequence[int], recorder: Recorder) -> None:
        missing, deadline = set(buyers), time.monotonic() + self.patience
        while missing:
            if not self.group.inbox.poll(IDLE_AFTER):
                if time.monotonic() > deadline or any(self.process(buyer).exitcode is not None for buyer in missing):
                    raise self._silent(sorted(missing))
                continue
            try:
                message = receive(self.group.inbox)
            except EOFError:
                raise self._silent(sorted(missing)) from None
            recorder.take(message)
            if message.word == READY:
                missing.discard(message.buyer)

    def _silent(self, buyers: Sequence[int]) -> InconclusiveError:
        process = self.process(buyers[0])
        return InconclusiveError(
            f"buyer {buyers[0]} (process {process.pid}, exit code {process.exitcode}) does not answer: "
            "somebody ended it, or the machine is too busy; try again"
        )
