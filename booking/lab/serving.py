"""Serve the lab's folder on this machine."""

import os
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from booking.errors import BadInputError

FOREVER = "public, max-age=31536000, immutable"
"""Pyodide's files are pinned, so a browser need not ask for them again."""
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Inline scripts are those of the pages that the explorer writes, which stand in frames of their own."""


_TYPES = {".wasm": "application/wasm", ".mjs": "text/javascript", ".js": "text/javascript"}


class LabFiles(SimpleHTTPRequestHandler):
    """Files with the types and the caching that Pyodide needs, and no word about each request."""

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        """Return a file's type: WebAssembly is compiled while it loads only under its own."""
        name = os.fspath(path)
        return next((kind for ending, kind in _TYPES.items() if name.endswith(ending)), super().guess_type(path))

    def send_head(self) -> BytesIO | BinaryIO | None:
        """Send a file's compressed twin, if there is one and the browser takes it."""
        packed = Path(self.translate_path(self.path) + ".gz")
        if "gzip" not in self.headers.get("Accept-Encoding", "") or not packed.is_file():
            return super().send_head()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(self.path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(packed.stat().st_size))
        self.end_headers()
        return packed.open("rb")

    def end_headers(self) -> None:
        """Add what every answer carries."""
        pinned = self.path.startswith("/pyodide/")
        self.send_header("Cache-Control", FOREVER if pinned else "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Log nothing."""


def server(folder: Path, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server that listens there; port 0 takes a free one. Raise BadInputError if it cannot."""
    try:
        return ThreadingHTTPServer((host, port), partial(LabFiles, directory=str(folder)))
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BadInputError(f"cannot listen at {host}:{port} ({why}); use --port 0") from None


def serve(folder: Path, host: str, port: int, opened: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; `opened` is told the address."""
    with server(folder, host, port) as serving:
        opened(f"http://{host}:{serving.server_address[1]}/")
        serving.serve_forever()
