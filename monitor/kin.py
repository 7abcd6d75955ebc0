"""Finds the case that a complaint in another thread belongs to: of the same person, or in the same words elsewhere.

Two names are one person's when they are the same on one platform, or alike on two: `@Mari_Maasikas` and
`mari-maasikas.bsky.social`. Short names are too common for that. The same words count on another platform only, for who
copies a text on the same one is left out before.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from alerts.case import WAITING, Case, State
from monitor import ledger
from monitor.copies import SHORTEST, digest, fingerprint, is_copy, words
from monitor.schema import cases, likenesses, mentions
from monitor.store import Store

WITHIN = timedelta(days=1)
"""Complaints further apart are about two things."""
SHORTEST_NAME = 5
"""Letters and digits of a name that tells a person on several platforms."""


def marks(post: Row[Any]) -> tuple[int, ...]:
    """Numbers of which two posts share one when one person may have written them, or when they may say the same."""
    if not post.author:
        return ()
    found = [digest(f"{post.brand} {post.platform} by {_name(post.author)}")]
    person = _person(post.author)
    if len(person) >= SHORTEST_NAME:
        found.append(digest(f"{post.brand} by {person}"))
    said = fingerprint(post.text, f"{post.brand} says") if len(words(post.text)) >= SHORTEST else ()
    return (*found, *said)


def remember(store: Store, connection: Connection, posts: Sequence[Row[Any]]) -> None:
    """Has complaints that are now part of cases found by those like them."""
    rows = [{"value": value, "mention_id": post.id} for post in posts for value in dict.fromkeys(marks(post))]
    store.insert_new(connection, likenesses, rows, ["value", "mention_id"])


def find(connection: Connection, post: Row[Any]) -> Case | None:
    """The case that a complaint in a thread of its own belongs to, held until the transaction ends; None: to none.

    It must wait for an answer, or have had one after this complaint was posted: nobody is told of less than she asked.
    """
    known = (
        select(mentions)
        .join(likenesses, likenesses.c.mention_id == mentions.c.id)
        .where(likenesses.c.value.in_(marks(post)), mentions.c.brand == post.brand, mentions.c.case_id.is_not(None))
    )
    alike = {row.case_id for row in connection.execute(known) if row.id != post.id and _same(post, row)}
    found = ledger.lock(connection, cases.c.id.in_(alike)) if alike else []
    return next((case for case in found if _covers(case, post.posted_at)), None)


def _covers(case: Case, posted_at: datetime) -> bool:
    answered = case.state is State.ANSWERED and case.stopped_at is not None and posted_at <= case.stopped_at
    return case.state in WAITING or answered


def _same(one: Row[Any], other: Row[Any]) -> bool:
    """One person wrote both, or both say the same on two platforms; around the same time."""
    if not other.author or abs(one.posted_at - other.posted_at) > WITHIN:
        return False
    if one.platform == other.platform:
        return _name(one.author) == _name(other.author)
    person = _person(one.author)
    if len(person) >= SHORTEST_NAME and person == _person(other.author):
        return True
    return is_copy(one.text, other.text) or is_copy(other.text, one.text)


def _name(author: str) -> str:
    return author.removeprefix("@").removeprefix("u/").casefold()


def _person(author: str) -> str:
    """A name as far as it is the same on all platforms."""
    plain = _name(author).removesuffix(".bsky.social").partition("@")[0]
    return re.sub(r"[\W_]+", "", plain)
