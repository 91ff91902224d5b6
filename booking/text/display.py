"""How an object looks in a notebook, which asks it by a method of its own name and is not imported for that."""

from importlib import import_module


def html(value: object) -> str:
    """Return the value as HTML; `booking.reports.notebook` decides, and is loaded only when a notebook asks."""
    text: str = import_module("booking.reports.notebook").html(value)
    return text
