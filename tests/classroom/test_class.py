"""A real lesson: `booking class` as a teacher opens it, with raw phones that press, vanish, come back and misbehave."""

import asyncio
import base64
import json
import os
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from phones import Door, Phone, Screen, open_lesson

from booking.textbook.starter import starter_of

PHONES = 8


async def class_of(door: Door, size: int = PHONES) -> tuple[Screen, list[Phone]]:
    """Return the projector and so many phones that have joined."""
    wall = door.wall()
    wall.listen()
    phones = [await Phone.join(door, f"P{number}") for number in range(1, size + 1)]
    return wall, phones


async def play_round(door: Door, wall: Screen, phones: list[Phone]) -> dict[str, Any]:
    """Open the sale, let all phones press at once, and return the wall at the verdict."""
    assert await door.teach(do="begin") == 200
    await asyncio.gather(*(phone.until(lambda state: state["phase"] == "sale") for phone in phones))
    await asyncio.gather(*(phone.act("buy") for phone in phones))
    return await wall.until(lambda state: state["phase"] == "verdict")


def hold(lesson: Coroutine[Any, Any, None]) -> None:
    """Run what happens in a lesson."""
    asyncio.run(lesson)


def test_the_class_oversells_without_a_lock_and_never_with_one(tmp_path: Path) -> None:
    """Every phone holds the one ticket without a lock, because all pay at once; with `file` exactly one does."""

    async def lesson(door: Door) -> None:
        wall, phones = await class_of(door)
        first = await play_round(door, wall, phones)
        assert (first["verdict"]["name"], first["sold"]) == ("oversold", PHONES)
        views = [await phone.until(lambda state: state["phase"] == "verdict") for phone in phones]
        assert [view["others"] for view in views] == [PHONES - 1] * PHONES
        await door.teach(do="next")
        await wall.until(lambda state: state["round"] == 2)
        second = await play_round(door, wall, phones)
        assert (second["verdict"]["name"], second["sold"], len(second["holders"])) == ("sound", 1, 1)
        status, _, page = await door.ask("GET", "/wall/round/1", headers={"Cookie": door.cookie})
        assert (status, b"<html" in page) == (200, True)
        await door.teach(do="next")
        last = await wall.until(lambda state: state["phase"] == "end")
        assert [(past["lock"], past["sold"]) for past in last["rounds"]] == [("none", PHONES), ("file", 1)]

    with open_lesson(tmp_path, "--rounds", "none,file", "--pay", "0.8") as door:
        hold(lesson(door))


def test_nothing_of_a_round_is_lost_when_somebody_goes_away(tmp_path: Path) -> None:
    """A phone that is back finds its outcome, a late one the whole state, and a killed buyer did not finish."""

    async def lesson(door: Door) -> None:
        wall, phones = await class_of(door, 3)
        assert await door.teach(do="begin") == 200
        for phone in phones:
            await phone.until(lambda state: state["phase"] == "sale")
            await phone.act("buy")
        seen = await phones[2].until(lambda state: state["pid"])
        phones[0].vanish()
        wall.vanish()
        os.kill(seen["pid"], signal.SIGKILL)
        late = await Phone.join(door, "late")
        await late.until(lambda state: state["phase"] == "sale")
        assert await door.teach(do="close") == 200
        back = await Phone.join(door, "back", phones[0].secret)
        view = await back.until(lambda state: state["phase"] == "verdict")
        assert (view["outcome"], view["others"], view["name"]) == ("bought", 1, "back")
        assert (await phones[2].until(lambda state: state["outcome"]))["outcome"] == "unfinished"
        again = door.wall()
        again.listen()
        assert (await again.until(lambda state: state["verdict"]))["sold"] == 2

    with open_lesson(tmp_path, "--rounds", "none", "--pay", "1") as door:
        hold(lesson(door))


def test_a_lesson_goes_on_in_a_new_server(tmp_path: Path) -> None:
    """With --save a second server knows the phones, the guesses and the rounds of the first."""

    async def first(door: Door) -> None:
        wall, phones = await class_of(door, 2)
        await phones[0].act("guess", number=2)
        await play_round(door, wall, phones)
        await wall.until(lambda state: len(state["rounds"]) == 1)
        secrets.append(phones[0].secret)

    async def second(door: Door) -> None:
        phone = await Phone.join(door, "P1", secrets[0])
        assert (await phone.until(bool))["guess"] == 2
        wall = door.wall()
        wall.listen()
        assert (await wall.until(bool))["rounds"][0]["sold"] == 2

    secrets: list[str] = []
    for lesson in (first, second):
        with open_lesson(tmp_path, "--rounds", "none,file", "--pay", "0.5", "--save", "lesson.json") as door:
            hold(lesson(door))
    assert json.loads((tmp_path / "lesson.json").read_text(encoding="utf-8"))["schema"] == 1


def test_the_class_is_the_scheduler(tmp_path: Path) -> None:
    """Every phone moves its own real buyer: 1, 1, 2, 2, 2, 1 sells one ticket twice, as the explorer predicts."""

    async def lesson(door: Door) -> None:
        wall, phones = await class_of(door, 2)
        await door.teach(do="begin")
        for place, mover in enumerate([1, 1, 2, 2, 2, 1], 1):
            phone = phones[mover - 1]
            await phone.until(lambda state: state["phase"] == "sale")
            await phone.act("step")
            await wall.until(lambda state, place=place: len(state["turns"]) == place)  # type: ignore[misc]
        end = await wall.until(lambda state: state["phase"] == "verdict")
        assert (end["verdict"]["name"], end["sold"]) == ("oversold", 2)

    with open_lesson(tmp_path, "--rounds", "none", "--mode", "schedule") as door:
        hold(lesson(door))


