"""One contract for all reports: a function of a history and its verdict that gives a text, or an image."""

import subprocess
import sys
from importlib import import_module

import pytest

from booking.errors import BadInputError
from booking.history.history import History
from booking.history.verdict import Verdict
from booking.reports import REPORTS, report_named

Judged = tuple[History, Verdict]


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_a_pure_function(name: str, any_sale: Judged) -> None:
    """The same history gives the same text, which every disk can hold, and ends with a line end."""
    render = report_named(name)
    text = render(*any_sale)

    assert text == render(*any_sale)
    assert isinstance(text, bytes) or text.encode("utf-8").endswith(b"\n")


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_says_in_a_line_what_it_is(name: str) -> None:
    """The command line's table of reports is made from these lines."""
    first = (import_module(REPORTS[name]).__doc__ or "").partition("\n")[0]
    assert first.endswith(".")


def test_an_unknown_report_is_refused_with_those_that_there_are() -> None:
    """The message names the value and the remedy."""
    with pytest.raises(BadInputError, match="there is no report 'pdf'; use one of html, svg, png, trace, csv"):
        report_named("pdf")


def test_a_sale_without_a_report_imports_none() -> None:
    """Start-up pays only for what is asked for; measured in a fresh process."""
    code = "import sys, booking.registry; print([m for m in sys.modules if m.startswith('booking.reports')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
