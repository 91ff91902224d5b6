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
from programs import BOOKING, PATIENCE

from booking.cli.app import run_command
from booking.course.levels import LEVELS, Campaign, Level, Progress, started
from booking.course.quiz import riddles
from booking.errors import BadInputError
from booking.game.dialogue import Reply, answer, farewell, opening
from booking.game.game import Game, new_game
from booking.history.finding import Anomaly
from booking.model.prediction import predict
from booking.scenario import Scenario
from booking.text.language import texts

RACE = Scenario(buyers=2)
LOCKED = Scenario(buyers=2, lock="mp")


def test_a_saved_schedule_brings_its_own_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The quiz asks about the scenario in the file, with what the command line changes: two tickets, not its lock."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("2\n0\n"))
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
        "You win: 2 tickets were sold, but only 1 existed. The file says 0: nobody would notice.\n"
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
    """The first hint says how far it is, the second whose step is next; they lead to a win in the fewest steps."""
    game, left = new_game(RACE), 6
    while not game.is_won:
        far = answer(game, "h")
        assert re.match(rf"You can win in {left} more steps?\. Ask again", text(far))
        hint = re.fullmatch(r"Move buyer (\d)\. You can win in (\d) more steps?\.", text(answer(far.game, "h")))
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
    assert "Nobody can move any more. CORRECT: 1 ticket existed, 1 was sold." in reply.lines
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
    assert re.findall(r"^  (\S)", told, re.MULTILINE) == ["1", "u", "r", "h", "s", "p", "q", "?"]


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


def test_riddles_are_drawn_in_no_regular_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five different orders, two at least of each kind, the same for the same seed; under a lock all are harmless."""
    monkeypatch.setattr("booking.course.quiz._MOST_DRAWS", 20)
    drawn = riddles(RACE, 7)
    sold = sorted(predict(RACE, schedule).verdict.sold for schedule in drawn)
    assert sold in ([1, 1, 1, 2, 2], [1, 1, 2, 2, 2])
    assert len(set(drawn)) == 5
    assert drawn == riddles(RACE, 7) != riddles(RACE, 8)
    assert {predict(LOCKED, schedule).verdict.sold for schedule in riddles(LOCKED, 7)} == {1}


def campaign(*names: str, progress: Progress | None = None) -> Campaign:
    """Return a campaign through the levels of these names."""
    levels = tuple(level for level in LEVELS if level.name in names)
    return started(levels, 0, progress or Progress(), texts("levels"))


def told(played: Campaign, *lines: str) -> tuple[Campaign, str]:
    """Return the campaign after these lines, and what was said to the last."""
    for line in lines:
        played, said = played.reply(line)
    return played, "\n".join(said)


@pytest.mark.parametrize("level", LEVELS, ids=[level.name for level in LEVELS])
def test_every_level_can_be_solved(level: Level) -> None:
    """By the moves of the hints, and where none leads to a win by saying so; the explorer's count says which it is."""
    now = started((level,), 0, Progress(), texts("levels"))
    if not level.ways(now.game):
        assert level.may_be_hopeless
        now, said = told(now, "c")
        assert said.startswith("Right! It cannot be won: ")
    while not now.progress.orders(level) and not now.progress.has_solved(level):
        hint = now.game.hint()
        assert hint is not None
        now, _ = told(now, str(hint.schedule[0]) if hint.schedule else "r")
        if level.switches and now.game.is_won:
            assert not level.allows(now.game.order)
            return
    assert now.progress.has_solved(level) or level.orders > 1


def test_an_order_counts_once() -> None:
    """The second level wants another order than the first; the same one again is said to be known."""
    now, said = told(campaign("twice", "again"), *"112221")
    assert said.endswith("Found: 1 of 12 orders.\nNext level (n), or play on to find another order, or quit (q).")
    now, said = told(now, "n")
    assert "Found: 1 of 12 orders. Find another one." in said
    now, said = told(now, *"112221")
    assert "You have found this order before.\nFound: 1 of 12 orders.\nNow find another one." in said
    now, said = told(now, *"121221")
    assert "Found: 2 of 12 orders." in said
    assert list(now.farewell()) == ["Solved: 2 of 2 levels."]


def test_too_many_changes_of_the_buyer_do_not_count() -> None:
    """With at most two the order 1 1 2 2 2 1 is one of two; 1 2 1 2 1 2 changes five times."""
    now, said = told(campaign("switches"), *"121212")
    assert said.endswith("But that took 5 changes of the buyer; this level allows 2.\nUndo (u) or restart (r).")
    now, said = told(now, "r", *"112221")
    assert "Found: 1 of 2 orders." in said


