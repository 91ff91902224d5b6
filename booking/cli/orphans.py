"""`booking orphans`: what happens to buyers whose parent is killed, by process number."""

import typer

from booking.cli import options
from booking.live.terminal import screen
from booking.simulation.orphans import MOMENTS, OrphanReport, kill_parent

EXPLAINED = (
    "An orphan is a process whose parent ended first; the system gives it to another parent.",
    "A zombie is a process that has ended, but whose parent has not yet asked how; it holds only its number.",
    "A daemon is a child that Python ends when its parent exits; a parent that is killed ends no child.",
)


def orphans(
    *,
    buyers: options.Buyers = 3,
    start_method: options.StartMethod = None,
    json: options.Json = False,
) -> int:
    """Kill the parent of some buyers, without our guard and with it. Show which processes are left."""
    reports = [kill_parent(buyers, start_method, guarded=guarded) for guarded in (False, True)]
    if json:
        options.print_json({"kill_parent": [report.to_json() for report in reports]})
        return 0
    lines = [line for report in reports for line in [*_story(report), ""]]
    lines += [line for sentence in EXPLAINED for line in screen().wrapped(sentence)]
    typer.echo("\n".join(lines))
    return 0


def _story(report: OrphanReport) -> list[str]:
    how = "with the guard: each looks at its lifeline" if report.guarded else "without the guard: daemon=True only"
    who = f"{len(report.pids)} buyers pay" if len(report.pids) > 1 else "1 buyer pays"
    head = f"{who}, {how}. Their parent, process {report.parent}, is killed (SIGKILL)."
    headers = ["process", *(f"after {moment:g} s" for moment in MOMENTS)]
    rows = [[str(pid), *map(str, report.seen[pid])] for pid in report.pids]
    ended = ", ".join(map(str, report.ended_by_us)) or "none"
    page = screen()
    return [*page.wrapped(head), *page.table(headers, rows), *page.wrapped(f"We had to end: {ended}.")]
