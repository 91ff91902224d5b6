"""What works on this machine is tried, and what does not work is found."""

import json
from pathlib import Path

import pytest

from booking.answers import doctor
from booking.cli.app import run_command
from booking.locks import Lock
from booking.registry import LOCKS


def test_it_tries_what_a_sale_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every lock of this machine is tried with a second process, and no file is left."""
    assert run_command(["doctor", str(tmp_path), "--json"]) == 0
    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    tried = [name for name, kind in LOCKS.items() if issubclass(kind, Lock) and kind.facts.reach == "machine"]
    assert tried
    assert all(found[f"--lock {name}"]["works"] for name in tried)
    assert found["writing"]["works"]
    assert not list(tmp_path.iterdir())


class Sieve(Lock):
    """A lock that says it keeps all processes of the machine apart, and keeps nobody out."""

    facts = LOCKS["flock"].facts

    def acquire(self, timeout: float | None = None) -> bool:
        """Take nothing."""
        return timeout != -1

    def release(self) -> None:
        """Give nothing back."""


def test_a_lock_that_keeps_nobody_out_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes that hold one lock at once are seen."""
    monkeypatch.setattr(doctor, "LOCKS", {"sieve": Sieve})
    check = next(check for check in doctor.checks(tmp_path) if check.name == "--lock sieve")
    assert (check.works, check.found) == (False, "two processes held it at once")


def test_a_network_file_system_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network file system the locks are the server's business, and the answer says what to do."""
    monkeypatch.setattr(doctor, "file_system", lambda _: "nfs4")
    check = next(check for check in doctor.checks(tmp_path) if check.name == "file system")
    assert check.works is False
    assert "own disk" in check.remedy


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong path is one line and status 2."""
    assert run_command(["doctor", str(tmp_path / "none")]) == 2
    assert "is no folder" in capsys.readouterr().err
