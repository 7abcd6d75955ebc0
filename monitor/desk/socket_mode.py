"""Listens to Slack's Socket Mode: a web socket that this side opens, replaced whenever it may have gone deaf."""

import json
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Event, Thread
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from alerts.base import Permanent, Transient

log = logging.getLogger(__name__)
_quiet = logging.getLogger(f"{__name__}.websockets")
_quiet.setLevel(logging.CRITICAL)  # every failure is raised, and its lines hold the address, which is a ticket

PATIENCE = 10.0
"""Seconds in which Slack greets a new connection, and answers each of our pings."""
SILENCE = 3600.0
"""Seconds without a word, pings aside, after which a connection is replaced for safety's sake."""
LINGER = 30.0
"""Seconds that a connection which Slack wants to end is listened to while the next one takes over."""
LONGEST_PAUSE = 30.0
"""Seconds between two tries to connect."""


class SocketMode:
    """Keeps a connection open until it is closed, and hands on what comes in, acknowledged."""

    def __init__(self, address: Callable[[], str], take: Callable[[Any], None], *, patience: float = PATIENCE) -> None:
        """`address` gives a fresh web socket address, and may raise Transient or Permanent."""
        self._line = partial(_Line, address, take, patience)
        self._lines: list[_Line] = []
        self._over = Event()
        self._thread = Thread(target=self._run, name="socket mode", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        for line in self._lines:
            line.close()
        self._thread.join()

    def _run(self) -> None:
        failures = 0
        while not self._over.is_set():
            line = self._line()
            self._lines = [*(old for old in self._lines if not old.ended), line]
            if self._over.is_set():
                line.close()
            line.retired.wait()
            if line.asked_to_end:
                failures = 0
                continue
            failures = 1 if line.greeted else failures + 1
            self._over.wait(min(2.0 ** (failures - 1), LONGEST_PAUSE))


class _Line:
    """One connection, in a thread of its own: retired once another one shall take its place."""

    def __init__(self, address: Callable[[], str], take: Callable[[Any], None], patience: float) -> None:
        self.greeted = self.asked_to_end = self.ended = False
        self.retired = Event()
        self._address = address
        self._take = take
        self._patience = patience
        self._socket: ClientConnection | None = None
        Thread(target=self._run, name="socket mode line", daemon=True).start()

    def close(self) -> None:
        self.ended = True
        self.retired.set()
        if self._socket:
            self._socket.close()

    def _run(self) -> None:
        try:
            self._listen()
        except (Transient, Permanent) as error:
            log.warning("socket mode: %s", error)
        except (WebSocketException, OSError) as error:  # TimeoutError is one
            if not self.ended and not self.asked_to_end:
                log.info("socket mode: the connection is dead (%s), opening another", type(error).__name__)
        except Exception:
            log.exception("socket mode")
        finally:
            self.ended = True
            self.retired.set()

    def _listen(self) -> None:
        with connect(
            self._address(),
            open_timeout=self._patience,
            ping_interval=self._patience,
            ping_timeout=self._patience,
            close_timeout=1,
            logger=_quiet,
        ) as socket:
            self._socket = socket
            while not self.ended:
                self._hear(socket, socket.recv(self._timeout()))

    def _timeout(self) -> float:
        if not self.greeted:
            return self._patience
        return LINGER if self.retired.is_set() else SILENCE

    def _hear(self, socket: ClientConnection, said: str | bytes) -> None:
        message: dict[str, Any] = {}
        with suppress(ValueError):
            loaded = json.loads(said)
            message = loaded if isinstance(loaded, dict) else {}
        if message.get("type") == "hello":
            self.greeted = True
            log.info("socket mode: connected")
        elif message.get("type") == "disconnect":
            self.asked_to_end = True
            self.retired.set()
        elif "envelope_id" in message:
            socket.send(json.dumps({"envelope_id": message["envelope_id"]}))
            self._take(message.get("payload"))
