"""Asks Reddit through PRAW for plain JSON, and fails at once where PRAW would sleep and try again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import praw
import requests
from prawcore.exceptions import OAuthException, PrawcoreException, RequestException
from prawcore.requestor import Requestor

from connectors.base import Clock, Permanent, Secret, Transient

HOME = "https://www.reddit.com"
MORE = 32
"""Requests spent at most on the folded parts of one comment tree."""
LOW = 10
"""Requests left in Reddit's window at which the connector asks to be left alone until the window ends."""


Thing = Mapping[str, Any]
"""One entry of a listing: `kind` (t1 a comment, t3 a submission, more a fold) and its `data`."""


class Shut(Permanent):
    """One thing cannot be seen: a subreddit, account or thread that is missing, private or banned."""

    def __init__(self, why: str, *, missing: bool) -> None:
        super().__init__(f"Reddit refuses it: {why}")
        self.missing = missing


class _Unauthorised(Exception):
    """The access token is not, or no longer, accepted."""


class RateLimited(Transient):
    """The whole client has to wait, not one listing."""


@dataclass
class _Allowance:
    """What Reddit last said of the rate limit, as the client that it belongs to knows it."""

    clock: Clock
    rest_until: datetime | None = None

    def note(self, headers: Mapping[str, str]) -> None:
        if "x-ratelimit-remaining" in headers:
            low = (_seconds(headers["x-ratelimit-remaining"]) or 0.0) < LOW
            self.rest_until = self.after(headers.get("x-ratelimit-reset")) if low else None

    def after(self, seconds: str | None) -> datetime | None:
        wait = _seconds(seconds)
        return None if wait is None else self.clock() + timedelta(seconds=wait)


class _Wire(Requestor):
    """prawcore's way to the network, which fails at once where prawcore would sleep and try again.

    prawcore paces itself by the x-ratelimit headers and repeats failed requests; so those headers go to the
    allowance instead, and a failure leaves as an exception that prawcore doesn't know.
    """

    def __init__(self, *, allowance: _Allowance, **settings: Any) -> None:
        super().__init__(**settings)
        self.allowance = allowance

    def request(self, *args: Any, timeout: float | None = None, **kwargs: Any) -> requests.Response:
        try:
            response = super().request(*args, timeout=self.timeout, **kwargs)
        except RequestException as error:
            raise Transient(f"Reddit cannot be reached: {type(error.original_exception).__name__}") from None
        self.allowance.note(response.headers)
        if response.status_code >= 300:
            raise self._failure(response, asks_token=args[1].endswith("/access_token"))
        for name in [name for name in response.headers if name.lower().startswith("x-ratelimit-")]:
            del response.headers[name]
        return response

    def _failure(self, response: requests.Response, *, asks_token: bool) -> Exception:
        status, headers = response.status_code, response.headers
        if status == 429:
            wait = headers.get("retry-after") or headers.get("x-ratelimit-reset") or "60"
            return RateLimited("Reddit's rate limit is reached", retry_at=self.allowance.after(wait))
        if status == 408 or status >= 500:
            message = f"Reddit answered {status}"
            return Transient(message, retry_at=self.allowance.after(headers.get("retry-after")))
        if asks_token:
            return Permanent(f"Reddit refuses the app ({status}): check client_id, client_secret and user_agent")
        if status == 401:
            return _Unauthorised()
        return Shut(f"{_reason(response)} ({status})", missing=status in (302, 404))


