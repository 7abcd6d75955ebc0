"""Sift: decides which stored posts are left out; of a text that many post the first is heard, the rest are counted."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, insert, or_, select, update

from alerts.case import WAITING
from monitor.config.model import Relevance
from monitor.copies import fingerprint, is_copy
from monitor.relevance import Sieve
from monitor.schema import cases, fingerprints, mentions
from monitor.store import Store

CHUNK = 500
"""Values that one question to the database names."""

_POSTS = select(mentions)
_DECIDE = update(mentions).where(mentions.c.id == bindparam("post"))


def sift(store: Store, connection: Connection, sieve: Sieve, ids: Sequence[int], now: datetime) -> None:
    """Decides on posts that are new, edited or gone, and anew on those that were copies of them.

    The outcome is the same in whatever order posts arrive: the first to post a text is heard, and whoever posts it
    later, on the same platform and under another name, is left out as a copy. Never left out are the brand's own
    posts, those of a case, those that a person has put back, and those that `_spoken_for` tells of.
    """
    posts = [row for some in _chunks(ids) for row in connection.execute(_POSTS.where(mentions.c.id.in_(some)))]
    heard = _Heard(connection, sieve.rules)
    heard.drop(posts)
    due = {post.id: post for post in [*posts, *_copies_of(connection, sieve, posts)] if post.erased_at is None}
    while due:
        displaced = _decide(connection, sieve, heard, list(due.values()), now)
        due = {post.id: post for post in _copies_of(connection, sieve, displaced)}
    heard.remember()


def _decide(
    connection: Connection, sieve: Sieve, heard: "_Heard", posts: Sequence[Row[Any]], now: datetime
) -> list[Row[Any]]:
    """Decides on each, the oldest first; gives back the posts that were heard until an earlier one came to light."""
    reasons = {post.id: _own_reason(connection, sieve, post) for post in posts}
    heard.look_up([post for post in posts if reasons[post.id] is None])
    displaced: list[Row[Any]] = []
    for post in sorted(posts, key=_order):
        if reasons[post.id] is not None:
            continue
        original = heard.original(post)
        if original is not None and _may_be_left_out(connection, post):
            reasons[post.id] = _copy_of(original)
            continue
        later = [copy for copy in heard.copies(post) if _may_be_left_out(connection, copy)]
        reasons |= {copy.id: _copy_of(post) for copy in later}
        heard.drop(later)
        heard.add(post)
        displaced += later
    before = {post.id: post.skipped for post in [*posts, *displaced]}
    changed = [
        {"post": id_, "skipped": reason, "triage_at": now} for id_, reason in reasons.items() if reason != before[id_]
    ]
    if changed:
        connection.execute(_DECIDE, changed)
    return displaced


def _own_reason(connection: Connection, sieve: Sieve, post: Row[Any]) -> str | None:
    """Why the post is left out whatever others post."""
    reason = None if post.by_brand else sieve.reason(post.text, post.author, reply=post.reply_to is not None)
    return reason if reason and _may_be_left_out(connection, post) else None


def _may_be_left_out(connection: Connection, post: Row[Any]) -> bool:
    settled = post.by_brand or post.case_id is not None or post.restored_at is not None
    return not settled and not _spoken_for(connection, post)


def _spoken_for(connection: Connection, post: Row[Any]) -> bool:
    """The post answers the brand, is in a thread that has a case, or is by somebody whose case waits."""
    here = (cases.c.brand == post.brand) & (cases.c.platform == post.platform)
    waiting = (cases.c.author == post.author) & cases.c.state.in_(WAITING)
    case = exists().where(here, waiting)
    asked = (mentions.c.brand == post.brand) & (mentions.c.platform == post.platform)
    thread = exists().where(asked, mentions.c.thread_id == post.thread_id, mentions.c.case_id.is_not(None))
    brand = exists().where(asked, mentions.c.external_id == post.reply_to, mentions.c.by_brand)
    return bool(connection.scalar(select(or_(case, thread, brand))))


class _Heard:
    """Posts that are heard, by their fingerprints: those of the table as far as looked up, and those of this pass."""

    def __init__(self, connection: Connection, rules: Relevance) -> None:
        self._connection = connection
        self._rules = rules
        self._values: dict[int, tuple[int, ...]] = {}
        self._by_value: dict[int, dict[int, Row[Any]]] = {}
        self._new: set[int] = set()

    def look_up(self, posts: Sequence[Row[Any]]) -> None:
        """Reads what may be like one of these."""
        wanted = sorted({value for post in posts for value in self._fingerprint(post)} - self._by_value.keys())
        self._by_value |= {value: {} for value in wanted}
        found = select(fingerprints.c.value, mentions).join(mentions, mentions.c.id == fingerprints.c.mention_id)
        for values in _chunks(wanted):
            for row in self._connection.execute(found.where(fingerprints.c.value.in_(values))):
                self._by_value[row.value][row.id] = row

    def original(self, post: Row[Any]) -> Row[Any] | None:
        """The earliest post that this one is a copy of."""
        earlier = [row for row in self._like(post) if _order(row) < _order(post) and is_copy(post.text, row.text)]
        return min(earlier, key=_order, default=None)

    def copies(self, post: Row[Any]) -> list[Row[Any]]:
        """The later posts that are copies of this one."""
        return [row for row in self._like(post) if _order(post) < _order(row) and is_copy(row.text, post.text)]

    def add(self, post: Row[Any]) -> None:
        self._new.add(post.id)
        for value in self._fingerprint(post):
            self._by_value.setdefault(value, {})[post.id] = post

    def drop(self, posts: Sequence[Row[Any]]) -> None:
        ids = [post.id for post in posts]
        self._new.difference_update(ids)
        for post in posts:
            for value in self._fingerprint(post):
                self._by_value.get(value, {}).pop(post.id, None)
        for some in _chunks(ids):
            self._connection.execute(delete(fingerprints).where(fingerprints.c.mention_id.in_(some)))

    def remember(self) -> None:
        """Stores the fingerprints of those that this pass has added."""
        rows = [{"value": value, "mention_id": id_} for id_ in self._new for value in self._values.get(id_, ())]
        if rows:
            self._connection.execute(insert(fingerprints), rows)

    def _like(self, post: Row[Any]) -> list[Row[Any]]:
        """Posts of others that may say the same, from around the same time."""
        rows = {id_: row for value in self._fingerprint(post) for id_, row in self._by_value.get(value, {}).items()}
        return [
            row
            for row in rows.values()
            if post.author and row.author and post.author.casefold() != row.author.casefold()
            if abs(post.posted_at - row.posted_at) <= self._rules.copies_within
        ]

    def _fingerprint(self, post: Row[Any]) -> tuple[int, ...]:
        if "copies" not in self._rules.skip:
            return ()
        if post.id not in self._values:
            self._values[post.id] = fingerprint(post.text, f"{post.brand} {post.platform}")
        return self._values[post.id]


def _copies_of(connection: Connection, sieve: Sieve, posts: Sequence[Row[Any]]) -> list[Row[Any]]:
    """The posts that are left out as copies of one of these."""
    labels = {(post.platform, _copy_of(post)) for post in posts}
    copies = _POSTS.where(mentions.c.brand == sieve.watch.brand, mentions.c.erased_at.is_(None))
    return [
        row
        for some in _chunks(sorted(label for _, label in labels))
        for row in connection.execute(copies.where(mentions.c.skipped.in_(some)))
        if (row.platform, row.skipped) in labels
    ]


def _copy_of(original: Row[Any]) -> str:
    return f"copy of {original.external_id}"


def _order(post: Row[Any]) -> tuple[datetime, str]:
    return post.posted_at, post.external_id


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
