"""A strict local Slack: the Web API methods that alerts need, Slack's limits and errors, and faults on demand.

As a part of a test:        with SlackApi() as slack: … slack.url … slack.messages("care")
As a process of its own:    python -m tests.servers.slack_api --port 4100 --journal posted.jsonl
Looked into from outside:   GET /_test/messages?channel=care      POST /_test/fault {"method": …, "kind": …}
"""

import argparse
import json
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.slack_sockets import Sockets
from tests.servers.slack_workspace import APP_TOKEN, CARE, LEADS, TOKEN, Fault, Message, Workspace

__all__ = ["APP_TOKEN", "CARE", "LEADS", "TOKEN", "SlackApi"]


class SlackApi(Workspace):
    """The workspace, served on 127.0.0.1 from `with` on."""

    def __init__(self, *, port: int = 0, **settings: Any) -> None:
        super().__init__(**settings)
        self.closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (_Handler,), {"slack": self}))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/api/"
        self.sockets: Sockets | None = None
        """Those of Socket Mode, once one was asked for."""

    def socket_address(self) -> str:
        self.sockets = self.sockets or Sockets()
        return self.sockets.address()

    def answer_address(self) -> str:
        """A new `response_url`."""
        address = f"/answers/{len(self.answers)}"
        self.answers[address] = []
        return f"{self.url.removesuffix('/api/')}{address}"

    def upload_address(self) -> str:
        return self.url.removesuffix("api/") + "upload/"

    def __enter__(self) -> "SlackApi":
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        if self.sockets:
            self.sockets.close()
        self._http.shutdown()
        self._http.server_close()

    def serve_forever(self) -> None:
        self._http.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    slack: SlackApi
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/_test/fault":
            self.slack.fault(**json.loads(body))
            self._reply({"ok": True})
            return
        if self.path.startswith("/answers/"):
            self._send(self.slack.take_answer(self.path, json.loads(body)), b"ok", {"Content-Type": "text/plain"})
            return
        if self.path.startswith("/upload/"):
            taken = self.slack.files.uploaded(self.path.removeprefix("/upload/"), body)
            self._send(200 if taken else 400, b"OK", {"Content-Type": "text/plain"})
            return
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        method = urlsplit(self.path).path.removeprefix("/api/")
        fault, answer = self.slack.answer(method, self._arguments(body), token)
        with suppress(ConnectionError):
            if fault:
                self._go_wrong(fault)
            elif answer.get("error") == "ratelimited":
                self._reply(answer, 429, {"Retry-After": "1"})
            else:
                if answer.get("error") == "missing_scope":
                    answer["needed"] = answer["response_metadata"]["messages"][0]
                self._reply(answer, 200, {"x-oauth-scopes": self.slack.scopes})

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path != "/_test/messages":
            self.send_error(404)
            return
        channel = parse_qs(address.query).get("channel", [CARE])[0]
        self._reply({"ok": True, "messages": self.slack.messages(channel)})

    def _arguments(self, body: bytes) -> Message:
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/json"):
            loaded = json.loads(body or b"{}")
            return loaded if isinstance(loaded, dict) else {}
        return {name: values[-1] for name, values in parse_qs(body.decode()).items()}

    def _go_wrong(self, fault: Fault) -> None:
        match fault.kind:
            case "lost":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            case "hang":
                self.close_connection = True
                self.slack.closing.wait(60)
            case "garbage":
                self._send(200, b"<html>Bad gateway</html>", {"Content-Type": "text/html"})
            case "status":
                self._send(fault.status, b"<html>Sorry</html>", {"Content-Type": "text/html"})
            case "ratelimited":
                self._reply({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(fault.retry_after)})
            case "error":
                self._reply({"ok": False, "error": fault.error})
            case other:
                raise ValueError(other)

    def _reply(self, answer: Message, status: int = 200, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(answer).encode()
        self._send(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def main() -> None:
    parser = argparse.ArgumentParser(description="A strict local Slack.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--journal", type=Path, help="every accepted message, one line of JSON each")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--rate-limit", action="store_true", help="one message a second a channel, else 429")
    given = parser.parse_args()
    seconds = time.monotonic if given.rate_limit else None
    slack = SlackApi(port=given.port, token=given.token, journal=given.journal, seconds=seconds)
    print(f"listening on {slack.url}", flush=True)  # noqa: T201
    with suppress(KeyboardInterrupt):
        slack.serve_forever()


if __name__ == "__main__":
    main()
