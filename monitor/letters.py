"""Writes what an outbox row has to say: the case as it stands at the moment of sending, read from the database."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from alerts.base import Alert, Channel, Complaint, Notice, Permanent, Transient
from alerts.case import Case, Event
from alerts.ladder import Ladder, Step
from classifiers.base import Verdict
from connectors.base import Mention
from monitor import ledger
from monitor.schema import cases, events, mentions, outbox, verdicts
from monitor.store import Store

VERDICT = tuple(field.name for field in fields(Verdict))


def letter(
    store: Store,
    row: Row[Any],
    channels: Mapping[str, Channel],
    ladder: Callable[[str], Ladder],
    now: datetime,
) -> Alert | Notice | None:
    """The message of an outbox row; None for an update of what already shows the case as it stands."""
    if row.kind == "notice":
        return Notice(key=row.key, now=now, title=row.body["title"], lines=tuple(row.body["lines"]))
    with store.read() as connection:
        case = ledger.case_of(connection.execute(select(*ledger.COLUMNS).where(cases.c.id == row.case_id)).one())
        sent = _sent(connection, row.case_id)
        here = [message for message in sent if message.channel == row.channel]
        if row.kind == "update":
            shown = max((message.version or 0 for message in here), default=case.version)
            if shown >= case.version:
                return None
        complaints = read_complaints(connection, case)
        timeline = read_timeline(connection, case.id)
    return Alert(
        key=row.key,
        now=now,
        case=case,
        complaints=complaints,
        timeline=timeline,
        step=_step(ladder(case.brand), row) if row.kind == "step" else None,
        number=row.step,
        root=next((message.reference for message in here if message.reference), None),
        elsewhere=_link(channels, sent, row.channel),
    )


def read_complaints(connection: Connection, case: Case) -> tuple[Complaint, ...]:
    """The customer's posts of a case, oldest first."""
    rows = connection.execute(
        select(mentions, *(verdicts.c[name] for name in VERDICT))
        .join(verdicts, verdicts.c.mention_id == mentions.c.id)
        .where(mentions.c.case_id == case.id, ~mentions.c.by_brand)
        .order_by(mentions.c.posted_at, mentions.c.id)
    )
    return tuple(_complaint(row) for row in rows)


def read_timeline(connection: Connection, case_id: int) -> tuple[Event, ...]:
    """What happened to a case, in the order in which it happened."""
    rows = connection.execute(select(events).where(events.c.case_id == case_id).order_by(events.c.at, events.c.id))
    return tuple(Event(at=row.at, kind=row.kind, actor=row.actor, detail=row.detail) for row in rows)


def _complaint(row: Row[Any]) -> Complaint:
    mention = Mention(
        platform=row.platform,
        external_id=row.external_id,
        thread_id=row.thread_id,
        text=row.text,
        author=row.author,
        posted_at=row.posted_at,
        url=row.url,
        reply_to=row.reply_to,
        followers=row.followers,
        lang=row.lang,
    )
    verdict = Verdict(**{name: getattr(row, name) for name in VERDICT} | {"why": tuple(row.why)})
    return Complaint(mention=mention, verdict=verdict, deleted=row.erased_at is not None)


def _sent(connection: Connection, case_id: int) -> list[Row[Any]]:
    """What has been sent of a case, oldest first."""
    statement = select(outbox.c.channel, outbox.c.reference, outbox.c.version).where(
        outbox.c.case_id == case_id, outbox.c.state == "sent"
    )
    return list(connection.execute(statement.order_by(outbox.c.id)))


def _step(ladder: Ladder, row: Row[Any]) -> Step:
    """The step as it is configured now; a ladder that has grown shorter since ends with its last step."""
    return ladder.steps[min(int(row.step), len(ladder.steps) - 1)]


def _link(channels: Mapping[str, Channel], sent: list[Row[Any]], channel: str) -> str | None:
    """A link to the case's first message, when that is in another channel."""
    first = next((message for message in sent if message.reference), None)
    if first is None or first.channel == channel or first.channel not in channels:
        return None
    try:
        return channels[first.channel].link(first.reference)
    except (Transient, Permanent):
        return None
