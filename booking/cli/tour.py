"""`booking tour`: two minutes, five screens, for somebody who has never seen a race."""

from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from booking.cli import options
from booking.course.screen import TourScreen
from booking.course.tour import Tour
from booking.text.language import texts


def tour(*, lang: options.Language = "en") -> None:
    """Take a tour of two minutes: predict a sale, see it race, lock it, be the scheduler, prove it. Enter goes on."""
    words = texts("tour", lang)
    with TemporaryDirectory() as folder:
        try:
            Tour(TourScreen(), words, Path(folder) / "db.json").run()
        except EOFError:
            typer.echo(f"\n{words['left_early']}")
