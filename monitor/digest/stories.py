"""Picks the week's worst misses and best saves, each with the customer's words and a link."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from alerts.base import Customer
from monitor.metrics import Target, Wait
from monitor.schema import cases, mentions, verdicts

MOST = 5
BATCH = 500
"""Cases asked for at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One case as the digest tells it; text, author and url are empty when they were erased."""

    wait: Wait
    took: timedelta
    """Until the answer, or so far."""
    text: str
    author: str
    url: str
    thanked: bool
    """The customer wrote something kind after the answer."""
    customer: Customer | None = None
    """Who it is, if the brand's own list has been asked and knows."""


def worst_misses(connection: Connection, found: Iterable[Wait], target: Target, now: datetime) -> tuple[Told, ...]:
    """Of the complaints that were not answered in time the urgent ones, then those that waited longest."""
    missed = set(target.missed)
    mine = [wait for wait in found if wait.case_id in missed]
    mine.sort(key=lambda wait: (not wait.urgent, wait.posted_at - (wait.stopped_at or now), wait.case_id))
    return _told(connection, mine[:MOST], set(), now)


def best_saves(connection: Connection, found: Iterable[Wait], target: Target) -> tuple[Told, ...]:
    """Of the complaints answered in time those whose customer was kind afterwards, then the urgent ones, then the
    quickest."""
    kept = set(target.in_time)
    mine = [wait for wait in found if wait.case_id in kept]
    thanked = _thanked(connection, [wait.case_id for wait in mine])
    mine.sort(key=lambda wait: (wait.case_id not in thanked, not wait.urgent, wait.reply_time, wait.case_id))
    return _told(connection, mine[:MOST], thanked)


def unhappy(
    connection: Connection, found: Iterable[Wait], target: Target, valued: Mapping[int, Customer], now: datetime
) -> tuple[Told, ...]:
    """Of the cases of valued customers those that missed the target, wait still, or whose answer did not hold: the
    most valued customer's first, then who waited longest."""
    sorry = {*target.missed, *target.pending}
    mine = [
        wait for wait in found
        if wait.case_id in valued and wait.counted and (wait.case_id in sorry or wait.again)
    ]  # fmt: skip
    mine.sort(key=lambda wait: (valued[wait.case_id].rank, wait.posted_at - (wait.stopped_at or now), wait.case_id))
    told = _told(connection, mine[:MOST], set(), now)
    return tuple(replace(each, customer=valued[each.wait.case_id]) for each in told)


def _thanked(connection: Connection, ids: Sequence[int]) -> set[int]:
    kind = (verdicts.c.intent == "praise") | (verdicts.c.sentiment == "positive")
    statement = (
        select(mentions.c.case_id)
        .join(cases, cases.c.id == mentions.c.case_id)
        .join(verdicts, verdicts.c.mention_id == mentions.c.id)
        .where(mentions.c.posted_at > cases.c.stopped_at, ~mentions.c.by_brand, kind, ~verdicts.c.is_complaint)
    )
    found: set[int] = set()
    for start in range(0, len(ids), BATCH):
        found |= set(connection.scalars(statement.where(mentions.c.case_id.in_(ids[start : start + BATCH]))))
    return found


def _told(
    connection: Connection, found: Sequence[Wait], thanked: set[int], now: datetime | None = None
) -> tuple[Told, ...]:
    """The cases, those unanswered as they stand `now`, with the complaint that their present round began with."""
    if not found:  # asked for no case at all, SQLite reads every post there is
        return ()
    first = (
        select(mentions.c.case_id, func.min(mentions.c.id).label("id"))
        .join(cases, cases.c.id == mentions.c.case_id)
        .join(verdicts, verdicts.c.mention_id == mentions.c.id)
        .where(mentions.c.case_id.in_([wait.case_id for wait in found]), verdicts.c.is_complaint)
        .where(mentions.c.posted_at >= cases.c.posted_at, mentions.c.erased_at.is_(None))
        .group_by(mentions.c.case_id)
        .subquery()
    )
    rows = connection.execute(select(mentions).join(first, first.c.id == mentions.c.id))
    posts = {row.case_id: row for row in rows}
    told = []
    for wait in found:
        post = posts.get(wait.case_id)
        told.append(
            Told(
                wait=wait,
                took=(wait.stopped_at or now or wait.posted_at) - wait.posted_at,
                text=post.text if post else "",
                author=post.author if post else "",
                url=post.url if post else "",
                thanked=wait.case_id in thanked,
            )
        )
    return tuple(told)