def test_a_lock_that_a_phone_hands_in_is_graded(tmp_path: Path) -> None:
    """A right lock, a wrong one from the lab's link, and what is no lock: the wall says what the proof says."""
    naive = starter_of("naive-flag")
    link = "http://x/#code=" + base64.urlsafe_b64encode(naive.encode()).decode().rstrip("=")

    async def lesson(door: Door) -> None:
        wall, (ana, ben) = await class_of(door, 2)
        assert await ana.act("hand-in", code=starter_of("peterson")) == 200
        assert await ben.act("hand-in", code=link) == 200
        assert await ben.act("hand-in", code="import os; os._exit(0)") == 200
        assert await ben.act("hand-in", code="http://x/#code=_") == 409
        assert await ben.act("hand-in", code="#" * 30_000) == 409
        state = await wall.until(lambda state: [1 for handed in state["handed"] if handed["says"]] == [1, 1, 1])
        right, wrong, none = state["handed"]
        assert (right["by"], right["name"], "exclusion: holds" in right["says"]) == ("P1", "Peterson", True)
        assert (wrong["name"], "exclusion: broken" in wrong["says"]) == ("NaiveFlag", True)
        assert none["says"]
        assert state["usable"] == ["lock1.py", "lock2.py"]
        await play_round(door, wall, [ana, ben])
        assert await door.teach(do="next", lock="lock1.py") == 200
        await wall.until(lambda state: state["round"] == 2)
        end = await play_round(door, wall, [ana, ben])
        assert (end["lock"].endswith("lock1.py"), end["note"]) == (True, "")
        assert (end["verdict"]["name"], end["sold"]) == ("sound", 1)

    with open_lesson(tmp_path, "--rounds", "none", "--pay", "0.2") as door:
        hold(lesson(door))


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - a generator of one door
    """Return an open lesson that the tests of bad manners share."""
    with open_lesson(tmp_path_factory.mktemp("lesson")) as opened:
        yield opened


JSON = {"Content-Type": "application/json", "X-Booking": "1"}


@pytest.mark.parametrize(
    ("request_line", "content", "headers", "status"),
    [
        pytest.param("GET /WORD", None, {"Host": "evil.example"}, 400, id="another-host"),
        pytest.param("POST /WORD/join", {}, {"Content-Type": "application/json"}, 415, id="without-our-header"),
        pytest.param("POST /WORD/join", {}, {"Content-Type": "text/plain", "X-Booking": "1"}, 415, id="plain-text"),
        pytest.param("POST /WORD/join", {"name": "x" * 5000}, JSON, 413, id="too-long"),
        pytest.param("POST /WORD/join", b"[1]", JSON, 400, id="no-object"),
        pytest.param("POST /WORD/join", b"[" * 4000, JSON, 400, id="nested"),
        pytest.param("POST /WORD/join", b"\xff\x00", JSON, 400, id="garbage"),
        pytest.param("POST /XXXX/join", {}, JSON, 404, id="wrong-room"),
        pytest.param("POST /WORD/buy", {}, JSON, 403, id="not-joined"),
        pytest.param("GET /WORD/events?phone=none", None, {}, 403, id="stream-of-nobody"),
        pytest.param("POST /wall/do", {"do": "begin"}, JSON, 403, id="no-teacher"),
        pytest.param("POST /wall/log-in", {"secret": "guess\u00e9"}, JSON, 403, id="wrong-secret"),
        pytest.param("GET /wall/events", None, {"Cookie": "booking-teacher=x"}, 403, id="wrong-cookie"),
        pytest.param("GET /wall/round/1", None, {}, 403, id="page-for-the-teacher"),
        pytest.param("GET /static/..%2froom.py", None, {}, 404, id="a-path"),
        pytest.param("DELETE /WORD", None, {}, 405, id="another-method"),
    ],
)
def test_bad_manners_are_refused(
    door: Door, request_line: str, content: object, headers: dict[str, str], status: int
) -> None:
    """Whatever does not come from our own page, or not from whom it says, changes nothing."""
    method, path = request_line.replace("WORD", door.word).split()
    answer = asyncio.run(door.ask(method, path, content, headers))
    assert answer[0] == status


def test_a_page_lets_nothing_in_from_outside(door: Door) -> None:
    """The pages forbid other origins, frames and forms, and name no address but relative ones."""
    status, headers, page = asyncio.run(door.ask("GET", f"/{door.word}"))
    assert status == 200
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert b"http" not in page.replace(b"application/json", b"")


def test_a_phone_cannot_press_faster_than_a_thumb(door: Door) -> None:
    """A second action within a fifth of a second is refused, and unknown actions do nothing."""

    async def lesson() -> None:
        phone = await Phone.join(door, "fast")
        answers = await asyncio.gather(phone.act("guess", hasty=True, number=1), phone.act("destroy", hasty=True))
        assert sorted(answers) == [200, 429]
        phone.vanish()

    hold(lesson())
