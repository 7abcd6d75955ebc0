"""Runs npm's `local-slack`, a Slack written by others, on a free port."""

import json
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

TOKEN = "xoxb-local-slack"
CARE, LEADS = "C01CARE", "C01LEADS"
CONFIG = {
    "workspace": {"name": "Baltic Care", "domain": "baltic-care", "teamId": "T01CARE"},
    "apps": [
        {
            "appId": "A01MONITOR",
            "botUserId": "U01MONITOR",
            "botName": "monitor",
            "botToken": TOKEN,
            "appToken": "xapp-local-slack",
            "signingSecret": "local-signing-secret",
            "mode": "socket",
        }
    ],
    "users": [{"id": "U01KATI001", "name": "kati", "real_name": "Kati Kask"}],
    "channels": [
        {"id": CARE, "name": "care", "members": ["U01KATI001", "U01MONITOR"]},
        {"id": LEADS, "name": "leads", "members": ["U01KATI001", "U01MONITOR"]},
    ],
}


class LocalSlack:
    """A running local-slack; `url` is for the Web API."""

    def __enter__(self) -> "LocalSlack":
        program = _program()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/api/"
        self._folder = tempfile.TemporaryDirectory()
        config = Path(self._folder.name, "config.json")
        config.write_text(json.dumps(CONFIG), encoding="utf-8")
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

    def _wait(self) -> None:
        """Until it has said where it listens. Raises RuntimeError with what it said instead."""
        said = []
        assert self._process.stdout
        for line in self._process.stdout:
            said.append(line)
            if str(self.port) in line:
                return
        raise RuntimeError(f"local-slack ended: {''.join(said)}")


def _program() -> Path:
    """The binary that `npm install local-slack-linux-x64` left beside the interpreter or in the checkout."""
    for folder in (Path(sys.prefix), Path(".venv"), Path()):
        program = folder / "node_modules/local-slack-linux-x64/bin/local-slack"
        if program.exists():
            return program.resolve()
    raise FileNotFoundError("local-slack is not installed: run `make setup`")
