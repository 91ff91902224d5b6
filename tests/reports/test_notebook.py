"""What a notebook shows: HTML without scripts, loaded only when it is asked for."""

import subprocess
import sys

from booking.explorer import explore
from booking.history.history import History
from booking.history.verdict import Verdict
from booking.reports import svg
from booking.reports.notebook import html
from booking.scenario import Scenario

Judged = tuple[History, Verdict]


def test_a_history_is_its_picture(any_sale: Judged) -> None:
    """The image of a history in a notebook is the one of the slides."""
    assert any_sale[0]._repr_html_() == svg.render(*any_sale)


def test_a_verdict_is_its_name_its_sentence_and_its_numbers(race: Judged) -> None:
    """Two sold, one existed, so one too many; none left in the file."""
    assert race[1]._repr_html_() == (
        '<p><strong style="color: #b03a00">OVERSOLD</strong> 2 tickets were sold, but only 1 existed. '
        "Buyer 1 had already read 1 when buyer 2 wrote 0, so it sold the same ticket again.</p>"
        "<table><tr><th>sold</th><td>2</td></tr>"
        "<tr><th>tickets</th><td>1</td></tr><tr><th>oversold</th><td>1</td></tr>"
        "<tr><th>left in the file</th><td>0</td></tr></table>"
    )


def test_an_exploration_is_a_table_of_its_counts() -> None:
    """Two buyers of three steps: 6!/(3!3!) = 20 orders, of which 12 oversell."""
    shown = html(explore(Scenario(2)))
    assert "<th>interleavings</th><td>20</td>" in shown
    assert "<th>oversold</th><td>12</td>" in shown


def test_a_history_costs_no_report_until_it_is_shown() -> None:
    """Importing a history imports neither the reports nor a notebook's library; measured in a fresh process."""
    code = (
        "import sys, booking.history.history, booking.history.verdict\n"
        "print([m for m in sys.modules if m.startswith(('booking.reports', 'booking.reports.notebook', 'IPython'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_notebook_gets_pictures_without_importing_a_report() -> None:
    """Where IPython is running, the first name taken from `booking` registers pictures (a fresh process)."""
    code = (
        "import sys, types; sys.modules['IPython'] = types.ModuleType('IPython')\n"
        "from booking import Scenario, explore\n"
        "print(explore(Scenario(2))._repr_html_())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "<th>interleavings</th><td>20</td>" in done.stdout
