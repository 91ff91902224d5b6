"""The lab as a folder: what is in it, how it is served, and what is said when Pyodide is missing."""

import gzip
import json
import threading
import zipfile
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from booking.cli.app import run_command
from booking.lab.serving import server
from booking.lab.site import PAGES, PARTS, build, found_pyodide

OURS = 500_000
"""Bytes that the lab's own files may have over the wire."""


@pytest.fixture
def pyodide(tmp_path: Path) -> Path:
    """Return a folder with files that have the names of Pyodide's."""
    folder = tmp_path / "somewhere"
    folder.mkdir()
    for name in PARTS:
        (folder / name).write_bytes(name.encode() * 1000)
    return folder


@pytest.fixture
def address(tmp_path: Path, pyodide: Path) -> Iterator[tuple[str, int]]:
    """Serve a lab and return where."""
    build(tmp_path / "site", pyodide)
    with server(tmp_path / "site", "127.0.0.1", 0) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        host, port = serving.server_address[:2]
        yield str(host), int(port)
        serving.shutdown()
        thread.join()


def test_the_folder_holds_all_that_a_browser_needs(tmp_path: Path, pyodide: Path) -> None:
    """The page, Pyodide and this package without its shells; written twice, the same bytes, and ours are small."""
    assert run_command(["lab", "--out", str(tmp_path / "site"), "--pyodide", str(pyodide)]) == 0
    names = {path.name for path in (tmp_path / "site").iterdir()}
    assert names == {*PAGES, "booking.zip", "lab.json", "pyodide"}
    with zipfile.ZipFile(tmp_path / "site" / "booking.zip") as archive:
        inside = set(archive.namelist())
    assert {"booking/lab/bridge.py", "booking/explorer/search.py", "booking/text/zh.toml"} <= inside
    assert not [name for name in inside if name.startswith(("booking/cli/", "booking/processes/"))]
    first = (tmp_path / "site" / "booking.zip").read_bytes()
    build(tmp_path / "site", pyodide)
    assert (tmp_path / "site" / "booking.zip").read_bytes() == first
    ours = [path for path in (tmp_path / "site").iterdir() if path.is_file()]
    assert sum(len(gzip.compress(path.read_bytes())) for path in ours) < OURS


def test_pyodide_can_come_from_elsewhere(tmp_path: Path) -> None:
    """With an address nothing is copied, and the page knows where to look."""
    build(tmp_path / "site", "https://example.org/pyodide")
    contents = json.loads((tmp_path / "site" / "lab.json").read_text(encoding="utf-8"))
    assert contents["pyodide"] == "https://example.org/pyodide/"
    assert not (tmp_path / "site" / "pyodide").exists()


def test_a_folder_without_pyodide_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong folder is one line that names what it lacks."""
    assert run_command(["lab", "--out", str(tmp_path / "site"), "--pyodide", str(tmp_path)]) == 2
    assert "it lacks pyodide.mjs" in capsys.readouterr().err


def test_without_npm_the_remedy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has neither Pyodide nor npm is told in one line what to do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Exception, match="--pyodide DIR"):
        found_pyodide(tmp_path / "cache")


@pytest.mark.parametrize(
    ("path", "kind", "caching"),
    [
        ("/pyodide/pyodide.asm.wasm", "application/wasm", "immutable"),
        ("/pyodide/pyodide.mjs", "text/javascript", "immutable"),
        ("/lab.js", "text/javascript", "no-cache"),
        ("/", "text/html", "no-cache"),
    ],
)
def test_files_are_served_as_a_browser_needs_them(address: tuple[str, int], path: str, kind: str, caching: str) -> None:
    """WebAssembly has its type, Pyodide's files are compressed and kept, and ours are asked for each time."""
    connection = HTTPConnection(*address)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    body = answer.read()
    assert (answer.status, kind in str(answer.getheader("Content-Type"))) == (200, True)
    assert caching in str(answer.getheader("Cache-Control"))
    assert "wasm-unsafe-eval" in str(answer.getheader("Content-Security-Policy"))
    if path.startswith("/pyodide"):
        assert gzip.decompress(body) == path.rpartition("/")[2].encode() * 1000
    connection.close()
