"""Colour and width: what a terminal shows, from 40 to 200 columns, on black and on white, and without any colour."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from programs import BOOKING, PATIENCE, ran
from written import sale, steps

from booking.compare import Comparison
from booking.compare.measures import Proof, RealSales
from booking.explorer import explore
from booking.history.verdict import judge
from booking.purchase import Outcome
from booking.reports import comparison, exploration, timeline
from booking.scenario import Scenario
from booking.text.screen import BAD, DEAD, FAINT, GOOD, Screen

CODES = re.compile(r"\x1b\[[0-9;]*m")
RACE = sale(steps("1.look=1 2.look=1 1.read=1 2.read=1 1.write=0 2.write=0"), [Outcome.BOUGHT] * 2)
TABLE = Comparison(
    Scenario(2),
    ("none", "mp"),
    4,
    {
        ("none", Proof): Proof(20, 12, exhausted=True, verdict="oversold"),
        ("mp", Proof): Proof(20, 0, exhausted=True, verdict="sound"),
        ("none", RealSales): RealSales({"oversold": 3}),
        ("mp", RealSales): RealSales({"sound": 4}),
    },
    1.0,
    cores=2,
)


def shown(screen: Screen) -> list[str]:
    """Return the lines of a sale, of all orders and of a comparison."""
    texts = [
        timeline.render(RACE, judge(RACE), screen),
        exploration.render(explore(Scenario(3, lock="mp"), crashes=1), screen),
        exploration.render(explore(Scenario(2)), screen),
        comparison.text(TABLE, screen),
    ]
    return "\n".join(texts).splitlines()


@pytest.mark.parametrize("width", [40, 47, 60, 80, 120, 200])
def test_every_line_fits_the_terminal(width: int) -> None:
    """Only the command that replays the sale is longer: it is there to be copied."""
    lines = shown(Screen(width))
    assert [line for line in lines if len(line) > width and not line.startswith("Replay it: ")] == []
    assert max(map(len, lines)) > width - 12


def test_a_wider_terminal_has_a_longer_time_axis() -> None:
    """The axis begins behind the buyer's name and ends before how it ended, on every screen."""
    widths = [len(timeline.timeline(RACE, judge(RACE), Screen(width))[0]) for width in (40, 80, 200)]
    assert widths == sorted(set(widths))


def test_colour_is_never_the_only_sign() -> None:
    """Without its colours the text is the one that a file gets, letter for letter."""
    coloured = shown(Screen(colour=True))
    assert [CODES.sub("", line) for line in coloured] == shown(Screen())
    assert sum("\x1b" in line for line in coloured) > 5


@pytest.mark.parametrize("ink", [GOOD, BAD, DEAD, FAINT])
def test_colours_are_bright_enough_on_black_and_on_white(ink: str) -> None:
    """WCAG 2.2, 1.4.3 asks for 4.5 to 1 on either; the best that is possible on both at once is 4.58."""
    luminance = luminance_of(int(ink.rpartition(";")[2]))
    assert (luminance + 0.05) / 0.05 > 4.4
    assert 1.05 / (luminance + 0.05) > 4.4


def luminance_of(entry: int) -> float:
    """Return the relative luminance (WCAG 2.2) of an entry of the table of 256 colours, from 16 on."""
    cube = entry - 16
    levels = [0, 95, 135, 175, 215, 255]
    grey = [8 + 10 * (entry - 232)] * 3
    rgb = grey if entry >= 232 else [levels[cube // 36], levels[cube // 6 % 6], levels[cube % 6]]
    linear = [value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("options", "no_colour", "force", "coloured"),
    [
        ("", "", "", False),
        ("--colour", "", "", True),
        ("--colour", "1", "", True),
        ("", "", "1", True),
        ("--no-colour", "", "1", False),
        ("", "1", "1", False),
    ],
)
def test_who_decides_about_colour(options: str, no_colour: str, force: str, *, coloured: bool, tmp_path: Path) -> None:
    """The option before the variables, NO_COLOR before FORCE_COLOR; and a file gets none unless one asks for it."""
    arguments = ["replay", "1,1,1", *options.split()]
    done = ran(arguments, tmp_path, NO_COLOR=no_colour, FORCE_COLOR=force)
    assert (done.returncode, "\x1b[" in done.stdout) == (0, coloured)


@pytest.mark.parametrize("columns", [40, 100])
def test_a_real_terminal(columns: int, tmp_path: Path) -> None:
    """The program asks the terminal how wide it is, and paints."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    environment = {name: text for name, text in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
    for arguments in (["explore", "--buyers", "2"], ["run", "--buyers", "3", "--no-live"]):
        done = subprocess.run(
            [*BOOKING, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=tmp_path,
            env=environment | {"TERM": "xterm-256color"},
            check=False,
            timeout=PATIENCE,
        )
        text = os.read(master, 1 << 16).decode()
        lines = [line for line in CODES.sub("", text).splitlines() if not line.startswith("Replay it: ")]
        assert done.returncode == 0
        assert columns - 25 < max(map(len, lines)) <= columns
    assert "\x1b[1;38;5;" in text
