"""The game and the quiz: pure from a line to its answer, and the same in a pipe and in a terminal."""

import io
import re
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.cli.app import run_command
from booking.errors import BadInputError
from booking.game.dialogue import Reply, answer, farewell, opening
from booking.game.game import Game, in_turn, new_game, riddles
from booking.model.prediction import predict
from booking.model.world import World
from booking.scenario import Scenario

RACE = Scenario(buyers=2)
LOCKED = Scenario(buyers=2, lock="mp")


def test_a_saved_schedule_brings_its_own_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The quiz asks about the scenario in the file, with what the command line changes: two tickets, not its lock."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("2\n"))
    assert (
        run_command(
            [
                "explore",
                "--buyers",
                "2",
                "--lock",
                "mp",
                "--trains",
                "2",
                "--lock-order",
                "opposite",
                "--save",
                "s.json",
            ]
        )
        == 0
    )
    capsys.readouterr()
    assert run_command(["play", "--predict", "s.json", "--tickets", "2"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "2 buyers, 2 tickets on each of 2 trains, taken in opposite orders (t2 is train 2), lock mp, store json."
        in said
    )


def played(game: Game, *lines: str) -> Reply:
    """Return the reply to the last of these lines."""
    for line in lines:
        reply = answer(game, line)
        game = reply.game
    return reply


def text(reply: Reply) -> str:
    """Return what is printed."""
    return "\n".join(reply.lines)


def test_the_ticket_is_sold_twice_in_six_steps() -> None:
    """Both read before either writes: the game is won, and nobody can do it in fewer steps."""
    reply = played(new_game(RACE), "1", "1", "2", "2", "2", "1")
    assert reply.finished
    assert (reply.game.sold, reply.game.is_won) == (2, True)
    assert text(reply) == (
        "Buyer 1 writes the count: 0.\n"
        "You win: 2 buyers hold a ticket, and 1 existed. The file says 0: nobody would notice.\n"
        "You needed 6 steps, and no way needs fewer."
    )


def test_a_detour_is_counted() -> None:
    """A third buyer that only looked did not help."""
    reply = played(new_game(Scenario(buyers=3)), "3", "1", "1", "2", "2", "2", "1")
    assert "You needed 7 steps; 6 are enough." in text(reply)


def test_every_buyers_next_step_is_shown() -> None:
    """The count in the file, the next step of each buyer, who is blocked and by whom."""
    reply = played(new_game(LOCKED), "1", "1", "2")
    assert text(reply) == (
        "Buyer 2 looks and sees 1.\n"
        "The file says 1; 0 tickets sold; 3 steps so far.\n"
        "  buyer 1   next: read the count\n"
        "  buyer 2   blocked: it wants to take the lock, and buyer 1 holds it"
    )


def test_a_blocked_turn_moves_nobody() -> None:
    """The attempt is a turn of the schedule, and the world stays as it is."""
    before = played(new_game(LOCKED), "1", "1", "2").game
    reply = answer(before, "2")
    assert reply.lines[0] == "Buyer 2 waits for the lock."
    assert (reply.game.world, len(reply.game.turns)) == (before.world, 4)


def test_undo_and_restart() -> None:
    """Each goes back, and the start is the end of it."""
    game = new_game(RACE)
    after = played(game, "1", "2").game
    assert answer(after, "u").game == played(game, "1").game
    assert answer(after, "r").game == game
    assert answer(game, "undo").lines == ("There is nothing to undo.",)


def test_the_hint_leads_to_the_win() -> None:
    """Whoever follows the hints from the start wins in the fewest steps; each says how many are left."""
    game, left = new_game(RACE), 6
    while not game.is_won:
        hint = re.fullmatch(r"Move buyer (\d)\. You can win in (\d) more steps?\.", text(answer(game, "h")))
        assert hint is not None
        assert int(hint[2]) == left
        game, left = answer(game, hint[1]).game, left - 1
    assert len(game.turns) == 6


def test_the_hint_says_when_it_is_too_late() -> None:
    """Buyer 1 has written before buyer 2 read: undo."""
    reply = played(new_game(RACE), "1", "1", "1", "h")
    assert text(reply) == "From here it cannot be won any more; undo (u) or restart (r)."


def test_with_a_lock_the_proof_is_told() -> None:
    """2 buyers under a lock have 12 interleavings, and none oversells (derived in the golden table)."""
    game = new_game(LOCKED)
    told = " ".join(opening(game))
    assert "It cannot be won: 12 interleavings were tried, which is all of them, and none oversells." in told
    assert text(answer(game, "h")) == "It cannot be won from here: every way to go on was tried."


def test_a_game_that_nobody_can_go_on_with_is_judged() -> None:
    """All have ended, one ticket is sold: a sound sale, and no win."""
    reply = played(new_game(RACE), "1", "1", "1", "2", "2")
    assert not reply.finished
    assert "Nobody can move any more: 1 ticket sold, 1 existed. The verdict is: sound." in reply.lines
    assert text(answer(reply.game, "2")) == "Buyer 2 has ended (sold out); move another one."


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("3", "There is no buyer 3; use 1 to 2."),
        ("0", "There is no buyer 0; use 1 to 2."),
        ("-1", "'-1' means nothing here; type a buyer's number, or ? for help."),
        ("1 2", "'1 2' means nothing here; type a buyer's number, or ? for help."),
        ("99999999999999999999", "'9999999999999999999 means nothing here; type a buyer's number, or ? for help."),
        ("\x1b[A", "'\\x1b[a' means nothing here; type a buyer's number, or ? for help."),
        ("\u0661", "'\\u0661' means nothing here; type a buyer's number, or ? for help."),
    ],
)
def test_a_line_that_means_nothing_changes_nothing(line: str, said: str) -> None:
    """The reply is one line that can be printed anywhere."""
    game = new_game(RACE)
    assert answer(game, line) == Reply(game, (said,))


