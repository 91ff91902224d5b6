"""How an object looks in a notebook, which asks it by a method of its own name and is not imported for that."""

from importlib import import_module


def html(value: object) -> str:
    """Return the value as HTML; decided in `booking.notebook`, floors above, and loaded only when a notebook asks."""
    text: str = import_module("booking.notebook").html(value)
    return text
