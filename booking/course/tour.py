"""The tour: predict, race, lock, be the scheduler, proof; real sales, and the student's answers beside the facts.

All words are texts (`booking/text/`, table "tour"), so that the tour speaks every language in which they are there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from booking.explorer.exploration import explore
from booking.game.game import Game, new_game
from booking.history.verdict import judge
from booking.model.world import Moved
from booking.replayer.stage import replay
from booking.scenario import Scenario
from booking.simulation.sale import simulate
from booking.text.words import power

LOCK = "file"
BUYERS = 10
SCREENS = ("predict", "race", "lock", "play", "proof")
_MOST_DIGITS = 9


class Screen(Protocol):
    """Where the tour is shown."""

    def turn_page(self, heading: str) -> None:
        """Begin a new screen with this heading."""

    def say(self, text: str) -> None:
        """Show a paragraph."""

    def ask(self, prompt: str) -> str | None:
        """Return what the student answers, "" for Enter alone, None if there is nobody to answer."""


@dataclass
class Tour:
    """One student's way through the five screens. `db` is the file that is sold from; it is restocked each time.

    `answers` tells of each number that the student gave whether it was right, and `sold` and `left` are the first two.
    """

    screen: Screen
    texts: Mapping[str, str]
    db: Path
    answers: list[bool] = field(default_factory=list)
    sold: int | None = None
    left: int | None = None

    def run(self) -> None:
        """Show all screens; Enter leads from one to the next."""
        for place, name in enumerate(SCREENS, 1):
            self.screen.turn_page(f"{place} / {len(SCREENS)}  {self.texts[f'{name}_title']}")
            getattr(self, f"_{name}")()
            if name != SCREENS[-1]:
                self.screen.ask(self.texts["go_on"])
        if self.answers:
            self._say("score", right=sum(self.answers), asked=len(self.answers))
        self._say("closing")

    def _predict(self) -> None:
        self._say("predict", buyers=BUYERS)
        self.sold = self._number("predict_sold")
        self.left = self._number("predict_left")

    def _race(self) -> None:
        self._say("race", buyers=BUYERS)
        sold, left = self._sell("none")
        self._compare("fact_sold", sold, self.sold)
        self._compare("fact_left", left, self.left)
        self._say("race_why" if sold > 1 else "race_luck", sold=sold)

    def _lock(self) -> None:
        self._say("lock")
        guess = self._number("lock_sold")
        self._say("lock_again", buyers=BUYERS)
        sold, left = self._sell(LOCK)
        self._compare("fact_sold", sold, guess)
        self._compare("fact_left", left, None)
        self._say("lock_why", others=BUYERS - 1)

    def _play(self) -> None:
        self._say("play")
        game = new_game(Scenario(2))
        while not game.is_won:
            game = self._turn(game)
        self._say("play_won", order=" ".join(map(str, game.turns)))
        real = replay(game.turns, game.scenario, db=self.db)
        self._say("play_real", sold=real.verdict.sold, left=real.history.counts_left[0])

    def _turn(self, game: Game) -> Game:
        """Return the game after the student's move; without an answer the nearest way to win is shown."""
        if game.is_over:
            self._say("play_over")
            return game.restarted()
        answer = self.screen.ask(self.texts["play_turn"])
        if answer and answer not in {"1", "2"}:
            self._say("play_type")
            return game
        hint = None if answer else game.hint()
        if not answer and hint is None:
            self._say("play_late")
            return game.restarted()
        turn = hint.schedule[0] if hint else int(answer or 0)
        if game.world.request(turn) is None:
            self._say("play_ended", buyer=turn)
            return game
        after = game.move(turn)
        self._tell(after.moves[-1])
        return after

    def _tell(self, moved: Moved) -> None:
        self._say(f"play_{moved.step}", buyer=moved.buyer, value=moved.value)

    def _proof(self) -> None:
        bare, locked = explore(Scenario(2)), explore(Scenario(2, lock=LOCK))
        many = explore(Scenario(BUYERS, lock=LOCK))
        self._say("proof", total=bare.interleavings)
        guess = self._number("proof_bad")
        self._compare("proof_none", bare.oversold_interleavings or 0, guess, total=bare.interleavings)
        self._say("proof_lock", total=locked.interleavings, bad=locked.oversold_interleavings)
        total = power(many.interleavings or 0)
        self._say("proof_many", total=total, bad=many.oversold_interleavings, buyers=BUYERS)
        self._say("proof_why")

    def _say(self, name: str, **values: object) -> None:
        self.screen.say(self.texts[name].format(**values))

    def _number(self, name: str) -> int | None:
        """Return the number that the student answers, None for no answer."""
        while answer := self.screen.ask(self.texts[name]):
            if answer.isascii() and answer.isdigit() and len(answer) <= _MOST_DIGITS:
                return int(answer)
            self._say("type_number")
        return None

    def _compare(self, name: str, fact: int | None, guess: int | None, **values: object) -> None:
        """Show a fact, with what the student had said about it."""
        line = self.texts[name].format(fact=fact, **values)
        if guess is not None:
            self.answers.append(guess == fact)
            line += self.texts["guess_right" if guess == fact else "guess_wrong"].format(guess=guess)
        self.screen.say(line)

    def _sell(self, lock: str) -> tuple[int, int | None]:
        """Hold a real sale of one ticket and return how many were sold and what the file says."""
        history = simulate(Scenario(BUYERS, lock=lock), db=self.db)
        return judge(history).sold, history.counts_left[0]
