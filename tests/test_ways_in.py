"""How clicks reach the desk: over Socket Mode and over signed HTTP, with all that may go wrong on the way."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier
from websockets.http11 import Request
from websockets.server import ServerProtocol

from alerts.slack import Actions
from connectors.base import Secret
from monitor.config.model import Desk as Address
from monitor.desk.socket_mode import SocketMode
from monitor.desk.web import LARGEST, Signed, Web
from tests.care_team import (
    SIGNING,
    click,
    free_port,
    message,
    shows,
    slack_channel,
    strict_slack,
    team,
    team_over_sockets,
)
from tests.desk import NOON, Desk
from tests.servers.local_slack import KATI
from tests.servers.slack_api import CARE, LEADS, SlackApi
from tests.servers.slack_person import press
from tests.servers.slack_sockets import Sockets

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def slack() -> Iterator[SlackApi]:
    with strict_slack() as server:
        yield server


@pytest.fixture
def desk(slack: SlackApi, tmp_path: Path) -> Iterator[Desk]:
    with team_over_sockets(tmp_path, slack) as made:
        yield made


class SilentServer:
    """Greets one web socket and never says or hears another word: it answers no ping, and no close."""

    def __enter__(self) -> "SilentServer":
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"ws://127.0.0.1:{self._socket.getsockname()[1]}/"
        self.greeted = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        protocol = ServerProtocol()
        while not (requests := protocol.events_received()):
            protocol.receive_data(connection.recv(65536))
        [request] = requests
        assert isinstance(request, Request)
        protocol.send_response(protocol.accept(request))
        protocol.send_text(b'{"type": "hello"}')
        connection.sendall(b"".join(protocol.data_to_send()))
        self.greeted = True
        self._over.wait(60)
        connection.close()


# Over a socket


def test_a_deaf_socket_is_replaced(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="monitor")
    heard = Queue[Any]()
    sockets = Sockets()
    sockets.mute = 1
    listener = SocketMode(sockets.address, heard.put, patience=0.5)
    try:
        sockets.deliver({"n": 1})
        assert heard.get(timeout=10) == {"n": 1}
        assert sockets.opened == 2
    finally:
        listener.close()
        sockets.close()
    assert "the connection is dead (TimeoutError)" in caplog.text
    assert "ticket" not in caplog.text


def test_a_socket_that_answers_no_ping_is_replaced() -> None:
    with SilentServer() as silent:
        sockets, heard = Sockets(), Queue[Any]()
        addresses = iter([silent.address])
        listener = SocketMode(lambda: next(addresses, None) or sockets.address(), heard.put, patience=0.5)
        try:
            sockets.deliver({"n": 1})
            assert silent.greeted
            assert heard.get(timeout=10) == {"n": 1}
        finally:
            listener.close()
            sockets.close()


def test_a_socket_that_breaks_is_replaced(slack: SlackApi, desk: Desk) -> None:
    assert slack.sockets
    slack.sockets.wait(lambda: slack.sockets and slack.sockets.listening, "connection")
    slack.sockets.break_off()
    click(slack, KATI, "Claim")
    shows(slack, "Claimed by")
    assert slack.sockets.opened == 2


def test_before_slack_ends_a_socket_another_one_listens(slack: SlackApi, desk: Desk) -> None:
    assert slack.sockets
    slack.sockets.say({"type": "disconnect", "reason": "refresh_requested"})
    slack.sockets.wait(lambda: slack.sockets and slack.sockets.listening == 2, "second connection beside the first")
    click(slack, KATI, "Claim")
    shows(slack, "Claimed by")


@pytest.mark.parametrize("said", ["no json", "[1]", '"hello"', '{"type": "unheard_of"}', '{"envelope_id": "x"}'])
def test_what_makes_no_sense_is_passed_over(slack: SlackApi, desk: Desk, said: str) -> None:
    assert slack.sockets
    slack.sockets.say(said)
    click(slack, KATI, "Claim")
    shows(slack, "Claimed by")
    assert slack.sockets.opened == 1


# Over HTTP


@pytest.fixture
def heard() -> list[Any]:
    return []


@pytest.fixture
def web(heard: list[Any]) -> Iterator[str]:
    """The address of a server that hears of one app's clicks."""
    other = Signed(secret=Secret("another app's"), take=lambda _: pytest.fail("told to the wrong app"))
    server = Web("127.0.0.1", 0, [other, Signed(secret=Secret(SIGNING), take=heard.append)], lambda: NOON)
    yield f"http://127.0.0.1:{server.port}/slack"
    server.close()


def post(address: str, body: bytes, *, secret: str = SIGNING, at: float = NOON.timestamp(), **headers: str) -> int:
    stamp = str(int(at))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body) or ""
    signed = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return httpx.post(address, content=body, headers=kind | signed | headers, timeout=10).status_code


def wrapped(payload: Any) -> bytes:
    return str(httpx.QueryParams({"payload": json.dumps(payload)})).encode()


