"""`booking class`: the class is the sale, by phone."""

import webbrowser
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from booking.cli import options
from booking.errors import INTERRUPTED, BadInputError
from booking.registry import protection_of
from booking.rules import impossible_at_office
from booking.scenario import Scenario, require_whole
from booking.text.language import require_language
from booking.text.words import nearest

if TYPE_CHECKING:
    from booking.classroom.room import Classroom

HIGHEST_PORT = 65_535
MODES = ("buy", "schedule", "vote")
PACKAGES = ("starlette", "uvicorn", "segno")
LOOPBACK = "127.0.0.1"


def class_(  # noqa: PLR0913 - every dial is an option
    *,
    rounds: Annotated[str, typer.Option(metavar="LOCK,...", help="The lock of each round.")] = "none,file,cas",
    tickets: options.Tickets = 1,
    mode: Annotated[
        str,
        typer.Option(
            metavar="MODE",
            help="buy: each phone sends a buyer; schedule: each phone takes its own steps; vote: who moves next.",
        ),
    ] = "buy",
    pay: options.Pay = "1.5",
    host: Annotated[
        str, typer.Option(metavar="auto|HOST", help="Address to listen on; auto: this machine's in its network.")
    ] = LOOPBACK,
    port: Annotated[int, typer.Option(metavar="PORT", help="Port to listen on; 0 takes a free one.")] = 8000,
    local: Annotated[bool, typer.Option("--local", help="This machine only, the same as --host 127.0.0.1.")] = False,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep the lesson in this file, or go on with it."),
    ] = None,
    lang: Annotated[str, typer.Option(metavar="en|zh", help="The language of the projector's page.")] = "en",
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the projector's page.")] = True,
    db: options.Db = Path("data/db.json"),
) -> int:
    """Let a class race for the ticket with its phones. Ctrl-C ends the lesson."""
    locks = [name.strip() for name in rounds.split(",")]
    scenario = Scenario(tickets=tickets, pay=options.parsed_pay(pay))
    for lock in locks:
        protection = protection_of(Scenario(lock=lock, tickets=tickets))
        if refusal := impossible_at_office(protection):
            raise BadInputError(refusal)
    if mode not in MODES:
        raise BadInputError(f"--mode is {mode!r:.40}{nearest(mode, MODES)}; use one of {', '.join(MODES)}")
    require_whole("--port", port, 0, HIGHEST_PORT)
    require_language(lang)
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise BadInputError(f"`booking class` needs more packages: pip install {' '.join(missing)}")
    from booking.classroom.lesson import Lesson  # noqa: PLC0415 - an extra
    from booking.classroom.opening import Place, hold_lesson, load_lesson  # noqa: PLC0415

    lesson = (load_lesson(save) if save else None) or Lesson(
        tickets=tickets, mode=mode, locks=locks, offered=list(dict.fromkeys([*locks, "none", "mp", "file", "cas"]))
    )
    place = Place(db=db, host=LOOPBACK if local else host, port=port, language=lang, save=save)
    hold_lesson(lesson, scenario, place, lambda room: _welcome(room, open_page=open_page))
    typer.echo("The lesson is over." + (f" It is kept in {save}." if save else ""))
    return INTERRUPTED


def _welcome(room: "Classroom", *, open_page: bool) -> None:
    from booking.classroom.network import code_lines  # noqa: PLC0415 - an extra

    wall = f"{room.wall}#{room.secret}"
    typer.echo("\n".join(code_lines(room.url)))
    typer.echo(f"Phones: {room.url}   (room {room.word})")
    typer.echo(f"Projector, keep this address to yourself: {wall}")
    if room.url.startswith(f"http://{LOOPBACK}"):
        typer.echo("Only this machine can come in. For phones: booking class --host auto")
    else:
        typer.echo("Everybody in this network can come in who has the room's word. If phones cannot reach this laptop,")
        typer.echo("use a router of your own or a phone's hotspot, share phones, or `booking play` on the projector.")
    typer.echo("Ctrl-C ends the lesson.")
    if open_page:
        webbrowser.open(wall)
