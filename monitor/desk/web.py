"""Receives Slack's signed requests over HTTP: each is verified, acknowledged at once, and handed on."""

import asyncio
import json
import logging
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.base import Clock, Secret

log = logging.getLogger(__name__)

LARGEST = 1_000_000
"""Bytes of a request; Slack's have some thousand."""
PATHS = ("events", "interactions", "commands")
SLOWEST = 3.0
"""Seconds in which a request must have arrived; Slack itself waits no longer for its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """One Slack app: what it signs with, and who takes what it tells."""

    secret: Secret
    take: Callable[[Any], None]


class Refused(Exception):
    """The request is answered with this status and nothing else."""

    def __init__(self, status: int) -> None:
        self.status = status


class Web:
    """The server, listening from the moment it is made until it is closed."""

    def __init__(self, host: str, port: int, apps: Sequence[Signed], clock: Clock) -> None:
        """Port 0 takes a free one. Raises OSError when the address can't be listened at."""
        self._apps = [(SignatureVerifier(app.secret.reveal(), _Seconds(clock)), app.take) for app in apps]
        routes = [Route(f"/slack/{path}", self._told, methods=["POST"]) for path in PATHS]
        self._socket = socket.create_server((host, port), family=_family(host, port))
        self.port: int = self._socket.getsockname()[1]
        self._server = uvicorn.Server(
            uvicorn.Config(
                Starlette(routes=routes, exception_handlers={Refused: _refuse}),
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                limit_concurrency=100,
                timeout_graceful_shutdown=int(SLOWEST),
            )
        )
        self._thread = Thread(target=self._server.run, args=([self._socket],), name="web", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    async def _told(self, request: Request) -> Response:
        """A press, a slash command or an event: all of them may come in at any of the paths."""
        body, take = await self._verified(request)
        try:
            payload = _payload(body, request.headers.get("content-type", ""))
            challenge = payload.get("challenge") if payload.get("type") == "url_verification" else None
        except (ValueError, LookupError, AttributeError):
            raise Refused(400) from None
        if isinstance(challenge, str):
            return JSONResponse({"challenge": challenge})
        take(payload)
        return Response()

    async def _verified(self, request: Request) -> tuple[bytes, Callable[[Any], None]]:
        """The raw body, and who takes what the app that signed it tells. Raises Refused."""
        body = await _read(request)
        stamp, signature = (request.headers.get(f"x-slack-{name}") for name in ("request-timestamp", "signature"))
        for verifier, take in self._apps:
            try:
                if verifier.is_valid(body, stamp, signature):
                    return body, take
            except (ValueError, TypeError):  # no number, no UTF-8, no ASCII: nothing that Slack sends
                continue
        log.warning("web: a request to %s was not signed by Slack", request.url.path)
        raise Refused(401)


class _Seconds(SlackClock):
    """Our clock, for the five minutes in which a signature is good."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock().timestamp()


def _payload(body: bytes, kind: str) -> Any:
    """What a request tells: JSON, a form that holds JSON, or a slash command. Raises ValueError, LookupError."""
    if kind.startswith("application/json"):
        return json.loads(body)
    form = {name: value for name, [value] in parse_qs(body.decode(), True, strict_parsing=True).items()}
    return form if "command" in form else json.loads(form["payload"])


async def _read(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(SLOWEST):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST:
                    raise Refused(413)
    except TimeoutError:
        raise Refused(408) from None
    except ClientDisconnect:
        raise Refused(400) from None
    return bytes(body)


async def _refuse(_: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    return Response(status_code=refused.status, headers={"Connection": "close"})


def _family(host: str, port: int) -> socket.AddressFamily:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
