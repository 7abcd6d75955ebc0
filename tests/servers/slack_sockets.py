"""The Socket Mode side of the strict local Slack: web sockets that greet, deliver envelopes, and go deaf on demand."""

import json
import threading
from typing import Any
from uuid import uuid4

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

Message = dict[str, Any]
WAIT = 20.0
"""Seconds after which a story is over that waits for something."""


class Sockets:
    """`mute` connections to come are opened but never greeted, as if Slack had forgotten them."""

    def __init__(self) -> None:
        self.mute = 0
        self.opened = 0
        """Connections so far."""
        self._changed = threading.Condition()
        self._tickets: set[str] = set()
        self._open: list[ServerConnection] = []
        self._acknowledged: set[str] = set()
        self._server = serve(self._serve, "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def address(self) -> str:
        """Good for one connection."""
        ticket = uuid4().hex
        self._tickets.add(ticket)
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/link/?ticket={ticket}"

    def deliver(self, payload: Message, *, envelope_id: str = "", kind: str = "interactive") -> str:
        """Tells of something over the newest connection, and waits until that is acknowledged; the envelope's id."""
        envelope_id = envelope_id or str(uuid4())
        self.wait(lambda: self._open, "a connection")
        self._acknowledged.discard(envelope_id)
        self.say({"envelope_id": envelope_id, "type": kind, "payload": payload, "accepts_response_payload": True})
        self.wait(lambda: envelope_id in self._acknowledged, "an acknowledgement")
        return envelope_id

    def say(self, message: Message | str) -> None:
        self.wait(lambda: self._open, "a connection")
        self._open[-1].send(message if isinstance(message, str) else json.dumps(message))

    def break_off(self) -> None:
        """The newest connection dies without a word."""
        self.wait(lambda: self._open, "a connection")
        connection = self._open[-1]
        connection.socket.shutdown(2)
        self.wait(lambda: connection not in self._open, "the end of the connection")

    def wait(self, condition: Any, what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, WAIT), f"no {what} within {WAIT:g} s"

    def close(self) -> None:
        self._server.shutdown()
        for connection in list(self._open):
            connection.close()
        self._thread.join()

    @property
    def listening(self) -> int:
        return len(self._open)

    def _serve(self, connection: ServerConnection) -> None:
        assert connection.request
        ticket = connection.request.path.rpartition("=")[2]
        if ticket not in self._tickets:
            return
        self._tickets.discard(ticket)
        with self._changed:
            self.opened += 1
            mute = self.mute > 0
            self.mute -= mute
            if not mute:
                connection.send(json.dumps({"type": "hello", "num_connections": 1}))
                self._open.append(connection)
            self._changed.notify_all()
        try:
            for said in connection:
                with self._changed:
                    self._acknowledged.add(json.loads(said)["envelope_id"])
                    self._changed.notify_all()
        except ConnectionClosed:
            pass
        finally:
            with self._changed:
                if connection in self._open:
                    self._open.remove(connection)
                self._changed.notify_all()
