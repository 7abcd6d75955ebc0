"""Reads a storm as it stands, to be shown as an incident."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, exists, select

from alerts.base import Incident
from alerts.case import WAITING, Case, State
from alerts.incident import stretches
from monitor import ledger
from monitor.schema import cases, mentions, outbox, storms, verdicts

LEAD = 2
"""Bars before the storm's beginning, to compare with."""


def incident(connection: Connection, row: Row[Any], now: datetime) -> Incident | None:
    """What an outbox row has to say of its storm; None for an update of what shows it as it stands already."""
    storm = connection.execute(select(storms).where(storms.c.id == row.storm_id)).one()
    root = heading(connection, row)
    if row.kind == "update" and root is None:
        return None
    until = storm.ended_at or now
    stretch = stretches(until - storm.started_at)
    held = [ledger.case_of(case) for case in connection.execute(_CASES.where(cases.c.storm_id == storm.id))]
    waiting = [case for case in held if case.waiting]
    return Incident(
        key=row.key,
        now=now,
        id=storm.id,
        brand=storm.brand,
        topic=storm.topic,
        started_at=storm.started_at,
        ended_at=storm.ended_at,
        usual=storm.usual,
        counts=_counts(complained(connection, storm), storm.started_at, until, stretch),
        stretch=stretch,
        complaints=len(held),
        waiting=len(waiting),
        answered=sum(case.state is State.ANSWERED for case in held),
        late=sum(case.breached(now) for case in held),
        respond_by=min((case.respond_by for case in waiting), default=None),
        apart=tuple(_apart(connection, storm.id)),
        root=root,
    )


def raging(connection: Connection, brands: Collection[str]) -> dict[tuple[str, str], Row[Any]]:
    """The storms of these brands that are on, by brand and topic."""
    if not brands:
        return {}
    on = select(storms).where(storms.c.brand.in_(brands), storms.c.ended_at.is_(None)).order_by(storms.c.id)
    return {(storm.brand, storm.topic): storm for storm in connection.execute(on)}


def heading(connection: Connection, row: Any) -> str | None:
    """Reference of the message, in the same channel, that shows the storm of an outbox row; None: there is none."""
    own = (outbox.c.storm_id == row.storm_id, outbox.c.kind == "storm", outbox.c.channel == row.channel)
    first = select(outbox.c.reference).where(*own, outbox.c.state == "sent").order_by(outbox.c.id).limit(1)
    return connection.scalar(first)


def figures(connection: Connection, storm_id: int, now: datetime) -> list[int]:
    """What a storm's message counts; while it is the same, the message need not be drawn anew."""
    held = [ledger.case_of(case) for case in connection.execute(_CASES.where(cases.c.storm_id == storm_id))]
    counted: Sequence[list[Case]] = (
        held,
        [case for case in held if case.state in WAITING],
        [case for case in held if case.state is State.ANSWERED],
        [case for case in held if case.breached(now)],
    )
    return [*(len(some) for some in counted), len(_apart(connection, storm_id))]


def complained(connection: Connection, storm: Row[Any]) -> list[datetime]:
    """When people complained of the storm's topic around it, one moment for each case."""
    moments: dict[int, datetime] = {}
    since = storm.started_at - timedelta(hours=2)
    said = (mentions.c.brand == storm.brand, verdicts.c.topic.is_not_distinct_from(storm.topic or None))
    rows = connection.execute(
        select(mentions.c.case_id, mentions.c.posted_at)
        .join(verdicts, verdicts.c.mention_id == mentions.c.id)
        .where(*said, mentions.c.posted_at >= since, mentions.c.case_id.is_not(None), verdicts.c.is_complaint)
        .order_by(mentions.c.posted_at)
    )
    for row in rows:
        moments.setdefault(row.case_id, row.posted_at)
    return sorted(moments.values())


_CASES = select(*ledger.COLUMNS).order_by(cases.c.id)


def _counts(
    moments: Sequence[datetime], since: datetime, until: datetime, stretch: timedelta
) -> tuple[tuple[datetime, int], ...]:
    """Complaints by stretches, from a little before the beginning."""
    minutes = int(stretch / timedelta(minutes=1))
    first = since.replace(minute=since.minute // minutes * minutes if minutes < 60 else 0, second=0, microsecond=0)
    at, found = first - LEAD * stretch, []
    while at <= until:
        found.append((at, sum(at <= moment < at + stretch for moment in moments)))
        at += stretch
    return tuple(found)


def _apart(connection: Connection, storm_id: int) -> Sequence[int]:
    """The storm's cases that no message in its thread shows."""
    inside = exists().where(outbox.c.case_id == cases.c.id, outbox.c.storm_id == storm_id)
    return connection.scalars(
        select(cases.c.id)
        .where(cases.c.storm_id == storm_id, ~inside, cases.c.alerted_at.is_not(None))
        .order_by(cases.c.id)
    ).all()
