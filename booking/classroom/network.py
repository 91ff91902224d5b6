"""How phones find the laptop: its address, a word for the room, and a code to point a camera at."""

import io
import secrets
import socket

from booking.errors import BadInputError

_LETTERS = "ACDEFHJKMNPRTUVWXY"
"""Without those that look like a digit or like each other on a projector."""
LOOPBACK = "127.0.0.1"


def room_word() -> str:
    """Return four letters that nobody else is likely to guess in a lesson."""
    return "".join(secrets.choice(_LETTERS) for _ in range(4))


def lan_address() -> str:
    """Return this machine's address in its network, and 127.0.0.1 if it is in none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation (RFC 5737): only the route is looked up
        except OSError:
            return LOOPBACK
        address: str = probe.getsockname()[0]
        return address


def listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; port 0 takes a free one. Raise BadInputError if it cannot."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except (OSError, OverflowError) as error:
        made.close()
        why = getattr(error, "strerror", None) or str(error)
        raise BadInputError(f"cannot listen at {host}:{port} ({why}); use --port 0, or --local") from None
    return made


def code_lines(url: str) -> list[str]:
    """Return the QR code of an address for a terminal, two rows of it in each line."""
    import segno  # noqa: PLC0415 - an extra

    out = io.StringIO()
    segno.make(url, micro=False).terminal(out, compact=True, border=2)
    return out.getvalue().splitlines()


def code_image(url: str) -> str:
    """Return the QR code of an address as a data URI of an SVG image."""
    import segno  # noqa: PLC0415 - an extra

    image: str = segno.make(url, micro=False).svg_data_uri(border=2, omitsize=True)
    return image
