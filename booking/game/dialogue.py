"""The game in words: the replies to a player's lines, where each buyer stands, and how it ended."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from booking.errors import BadInputError, InconclusiveError
from booking.game.game import Game
from booking.history.finding import Anomaly
from booking.history.schedule import columns, command, heading
from booking.model.listing import world_listing
from booking.model.operation import Operation
from booking.model.prediction import predict
from booking.model.shared_state import train_of
from booking.model.world import Moved
from booking.reports.exploration import large
from booking.steps import Step
from booking.text.verbs import VERBS, count_words, verb_of
from booking.text.words import WIDTH, count_of, ranges

HELP = """\
  1, 2, ...  move that buyer by one step
  u          undo the last step
  r          restart
  h          hint: what to do next, and how far it is
  s          show where each buyer stands
  p          the program that each buyer runs, and where it is
  q          quit
  ?          this help"""
KILL_HELP = "  k1, k2 ... kill that buyer; {}"
_KILL = re.compile(r"(?:k(?:ill)? ?|-)([0-9]{1,5})")
_MOST_DIGITS = 6
GOALS = {
    Anomaly.OVERSOLD: ("more tickets are sold than there are", "oversells"),
    Anomaly.TORN_READ: ("a buyer reads half a file", "reads half a file"),
    Anomaly.DEADLOCK: ("nobody can move any more, and somebody still waits", "leaves somebody waiting"),
}
"""How each goal follows "You win if", and what an order that reaches it does."""


@dataclass(frozen=True)
class Reply:
    """The game after a line, what to print, and whether the game is finished."""

    game: Game
    lines: tuple[str, ...]
    finished: bool = False


def answer(game: Game, line: str) -> Reply:
    """Return the reply to one line; a line that means nothing leaves the game as it is."""
    word = line.strip().lower()
    if word.isascii() and word.isdigit() and len(word) < _MOST_DIGITS:
        return _move(game, int(word))
    if game.explored.crashes and (killed := _KILL.fullmatch(word)):
        return _move(game, -int(killed[1]))
    if word in _COMMANDS:
        return _COMMANDS[word](game)
    return Reply(game, (f"{word!a:.20} means nothing here; type a buyer's number, or ? for help.",))


def _move(game: Game, turn: int) -> Reply:
    try:
        after = game.move(turn)
    except BadInputError as error:
        return Reply(game, (_refusal(game, abs(turn), str(error)),))
    said = move_text(after.moves[-1], after.scenario.trains)
    if after.is_won:
        return Reply(after, (said, *winning(after)), finished=True)
    return Reply(after, (said, *standing(after), *(ending(after) if after.is_over else ())))


def _refusal(game: Game, buyer: int, error: str) -> str:
    if buyer not in game.world.buyers:
        return f"There is no buyer {buyer}; use 1 to {len(game.world.buyers)}."
    outcome = game.world.outcome(buyer)
    return f"Buyer {buyer} has ended ({outcome}); move another one." if outcome else f"{error.capitalize()}."


def _undo(game: Game) -> Reply:
    if not game.turns:
        return Reply(game, ("There is nothing to undo.",))
    before = game.undone()
    return Reply(
        before,
        (f"Undone: the {'step' if game.turns[-1] > 0 else 'death'} of buyer {abs(game.turns[-1])}.", *standing(before)),
    )


def _hint(game: Game) -> Reply:
    try:
        return Reply(replace(game, hints=game.hints + 1), (hint_text(game),))
    except InconclusiveError:
        return Reply(game, ("The way to win is too far to be seen from here; move on, or use fewer buyers.",))


_COMMANDS: dict[str, Callable[[Game], Reply]] = {
    **dict.fromkeys(["u", "undo"], _undo),
    **dict.fromkeys(
        ["r", "restart"], lambda game: Reply(game.restarted(), ("Restarted.", *standing(game.restarted())))
    ),
    **dict.fromkeys(["h", "hint"], _hint),
    **dict.fromkeys(["", "s", "show"], lambda game: Reply(game, tuple(standing(game)))),
    **dict.fromkeys(["p", "program"], lambda game: Reply(game, (*code_lines(game), "", *standing(game)))),
    **dict.fromkeys(["q", "quit"], lambda game: Reply(game, (), finished=True)),
    **dict.fromkeys(["?", "help"], lambda game: Reply(game, (HELP, *_kill_help(game)))),
}


def opening(game: Game, *, tells: bool = True) -> Iterator[str]:
    """Yield the rules, and whether the game can be won if that `tells`."""
    yield f"{heading(game.scenario)}."
    yield f"You decide who moves. You win if {GOALS[game.goal][0]}."
    yield from prospects(game) if tells else ()
    yield from (f"You may kill {count_of(game.explored.crashes, 'buyer')}: k1 kills buyer 1.",) * bool(
        game.explored.crashes
    )
    yield "Type a buyer's number, or ? for help."


def prospects(game: Game) -> Iterator[str]:
    """Yield whether the game can be won at all, and in how many steps."""
    if game.least is not None:
        yield f"It can be won in {count_of(game.least, 'step')}."
    elif game.explored.exhausted:
        yield hopeless(game)
        yield "Play it all the same, and find out what stops you."
    else:
        yield f"Whether it can be won is unknown: {_tried(game)} were tried, and there are more."


def hopeless(game: Game) -> str:
    """Return the proof that no order wins."""
    return f"It cannot be won: {_tried(game)} were tried, which is all of them, and none {GOALS[game.goal][1]}."


def _tried(game: Game) -> str:
    number = game.explored.interleavings
    return f"{large(number)} {'interleaving' if number == 1 else 'interleavings'}"


def standing(game: Game) -> Iterator[str]:
    """Yield the file's count and, for each buyer, its next step, or which buyer blocks it, or how it ended."""
    yield f"{_left(game)}; {count_of(game.sold, 'ticket')} sold; {count_of(len(game.turns), 'step')} so far."
    code = world_listing(game.world)
    lines = code.step_lines if code else [0] * len(game.world.buyers)
    stands = [f"  buyer {buyer:<3} {_stands(game, buyer)}" for buyer in game.world.buyers]
    behind = max(map(len, stands)) + 2
    for text, line in zip(stands, lines, strict=True):
        source = f"{line:>4}  {code.source(line)}" if code and line else ""
        yield f"{text:<{behind}}{source}".rstrip() if behind + len(source) <= WIDTH else text


