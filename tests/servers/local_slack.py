"""Runs npm's `local-slack`, a Slack written by others, on a free port."""

import json
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.servers.slack_person import action, send

TOKEN = "xoxb-local-slack"
APP_TOKEN = "xapp-local-slack"
SIGNING_SECRET = "local-signing-secret"
CARE, LEADS = "C01CARE", "C01LEADS"
KATI, REIN = "U01KATI001", "U01REIN001"
CONFIG: dict[str, Any] = {
    "workspace": {"name": "Baltic Care", "domain": "baltic-care", "teamId": "T01CARE"},
    "apps": [
        {
            "appId": "A01MONITOR",
            "botUserId": "U01MONITOR",
            "botName": "monitor",
            "botToken": TOKEN,
            "appToken": APP_TOKEN,
            "signingSecret": SIGNING_SECRET,
            "mode": "socket",
        }
    ],
    "users": [
        {"id": KATI, "name": "kati", "real_name": "Kati Kask"},
        {"id": REIN, "name": "rein", "real_name": "Rein Rebane"},
    ],
    "channels": [
        {"id": CARE, "name": "care", "members": [KATI, REIN, "U01MONITOR"]},
        {"id": LEADS, "name": "leads", "members": [KATI, REIN, "U01MONITOR"]},
    ],
}


class LocalSlack:
    """A running local-slack; `url` is for the Web API. Clicks are told over Socket Mode, or over HTTP to an address."""

    def __init__(self, tell: str = "") -> None:
        way = {"mode": "events", "requestUrl": tell} if tell else {"mode": "socket"}
        self._config = CONFIG | {"apps": [CONFIG["apps"][0] | way]}

    def __enter__(self) -> "LocalSlack":
        program = _program()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/api/"
        self._folder = tempfile.TemporaryDirectory()
        config = Path(self._folder.name, "config.json")
        config.write_text(json.dumps(self._config), encoding="utf-8")
        self._process = subprocess.Popen(
            [program, "--config", config, "--port", str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=20)
        self._folder.cleanup()

    def messages(self, channel: str) -> list[dict[str, Any]]:
        """All messages of a channel, those in threads included."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_control/messages/{channel}", timeout=10) as answer:
            found = json.load(answer)
        return found if isinstance(found, list) else found["messages"]

    def press(self, who: str, channel: str, message: dict[str, Any], label: str) -> None:
        """Somebody presses a button; local-slack makes the click of it."""
        click = {"channel": channel, "messageTs": message["ts"], "user": who, "action": action(message, label)}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_control/interact",
            data=json.dumps(click).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert json.load(answer)["ok"]

    @contextmanager
    def screen(self) -> Iterator["Screen"]:
        """What people see, as it changes."""
        with connect(f"ws://127.0.0.1:{self.port}/ui", max_size=None) as socket:
            yield Screen(socket)

    def _wait(self) -> None:
        """Until it has said where it listens. Raises RuntimeError with what it said instead."""
        said = []
        assert self._process.stdout
        for line in self._process.stdout:
            said.append(line)
            if str(self.port) in line:
                return
        raise RuntimeError(f"local-slack ended: {''.join(said)}")


class Screen:
    """local-slack's own page in a browser: told of every message and form, and able to send a form off."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.messages: dict[str, dict[str, Any]] = {}
        """By their time stamps."""
        self.form: dict[str, Any] | None = None
        """The form that is open."""
        self.homes: dict[str, dict[str, Any]] = {}
        """The App Homes of people."""
        self.connected = False
        """The app listens over Socket Mode."""

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
        """Until what is to be seen makes the condition true; what the condition then says."""
        while not (found := condition()):
            try:
                self._hear(json.loads(self._socket.recv(seconds)))
            except TimeoutError:
                raise AssertionError(f"no {what} within {seconds:g} s of the last change") from None
        return found

    def submit(self, who: str, **entered: Any) -> None:
        """Somebody fills in the form that is open, and sends it."""
        form = self.wait(lambda: self.form, "form")
        values = send(who, form, **entered)["view"]["state"]["values"]
        self._socket.send(json.dumps({"t": "view_submit", "user": who, "values": values}))

    def command(self, who: str, words: str) -> dict[str, Any]:
        """Somebody writes the slash command in #care; the answer that only she sees."""
        known = set(self.messages)
        self._say("slash_command", user=who, channel=CARE, command="/complaints", text=words)
        return self.wait(lambda: self._new(known, who), "answer")  # type: ignore[no-any-return]

    def _new(self, known: set[str], who: str) -> dict[str, Any] | None:
        fresh = [message for ts, message in self.messages.items() if ts not in known]
        return next((message for message in fresh if message.get("ephemeral_to") == who), None)

    def open_home(self, who: str) -> dict[str, Any]:
        """Somebody opens the App Home; what she sees."""
        self.homes.pop(who, None)
        self._say("open_home", user=who)
        return self.wait(lambda: self.homes.get(who), "App Home")  # type: ignore[no-any-return]

    def _say(self, what: str, **more: str) -> None:
        self._socket.send(json.dumps({"t": what, "appId": "A01MONITOR", **more}))

    def _hear(self, told: dict[str, Any]) -> None:
        match told["t"]:
            case "init":
                self.connected = told["state"]["apps"][0]["connected"]
                for message in (each for room in told["state"]["messages"].values() for each in room):
                    self.messages[message["ts"]] = message
            case "message" | "message_update":
                self.messages[told["message"]["ts"]] = told["message"]
            case "socket_status":
                self.connected = told["connected"]
            case "home":
                self.homes[told["user"]] = told["view"]
            case "view":
                self.form = told["stack"][-1] if told["stack"] else None


def _program() -> Path:
    """The binary that `npm install local-slack-linux-x64` left beside the interpreter or in the checkout."""
    for folder in (Path(sys.prefix), Path(".venv"), Path()):
        program = folder / "node_modules/local-slack-linux-x64/bin/local-slack"
        if program.exists():
            return program.resolve()
    raise FileNotFoundError("local-slack is not installed: run `make setup`")
