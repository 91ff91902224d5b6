"""`booking lab`: the lab in the browser, served here or written as a folder."""

import os
import tempfile
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from booking.errors import INTERRUPTED
from booking.lab.serving import serve
from booking.lab.site import build, found_pyodide
from booking.scenario import require_whole

HIGHEST_PORT = 65_535


def lab(
    *,
    port: Annotated[int, typer.Option(metavar="PORT", help="Port to listen on; 0 takes a free one.")] = 8100,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Address to listen on; 127.0.0.1 is this machine only.")
    ] = "127.0.0.1",
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write the lab as a site for any web server; serve nothing.")
    ] = None,
    pyodide: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|URL", help="Where Pyodide is.", show_default="node_modules/pyodide, or what npm fetches once"
        ),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page.")] = True,
) -> int:
    """Open the lab in the browser: play, explore, write and prove a lock, read the lessons. Ctrl-C closes it."""
    require_whole("--port", port, 0, HIGHEST_PORT)
    source = _pyodide(pyodide)
    if out is not None:
        build(out, source)
        typer.echo(f"Wrote the lab to {out}. Serve it, for example: python -m http.server --directory {out}", err=True)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder), source)
        with suppress(KeyboardInterrupt):
            serve(Path(folder), host, port, lambda address: _welcome(address, open_page=open_page))
    typer.echo("The lab is closed.")
    return INTERRUPTED


def _pyodide(named: str | None) -> Path | str:
    if named is None:
        base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
        return found_pyodide(Path(base) / "booking").resolve()
    return named if named.startswith(("http://", "https://")) else Path(named)


def _welcome(address: str, *, open_page: bool) -> None:
    typer.echo(f"The lab is at {address}   (Ctrl-C closes it)")
    if open_page:
        webbrowser.open(address)
