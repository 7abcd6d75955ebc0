"""Finds the case that a complaint in another thread belongs to: of the same person, or in the same words elsewhere.

Joining two people would leave one of them without an answer, not joining one shows her twice: in doubt, nobody is
joined. A name on a platform that gives each name to one account is one person. On two platforms, or where a name is
free, a like name (`@Mari_Maasikas`, `mari-maasikas.bsky.social`) proves nothing by itself; it does with near words, or,
for a name that hardly two people share, with the same topic within a short time. The same words by another name count
on another platform only, for who copies a text on the same one is left out before.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, select

from alerts.case import WAITING, Case, State
from monitor import ledger
from monitor.copies import SHORTEST, digest, fingerprint, is_copy, words
from monitor.schema import cases, likenesses, mentions, verdicts
from monitor.store import Store

CHUNK = 500
"""Values that one question to the database names."""
WITHIN = timedelta(days=1)
"""Complaints further apart are about two things."""
AT_ONCE = timedelta(hours=3)
"""Within this time one topic and one rare name are one matter."""
FREE = frozenset({"rss"})
"""Platforms on which anybody may go by any name."""
SHORTEST_NAME = 5
"""Letters and digits of a name that tells a person on several platforms at all."""
RARE_NAME = 8
"""Letters and digits of a name of several parts that hardly two people share; one of a single part needs half as many
again."""
NEAR, NEAR_WORDS = 2 / 3, 5
"""The share of the shorter text's telling words that the other has too, and how many these must be."""


def marks(post: Row[Any]) -> tuple[int, ...]:
    """Numbers of which two posts share one when one person may have written them, or when they may say the same."""
    return _marks(post.brand, post.platform, post.author, post.text) if post.author else ()


@lru_cache(1024)
def _marks(brand: str, platform: str, author: str, text: str) -> tuple[int, ...]:
    found = [digest(f"{brand} {platform} by {_name(author)}")]
    person = _person(author)
    if len(person) >= SHORTEST_NAME:
        found.append(digest(f"{brand} by {person}"))
    said = fingerprint(text, f"{brand} says") if len(words(text)) >= SHORTEST else ()
    return tuple(dict.fromkeys((*found, *said)))


def shared(connection: Connection, posts: Sequence[Row[Any]]) -> set[int]:
    """Those of the posts' marks that complaints of cases bear too: `find` finds nothing for a post without one."""
    ours = sorted({mark for post in posts for mark in marks(post)})
    found: set[int] = set()
    for start in range(0, len(ours), CHUNK):
        borne = likenesses.c.value.in_(ours[start : start + CHUNK])
        found.update(connection.scalars(select(likenesses.c.value).where(borne).distinct()))
    return found


def remember(store: Store, connection: Connection, posts: Sequence[Row[Any]]) -> None:
    """Has complaints that are now part of cases found by those like them."""
    rows = [{"value": value, "mention_id": post.id} for post in posts for value in marks(post)]
    store.insert_new(connection, likenesses, rows, ["value", "mention_id"])


def find(connection: Connection, post: Row[Any], topic: str | None) -> Case | None:
    """The case that a complaint in a thread of its own belongs to, held until the transaction ends; None: to none.

    It must wait for an answer, or have had one after this complaint was posted: nobody is told of less than she asked.
    """
    known = (
        select(mentions, verdicts.c.topic)
        .join(likenesses, likenesses.c.mention_id == mentions.c.id)
        .join(verdicts, verdicts.c.mention_id == mentions.c.id)
        .where(likenesses.c.value.in_(marks(post)), mentions.c.brand == post.brand, mentions.c.case_id.is_not(None))
    )
    alike = {row.case_id for row in connection.execute(known) if row.id != post.id and _same(post, topic, row)}
    found = ledger.lock(connection, cases.c.id.in_(alike)) if alike else []
    return next((case for case in found if _covers(case, post.posted_at)), None)


def _covers(case: Case, posted_at: datetime) -> bool:
    answered = case.state is State.ANSWERED and case.stopped_at is not None and posted_at <= case.stopped_at
    return case.state in WAITING or answered


def _same(one: Row[Any], topic: str | None, other: Row[Any]) -> bool:
    """One person wrote both, or both say the same on two platforms; around the same time."""
    apart = abs(one.posted_at - other.posted_at)
    if not other.author or apart > WITHIN:
        return False
    if one.platform == other.platform and one.platform not in FREE:
        return _name(one.author) == _name(other.author)
    person = _person(one.author)
    if len(person) >= SHORTEST_NAME and person == _person(other.author):
        at_once = topic not in (None, "other") and topic == other.topic and apart <= AT_ONCE
        if _near(one.text, other.text) or (at_once and (_rare(one.author) or _rare(other.author))):
            return True
    return one.platform != other.platform and (is_copy(one.text, other.text) or is_copy(other.text, one.text))


def _near(one: str, other: str) -> bool:
    """The texts share most of the words that tell something."""
    ours, theirs = _telling(one), _telling(other)
    shorter = min(len(ours), len(theirs))
    return shorter >= NEAR_WORDS and len(ours & theirs) >= NEAR * shorter


def _telling(text: str) -> set[str]:
    return {word for word in words(text) if len(word) > 3 or any(sign.isdigit() for sign in word)}


def _rare(author: str) -> bool:
    """Hardly two people go by this name: it is long and of several parts, or with digits, or longer still."""
    name, person = _plain(author), _person(author)
    parts = len(re.findall(r"[^\W\d_]+", name)) > 1 or any(sign.isdigit() for sign in name)
    return len(person) >= (RARE_NAME if parts else RARE_NAME * 3 // 2)


def _name(author: str) -> str:
    return author.removeprefix("@").removeprefix("u/").casefold()


def _plain(author: str) -> str:
    """A name without what a platform adds."""
    return _name(author).removesuffix(".bsky.social").partition("@")[0]


def _person(author: str) -> str:
    """A name as far as it is the same on all platforms."""
    return re.sub(r"[\W_]+", "", _plain(author))
