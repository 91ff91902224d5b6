"""How a value looks in a notebook: reports register here, so the data classes need not know them."""

from functools import singledispatch
from html import escape


@singledispatch
def html(value: object) -> str:
    """Return the value as HTML; `booking.reports.notebook` registers pictures and tables once IPython is there."""
    return f"<pre>{escape(repr(value))}</pre>"