def test_help_names_every_command() -> None:
    """What can be typed is written there."""
    told = text(answer(new_game(RACE), "?"))
    assert re.findall(r"^  (\S)", told, re.MULTILINE) == ["1", "u", "r", "h", "s", "q", "?"]


@settings(derandomize=True, database=None, deadline=None)
@given(st.lists(st.sampled_from(["1", "2", "3", "u", "r", "s", "", "4", "x"]), max_size=20), st.sampled_from("nm"))
def test_every_game_ends_with_a_schedule_that_can_be_replayed(lines: list[str], lock: str) -> None:
    """However it was played and wherever it was left, the turns with their completion are a complete schedule."""
    scenario = Scenario(buyers=3, lock={"n": "none", "m": "mp"}[lock], store="inplace")
    game = played(GAMES[lock], "s", *lines).game
    told = list(farewell(game))
    if game.turns:
        schedule = game.turns + game.world.serial(game.turns)
        assert schedule[: len(game.turns)] == game.turns
        assert ",".join(map(str, predict(scenario, schedule).schedule)) in told[-1]
    else:
        assert told == ["Nobody has moved."]


GAMES = {
    "n": new_game(Scenario(buyers=3, lock="none", store="inplace")),
    "m": new_game(Scenario(buyers=3, lock="mp", store="inplace")),
}


def test_too_many_buyers_are_refused() -> None:
    """Nobody plays with more than 20."""
    with pytest.raises(BadInputError, match="--buyers is 21; use a whole number from 1 to 20"):
        new_game(Scenario(buyers=21))


def test_riddles_alternate() -> None:
    """A safe schedule, then one that oversells, and so on; under a lock all are safe."""
    sold = [predict(RACE, schedule).verdict.sold for schedule in riddles(RACE)]
    assert sold == [1, 2, 1, 2]
    assert {predict(LOCKED, schedule).verdict.sold for schedule in riddles(LOCKED)} == {1}


