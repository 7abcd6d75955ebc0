"""Asks X's API v2 through tweepy, and tells its failures apart."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import tweepy

from connectors.base import Clock, Permanent, Secret, Transient, UsageCap

ADDRESS = "https://api.x.com"
TOP_UP = timedelta(hours=1)
"""When to look whether somebody has bought credit."""
LIMITS = ("x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What X said to one request."""

    data: list[Any]
    """Posts or accounts."""
    people: Mapping[str, Any]
    errors: list[Any]
    token: str | None
    resets_at: datetime | None
    """When the next request is allowed, if this one was the last for now."""


class Refused(Permanent):
    """X takes exception to a parameter of the request."""

    def __init__(self, message: str, body: str) -> None:
        super().__init__(message)
        self.body = body


class Client(tweepy.Client):  # type: ignore[misc]  # tweepy has no types
    """tweepy's endpoints, with the timeout and the address it lacks and without its log line that shows the token."""

    def __init__(self, token: Secret, base_url: str | None, timeout: float) -> None:
        super().__init__(return_type=requests.Response)
        self.token = token
        self.base_url = (base_url or ADDRESS).rstrip("/")
        self.timeout = timeout

    def request(
        self, method: str, route: str, params: Any = None, json: Any = None, user_auth: bool = False
    ) -> requests.Response:
        token = self.token.reveal().strip()
        if not re.fullmatch(r"[!-~]+", token):
            raise Permanent("bearer_token is empty or holds characters that no token of X has")
        return self.session.request(  # type: ignore[no-any-return]
            method,
            self.base_url + route,
            params=params,
            json=json,
            headers={"Authorization": f"Bearer {token}", "User-Agent": self.user_agent},
            timeout=self.timeout,
        )


class Api:
    """X behind one token."""

    def __init__(self, token: Secret, *, base_url: str | None, timeout: float, clock: Clock) -> None:
        self.client = Client(token, base_url, timeout)
        self.token = token
        self.clock = clock

    def ask(self, call: Callable[..., Any], **params: Any) -> Answer:
        """Calls one of the client's endpoints. Raises Transient or Permanent, Refused for a parameter's sake."""
        try:
            response = call(**params)
        except requests.RequestException as error:
            raise Transient(f"X can't be reached: {type(error).__name__}") from error
        if not response.ok:
            raise self._failure(response)
        body = _json(response)
        if body is None:
            raise Transient("X answered with something that is not its JSON")
        people = as_list(as_dict(body.get("includes")).get("users"))
        token = as_dict(body.get("meta")).get("next_token")
        return Answer(
            data=as_list(body.get("data")),
            people={str(user["id"]): user for user in people if has_id(user)},
            errors=as_list(body.get("errors")),
            token=str(token) if token else None,
            resets_at=_resets_at(response, spent_only=True),
        )

    def close(self) -> None:
        self.client.session.close()

    def _failure(self, response: requests.Response) -> Exception:
        """The kind of failure that X's answer means."""
        said = _said(response).replace(self.token.reveal().strip(), "…")
        match response.status_code:
            case 402:
                return UsageCap(f"X: no credit left, buy some: {said}", retry_at=self.clock() + TOP_UP)
            case 403 | 429 if re.search(r"usage-?cap|spend(ing)? (cap|limit)", response.text, re.IGNORECASE):
                return UsageCap(f"X: the monthly cap is reached: {said}", retry_at=_next_month(self.clock()))
            case 429:
                return Transient("X's rate limit is reached", retry_at=_resets_at(response))
            case 400:
                return Refused(f"X refuses the request; check keywords and handles: {said}", response.text)
            case 401:
                return Permanent("X does not accept bearer_token: put a valid one from X's developer console")
            case 403:
                return Permanent(f"X forbids it: the app needs access to read posts by API v2: {said}")
            case 404:
                return Permanent("X knows no such address: check base_url")
        return Transient(f"X fails: {response.status_code} {said}")


def has_id(item: Any) -> bool:
    return isinstance(item, dict) and str(item.get("id")).isdigit()


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _json(response: requests.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _said(response: requests.Response) -> str:
    """What a problem of X's says, in one line."""
    body = _json(response) or {}
    details = [as_dict(error).get("message") for error in as_list(body.get("errors"))]
    return "; ".join(text for text in [body.get("detail"), *details] if isinstance(text, str))[:500]


def _resets_at(response: requests.Response, *, spent_only: bool = False) -> datetime | None:
    """When the limits that this request has used up are lifted."""
    headers = response.headers
    spent = [name for name in LIMITS if headers.get(f"{name}-remaining") == "0"]
    resets = [headers.get(f"{name}-reset", "") for name in spent or LIMITS[: 0 if spent_only else 1]]
    seconds = [int(reset) for reset in resets if re.fullmatch(r"\d{1,11}", reset)]
    return datetime.fromtimestamp(max(seconds), UTC) if seconds else None


def _next_month(now: datetime) -> datetime:
    return (now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=32)).replace(day=1)
