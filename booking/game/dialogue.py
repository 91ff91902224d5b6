"""What the game answers to a line that the student types."""

from collections.abc import Callable
from dataclasses import dataclass

from booking.errors import BadInputError, InconclusiveError
from booking.game.game import Game
from booking.game.wording import HELP, ended, happened, hinted, standing, winning

_MOST_DIGITS = 6


@dataclass(frozen=True)
class Reply:
    """The game after a line, what to print, and whether the game is finished."""

    game: Game
    lines: tuple[str, ...]
    finished: bool = False


def answer(game: Game, line: str) -> Reply:
    """Return the reply to one line; a line that means nothing changes nothing and says so."""
    word = line.strip().lower()
    if word.isascii() and word.isdigit() and len(word) < _MOST_DIGITS:
        return _moved(game, int(word))
    if word in _COMMANDS:
        return _COMMANDS[word](game)
    return Reply(game, (f"{word!a:.20} means nothing here; type a buyer's number, or ? for help.",))


def _moved(game: Game, buyer: int) -> Reply:
    try:
        after = game.move(buyer)
    except BadInputError as error:
        return Reply(game, (_refusal(game, buyer, str(error)),))
    said = happened(after.moves[-1], after.scenario.trains)
    if after.is_won:
        return Reply(after, (said, *winning(after)), finished=True)
    return Reply(after, (said, *standing(after), *(ended(after) if after.is_over else ())))


def _refusal(game: Game, buyer: int, error: str) -> str:
    if buyer not in game.world.buyers:
        return f"There is no buyer {buyer}; use 1 to {len(game.world.buyers)}."
    outcome = game.world.outcome(buyer)
    return f"Buyer {buyer} has ended ({outcome}); move another one." if outcome else error


def _undone(game: Game) -> Reply:
    if not game.turns:
        return Reply(game, ("There is nothing to undo.",))
    before = game.undone()
    return Reply(before, (f"Undone: the step of buyer {game.turns[-1]}.", *standing(before)))


def _hint(game: Game) -> Reply:
    try:
        return Reply(game, (hinted(game),))
    except InconclusiveError:
        return Reply(game, ("The way to win is too far to be seen from here; move on, or use fewer buyers.",))


def _restarted(game: Game) -> Reply:
    before = game.restarted()
    return Reply(before, ("Restarted.", *standing(before)))


def _shown(game: Game) -> Reply:
    return Reply(game, tuple(standing(game)))


def _quit(game: Game) -> Reply:
    return Reply(game, (), finished=True)


def _help(game: Game) -> Reply:
    return Reply(game, (HELP,))


_COMMANDS: dict[str, Callable[[Game], Reply]] = {
    **dict.fromkeys(["u", "undo"], _undone),
    **dict.fromkeys(["r", "restart"], _restarted),
    **dict.fromkeys(["h", "hint"], _hint),
    **dict.fromkeys(["", "s", "show"], _shown),
    **dict.fromkeys(["q", "quit"], _quit),
    **dict.fromkeys(["?", "help"], _help),
}
