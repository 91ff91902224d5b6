"""`booking run --kill-parent`: what becomes of buyers whose parent is killed, told by process number."""

import typer

from booking.cli import options
from booking.simulation.orphans import MOMENTS, OrphanReport, sacrifice
from booking.text.words import wrapped

EXPLAINED = (
    "An orphan is a process whose parent ended first; the system gives it to another parent.",
    "A zombie is a process that has ended, but whose parent has not yet asked how; it holds only its number.",
    "A daemon is a child that Python ends when its parent ends as it should; a parent that is killed ends nobody.",
)


def show_killed_parent(start_method: str | None, *, json: bool) -> int:
    """Kill the parent of a small sale twice, without our guard and with it, and tell who was left; returns 0."""
    aftermaths = [sacrifice(start_method, guarded=guarded) for guarded in (False, True)]
    if json:
        options.print_json({"kill_parent": [aftermath.to_json() for aftermath in aftermaths]})
        return 0
    lines = [line for aftermath in aftermaths for line in [*_told(aftermath), ""]]
    lines += [line for sentence in EXPLAINED for line in wrapped(sentence)]
    typer.echo("\n".join(lines))
    return 0


def _told(aftermath: OrphanReport) -> list[str]:
    how = "with the guard: each looks at its lifeline" if aftermath.guarded else "without the guard: daemon=True only"
    head = f"{len(aftermath.pids)} buyers pay, {how}. Their parent, process {aftermath.parent}, is killed (SIGKILL)."
    columns = "".join(f"after {moment:g} s".ljust(14) for moment in MOMENTS)
    rows = [
        f"process {pid:<10}" + "".join(str(seen).ljust(14) for seen in aftermath.seen[pid]).rstrip()
        for pid in aftermath.pids
    ]
    ended = ", ".join(map(str, aftermath.ended_by_us)) or "nobody"
    return [*wrapped(head), f"{'':<18}{columns}".rstrip(), *rows, *wrapped(f"We had to end: {ended}.")]
