"""The web server of a lesson: pages and small JSON messages, one port, one origin, nothing from outside.

A phone is known by a secret that it is given when it joins, the teacher by another one, which only the projector's
address has. A request that changes something must be JSON and carry a header that other sites cannot send (CSRF), and
must be meant for this host (DNS rebinding).
"""

import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from booking.classroom.lesson import Phone
from booking.classroom.network import code_image
from booking.classroom.room import Classroom, code_in
from booking.classroom.views import phone_view, wall_view
from booking.errors import BadInputError
from booking.history.history import History
from booking.history.verdict import judge
from booking.reports.page import render
from booking.text.language import nearest_language, texts

LEAST_PAUSE = 0.2
"""Seconds between two actions of one phone."""
LONGEST_BODY = 4096
LONGEST_CODE = 200_000
"""Bytes of a request, and of one that carries code, which JSON makes longer."""
OWN_HEADER = "x-booking"
COOKIE = "booking-teacher"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
STATIC = {"phone.js": "text/javascript", "wall.js": "text/javascript", "class.css": "text/css"}


class Pages:
    """What is asked for under each address."""

    def __init__(self, room: Classroom) -> None:
        self._room = room
        self._acted: dict[str, float] = {}

    def routes(self) -> list[Route]:
        """Return the addresses."""
        return [
            Route("/", self.phone_page),
            Route("/wall", self.wall_page),
            Route("/wall/events", self.wall_events),
            Route("/wall/log-in", self.log_in, methods=["POST"]),
            Route("/wall/do", self.teach, methods=["POST"]),
            Route("/wall/round/{number:int}", self.round_page),
            Route("/static/{name}", self.static),
            Route("/{word}", self.phone_page),
            Route("/{word}/events", self.phone_events),
            Route("/{word}/join", self.join, methods=["POST"]),
            Route("/{word}/hand-in", self.hand_in, methods=["POST"]),
            Route("/{word}/{action}", self.act, methods=["POST"]),
        ]

    async def phone_page(self, request: Request) -> Response:
        """Return a phone's page in its language; without the right word the question for it."""
        language = nearest_language(request.headers.get("accept-language", ""))
        known = request.path_params.get("word", "").upper() == self._room.word
        return _page("phone.html", {"texts": texts("class", language), "known": known}, language, 200 if known else 404)

    async def join(self, request: Request) -> Response:
        """Let a phone in."""
        self._require_word(request)
        said = await _json(request)
        try:
            return JSONResponse({"phone": self._room.join(str(said.get("phone")), str(said.get("name", "")))})
        except BadInputError as error:
            raise HTTPException(409, str(error)) from None

    async def act(self, request: Request) -> Response:
        """Do what a phone asks for, but not more often than a thumb can."""
        phone, said = self._phone(request), await _json(request)
        secret, now = request.headers.get("x-phone", ""), time.monotonic()
        if now - self._acted.get(secret, 0.0) < LEAST_PAUSE:
            raise HTTPException(429, "slower, please")
        self._acted[secret] = now
        self._room.act(phone, request.path_params["action"], said)
        return JSONResponse({"ok": True})

    async def hand_in(self, request: Request) -> Response:
        """Take a lock; it is graded in the background."""
        phone, said = self._phone(request), await _json(request, LONGEST_CODE)
        try:
            code_in(str(said.get("code", "")))
        except BadInputError as error:
            raise HTTPException(409, str(error)) from None
        return JSONResponse({"ok": True}, background=BackgroundTask(self._room.hand_in, phone, str(said["code"])))

    async def phone_events(self, request: Request) -> Response:
        """Stream one phone's view."""
        phone = self._phone(request)
        return _stream(self._room.events(lambda: phone_view(self._room.lesson, phone)))

    async def wall_page(self, _: Request) -> Response:
        """Return the projector's page, which has nothing secret in it."""
        return _page("wall.html", {"texts": texts("class", self._room.language)}, self._room.language)

    async def log_in(self, request: Request) -> Response:
        """Give the projector its cookie, if it has the secret of the terminal."""
        said = await _json(request)
        if not secrets.compare_digest(str(said.get("secret", "")).encode(), self._room.secret.encode()):
            raise HTTPException(403)
        response = JSONResponse({"ok": True})
        response.set_cookie(COOKIE, self._room.secret, httponly=True, samesite="strict")
        return response

    async def teach(self, request: Request) -> Response:
        """Do what the teacher asks for."""
        self._require_teacher(request)
        self._room.teach(await _json(request))
        return JSONResponse({"ok": True})

    async def wall_events(self, request: Request) -> Response:
        """Stream the projector's view."""
        self._require_teacher(request)
        room = self._room
        where = {"url": room.url, "word": room.word, "code": code_image(room.url)}
        return _stream(room.events(lambda: wall_view(room.lesson) | where))

    async def round_page(self, request: Request) -> Response:
        """Return the page of a round that is over, to walk through; it brings its own policy."""
        self._require_teacher(request)
        number, rounds = request.path_params["number"], self._room.lesson.rounds
        lines = rounds[number - 1].history if 1 <= number <= len(rounds) else None
        if lines is None:
            raise HTTPException(404, "this round has no history")
        history = History.from_lines(lines.splitlines())
        return HTMLResponse(render(history, judge(history)))

    async def static(self, request: Request) -> Response:
        """Return one of the few files of the pages."""
        name = request.path_params["name"]
        if name not in STATIC:
            raise HTTPException(404)
        return Response(_file(name), media_type=STATIC[name], headers=HEADERS)

    def _require_word(self, request: Request) -> None:
        if request.path_params["word"].upper() != self._room.word:
            raise HTTPException(404, "there is no such room")

    def _phone(self, request: Request) -> Phone:
        """Return the phone that asks; raise HTTPException if it has not joined."""
        self._require_word(request)
        secret = request.headers.get("x-phone") or request.query_params.get("phone") or ""
        if secret not in self._room.lesson.phones:
            raise HTTPException(403, "join first")
        return self._room.lesson.phones[secret]

    def _require_teacher(self, request: Request) -> None:
        if not secrets.compare_digest(request.cookies.get(COOKIE, "").encode(), self._room.secret.encode()):
            raise HTTPException(403, "open the projector's address from the terminal")


def application(room: Classroom) -> Starlette:
    """Return the web application of a lesson."""
    return Starlette(
        routes=Pages(room).routes(), middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=room.hosts)]
    )


async def _json(request: Request, longest: int = LONGEST_BODY) -> Mapping[str, Any]:
    """Return the JSON object that a request of our own pages carries; raise HTTPException for anything else."""
    if request.headers.get("content-type") != "application/json" or request.headers.get(OWN_HEADER) != "1":
        raise HTTPException(415, "send JSON from this page")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > longest:
            raise HTTPException(413, "too long")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise HTTPException(400, "send a JSON object")
    return said


def _page(name: str, data: Mapping[str, Any], language: str, status: int = 200) -> Response:
    text = json.dumps(data).replace("<", "\\u003c").replace("&", "\\u0026")
    content = _file(name).replace("{{language}}", language).replace("{{data}}", text)
    return HTMLResponse(content, status, headers=HEADERS)


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _stream(events: AsyncIterator[str]) -> Response:
    return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)
