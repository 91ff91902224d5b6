"""The dials as values: what is refused, and that they survive being written down."""

import pytest

from booking.errors import BadInputError
from booking.history.history import Ending, History
from booking.purchase import Outcome
from booking.registry import protection_of
from booking.rules import impossible
from booking.scenario import Scenario
from booking.setup import Fault, FaultKind, FaultReport, Setup


@pytest.mark.parametrize(
    ("text", "hang", "fault"),
    [
        pytest.param("2@pay", False, Fault(2, "pay", FaultKind.KILL), id="kill"),
        pytest.param("2@look:TERM", False, Fault(2, "look", FaultKind.TERM), id="term"),
        pytest.param("12@acquire:KILL", False, Fault(12, "acquire", FaultKind.KILL), id="kill, said"),
        pytest.param("1@write", True, Fault(1, "write", FaultKind.FREEZE), id="hang"),
    ],
)
def test_a_fault_is_read_as_it_is_typed(text: str, hang: bool, fault: Fault) -> None:  # noqa: FBT001
    """BUYER@STEP, with TERM or KILL behind it where the buyer is killed."""
    assert Fault.parsed(text, freeze=hang) == fault


@pytest.mark.parametrize("text", ["", "2", "pay@2", "2@pay:STOP", "-1@pay", "2@pay:HANG", "٢@pay", "2@pay\n"])
def test_what_is_no_fault_is_refused(text: str) -> None:
    """One line with the value and how to write it."""
    with pytest.raises(BadInputError, match=r"use BUYER@STEP|no step 'sleep'; use one of"):
        Fault.parsed(text)


def test_a_fault_names_a_step() -> None:
    """Another word is refused with the names of the steps."""
    with pytest.raises(BadInputError, match="no step 'sleep'; use one of acquire, look, pay"):
        Fault.parsed("2@sleep")


def test_a_hang_has_no_signal() -> None:
    """A stopped buyer is stopped by one signal only."""
    with pytest.raises(BadInputError, match="--freeze is '2@pay:TERM'; use BUYER@STEP"):
        Fault.parsed("2@pay:TERM", freeze=True)


@pytest.mark.parametrize(
    ("dials", "why"),
    [
        pytest.param({"gate": "door"}, "gate is 'door'", id="gate"),
        pytest.param({"countdown": -1.0}, "countdown is -1.0", id="opens before now"),
        pytest.param({"countdown": float("nan")}, "countdown is nan", id="opens never"),
        pytest.param({"trees": 0}, "trees is 0", id="no tree"),
    ],
)
def test_a_dial_out_of_range_is_refused(dials: dict[str, object], why: str) -> None:
    """The message names the value."""
    with pytest.raises(BadInputError, match=why):
        Setup(**dials)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setup", "why"),
    [
        pytest.param(
            Setup(gate="none", countdown=1.0), "--countdown cannot be combined with --gate none", id="no gate to open"
        ),
        pytest.param(
            Setup(faults=(Fault(2, "pay", FaultKind.KILL), Fault(2, "look", FaultKind.FREEZE))),
            "buyer 2 has several faults",
            id="struck twice",
        ),
        pytest.param(Setup(pool=2, trees=2), "--pool cannot be combined", id="a pool in two trees"),
        pytest.param(Setup(submit="sync"), "--submit requires --pool", id="no pool"),
        pytest.param(Setup(clerks=2), "--clerks requires --channel", id="no counter"),
    ],
)
def test_dials_that_do_not_go_together_are_refused(setup: Setup, why: str) -> None:
    """The one line names both options."""
    assert why in str(impossible(protection_of(Scenario()), setup))


@pytest.mark.parametrize(
    ("scenario", "fault", "why"),
    [
        pytest.param(Scenario(2, lock="mp"), "3@pay", "no buyer 3; buyers are numbered 1 to 2", id="no such buyer"),
        pytest.param(
            Scenario(2), "2@acquire", "--kill 2@acquire: no such step with --lock none", id="no lock to wait for"
        ),
        pytest.param(Scenario(2), "2@truncate", "--kill 2@truncate: no such step", id="a write in one step"),
        pytest.param(Scenario(1, lock="mp"), "1@acquire", "needs a buyer that holds the lock", id="nobody to wait for"),
    ],
)
def test_a_fault_that_cannot_happen_is_refused(scenario: Scenario, fault: str, why: str) -> None:
    """Before the store is touched."""
    assert why in str(impossible(protection_of(scenario), Setup(faults=(Fault.parsed(fault),))))


def test_waiting_for_the_lock_of_one_tree_is_refused() -> None:
    """The lock of one process tree may have no other buyer who takes it."""
    setup = Setup(trees=2, faults=(Fault.parsed("2@acquire"),))
    assert "each process tree has its own --lock mp" in str(impossible(protection_of(Scenario(4, lock="mp")), setup))
    assert impossible(protection_of(Scenario(4, lock="file")), setup) is None


def test_a_setup_of_an_earlier_version_is_read() -> None:
    """The JSON keys are those of the first histories, whatever the fields are called since."""
    document = {"gate": "barrier", "opens_in": 1.5, "faults": [], "offices": 2, "via": "direct", "clerks": 1}
    document |= {"workers": 0, "submit": "async"}
    setup = Setup.from_json(document)
    assert (setup.countdown, setup.trees, setup.channel, setup.pool) == (1.5, 2, "direct", 0)
    assert setup.to_json() == document | {"hand_over": "initializer"}


def test_a_history_keeps_its_dials_and_what_the_faults_did() -> None:
    """They survive the file, and the header of a plain sale has neither."""
    setup = Setup("barrier", 1.5, faults=(Fault(2, "pay", FaultKind.TERM), Fault(1, "read", FaultKind.FREEZE)), trees=2)
    struck = (FaultReport(2, "pay", FaultKind.TERM, 12, 5, alive_right_after=True, took_effect_after_s=0.5),)
    endings = tuple(Ending(buyer, 10 + buyer, Outcome.BOUGHT) for buyer in (1, 2))
    history = History(Scenario(2), (), endings, (0,), setup=setup, struck=struck)
    assert History.from_lines(history.to_lines()) == history
    plain = History(Scenario(2), (), endings, (0,))
    assert "staging" not in next(plain.to_lines())
    assert History.from_lines(plain.to_lines()) == plain


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(('"gate": "barrier"', '"gate": "door"'), id="gate"),
        pytest.param(('"gate"', '"door"'), id="key"),
        pytest.param(('"blow": "TERM"', '"blow": "PUNCH"'), id="blow"),
        pytest.param(('"pid": 12', '"pid": "12"'), id="pid"),
        pytest.param(('"step": "pay"', '"step": "sleep"'), id="step"),
        pytest.param(('"faults": [{', '"faults": [1, {'), id="fault"),
        pytest.param(('"struck": [', '"struck": [1, '), id="struck"),
    ],
)
def test_a_damaged_header_is_refused(damage: tuple[str, str]) -> None:
    """Strict reading stays strict."""
    setup = Setup("barrier", faults=(Fault(2, "pay", FaultKind.TERM),))
    struck = (FaultReport(2, "pay", FaultKind.TERM, 12, 5, alive_right_after=True),)
    endings = tuple(Ending(buyer, 10 + buyer, Outcome.BOUGHT) for buyer in (1, 2))
    header, *rest = History(Scenario(2), (), endings, (0,), setup=setup, struck=struck).to_lines()
    assert damage[0] in header
    with pytest.raises(BadInputError):
        History.from_lines([header.replace(*damage), *rest])