def test_the_two_simplest_schedules() -> None:
    """One after the other, or in turn: look, read, write each, without a lock."""
    world = World.before(RACE)
    assert world.serial() == (1, 1, 1, 2, 2)
    assert in_turn(world) == (1, 2, 1, 2, 1, 2)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return a standard input into which a test writes what is piped in."""
    lines = io.StringIO()
    monkeypatch.setattr("sys.stdin", lines)
    return lines


def typing(lines: io.StringIO, content: str) -> None:
    """Pipe this in."""
    lines.write(content)
    lines.seek(0)


def test_a_game_from_piped_input(typed: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    """What is typed is echoed; the end of the input ends the game with the command that replays it."""
    typing(typed, "1\n1\n2\n")
    assert run_command(["play"]) == 0
    said = capsys.readouterr().out
    assert "> 1\nBuyer 1 looks and sees 1.\n" in said
    assert "(2 steps were added at the end, so that no buyer stops in the middle.)" in said
    assert said.endswith("  booking replay 1,1,2,1,2 --buyers 2 --tickets 1 --lock none --store json\n")


def test_quitting(typed: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    """What stands behind q is not read."""
    typing(typed, "q\n1\n")
    assert run_command(["play", "--lock", "file"]) == 0
    assert capsys.readouterr().out.endswith("> q\nNobody has moved.\n")


def test_ctrl_c_ends_a_game_politely(
    typed: io.StringIO, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was played so far is still printed; the program turns the interruption into status 130."""
    waiting = iter(["1\n"])

    def read() -> str:
        for line in waiting:
            return line
        raise KeyboardInterrupt

    monkeypatch.setattr(typed, "readline", read)
    assert run_command(["play"]) == 130
    assert "booking replay 1,1,1 " in capsys.readouterr().out


@pytest.mark.parametrize(("options", "prompt"), [([], b"> "), (["--predict"], b"tickets sold: ")], ids=["game", "quiz"])
def test_a_real_ctrl_c_is_status_130(db: Path, options: list[str], prompt: bytes) -> None:
    """The program stands at its prompt when the signal comes: one line, no traceback."""
    program = [sys.executable, "-m", "booking", "play", *options, "--db", db]
    with subprocess.Popen(program, stdin=PIPE, stdout=PIPE, stderr=PIPE) as playing:
        assert playing.stdout is not None
        said = b""
        while not said.endswith(prompt):
            said += playing.stdout.read(1)
        playing.send_signal(signal.SIGINT)
        _, error = playing.communicate(timeout=30)
    assert playing.returncode == 130
    assert error == b"Stopped.\n"


def test_the_quiz(typed: io.StringIO, capsys: pytest.CaptureFixture[str], db: Path) -> None:
    """Each answer is judged by what real processes did; what is no number is asked for again."""
    typing(typed, "1\nwhat\n1\nq\n")
    assert run_command(["play", "--predict", "--db", str(db)]) == 0
    said = capsys.readouterr().out
    assert "Right: 1 ticket was sold. Real processes did this:" in said
    assert "Type a number of tickets, or q to quit." in said
    assert "Wrong, you said 1: 2 tickets were sold. Real processes did this:" in said
    assert said.endswith("You were right 1 of 2 times.\n")
    assert db.read_text() == '{"count": 0}\n'


def test_the_quiz_about_a_given_schedule(typed: io.StringIO, capsys: pytest.CaptureFixture[str], db: Path) -> None:
    """Only this one is asked about."""
    typing(typed, "2\n1\n")
    assert run_command(["play", "--predict", "1,2,1,2,1,2", "--db", str(db)]) == 0
    assert capsys.readouterr().out.endswith("You were right 1 of 1 time.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["play", "1,2,1,2,1,2"],
        ["play", "--predict", "1,2"],
        ["play", "--predict", "1,x"],
        ["play", "--buyers", "0"],
        ["play", "--buyers", "21"],
        ["play", "--lock", "absent"],
        ["play", "--store", "absent"],
    ],
)
def test_bad_input_is_one_line(
    typed: io.StringIO, arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It is refused before anything is asked or touched."""
    typing(typed, "1\n")
    assert run_command([*arguments, "--db", str(tmp_path / "db.json")]) == 2
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)
    assert list(tmp_path.iterdir()) == []
