"""Real offices, real sockets: who serves, what is promised, and what no client can take from another."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from open_office import Caller, OpenOffice
from trials.nemesis import SAFE

from booking.cli.app import run_command
from booking.scenario import PARTITION

Opening = Callable[..., OpenOffice]
Command = Callable[..., tuple[int, str, str]]

WAYS = [
    pytest.param(["--per-client"], id="per-client"),
    pytest.param(["--workers", "2"], id="workers"),
]
LOOK = {"do": "look"}
BUY = {"do": "buy", "name": "ann"}
LOCKED = ["--lock", "file"]


@pytest.fixture
def booking(capsys: pytest.CaptureFixture[str]) -> Command:
    """Return what runs a command in this process: the exit status, standard output and standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = run_command(arguments)
        return status, *capsys.readouterr()

    return run


@pytest.mark.parametrize("way", WAYS)
def test_a_client_looks_buys_and_finds_it_sold_out(opened: Opening, way: list[str]) -> None:
    """The office answers every request of one connection, and its screen tells each of them."""
    office = opened(*way, "--pay", "0")
    with office.call() as ann:
        assert ann.ask(LOOK) == {"ok": True, "count": 1}
        bought = ann.ask(BUY)
        assert (bought["ok"], bought["outcome"], bought["read"]) == (True, "bought", 1)
        assert [(e["step"], e["phase"]) for e in bought["events"]] == [
            (step, phase) for step in ("look", "read", "pay", "write") for phase in ("call", "return")
        ]
        assert ann.ask(BUY)["outcome"] == "sold out"
        assert ann.ask(LOOK) == {"ok": True, "count": 0}
    assert office.end(signal.SIGINT) == (130, "")
    assert office.heard[-2:] == ["NOT OVERSOLD: 1 ticket existed, 1 was sold.", "Office closed."]
    story = [line.removeprefix("client 1 (ann) ") for line in office.heard if line.startswith("client 1 (ann) ")]
    assert story[:5] == ["looks and sees 1 ticket", "reads the count: 1", "pays", "writes the count: 0", "has a ticket"]


@pytest.mark.parametrize("way", WAYS)
def test_two_clients_at_once_both_buy_without_a_lock(opened: Opening, way: list[str]) -> None:
    """While one pays another reads the same count: both get the one ticket, and the screen says so."""
    office = opened(*way, "--pay", "1")
    with office.call() as ann, office.call() as bob:
        ann.send(BUY | {"watch": True})
        ann.hear_until("pay", "call")
        bob.send(BUY | {"name": "bob", "watch": True})
        assert bob.hear_until("pay", "call")[-2:-1] == [{"step": "read", "phase": "return", "value": 1}]
        assert [caller.hear_answer() for caller in (ann, bob)] == [{"ok": True, "outcome": "bought", "read": 1}] * 2
        office.wait_for("OVERSOLD: 2 tickets were sold, but only 1 existed.")


@pytest.mark.parametrize("lock", ["file", "mp"])
@pytest.mark.parametrize("way", WAYS)
def test_a_lock_lets_one_client_buy(opened: Opening, way: list[str], lock: str) -> None:
    """While one holds the lock and pays, the other waits, and then reads what the first has written."""
    office = opened(*way, "--pay", "0.2", "--lock", lock)
    with office.call() as ann, office.call() as bob:
        ann.send(BUY | {"watch": True})
        ann.hear_until("pay", "call")
        bob.send(BUY | {"name": "bob", "watch": True})
        bob.hear_until("acquire", "call")
        assert ann.hear_answer() == {"ok": True, "outcome": "bought", "read": 1}
        assert bob.hear_answer() == {"ok": True, "outcome": "sold out", "read": 0}


@pytest.mark.parametrize("name", [name for name in SAFE if name not in {"file", "mp", PARTITION}])
def test_a_lock_or_a_swap_sells_one_ticket_once(opened: Opening, name: str) -> None:
    """Three clients at once, one ticket: one buys and two find nothing, under every lock that makes a sale safe."""
    office = opened("--workers", "3", "--pay", "0.02", "--lock", name)
    with ExitStack() as stack, ThreadPoolExecutor(3) as pool:
        callers = [stack.enter_context(office.call()) for _ in range(3)]
        answers = list(pool.map(lambda caller: caller.ask(BUY), callers))
    assert sorted(answer["outcome"] for answer in answers) == ["bought", "sold out", "sold out"]