def test_a_claim_is_judged() -> None:
    """That nobody can win is wrong of a semaphore with two permits, and wrong claims are counted."""
    now, said = told(campaign("permits", "locked"), "c", "n", "c")
    assert said == "Wrong: it can be won. Look again."
    assert next(now.farewell()) == "Solved: 1 of 2 levels, with 1 wrong claim."


def test_the_first_hint_is_an_idea_and_no_move() -> None:
    """Hints tell the idea, then how far it is, then whose step is next; a dead end tells nothing else."""
    now, said = told(campaign("killed"), "h")
    assert said.startswith("You may kill one buyer")
    assert told(now, "h")[1].startswith("You can win in 4 more steps.")
    assert told(now, "1", "1", "1", "1", "1", "h")[1] == told(campaign("locked"), "h", "h")[1]


def test_a_killed_holder_wins_its_level() -> None:
    """No more than one may be killed, and the judge's sentence says why the other one waits."""
    _, said = told(campaign("killed"), "1", "1", "2", "k1")
    assert "You win. Buyer 1 died while it held the lock." in said
    assert told(campaign("killed"), "k1", "-2")[1] == "Nobody else may die."


def test_progress_survives_a_session(typed: io.StringIO, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was found stands in the file at once, and the next session begins behind it."""
    path = tmp_path / "found.json"
    typing(typed, "1\n1\n2\n2\n2\n1\n")
    assert run_command(["play", "--progress", str(path)]) == 0
    assert Progress.from_text(path.read_text()).orders(LEVELS[0]) == ("1,1,2,2,2,1",)
    typing(typed, "q\n")
    assert run_command(["play", "--progress", str(path)]) == 0
    assert "Level 2 of 12: Find another order" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "[]", '{"schema": 2, "found": {}, "hopeless": []}', '{"schema": 1}', "{"])
def test_another_file_is_no_progress(content: str) -> None:
    """It is refused before anything is asked."""
    with pytest.raises(BadInputError, match="no progress of a game"):
        Progress.from_text(content)


def test_another_goal_of_a_scenario_of_ones_own() -> None:
    """Three buyers in a ring: all wait for each other."""
    ring = Scenario(3, lock="mp", trains=3, order="ring")
    now = started((Level("", ring, Anomaly.DEADLOCK),), 0, Progress(), {})
    assert "You win if nobody can move any more, and somebody still waits." in "\n".join(now.opening())
    assert "This is a cycle of waits." in told(now, "1", "2", "3")[1]


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


@pytest.mark.parametrize(("options", "prompt"), [([], b"> "), (["--predict"], b"Tickets sold: ")], ids=["game", "quiz"])
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
    """Both numbers are asked, judged by what real processes did, and counted; what is no number is asked for again."""
    first, second = (predict(RACE, schedule).verdict.sold for schedule in riddles(RACE, 7)[:2])
    typing(typed, f"{first}\nwhat\n0\n{3 - second}\n9\nq\n")
    assert run_command(["play", "--predict", "--seed", "7", "--db", str(db)]) == 0
    said = capsys.readouterr().out
    assert "Its steps are: look at the count, read the count, write the count less one." in " ".join(said.split())
    assert "Type a number, or q to quit." in said
    assert re.search(rf"^Right: {first} tickets? (was|were) sold\.\nRight: the file says 0\.$", said, re.MULTILINE)
    assert f"Wrong, you said {3 - second}: {second} ticket" in said
    assert "Wrong, you said 9: the file says 0." in said
    assert "Score: 2 of 4 numbers." in said
    assert said.endswith("The same questions again: booking play --predict --seed 7\n")
    assert db.read_text() == '{"count": 0}\n'


def test_the_quiz_about_a_given_schedule(typed: io.StringIO, capsys: pytest.CaptureFixture[str], db: Path) -> None:
    """Only this one is asked about."""
    typing(typed, "2\n0\n1\n")
    assert run_command(["play", "--predict", "1,2,1,2,1,2", "--db", str(db)]) == 0
    assert capsys.readouterr().out.endswith("Score: 2 of 2 numbers.\n")


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
        ["play", "--level", "0"],
        ["play", "--level", "2", "--lock", "mp"],
        ["play", "--goal", "happiness"],
        ["play", "--progress", "."],
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


def test_the_quiz_reads_its_answers_from_a_pipe(tmp_path: Path) -> None:
    """Both answers are read, one after the other, and the score is told."""
    done = subprocess.run(
        [*BOOKING, "play", "--predict", "--seed", "1"],
        input="2\n0\nq\n",
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Score: 1 of 2 numbers." in done.stdout
