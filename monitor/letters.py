"""Writes what an outbox row has to say: the case as it stands at the moment of sending, read from the database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, select

from alerts.base import Alert, Answer, Channel, Complaint, Customer, Incident, Notice, Permanent, Transient
from alerts.case import CALLS, Case, Event, State
from alerts.ladder import Ladder, Step, rungs
from alerts.rotation import Rotation
from classifiers.base import Verdict
from connectors.base import Mention
from monitor import ledger, rota
from monitor.incidents import heading, incident
from monitor.openings import summary
from monitor.rooms import SUMMARY
from monitor.schema import cases, events, mentions, outbox, verdicts
from monitor.store import Store

POST = tuple(field.name for field in fields(Mention))
VERDICT = tuple(field.name for field in fields(Verdict))

_CASE: Select[Any] = (
    select(
        *ledger.COLUMNS,
        *(outbox.c[name] for name in ("kind", "channel", "reference", "storm_id")),
        outbox.c.version.label("shown"),
    )
    .outerjoin(outbox, and_(outbox.c.case_id == cases.c.id, outbox.c.state == "sent"))
    .where(cases.c.id == bindparam("case"))
    .order_by(outbox.c.id)
)
"""A case beside each message that has been sent of it, oldest first; once, beside nothing, before the first."""
_POSTS: Select[Any] = (
    select(
        mentions.c.id,
        *(mentions.c[name] for name in POST),
        mentions.c.erased_at,
        *(verdicts.c[name] for name in VERDICT),
    )
    .join(verdicts, verdicts.c.mention_id == mentions.c.id)
    .where(~mentions.c.by_brand)
    .order_by(mentions.c.posted_at, mentions.c.id)
)
_COMPLAINTS = _POSTS.where(mentions.c.case_id == bindparam("case"))
_TIMELINE = select(events).where(events.c.case_id == bindparam("case")).order_by(events.c.at, events.c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What the brand itself has to say to a case: who its customer is, and what could be answered."""

    customer: Callable[[Case], Customer | None]
    answer: Callable[[Case, Sequence[Complaint]], Answer | None]


NO_NOTES = Notes(customer=lambda case: None, answer=lambda case, complaints: None)


def letter(
    store: Store,
    row: Row[Any],
    channels: Mapping[str, Channel],
    ladder: Callable[[str], Ladder],
    rotations: Mapping[str, Rotation],
    now: datetime,
    notes: Notes = NO_NOTES,
) -> Alert | Incident | Notice | None:
    """The message of an outbox row; None for what need not be said any more: an update of what already shows the case
    or storm as it stands, a reminder of a claim that is no more, a summary of nothing."""
    if row.kind == "notice":
        return Notice(key=row.key, now=now, title=row.body["title"], lines=tuple(row.body["lines"]))
    if row.kind == SUMMARY:
        with store.read() as connection:
            return summary(connection, row, now, channels[row.channel].say)
    with store.read() as connection:
        if row.case_id is None:
            return incident(connection, row, now)
        sent = connection.execute(_CASE, {"case": row.case_id}).all()
        case = ledger.case_of(sent[0])
        here = [message for message in sent if message.channel == row.channel]
        if row.kind == "update":
            shown = max((message.shown or 0 for message in here), default=case.version)
            if shown >= case.version:
                return None
        first = next((message for message in here if message.reference), row)
        storm = heading(connection, first) if first.storm_id is not None else None
        complaints = read_complaints(connection, case)
        timeline = read_timeline(connection, case.id)
        if row.kind == "call" and _is_moot(case, timeline, row):
            return None
        step = _step(connection, case, ladder(case.brand), rotations, row, now) if row.kind == "step" else None
    return Alert(
        key=row.key,
        now=now,
        case=case,
        complaints=complaints,
        timeline=timeline,
        step=step,
        number=row.step,
        root=next((message.reference for message in here if message.reference), None),
        elsewhere=_link(channels, sent, row.channel),
        incident=storm,
        customer=notes.customer(case),
        answer=notes.answer(case, complaints),
        opening=ladder(case.brand).opens_after(case, now) is not None,
        suggested=next((m.reference for m in reversed(here) if m.kind == "answer" and m.reference), None),
    )


def read_complaints(connection: Connection, case: Case) -> tuple[Complaint, ...]:
    """The customer's posts of a case, oldest first."""
    rows = connection.execute(_COMPLAINTS, {"case": case.id})
    return tuple(_complaint(row) for row in rows)


def complaints_of(connection: Connection, case_ids: Sequence[int]) -> Iterator[tuple[int, Complaint]]:
    """The customers' posts of several cases, each with its case's number; oldest first."""
    rows = _POSTS.add_columns(mentions.c.case_id).where(mentions.c.case_id.in_(case_ids))
    for row in connection.execute(rows):
        yield row.case_id, _complaint(row)


def read_timeline(connection: Connection, case_id: int) -> tuple[Event, ...]:
    """What happened to a case, in the order in which it happened."""
    rows = connection.execute(_TIMELINE, {"case": case_id})
    return tuple(Event(at=row.at, kind=row.kind, actor=row.actor, detail=row.detail) for row in rows)


def _complaint(row: Row[Any]) -> Complaint:
    mention = Mention(**{name: getattr(row, name) for name in POST})
    verdict = Verdict(**{name: getattr(row, name) for name in VERDICT} | {"why": tuple(row.why)})
    return Complaint(mention=mention, verdict=verdict, deleted=row.erased_at is not None, id=row.id)


def _step(
    connection: Connection,
    case: Case,
    ladder: Ladder,
    rotations: Mapping[str, Rotation],
    row: Row[Any],
    now: datetime,
) -> Step:
    """The step as it is configured now, with whom it calls; a ladder that has grown shorter ends with its last step."""
    chain = rungs(case, ladder)
    step = chain[min(int(row.step), len(chain) - 1)].step
    return replace(step, mention=rota.called(connection, step.mention, rotations, now))


def _is_moot(case: Case, timeline: Sequence[Event], row: Row[Any]) -> bool:
    """A reminder came too late: something has been heard since, or she no longer has the case."""
    call = [event for event in timeline if event.kind in CALLS][int(row.step)]
    return call.kind == "reminded" and (case.state is not State.CLAIMED or case.reminded_at != call.at)


def _link(channels: Mapping[str, Channel], sent: Sequence[Row[Any]], channel: str) -> str | None:
    """A link to the case's first message, when that is in another channel."""
    first = next((message for message in sent if message.reference), None)
    if first is None or first.channel == channel or first.channel not in channels:
        return None
    try:
        return channels[first.channel].link(first.reference)
    except (Transient, Permanent):
        return None
