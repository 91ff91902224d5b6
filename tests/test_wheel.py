"""The wheel, installed without the sources: it has everything that the commands need."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a fresh environment with the wheel; what the project depends on is that of this environment."""
    home = tmp_path_factory.mktemp("wheel")
    subprocess.run([*PIP, "wheel", "--no-deps", "--wheel-dir", str(home), str(ROOT)], check=True)
    [wheel] = home.glob("*.whl")
    venv.create(home / "venv")
    python = home / "venv" / "bin" / "python"
    subprocess.run([*PIP, "--python", str(python), "install", "--no-deps", str(wheel)], check=True)
    # A line in a .pth file adds the folder, and not what is installed in it by a .pth file: our sources.
    packages = sysconfig.get_path("purelib", vars={"base": str(home / "venv")})
    (Path(packages) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home


def ran(home: Path, command: Sequence[str]) -> str:
    """Return what a program of the fresh environment prints, run in an empty folder."""
    folder = home / "empty"
    folder.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    program = [str(home / "venv" / "bin" / command[0]), *command[1:]]
    done = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.slow
def test_a_wheel_runs_without_the_sources(home: Path) -> None:
    """Sales, the proof, a replay and every kind of report work where nothing but the wheel is installed."""
    assert Path(ran(home, ["python", "-c", "import booking; print(booking.__file__)"])).is_relative_to(home)

    options = ["--buyers", "3", "--pay", "0", "--db", "db.json"]
    for method in ("fork", "spawn"):
        sale = ["booking", "run", *options, "--lock", "file", "--start-method", method]
        assert json.loads(ran(home, [*sale, "--json"]))["verdict"] == "sound"

    pictures = ["--html", "p.html", "--svg", "p.svg", "--trace", "t.json", "--csv", "t.csv", "--history", "h.jsonl"]
    ran(home, ["booking", "run", *options, "--lock", "none", *pictures])
    page = (home / "empty" / "p.html").read_text(encoding="utf-8")
    assert "</script>" in page
    assert "</style>" in page
    assert "<svg" in (home / "empty" / "p.svg").read_text(encoding="utf-8")
    assert ran(home, ["booking", "report", "h.jsonl"])

    exploration = json.loads(ran(home, ["booking", "explore", "--buyers", "2", "--html", "e.html", "--json"]))
    assert (exploration["interleavings"], exploration["oversold_interleavings"]) == ("20", "12")
    replay = ran(home, ["booking", "replay", "1,1,2,2,2,1", "--db", "db.json", "--json"])
    assert json.loads(replay)["verdict"] == "oversold"
    assert "flock" in ran(home, ["booking", "locks"])
    assert "Usage" in ran(home, ["booking", "office", "--help"])


@pytest.mark.slow
def test_a_wheel_has_the_licence_and_the_types(home: Path) -> None:
    """What a distribution owes its users is in it: the licence, the marker of types, the example store."""
    [metadata] = (home / "venv").rglob("ticket_booking_sim-*.dist-info")
    assert (metadata / "licenses" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    package = metadata.parent / "booking"
    assert (package / "py.typed").exists()
    assert (package / "data" / "db.json").read_bytes() == (ROOT / "data" / "db.json").read_bytes()
