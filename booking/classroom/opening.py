"""How a lesson is opened and closed: the teller's process, the web server, and the file that keeps the lesson."""

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from booking.classroom import teller
from booking.classroom.lesson import Lesson
from booking.classroom.network import LOOPBACK, lan_address, listener, room_word
from booking.classroom.room import Classroom, Judged
from booking.classroom.server import application
from booking.errors import BadInputError, BookingError, DiskError
from booking.processes.group import ProcessGroup
from booking.scenario import Scenario
from booking.simulation.sale import context_named, store_path

GRADING_TAKES = 20.0
"""Seconds that one lock that was handed in may take."""
LOCAL_NAMES = (LOOPBACK, "localhost", "[::1]")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a lesson is held.

    `host` is an address, or "auto" for this machine's in its network. Port 0 is a free one. `db` is the store's file,
    and `save` the file that keeps the lesson; None keeps none. `language` is the projector's.
    """

    db: Path
    host: str = "auto"
    port: int = 8000
    language: str = "en"
    save: Path | None = None


def hold_lesson(lesson: Lesson, scenario: Scenario, place: Place, opened: Callable[[Classroom], None]) -> None:
    """Hold a lesson until Ctrl-C. `opened` is called once phones can come.

    Raise BadInputError if the store or the address cannot be used.
    """
    address = lan_address() if place.host == "auto" else place.host
    context = context_named(None)
    with (
        ProcessGroup(context, daemon=False) as group,
        listener(address, place.port) as listening,
        tempfile.TemporaryDirectory(prefix="booking-class-") as folder,
    ):
        their_orders, orders = context.Pipe(duplex=False)
        news, their_news = context.Pipe(duplex=False)
        task = teller.TellerTask(db=store_path(place.db), ends=group.ends, orders=their_orders, news=their_news)
        group.start(teller.serve, task, "teller")
        word = room_word()
        port = listening.getsockname()[1]
        room = Classroom(
            lesson=lesson,
            scenario=scenario,
            orders=orders,
            news=news,
            word=word,
            url=f"http://{address}:{port}/{word}",
            wall=f"http://{LOOPBACK if address == '0.0.0.0' else address}:{port}/wall",  # noqa: S104 - only compared
            hosts=[address, *LOCAL_NAMES, lan_address()],
            language=place.language,
            grade=judged,
            folder=Path(folder),
            save=partial(_save, place.save) if place.save else lambda _: None,
        )
        asyncio.run(
            _serve(
                room,
                uvicorn.Config(
                    application(room),
                    log_level="critical",
                    access_log=False,
                    lifespan="off",
                    timeout_graceful_shutdown=1,
                ),
                listening,
                opened,
            )
        )
        room.save(lesson.to_json())


async def _serve(room: Classroom, config: uvicorn.Config, listening: Any, opened: Callable[[Classroom], None]) -> None:  # noqa: ANN401
    loop = asyncio.get_running_loop()
    server = _Server(config)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    loop.add_reader(room.news.fileno(), room.hear_teller)
    ticking = asyncio.create_task(room.run())
    try:
        listening.listen(1024)
        opened(room)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await asyncio.wait([serving, asyncio.create_task(stopped.wait())], return_when=asyncio.FIRST_COMPLETED)
        await room.close()
        server.should_exit = True
        await serving
    finally:
        ticking.cancel()
        loop.remove_reader(room.news.fileno())


class _Server(uvicorn.Server):
    """A server that leaves the signals to us: Ctrl-C ends a lesson in order, with its file written."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def judged(path: Path) -> Judged:
    """Return what the proof says of a lock that was handed in; the file is opened in a confined child only."""
    from booking.submissions.confinement import Limits  # noqa: PLC0415 - only a class with own locks needs it
    from booking.submissions.grade import grade  # noqa: PLC0415
    from booking.submissions.terms import Terms  # noqa: PLC0415

    try:
        found = grade(str(path), Terms(), Limits(seconds=GRADING_TAKES))
    except BookingError as error:
        return Judged(path.name, str(error), usable=False)
    if found.refused:
        return Judged(path.name, found.refused.removeprefix(f"{path} "), usable=False)
    says = ", ".join(
        f"{name.replace('_', ' ')}: {finding.answer}" for name, finding in found.proofs[0].findings.items()
    )
    return Judged(found.lock or path.name, says, usable=True)


def load_lesson(path: Path) -> Lesson | None:
    """Return the lesson that a file keeps, None if there is no such file. Raise BadInputError if it is another file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadInputError(f"cannot read {path} ({error}); name another file in --save") from None
    if not isinstance(document, dict):
        raise BadInputError(f"{path} is no saved lesson; name another file in --save")
    return Lesson.from_json(document)


def _save(path: Path, document: Mapping[str, Any]) -> None:
    """Replace the file as a whole, so that a lesson can be taken up whatever happens."""
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            json.dump(document, file)
        os.replace(file.name, path)  # noqa: PTH105 - as short
    except OSError as error:
        raise DiskError(f"cannot write {path}: {error.strerror}; name another file in --save") from None
