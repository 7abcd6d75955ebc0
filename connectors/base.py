"""What every connector promises: pages of mentions after a cursor, and two kinds of failure.

Transient      it may work later; `retry_at` when the other side said when
└── UsageCap   a paid or monthly allowance is used up: lasts, and a person may want to know
Permanent      it will not work until a person changes something (credentials, access, address)
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")

Clock = Callable[[], datetime]
"""Gives the present moment, always aware UTC."""

Cursor = Mapping[str, Any]
"""Where a connector goes on: JSON of its own making, kept for it and never looked into. Empty at the first poll."""

MAX_TEXT = 100_000
"""Characters kept of one post; no platform allows as many."""
MAX_ID = 300
"""Characters of an id or a handle."""
MAX_URL = 4000
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No post is older, whatever a platform says."""


class Transient(Exception):
    """It may work later: the network, a rate limit, a server's bad minute."""

    def __init__(self, message: str, *, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class UsageCap(Transient):
    """An allowance is used up until `retry_at`; unlike a rate limit it can last for weeks."""


class Permanent(Exception):
    """It will not work until a person changes something; the message says what."""


class Secret:
    """A credential that shows itself only to who asks for it by `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One public post that speaks of a brand, or the brand's own reply in a thread."""

    platform: str
    external_id: str
    """The platform's own id. An edit keeps it: the first id where the platform makes a new one for each edit."""
    thread_id: str
    """The same for every post of one conversation; the post's own id when it starts one."""
    text: str
    author: str
    """The author's handle without @; "" when the platform no longer says."""
    posted_at: datetime
    url: str
    reply_to: str | None = None
    """`external_id` of the post that this one answers."""
    followers: int | None = None
    lang: str | None = None
    """The platform's guess of the language, BCP 47."""

    def __post_init__(self) -> None:
        """Makes every part storable. Raises ValueError for a post without id or with a naive time."""
        if not self.external_id or not self.thread_id:
            raise ValueError("a post without an id")
        if self.posted_at.tzinfo is None:
            raise ValueError(f"post {self.external_id}: posted_at without a time zone")
        followers = self.followers if self.followers is None else max(0, min(self.followers, 2**31 - 1))
        fitting: dict[str, Any] = {
            "external_id": _identity(self.external_id),
            "thread_id": _identity(self.thread_id),
            "reply_to": self.reply_to and _identity(self.reply_to),
            "text": storable(self.text),
            "author": storable(self.author)[:MAX_ID],
            "url": storable(self.url) if len(self.url) <= MAX_URL else "",
            "lang": storable(self.lang) if self.lang and len(self.lang) <= 50 else None,
            "posted_at": max(self.posted_at, EARLIEST),
            "followers": followers,
        }
        for name, value in fitting.items():
            object.__setattr__(self, name, value)


def _identity(external_id: str) -> str:
    """The id itself, or its digest where it is too long for an index."""
    plain = storable(external_id)
    return plain if len(plain) <= MAX_ID else "sha256:" + sha256(plain.encode()).hexdigest()


def storable(text: str) -> str:
    """The text without what a database or UTF-8 refuses (NUL, lone surrogates), at most MAX_TEXT characters."""
    return text[:MAX_TEXT].replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A post that could not be read, and was passed over."""

    where: str
    """A line number or the platform's id."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time for which posts may be missing for good, because the platform's history does not reach back."""

    since: datetime
    until: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one question to a platform brought."""

    mentions: Sequence[Mention] = ()
    deleted: Sequence[str] = ()
    """`external_id` of posts that the platform says are gone."""
    broken: Sequence[Broken] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Found):
    """One page of a poll, with the cursor that is right once its posts are stored."""

    cursor: Cursor
    more: bool = False
    """There is another page to be had now."""
    next_poll_at: datetime | None = None
    """Not to be asked again before, as the platform's rate limit says."""
    gaps: Sequence[Gap] = ()


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Whose posts a connector looks for: one brand, as it is known on one platform."""

    brand: str
    keywords: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    """The brand's own accounts on this platform, agents' personal ones included, without @."""

    def wants(self, text: str) -> bool:
        """The text names the brand: a keyword as a whole word, or one of its handles after @."""
        return bool(self._wanted.search(text))

    def excluded_by(self, text: str) -> str | None:
        """The first exclusion that the text contains as a whole word, if any."""
        match = self._excluded.search(text)
        return match.group(0) if match else None

    def owns(self, handle: str) -> bool:
        """The handle is one of the brand's own."""
        return handle.removeprefix("@").casefold() in self._own

    @cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(handle.removeprefix("@").casefold() for handle in self.handles)

    @cached_property
    def _wanted(self) -> re.Pattern[str]:
        return _any_word([*self.keywords, *(f"@{handle.removeprefix('@')}" for handle in self.handles)])

    @cached_property
    def _excluded(self) -> re.Pattern[str]:
        return _any_word(self.exclude)


def _any_word(words: Iterable[str]) -> re.Pattern[str]:
    alternatives = "|".join(re.escape(word) for word in words if word)
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)" if alternatives else r"(?!)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What every connector can be told in its section of config.yaml."""

    base_url: str | None = None
    """Another server that speaks the platform's protocol; None: the platform itself."""
    timeout: float = 20.0
    """Seconds for one request."""
    backfill: timedelta = timedelta(days=1)
    """How far back the first poll reaches."""


class Connector(ABC):
    """Asks one platform about one brand. Knows nothing of classifying, cases, Slack or SQL.

    A connector is one module of this folder, `type: reddit` being `connectors/reddit.py`; the module defines one
    subclass, and its own `Options` dataclass when it can be told more than the common ones. It keeps nothing
    between calls but its client: where to go on is in the cursor. Every method may raise Transient or Permanent;
    a client's own retries and waiting are turned off.
    """

    Options: ClassVar[type[Options]] = Options

    def __init__(self, options: Any, watch: Watch, *, clock: Clock, state: Path) -> None:
        """`options` is an instance of the class's `Options`; `state` a private folder for what must outlive a run
        and does not belong into a database, such as a login session."""
        self.options = options
        self.watch = watch
        self.clock = clock
        self.state = state

    @property
    def platform(self) -> str:
        """The name on its mentions: the module's."""
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def fetch(self, cursor: Cursor) -> Page:
        """One page of posts after the cursor: customers' mentions and the brand's own posts and replies.

        Pages overlap rather than miss a post: the caller drops what it has. A post that can't be read becomes
        `broken` and does not stop the page.
        """

    def thread(self, thread_id: str, post_id: str) -> Found | None:
        """The replies to a post as they are now, to see whether the brand has answered; None: can't tell."""
        return None

    def lookup(self, external_ids: Sequence[str]) -> Found | None:
        """Posts as they are now, edited texts and `deleted` ids, at most 100 at once; None: can't tell."""
        return None

    @abstractmethod
    def login(self) -> str:
        """Tries credentials and access; one line of what was found, for `check --online`."""

    def close(self) -> None:
        """Gives connections back."""


def read_each(
    items: Iterable[T], read: Callable[[T], Mention | None], name: Callable[[T], str]
) -> tuple[list[Mention], list[Broken]]:
    """Reads each item on its own, so that one odd post never costs the others."""
    mentions: list[Mention] = []
    broken: list[Broken] = []
    for item in items:
        try:
            mention = read(item)
        except (Transient, Permanent):
            raise
        except Exception as error:  # a platform's nonsense can raise anything
            broken.append(Broken(where=name(item), why=f"{type(error).__name__}: {error}"[:300]))
        else:
            if mention is not None:
                mentions.append(mention)
    return mentions, broken
