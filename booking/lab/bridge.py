"""What the lab's page asks for: plain values in, plain values out. It runs in the browser, in Pyodide's worker.

Nothing here starts a process, opens a socket or imports the command line.
"""

import inspect
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Literal

from booking.course.levels import LEVELS, Level
from booking.errors import BadInputError, BookingError
from booking.explorer import explore
from booking.game.dialogue import hint_text, hopeless
from booking.game.game import Game
from booking.grading import prove
from booking.grading.finding import Finding, Proof, Step
from booking.history.schedule import heading, parse, step_text
from booking.history.verdict import judge
from booking.locks.own import is_lock
from booking.model.prediction import predict
from booking.model.world import Moved
from booking.purchase import buy, purchase
from booking.reports.exploration import render as exploration_text
from booking.reports.page.exploration import render as exploration_page
from booking.scenario import Scenario
from booking.storage.source import MODULE, executed, takes_a_desk
from booking.text.language import texts
from booking.text.verbs import verb_of

FILE = "lock.py"
"""What the pupil's text is called in messages."""
MOST_STATES = 100_000
"""How many states an exploration may visit in a browser: a few seconds."""
PROOF_STATES = 200_000
PROOF_SECONDS = 8.0


def call(name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to a question of the page; a failure is an answer too, with `error` and perhaps its `line`."""
    try:
        return ANSWERS[name](**said)
    except BookingError as error:
        line = re.match(r"line (\d+)", str(error))
        return {"error": str(error), "line": int(line[1]) if line else None}


def levels(language: str) -> dict[str, Any]:
    """Return the levels of the game with their titles."""
    told = texts("levels", language)
    return {
        "levels": [
            {
                "name": level.name,
                "title": told[f"{level.name}_title"],
                "idea": told[f"{level.name}_idea"],
                "setting": heading(level.scenario),
                "goal": str(level.goal),
                "crashes": level.crashes,
                "orders": level.orders,
                "hopeless": level.may_be_hopeless,
            }
            for level in LEVELS
        ],
        "code": f"{inspect.getsource(purchase)}\n\n{inspect.getsource(buy)}",
    }


@cache
def _game(name: str) -> tuple[Level, Game]:
    level = next(level for level in LEVELS if level.name == name)
    return level, level.game()


def play(level: str, turns: list[int]) -> dict[str, Any]:
    """Return where a game stands after these turns; -2 kills buyer 2."""
    task, game = _game(level)
    for turn in turns:
        game = game.move(turn)
    won = game.is_won and task.allows(game.order)
    return {
        "moves": [_moved(moved) for moved in game.moves],
        "buyers": [_stands(game, buyer) for buyer in game.world.buyers],
        "may_kill": len(game.world.dead) < task.crashes,
        "sold": game.sold,
        "tickets": game.scenario.tickets,
        "count": game.world.count_left,
        "won": won,
        "over": game.is_over,
        "switches": task.switches,
        "order": ",".join(map(str, game.whole_order)) if won else None,
        "ways": task.ways(game),
        "least": game.least,
    }


def hint(level: str, turns: list[int]) -> dict[str, Any]:
    """Return a hint in words."""
    _, game = _game(level)
    for turn in turns:
        game = game.move(turn)
    return {"text": hint_text(replace(game, hints=1))}


def claim(level: str) -> dict[str, Any]:
    """Say whether it is right that nobody can win this level."""
    _, game = _game(level)
    return {"right": game.least is None, "text": hopeless(game) if game.least is None else ""}


def _moved(moved: Moved) -> dict[str, Any]:
    text = "dies" if moved.step is None else step_text(moved.step, moved.value, moved.train)
    return {"buyer": moved.buyer, "text": text, "step": moved.step and str(moved.step)}


def _stands(game: Game, buyer: int) -> dict[str, Any]:
    request, outcome = game.world.request(buyer), game.world.outcome(buyer)
    dead = buyer in game.world.dead
    following = None if request is None or dead else verb_of(request.step, request.value).to_do.format(request.value)
    return {
        "buyer": buyer,
        "next": following,
        "blocked_by": list(game.world.blocked_by(buyer)),
        "outcome": "dead" if dead else outcome and str(outcome),
        "step": request and str(request.step),
    }


def exploration(crashes: int = 0, **dials: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a scenario takes
    """Return the counts, the text and the page of an exploration."""
    found = explore(Scenario(**dials), crashes=crashes, max_states=MOST_STATES)
    return {
        "verdict": found.verdict,
        "text": exploration_text(found),
        "page": exploration_page(found),
        "counts": {"interleavings": str(found.interleavings), "exhausted": found.exhausted},
    }


def lock_in(names: Mapping[str, Any]) -> type | None:
    """Return the last class of a pupil's text that is a lock, None if there is none."""
    locks = [kind for kind in names.values() if inspect.isclass(kind) and kind.__module__ == MODULE and is_lock(kind)]
    return locks[-1] if locks else None


def _buyer_in(names: Mapping[str, Any]) -> Callable[..., Any] | None:
    """Return the last function of a pupil's text that takes a desk, None if there is none."""
    made = [value for value in names.values() if inspect.isfunction(value) and value.__module__ == MODULE]
    buyers = [function for function in made if takes_a_desk(function)]
    return buyers[-1] if buyers else None


def proof(code: str, buyers: list[int], memory: Literal["sc", "tso"] = "sc") -> dict[str, Any]:
    """Return what is proved of a pupil's lock, or all that a pupil's buyer can do."""
    names = vars(executed(code, FILE))
    kind, buyer = lock_in(names), _buyer_in(names)
    if kind is None and buyer is not None:
        explored = explore(Scenario(max(buyers)), program=buyer, max_states=MOST_STATES)
        return {"buyer": buyer.__name__, "text": exploration_text(explored), "verdict": explored.verdict}
    if kind is None:
        raise BadInputError(
            "there is no lock here: write a class with acquire(self, me) and release(self, me), or a buyer: a function "
            "that takes a desk"
        )
    proofs = [
        prove(kind, buyers=number, memory=memory, seconds=PROOF_SECONDS, states=PROOF_STATES) for number in buyers
    ]
    return {"lock": kind.__name__, "results": [_proof(found) for found in proofs]}


def _proof(found: Proof) -> dict[str, Any]:
    properties = {
        "exclusion": found.exclusion,
        "deadlock_freedom": found.deadlock_freedom,
        "starvation_freedom": found.starvation_freedom,
    }
    return {
        "buyers": found.buyers,
        "steps": found.steps,
        "bypass": found.bypass,
        "states": found.states,
        "properties": {name: _finding(finding) for name, finding in properties.items()},
    }


def _finding(finding: Finding) -> dict[str, Any]:
    witness = finding.witness
    return {
        "answer": finding.answer,
        "reason": finding.reason,
        "steps": [_step(step) for step in witness.steps] if witness else [],
        "cycle": [_step(step) for step in witness.cycle] if witness else [],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "buyer": step.buyer,
        "what": _deed(step),
        "line": step.line,
        "cells": {name: str(value) for name, value in step.cells.items()},
        "buffers": [[f"{cell} = {value}" for cell, value in buffer] for buffer in step.buffers],
        "inside": list(step.inside),
    }


def _deed(step: Step) -> str:
    """Return a step in words: what is done to which cell, and what comes of it."""
    if not step.cell:
        return step.kind
    if step.kind in {"read", "get"}:
        return f"{step.kind} {step.cell}: {step.was}"
    told = "" if step.was is None or step.kind in {"write", "set", "flush"} else f" (was told {step.was})"
    return f"{step.kind} {step.cell} = {step.value}{told}"


def check(exercise: Mapping[str, Any], answer: str) -> dict[str, Any]:
    """Say whether an answer to a lesson's exercise is right; the proof decides, not a list of answers."""
    kind, given = exercise["kind"], answer.strip().lower()
    if kind == "choice":
        return {"right": given.rstrip(").") == exercise["answer"]}
    if kind == "number":
        return {"right": re.sub(r"[,.\s]", "", given) == exercise["answer"]}
    dials, expected = _dials(exercise["command"])
    return {"right": _verdict_of(parse(answer), dials) == expected}


def _verdict_of(schedule: tuple[int, ...], dials: dict[str, Any]) -> str:
    buyers = max(2, *map(abs, schedule))
    return judge(predict(Scenario(**({"buyers": buyers} | dials)), schedule).history).name


def _dials(command: str) -> tuple[dict[str, Any], str]:
    """Return the dials of a scenario that a command names, and the verdict that it expects."""
    words = shlex.split(command)
    options = {word[2:]: value for word, value in zip(words, [*words[1:], ""], strict=True) if word.startswith("--")}
    expected = options.pop("expect", "").replace("-", " ")
    numbers = {name: int(options[name]) for name in ("buyers", "tickets", "trains", "permits") if name in options}
    names = {dial: options[option] for option, dial in _NAMES.items() if option in options}
    return numbers | names, expected


_NAMES = {"lock": "lock", "store": "store", "lock-order": "order"}

ANSWERS: dict[str, Callable[..., dict[str, Any]]] = {
    "levels": levels,
    "play": play,
    "hint": hint,
    "claim": claim,
    "explore": exploration,
    "prove": proof,
    "check": check,
}
"""What the page may ask for."""