def test_a_signed_click_is_heard(web: str, heard: list[Any]) -> None:
    assert post(f"{web}/interactions", wrapped({"type": "block_actions", "n": "Õ&=+"})) == 200
    assert heard == [{"type": "block_actions", "n": "Õ&=+"}]


@pytest.mark.parametrize("minutes_off", [-6, 6, 60 * 24 * 365])
def test_an_old_or_early_request_is_not_believed(web: str, heard: list[Any], minutes_off: float) -> None:
    at = NOON.timestamp() + 60 * minutes_off
    assert post(f"{web}/interactions", wrapped({}), at=at) == 401
    assert heard == []


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": "õ".encode("latin-1").decode("latin-1")},
        {"X-Slack-Request-Timestamp": "yesterday"},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Request-Timestamp": "9" * 5000},
        {"X-Slack-Request-Timestamp": "nan"},
    ],
)
def test_a_forged_request_is_answered_401(web: str, heard: list[Any], headers: dict[str, str]) -> None:
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    body = wrapped({"type": "block_actions"})
    stamp = str(int(NOON.timestamp()))
    signature = SignatureVerifier(SIGNING).generate_signature(timestamp=stamp, body=body) or ""
    good = {"X-Slack-Request-Timestamp": stamp.encode(), "X-Slack-Signature": signature.encode()}
    for where in ("interactions", "events"):
        answer = httpx.post(f"{web}/{where}", content=body, headers={**good, **encoded}, timeout=10)
        assert (answer.status_code, answer.content) == (401, b"")
    assert heard == []


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"payload=", b"GET / HTTP/1.0\r\n\r\n", b"{" * 10_000])
def test_garbage_without_a_signature_is_answered_401(web: str, heard: list[Any], body: bytes) -> None:
    for where in ("interactions", "events"):
        assert httpx.post(f"{web}/{where}", content=body, timeout=10).status_code == 401
    assert heard == []


def test_a_signature_for_another_body_or_by_another_app_is_not_believed(web: str, heard: list[Any]) -> None:
    assert post(f"{web}/interactions", wrapped({}), secret="not ours") == 401
    stamp = str(int(NOON.timestamp()))
    signature = SignatureVerifier(SIGNING).generate_signature(timestamp=stamp, body=b"payload=%7B%7D") or ""
    assert post(f"{web}/interactions", wrapped({"n": 1}), **{"X-Slack-Signature": signature}) == 401
    assert heard == []


@pytest.mark.parametrize("body", [b"", b"payload", b"payload=no+json", b"other=1", b"payload=1&payload=2", b"[]"])
def test_what_is_signed_but_makes_no_sense_is_answered_400(web: str, heard: list[Any], body: bytes) -> None:
    assert post(f"{web}/interactions", body) == 400
    assert heard == []


def test_a_body_without_end_is_cut_off(web: str, heard: list[Any]) -> None:
    assert post(f"{web}/interactions", b"x" * (LARGEST + 1)) == 413
    assert httpx.get(f"{web}/interactions", timeout=10).status_code == 405
    assert httpx.get(f"{web}/", timeout=10).status_code == 404
    assert heard == []


def test_slack_is_shown_that_the_address_is_ours(web: str, heard: list[Any]) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"}).encode()
    stamp = str(int(NOON.timestamp()))
    signature = SignatureVerifier(SIGNING).generate_signature(timestamp=stamp, body=body) or ""
    signed = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature} | JSON
    assert httpx.post(f"{web}/events", content=body, headers=signed, timeout=10).json() == {"challenge": "3eZbrw1aB"}
    assert heard == []


@pytest.mark.parametrize("path", ["events", "interactions", "commands"])
def test_whatever_slack_tells_may_come_in_at_any_of_the_paths(web: str, heard: list[Any], path: str) -> None:
    event = {"type": "event_callback", "event": {"type": "app_home_opened"}}
    assert post(f"{web}/{path}", json.dumps(event).encode(), **JSON) == 200
    assert post(f"{web}/{path}", wrapped({"type": "block_actions"})) == 200
    assert post(f"{web}/{path}", b"command=%2Fcomplaints&text=&user_id=U01KATI001") == 200
    assert heard == [event, {"type": "block_actions"}, {"command": "/complaints", "text": "", "user_id": "U01KATI001"}]
    assert post(f"{web}/{path}", b'"url_verification"', **JSON) == 400


def test_a_replayed_request_does_nothing_a_second_time(slack: SlackApi, tmp_path: Path) -> None:
    port = free_port()
    actions = Actions(signing_secret=Secret(SIGNING))
    channels = (slack_channel(slack.url, where, actions) for where in (CARE, LEADS))
    with team(tmp_path, *channels, desk=Address(listen=f"127.0.0.1:{port}")) as made:
        address = f"http://127.0.0.1:{port}/slack/interactions"
        body = wrapped(press(KATI, CARE, message(slack), "Snooze for 1 hour"))
        assert [post(address, body) for _ in range(3)] == [200, 200, 200]
        assert post(address, wrapped(press(KATI, CARE, message(slack), "Claim"))) == 200
        shows(slack, "Claimed by")
        assert made.kinds().count("snoozed") == 1