@pytest.mark.parametrize("way", WAYS)
def test_the_next_client_beyond_the_limit_gets_a_polite_answer(opened: Opening, way: list[str]) -> None:
    """With as many clients as the office takes the next one is told so; when one leaves there is room again."""
    office = opened(*way, "--clients", "2")
    first, second = office.call(), office.call()
    assert [caller.ask(LOOK)["count"] for caller in (first, second)] == [1, 1]
    with office.call() as third:
        refusal = third.ask(LOOK)
        assert (refusal["ok"], refusal["exit_status"]) == (False, 3)
        assert "the office is full: it serves 2 at once" in refusal["error"]
        assert third.hear() is None
    first.close()
    office.wait_for("client 1 leaves")
    assert next(answer for answer in asked_again(office) if answer["ok"]) == {"ok": True, "count": 1}
    second.close()


def asked_again(office: OpenOffice) -> list[dict[str, object]]:
    """Return the answers of clients that come one after the other, up to the first that is served.

    The screen is read meanwhile: its pipe holds the lines of some 480 clients, and then the office waits.
    """
    answers: list[dict[str, object]] = []
    while not answers or (not answers[-1]["ok"] and len(answers) < 1000):
        with office.call() as caller:
            answers.append(caller.ask(LOOK))
        office.wait_for("leaves")
    return answers


@pytest.mark.parametrize("way", WAYS)
def test_a_silent_client_is_sent_away(opened: Opening, way: list[str]) -> None:
    """Who says nothing, or half a line, for longer than --idle hears why and is hung up on; paying is not silence."""
    office = opened(*way, "--idle", "0.5", "--pay", "1")
    with office.call() as silent, office.call() as half, office.call() as buyer:
        half.send(b'{"do": ')
        buyer.send(BUY)
        for caller in (silent, half):
            assert caller.hear()["error"] == "no request for 0.5 s; connect again when you want something"
            assert caller.hear() is None
        assert buyer.hear()["outcome"] == "bought"


@pytest.mark.parametrize("way", WAYS)
def test_bad_clients_do_not_disturb_the_good_one(opened: Opening, way: list[str]) -> None:
    """Half a line and a disconnect, a line without end, a web browser, a reset: the others are served meanwhile."""
    office = opened(*way)
    with office.call() as good:
        with office.call() as half:
            half.send(b'{"do": "lo')
        reset = office.call()
        reset.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close() becomes a reset
        reset.send(BUY)
        reset.close()
        with office.call() as browser:
            assert "JSON object" in browser.ask(b'POST / HTTP/1.1\r\n\r\n{"do": "buy"}\n')["error"]
            assert browser.hear() is None
        with office.call() as endless:
            flood(endless)
        assert good.ask({"do": "fly"})["error"] == '"do" has to be "look" or "buy"'
        assert good.ask(LOOK)["ok"] is True


def flood(caller: Caller) -> None:
    """Send 64 MB without a line end, or as much as the office takes before it hangs up."""
    try:
        for _ in range(1000):
            caller.send(b"x" * (1 << 16))
    except OSError:
        return
    raise AssertionError("the office took all of it")


@pytest.mark.parametrize("way", WAYS)
def test_requests_sent_ahead_are_answered_in_order(opened: Opening, way: list[str]) -> None:
    """Many lines at once are carried out one after the other, and one that only stops sending hears all answers."""
    office = opened(*way, "--pay", "0", "--tickets", "2")
    with office.call() as eager:
        eager.send(b'{"do": "buy"}\n{"do": "look"}\n' * 3)
        eager.socket.shutdown(socket.SHUT_WR)
        # Two tickets: bought leaves 1, bought leaves 0, sold out leaves 0.
        answers = [eager.hear() for _ in range(6)]
        assert [a.get("outcome", a.get("count")) for a in answers] == ["bought", 1, "bought", 0, "sold out", 0]
        assert eager.hear() is None