class Api:
    """One login to Reddit. Every question raises Transient, Permanent or Shut.

    Answers are taken as JSON, not as PRAW's objects, which ask the network for what an answer lacks.
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: Secret,
        username: str | None,
        password: Secret | None,
        user_agent: str,
        base_url: str | None,
        timeout: float,
        clock: Clock,
    ) -> None:
        """`timeout` in seconds; without `username` and `password` a login that may only read."""
        self._session = requests.Session()
        self._allowance = _Allowance(clock)
        self._settings: dict[str, Any] = {
            "client_id": client_id,
            "client_secret": client_secret.reveal(),
            "username": username,
            "password": password.reveal() if password else None,
            "refresh_token": None,
            "user_agent": user_agent,
            "oauth_url": base_url or "https://oauth.reddit.com",
            "reddit_url": base_url or HOME,
            "check_for_updates": False,
            "check_for_async": False,
            "requestor_class": _Wire,
            "requestor_kwargs": {"session": self._session, "timeout": timeout, "allowance": self._allowance},
        }
        self._reddit = praw.Reddit(**self._settings)

    @property
    def rest_until(self) -> datetime | None:
        """Reddit's window is nearly used up until then."""
        return self._allowance.rest_until

    def close(self) -> None:
        self._session.close()

    def ask(self, path: str, params: Mapping[str, str] | None = None, *, post: Mapping[str, str] | None = None) -> Any:
        """Reddit's answer to a GET, or to a POST of a form."""
        method, data = ("POST", dict(post)) if post else ("GET", None)
        for _ in range(2):
            try:
                return self._reddit.request(method=method, path=path, data=data, params=dict(params or {}))
            except _Unauthorised:
                self._reddit = praw.Reddit(**self._settings)  # a token can be revoked early: log in anew, once
            except OAuthException as error:
                raise Permanent(f"Reddit refuses the login ({error.error}): check username and password") from None
            except (PrawcoreException, ValueError, KeyError, TypeError) as error:
                raise Transient(f"Reddit's answer cannot be read: {type(error).__name__}") from None
        raise Permanent("Reddit refuses the login (401): check the credentials and the app's type")

    def why_shut(self, name: str) -> str | None:
        """Why r/name or u/name is not to be seen; None: it is."""
        kind, _, name = name.partition("/")
        try:
            self.ask(f"{'user' if kind == 'u' else 'r'}/{name}/about/")
        except Shut as shut:
            return str(shut)
        return None

    def tree(self, thread_id: str, post_id: str) -> list[Thing]:
        """A post and the comments below it, the largest folds opened first, with at most MORE requests.

        Empty when the post is gone.
        """
        below = "" if post_id == thread_id else f"_/{short(post_id)}"
        try:
            post, comments = self.ask(f"comments/{short(thread_id)}/{below}", {"sort": "new", "limit": "500"})
            return ([] if below else children(post)) + self._unfold(thread_id, children(comments))
        except (KeyError, TypeError, ValueError) as error:
            raise Transient(f"Reddit's answer holds no thread: {type(error).__name__}") from None

    def _unfold(self, thread_id: str, things: Iterable[Thing]) -> list[Thing]:
        comments: dict[str, Thing] = {}
        queue, folds = list(things), []
        for _ in range(MORE + 1):
            while queue:
                thing = queue.pop()
                if thing.get("kind") == "more":
                    folds.append(thing["data"])
                elif thing.get("kind") == "t1":
                    comments[name_of(thing)] = thing
                    queue += children(thing["data"].get("replies") or _NOTHING)
            if not folds:
                break
            folds.sort(key=lambda fold: fold.get("count", 0))
            queue += self._open(thread_id, folds.pop())
        return list(comments.values())

    def _open(self, thread_id: str, fold: Mapping[str, Any]) -> list[Thing]:
        if fold.get("children"):
            data = {"link_id": thread_id, "children": ",".join(fold["children"]), "sort": "new"}
            return children({"data": {"children": self.ask("api/morechildren/", post=data)["json"]["data"]["things"]}})
        _, replies = self.ask(f"comments/{short(thread_id)}/_/{short(fold['parent_id'])}", {"sort": "new"})
        return children(replies)


_NOTHING: Thing = {"data": {"children": []}}


def children(listing: Any) -> list[Thing]:
    """What a listing holds. Raises Transient for anything else."""
    try:
        things = list(listing["data"]["children"])
    except (KeyError, TypeError, IndexError):
        raise Transient("Reddit's answer holds no listing") from None
    return [thing for thing in things if isinstance(thing, dict) and isinstance(thing.get("data"), dict)]


def short(fullname: str) -> str:
    return fullname.partition("_")[2] or fullname


def name_of(thing: Thing) -> str:
    return str(thing["data"].get("name"))


def created_of(thing: Thing) -> float | None:
    created = thing["data"].get("created_utc")
    return float(created) if isinstance(created, int | float) else None


def _seconds(header: str | None) -> float | None:
    try:
        return max(float(header or ""), 0.0)
    except ValueError:
        return None


def _reason(response: requests.Response) -> str:
    """Reddit's own word for a refusal, such as private, banned or quarantined."""
    try:
        answer = response.json()
    except ValueError:
        answer = None
    told = (answer.get("reason") or answer.get("message")) if isinstance(answer, dict) else None
    return str(told or "not to be had")[:100]
