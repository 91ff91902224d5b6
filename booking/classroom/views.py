"""What each screen of a lesson shows: a phone, and the projector. Pure functions of the lesson."""

from typing import Any

from booking.classroom.lesson import CREW, Lesson, Phone, Round
from booking.purchase import Outcome
from booking.steps import PAY


def phone_view(lesson: Lesson, phone: Phone) -> dict[str, Any]:
    """Return all that one phone shows."""
    played = lesson.round
    buyer = played.buyer_of(phone.number)
    mine = [step for step in played.steps.get(buyer or 0, []) if step[0] != PAY]  # it pays after it has read
    outcome = played.outcomes.get(buyer or 0)
    return {
        "phase": lesson.phase,
        "mode": lesson.mode,
        "round": len(lesson.rounds),
        "tickets": lesson.tickets,
        "name": phone.label,
        "guess": played.guesses.get(phone.number),
        "buyer": buyer,
        "pid": played.pids.get(buyer or 0),
        "state": mine[-1][:3] if mine else None,
        "outcome": outcome,
        "others": len(played.holders) - 1 if outcome == Outcome.BOUGHT else 0,
        "choices": lesson.choices,
        "vote": played.votes.get(phone.number),
        "handed": [handed.says for handed in lesson.handed if handed.phone == phone.number],
    }


def wall_view(lesson: Lesson) -> dict[str, Any]:
    """Return all that the projector shows."""
    played = lesson.round
    crew = list(range(1, CREW + 1)) if lesson.mode == "vote" else list(played.buyers)
    lanes = [
        {
            "buyer": buyer,
            "name": str(buyer) if lesson.mode == "vote" else lesson.label(played.buyers[buyer]),
            "steps": played.steps.get(buyer, []),
            "outcome": played.outcomes.get(buyer),
        }
        for buyer in crew
    ]
    return {
        "phase": lesson.phase,
        "mode": lesson.mode,
        "round": len(lesson.rounds),
        "lock": played.lock,
        "tickets": lesson.tickets,
        "phones": [lesson.label(phone.number) for phone in lesson.phones.values()],
        "guesses": sorted(played.guesses.values()),
        "lanes": lanes,
        "turns": played.turns,
        "sold": len(played.holders),
        "holders": [lane["name"] for lane in lanes if lane["outcome"] == Outcome.BOUGHT],
        "votes": played.tally(),
        "choices": lesson.choices,
        "offered": lesson.offered,
        "next": lesson.locks[len(lesson.rounds)] if len(lesson.rounds) < len(lesson.locks) else None,
        "verdict": played.verdict,
        "note": played.note,
        "hidden": lesson.names_hidden,
        "handed": [
            {"by": lesson.label(handed.phone), "name": handed.name, "says": handed.says} for handed in lesson.handed
        ],
        "usable": [handed.file for handed in lesson.handed if handed.usable],
        "rounds": [summary(number, past) for number, past in enumerate(lesson.rounds, 1) if past.verdict or past.note],
    }


def summary(number: int, played: Round) -> dict[str, Any]:
    """Return one round in a line of the last table."""
    guesses = sorted(played.guesses.values())
    return {
        "round": number,
        "lock": played.lock,
        "guess": guesses[len(guesses) // 2] if guesses else None,
        "buyers": len(played.outcomes),
        "sold": len(played.holders),
        "verdict": played.verdict["name"] if played.verdict else None,
    }