def code_lines(game: Game) -> Iterator[str]:
    """Yield the buyers' code, with the numbers of the buyers in front of the lines at which they stand."""
    code = world_listing(game.world)
    if code:
        yield f"{code.file}, with each buyer's number (1>) at the line that it runs next:"
        yield from code.marked(dict(enumerate(code.step_lines, 1)))


def _kill_help(game: Game) -> tuple[str, ...]:
    most = game.explored.crashes
    return (KILL_HELP.format(f"at most {most}"),) if most else ()


def _left(game: Game) -> str:
    """Return what the file says, or the two trains' files, or all shares together."""
    if game.scenario.shares:
        return f"All shares together hold {game.world.count_left:,}"
    says = ["is half-written" if left is None else f"says {left:,}" for left in game.world.counts_left]
    if len(says) == 1:
        return f"The file {says[0]}"
    others = ", ".join(f"that of train {train} {text}" for train, text in enumerate(says[1:], 2))
    return f"The file of train 1 {says[0]}, {others}"


def move_text(moved: Moved, trains: int = 1) -> str:
    """Return what one turn did, in a sentence, with its train if there are several `trains`."""
    if trains > 1 and moved.step:
        return f"{move_text(moved)[:-1]} (train {moved.train})."
    does = verb_of(moved.step, moved.value).does if moved.step else "dies"
    return f"Buyer {moved.buyer} {does.format(count_words(moved.value))}."


def hint_text(game: Game) -> str:
    """Return the hint in a sentence or two; raise InconclusiveError if it cannot be told."""
    if game.is_won:
        return "You have won already."
    hint = game.hint()
    if hint is not None:
        far = f"You can win in {count_of(len(hint.schedule), 'more step')}."
        turn = hint.schedule[0]
        who = f"Move buyer {turn}." if turn > 0 else f"Kill buyer {-turn} (k{-turn})."
        return f"{who} {far}" if game.hints else f"{far} Ask again (h) to hear whose step is next."
    if game.least is not None:
        return "From here it cannot be won any more; undo (u) or restart (r)."
    return "It cannot be won from here: every way to go on was tried."


def winning(game: Game) -> Iterator[str]:
    """Yield the end of a game that was won."""
    if game.goal is Anomaly.OVERSOLD:
        yield (
            f"You win: {count_of(game.sold, 'ticket')} were sold, but only {game.scenario.tickets:,} existed. "
            f"The file says {game.world.count_left}: nobody would notice."
        )
    else:
        findings = predict(game.scenario, game.whole_order).verdict.findings
        yield " ".join(["You win.", *(finding.text for finding in findings if finding.anomaly == game.goal)])
    steps, least = len(game.order), game.least
    fewest = ", and no way needs fewer" if least is None or steps <= least else f"; {least} are enough"
    yield f"You needed {count_of(steps, 'step')}{fewest}."


def ending(game: Game) -> Iterator[str]:
    """Yield the end of a game that was not won: no buyer can move any more."""
    yield f"Nobody can move any more. {predict(game.scenario, game.turns).verdict}"
    yield "Undo (u), restart (r) or quit (q)."


def farewell(game: Game) -> Iterator[str]:
    """Yield the game in columns and the command that makes it happen with real processes."""
    if not game.turns:
        yield "Nobody has moved."
        return
    # A game that was left in the middle can be replayed once all buyers that began have ended.
    turns = game.turns + game.world.serial(map(abs, game.turns))
    prediction = predict(game.scenario, turns)
    yield ""
    yield from columns(prediction.cells, prediction.ends)
    yield ""
    added = len(turns) - len(game.turns)
    if added:
        verb = "was" if added == 1 else "were"
        yield f"({count_of(added, 'step')} {verb} added at the end, so that no buyer stops in the middle.)"
    yield "Make it happen with real processes:"
    yield f"  {command(game.scenario, turns)}"


def _stands(game: Game, buyer: int) -> str:
    request, outcome = game.world.request(buyer), game.world.outcome(buyer)
    if request is None:
        return f"has ended: {outcome}"
    holders, trains = game.world.blocked_by(buyer), game.scenario.trains
    if holders:
        verb = "holds" if len(holders) == 1 else "hold"
        return f"blocked: it wants to {_next(request, trains)}, and buyer {ranges(holders)} {verb} it"
    return f"next: {_next(request, trains)}"


def _next(request: Operation, trains: int) -> str:
    train = f" (train {train_of(request.name)})" if trains > 1 else ""
    return VERBS[request.step].to_do.format(request.expected if request.step is Step.SWAP else request.value) + train
