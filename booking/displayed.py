"""What a notebook asks an object for."""

from importlib import import_module


class Displayed:
    """An object that a notebook shows as a picture.

    How it looks is decided in `booking.notebook`, floors above, and loaded only when a notebook asks. Nothing of a
    notebook is imported: it looks for the method by its name.
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        """Return the object as HTML."""
        html: str = import_module("booking.notebook").html(self)
        return html
