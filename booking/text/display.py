"""How a value looks in a notebook: reports register here, so the data classes need not know them."""

from functools import singledispatch


@singledispatch
def html(value: object) -> str:
    """Return the value as HTML; `booking.reports.notebook` registers pictures and tables once IPython is there."""
    from html import escape  # noqa: PLC0415 - 2 ms for a table of entities that only notebooks need

    return f"<pre>{escape(repr(value))}</pre>"
