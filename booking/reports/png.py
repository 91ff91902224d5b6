"""The image of a sale as pixels, for slides and chats that take no SVG: drawn by resvg, twice as large."""

import resvg_py

from booking.history.history import History
from booking.history.verdict import Verdict
from booking.reports import svg

ZOOM = 2


def render(history: History, verdict: Verdict) -> bytes:
    """Return the image that `svg.render` describes, as PNG."""
    return bytes(resvg_py.svg_to_bytes(svg_string=svg.render(history, verdict), zoom=ZOOM))