@pytest.mark.parametrize("way", WAYS)
def test_a_client_that_is_killed_while_it_pays_has_bought(opened: Opening, way: list[str]) -> None:
    """The purchase of a killed client ends as it would have, the lock is given back, and the screen says so."""
    office = opened(*way, "--pay", "0.3", *LOCKED)
    command = [sys.executable, "-m", "booking", "buy", "--at", office.at, "--name", "ann"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as ann:
        office.wait_for("client 1 (ann) pays")
        ann.kill()
    with office.call() as bob:
        assert bob.ask(BUY | {"name": "bob"})["outcome"] == "sold out"
    office.wait_for("client 1 (ann) leaves")


@pytest.mark.parametrize("way", WAYS)
def test_a_killed_process_of_the_office_fails_one_request_only(opened: Opening, way: list[str]) -> None:
    """Whose process is killed hears of it; the next client is served, and the file lock is free."""
    office = opened(*way, "--pay", "60:60", *LOCKED)
    with office.call() as ann:
        ann.send(BUY | {"watch": True})
        ann.hear_until("pay", "call")
        for pid in office.children():
            os.kill(pid, signal.SIGKILL)
        assert "was ended" in ann.hear_answer()["error"]
    with office.call() as bob:
        bob.send(BUY | {"name": "bob", "watch": True})
        assert bob.hear_until("read", "return")[-1]["value"] == 1


@pytest.mark.parametrize("way", WAYS)
def test_the_lock_of_a_killed_process_is_reported(opened: Opening, way: list[str]) -> None:
    """A multiprocessing lock dies with its holder: the next client hears so after --timeout, and does not hang."""
    office = opened(*way, "--pay", "60:60", "--lock", "mp", "--timeout", "0.3")
    with office.call() as ann:
        ann.send(BUY | {"watch": True})
        ann.hear_until("pay", "call")
        for pid in office.children():
            os.kill(pid, signal.SIGKILL)
        assert "was ended" in ann.hear_answer()["error"]
    with office.call() as bob:
        refusal = bob.ask(BUY)
        assert (refusal["ok"], refusal["exit_status"]) == (False, 3)
        assert refusal["error"].startswith("the lock was still held after 0.3 s; ")


@pytest.mark.parametrize("way", WAYS)
def test_a_killed_process_does_not_hold_up_what_was_sent_ahead(opened: Opening, way: list[str]) -> None:
    """With more requests waiting behind the one that failed, the client is served or hung up on, and others too."""
    office = opened(*way, "--pay", "60:60", *LOCKED)
    with office.call() as ann:
        ann.send(b'{"do": "buy", "watch": true}\n{"do": "look"}\n')
        ann.hear_until("pay", "call")
        for pid in office.children():
            os.kill(pid, signal.SIGKILL)
        assert "was ended" in ann.hear_answer()["error"]
        # One process each: hers is gone, and with it the connection. Otherwise another process looks for her.
        assert ann.hear() == (None if way == ["--per-client"] else {"ok": True, "count": 1})
    with office.call() as bob:
        assert bob.ask(LOOK) == {"ok": True, "count": 1}


@pytest.mark.parametrize("way", WAYS)
def test_the_eleventh_mistake_is_the_last(opened: Opening, way: list[str]) -> None:
    """A client that only makes mistakes is hung up on: 10 are refused, and the 11th ends it."""
    office = opened(*way)
    with office.call() as ann:
        ann.send(b"{}\n" * 1000)
        assert [ann.hear()["ok"] for _ in range(11)] == [False] * 11
        assert ann.hear() is None


def test_processes_can_be_spawned(opened: Opening) -> None:
    """Without fork, as on Windows, the office sells, and ends, just the same."""
    office = opened("--start-method", "spawn", "--workers", "2", "--pay", "0", "--lock", "mp")
    with office.call() as ann:
        assert [ann.ask(BUY)["outcome"] for _ in range(2)] == ["bought", "sold out"]
        assert office.end(signal.SIGTERM) == (143, "Stopped. All buyer processes have ended.\n")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "term"])
def test_it_ends_cleanly(opened: Opening, way: list[str], number: signal.Signals, status: int) -> None:
    """Ctrl-C, the normal end, and SIGTERM end it within 2 s; no process is left and the port is free."""
    office = opened(*way, "--pay", "60:60")
    with office.call() as ann:
        assert ann.ask(LOOK)["ok"]
        ann.send(BUY | {"watch": True})
        ann.hear_until("pay", "call")
        code, errors = office.end(number, within=2)
        assert (code, errors.count("\n"), "Traceback" in errors) == (status, number == signal.SIGTERM, False)
        while ann.hear() is not None:
            pass
    assert sorted(path.name for path in office.db.parent.iterdir()) == ["db.json"]
    socket.create_server(office.address).close()


@pytest.mark.parametrize("way", WAYS)
def test_nothing_survives_a_killed_office(opened: Opening, way: list[str]) -> None:
    """When the office is killed, its processes are gone within 2 s, those that pay and those that wait for them."""
    office = opened(*way, "--pay", "60:60", *LOCKED)
    with office.call() as ann, office.call() as bob:
        ann.send(BUY | {"watch": True})
        ann.hear_until("pay", "call")
        bob.send(BUY | {"watch": True})
        bob.hear_until("acquire", "call")
        assert office.children()
        office.end(signal.SIGKILL, within=2)
        assert (ann.hear(), bob.hear()) == (None, None)
    socket.create_server(office.address).close()


def test_lines_do_not_depend_on_the_pieces_in_which_they_arrive(opened: Opening) -> None:
    """What was sent as lines is taken as lines, however the network cuts it."""
    office = opened("--workers", "1")
    with office.call() as slow:
        slow.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place, byte in enumerate(b'{"do": "look"}\n' * 2):
            slow.send(bytes([byte]))
            if place == len(
                b'{"do": "look"}\n'
            ):  # the answer has come, and the first byte of the next line is on its way
                assert slow.hear() == {"ok": True, "count": 1}
        assert slow.hear() == {"ok": True, "count": 1}


