"""Asks a Bluesky server (PDS) through atproto for plain JSON, keeps its session and tells its failures apart."""

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from atproto_client import Client
from atproto_client.client.base import is_method_not_served
from atproto_client.client.session import SessionEvent
from atproto_client.exceptions import AtProtocolError, NetworkError, RateLimitExceededError, RequestErrorBase
from atproto_client.models.base import ParamsModelBase
from atproto_client.request import Request

from connectors.base import Clock, Permanent, Secret, Transient

STALE = ("ExpiredToken", "InvalidToken")
"""What a PDS says of a session that has to be renewed."""
TELL = "make an app password under Settings → Privacy and security → App passwords and put it into app_password"


class Refused(Permanent):
    """The server answers, but not this question."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
        """The protocol's own word, such as NotFound; "" when there is none."""


class NotServed(Refused):
    """The network has nobody who answers such questions, a search for one."""


class AccountWaits(Transient):
    """It concerns the whole account, not one question: the rate limit, or a login that fails for now."""


class _Stale(Exception):
    """The session is no longer accepted."""


class _Client(Client):  # type: ignore[misc]  # atproto has no types
    """atproto's client, whose session can be renewed when the server asks for it."""

    def refresh(self) -> None:
        self._refresh_and_set_session()

    @property
    def session(self) -> str | None:
        return self.export_session_string() if self._session else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server said to one question."""

    body: Mapping[str, Any]
    rest_until: datetime | None
    """When the next request is allowed, if this one was the last for now."""


class Api:
    """One account. Every question raises Transient, Permanent or Refused.

    The session is kept in a file that only the owner can read, because Bluesky allows 300 logins a day. Answers are
    taken as JSON, not as atproto's models, which refuse a whole page for one post of a kind they don't know.
    """

    def __init__(
        self, handle: str, app_password: Secret, *, base_url: str | None, timeout: float, clock: Clock, state: Path
    ) -> None:
        """`timeout` in seconds."""
        self._handle = handle.strip().removeprefix("@")
        self._password = app_password
        self._clock = clock
        self._base_url = base_url
        name = hashlib.sha256(f"{base_url}|{self._handle}".encode()).hexdigest()[:16]
        self._file = state / f"bluesky-{name}.session"
        self._client = _Client(base_url, request=Request(timeout=timeout))
        self._client.on_session_change(self._session_changed)

    def close(self) -> None:
        self._client.request.close()

    def ask(self, nsid: str, **params: Any) -> Answer:
        """The answer to a query of the protocol, such as app.bsky.feed.getPosts; parameters that are None are left
        out."""
        query = ParamsModelBase(**params)
        for renew in (self._has_session, self._adopt, self._refresh, self._log_in):
            if renew():
                with suppress(_Stale):
                    return self._ask(nsid, query)
        raise Permanent("Bluesky does not accept the session that it has just given; look at base_url")

    def _ask(self, nsid: str, query: ParamsModelBase) -> Answer:
        try:
            response = self._client.invoke_query(nsid, params=query, ignore_session_check=True)
        except (AtProtocolError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise self._failure(error) from None
        if not isinstance(response.content, dict):
            raise Transient("Bluesky's answer is not its JSON")
        spent = response.headers.get("ratelimit-remaining") == "0"
        return Answer(body=response.content, rest_until=self._reset(response.headers) if spent else None)

    def _has_session(self) -> bool:
        return self._client.session is not None

    def _adopt(self) -> bool:
        """Takes the session of an earlier run, or the one that another process has renewed meanwhile."""
        try:
            kept = self._file.read_text()
            if kept == self._client.session or not re.fullmatch(r"[!-~]+", kept):
                return False
            self._client.login(session_string=kept, fetch_bsky_profile=False)
        except (OSError, ValueError):
            return False
        return True

    def _refresh(self) -> bool:
        if not self._has_session():
            return False
        try:
            self._client.refresh()
        except (AtProtocolError, httpx.HTTPError, ValueError) as error:
            failure = self._failure(error)
            if isinstance(failure, Transient):
                raise AccountWaits(str(failure), retry_at=failure.retry_at) from None
            return False
        return True

    def _log_in(self) -> bool:
        password = self._password.reveal().strip()
        if not (self._handle and password):
            raise Permanent(f"handle or app_password is empty: {TELL}")
        try:
            self._client.login(self._handle, password, fetch_bsky_profile=False)
        except (AtProtocolError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            failure = self._failure(error)
            if isinstance(failure, Transient):
                raise AccountWaits(str(failure), retry_at=failure.retry_at) from None
            raise Permanent(
                f"Bluesky refuses the login of {self._handle} ({failure}): look at handle and base_url, or {TELL}"
            ) from None
        return True

    def _session_changed(self, event: SessionEvent, session: object) -> None:
        """Keeps the session, and stays with the server that the configuration names: atproto moves to the one that
        the account's public record names."""
        if self._base_url:
            self._client.update_base_url(self._base_url)
        if event is SessionEvent.IMPORT:
            return
        try:
            descriptor, name = tempfile.mkstemp(prefix=self._file.name, dir=self._file.parent)
            with os.fdopen(descriptor, "w") as file:
                file.write(self._client.export_session_string())
            Path(name).replace(self._file)
        except OSError as error:
            raise Permanent(f"the session can't be kept in {self._file.parent}: {error.strerror}") from None

    def _failure(self, error: Exception) -> Exception:
        """The kind of failure that atproto's error means."""
        if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
            return Permanent(f"base_url is no address of a server: {self._base_url}")
        response = error.response if isinstance(error, RequestErrorBase) else None
        if response is None:
            unreached = isinstance(error, NetworkError | httpx.HTTPError)
            said = "Bluesky can't be reached" if unreached else "Bluesky's answer can't be read"
            return Transient(f"{said}: {type(error).__name__}")
        status = response.status_code
        reason, said = _said(response.content)
        if isinstance(error, RateLimitExceededError):
            until = self._reset(response.headers) or self._retry_after(response.headers)
            return AccountWaits("Bluesky's rate limit is reached", retry_at=until)
        if reason in STALE:
            return _Stale()
        message = self._without_secrets(" ".join(part for part in (str(status), reason, said) if part))
        if is_method_not_served(error):
            return NotServed(f"nobody on this network answers it: {message}", reason=reason)
        if 400 <= status < 500 and status != 408:
            return Refused(message, reason=reason)
        return Transient(f"Bluesky fails: {message}", retry_at=self._retry_after(response.headers))

    def _without_secrets(self, message: str) -> str:
        for secret in (self._password.reveal().strip(), *(self._client.session or "").split(":::")[2:4]):
            message = message.replace(secret, "…") if secret else message
        return message[:300]

    def _reset(self, headers: Mapping[str, str]) -> datetime | None:
        """The end of the rate limit's window, told in seconds since 1970 with every answer."""
        with suppress(KeyError, ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(int(headers["ratelimit-reset"]), UTC)
        return None

    def _retry_after(self, headers: Mapping[str, str]) -> datetime | None:
        with suppress(KeyError, ValueError, OverflowError):
            return self._clock() + timedelta(seconds=max(int(headers["retry-after"]), 0))
        return None


def _said(content: Any) -> tuple[str, str]:
    """The error's name and message, as far as the answer holds them."""
    error, message = getattr(content, "error", None), getattr(content, "message", None)
    return error if isinstance(error, str) else "", message if isinstance(message, str) else ""