def test_many_clients_lose_no_answer(opened: Opening) -> None:
    """50 clients, all connected at once, ask 5 times each: every one of the 250 gets its answer, in turn."""
    office = opened("--workers", "4", "--pay", "0", "--tickets", "250", *LOCKED)
    callers = [office.call() for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        rounds = [list(pool.map(lambda caller: caller.ask({"do": "buy"}), callers)) for _ in range(5)]
    assert [answer.get("outcome") for answers in rounds for answer in answers] == ["bought"] * 250
    # Under the lock no two read the same count, and the 250 tickets were read as 250, 249, ..., 1.
    assert sorted(answer["read"] for answers in rounds for answer in answers) == list(range(1, 251))
    for caller in callers:
        caller.close()


def test_buy_at_an_office_tells_the_story_of_a_local_buy(opened: Opening, booking: Command) -> None:
    """The lines of `booking buy --at` are those of `booking buy`, as they happen."""
    office = opened("--pay", "0", *LOCKED)
    there = booking("buy", "--at", office.at, "--name", "ann")
    office.db.write_text('{"count": 1}')
    here = booking("buy", "--db", str(office.db), "--pay", "0", "--name", "ann", *LOCKED)
    assert there == here
    assert there[1].splitlines()[-1] == "ann: I have a ticket."
    assert booking("look", "--at", office.at) == (0, f"0 tickets left at {office.at}.\n", "")


def test_bad_addresses_and_silence_are_one_line(booking: Command) -> None:
    """A refused connection and a bad address end with 2, an office that says nothing with 3; one line each."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        at = f"127.0.0.1:{silent.getsockname()[1]}"
        code, _, errors = booking("buy", "--at", at, "--timeout", "0.2")
        assert code == 3
        assert errors == (
            f"booking: the office at {at} said nothing for 0.2 s; "
            "you may or may not have a ticket: look how many are left\n"
        )
    code, _, errors = booking("look", "--at", at)
    assert (code, errors.startswith(f"booking: no office answers at {at} ("), errors.count("\n")) == (2, True, 1)
    assert booking("look", "--at", "nowhere")[0] == 2
    assert booking("look", "--at", at, "--db", "x")[0::2] == (
        2,
        "booking: --db cannot be combined with --at: the office decides; give --db to the office\n",
    )


def test_a_stranger_that_answers_is_no_office(booking: Command) -> None:
    """Another kind of server at the address is named as such, and its bytes do not reach the terminal."""
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        ran = pool.submit(booking, "look", "--at", f"127.0.0.1:{server.getsockname()[1]}")
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"\x1b[2JSSH-2.0\n")
            code, _, errors = ran.result()
    assert (code, errors) == (2, "booking: what answers there is no ticket office: it said '\\x1b[2JSSH-2.0'\n")


def test_a_port_in_use_is_refused(opened: Opening, booking: Command) -> None:
    """A second office at the same port is refused in one line, and the first goes on."""
    office = opened()
    code, _, errors = booking("office", "--port", str(office.address[1]), "--db", str(office.db))
    assert (code, errors.count("\n"), "use --port 0 for a free port" in errors) == (2, 1, True)


def test_an_open_address_is_warned_about_and_can_be_reached(opened: Opening, booking: Command) -> None:
    """The risk is said on standard error; the address to type is not 0.0.0.0, and an office answers there."""
    office = opened("--host", "0.0.0.0")  # noqa: S104 - the warning is what is tested
    shown = next(line for line in office.heard if line.startswith("In other terminals")).split("--at ")[1].split()[0]
    assert not shown.startswith("0.0.0.0")  # noqa: S104
    assert booking("look", "--at", shown)[:2] == (0, f"1 ticket left at {shown}.\n")
    assert "everybody who can reach this machine can buy" in office.end(signal.SIGTERM)[1]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["--per-client", "--workers", "2"], id="both-ways"),
        pytest.param(["--workers", "0"], id="no-workers"),
        pytest.param(["--clients", "0"], id="no-clients"),
        pytest.param(["--idle", "0"], id="no-patience"),
        pytest.param(["--idle", "nan"], id="idle-is-no-number"),
        pytest.param(["--port", "65536"], id="no-such-port"),
        pytest.param(["--host", "256.256.256.256"], id="no-such-host"),
        pytest.param(["--lock", "wishful"], id="no-such-lock"),
    ],
)
def test_options_that_no_office_can_keep_are_refused(options: list[str], booking: Command) -> None:
    """Bad options end with 2 and one line."""
    code, out, errors = booking("office", *options)
    assert (code, out, errors.count("\n")) == (2, "", 1)
