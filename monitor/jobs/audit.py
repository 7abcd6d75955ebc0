"""Audit: looks, independently of the ladder, for customers nobody was called for and for parts that fell silent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, exists, func, or_, select

from alerts.case import WAITING, State
from alerts.ladder import Ladder, rungs
from monitor import ledger
from monitor.schema import cases, events, mentions, outbox, problems, sources
from monitor.store import Store

RECENT = timedelta(days=1)
"""Failed messages and problems older than this are no news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is late, failing or silent."""

    kind: str
    subject: str
    """What it is about, `case 42` or `source x`: with the kind, the same for as long as it lasts."""
    what: str


def audit(
    store: Store,
    ladder: Callable[[str], Ladder],
    sources_every: Mapping[str, timedelta],
    grace: timedelta,
    now: datetime,
) -> list[Finding]:
    """Everything that is late by more than the grace, or failing; empty when all is well."""
    with store.read() as connection:
        return [
            *_late_steps(connection, ladder, grace, now),
            *_late_posts(connection, grace, now),
            *_late_messages(connection, grace, now),
            *_failed_messages(connection, now),
            *_quiet_sources(connection, sources_every, grace, now),
            *_problems(connection, now),
        ]


def notify(store: Store, findings: Sequence[Finding], channel: str, now: datetime) -> None:
    """Puts one notice into the outbox, at most once an hour for the same findings."""
    subjects = sorted({f"{finding.kind} {finding.subject}" for finding in findings})
    row = {
        "key": f"audit:{now:%Y-%m-%dT%H}:{_digest(subjects)}",
        "kind": "notice",
        "channel": channel,
        "body": {"title": _title(findings), "lines": [f"{item.subject}: {item.what}" for item in findings[:40]]},
        "state": "pending",
        "due_at": now,
        "created_at": now,
        "round": 0,
        "step": 0,
        "attempts": 0,
    }
    with store.write() as connection:
        store.insert_new(connection, outbox, [row], ["key"])


def _title(findings: Sequence[Finding]) -> str:
    more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
    return f"{findings[0].subject}: {findings[0].kind}{more}"


def _digest(subjects: Sequence[str]) -> str:
    return sha256("\n".join(subjects).encode()).hexdigest()[:16]


def _late_steps(
    connection: Connection, ladder: Callable[[str], Ladder], grace: timedelta, now: datetime
) -> list[Finding]:
    """Steps whose time has passed without a message: counted from the customer's clock, not from the case's level."""
    statement = select(*ledger.COLUMNS).where(cases.c.state.in_(WAITING), cases.c.posted_at < now - grace)
    found = []
    fired = _fired(connection)
    for row in connection.execute(statement):
        case = ledger.case_of(row)
        for index, rung in enumerate(rungs(case, ladder(case.brand))):
            due = max(rung.due, case.detected_at)
            claimed = case.state is State.CLAIMED and not rung.loud
            if due < now - grace and not claimed and (case.id, case.round, index) not in fired:
                what = f"step {index + 1} was due {_ago(due, now)} ago and nobody has been told"
                found.append(Finding(kind="late step", subject=f"case {case.id}", what=what))
                break
    return found


def _fired(connection: Connection) -> set[tuple[int, int, int]]:
    """The steps of waiting cases that are in the outbox, or were passed over in silence."""
    waiting = cases.c.state.in_(WAITING)
    sent = connection.execute(
        select(outbox.c.case_id, outbox.c.round, outbox.c.step)
        .join(cases, cases.c.id == outbox.c.case_id)
        .where(waiting, outbox.c.kind == "step", outbox.c.state != "cancelled")
    )
    silenced = connection.execute(
        select(events.c.case_id, cases.c.round, events.c.detail)
        .join(cases, cases.c.id == events.c.case_id)
        .where(waiting, events.c.kind == "silenced")
    )
    return {tuple(row) for row in sent} | {(row.case_id, row.round, row.detail.get("step", -1)) for row in silenced}


def _late_posts(connection: Connection, grace: timedelta, now: datetime) -> list[Finding]:
    late = connection.execute(
        select(func.count(), func.min(mentions.c.detected_at), func.max(mentions.c.error)).where(
            mentions.c.triage_at.is_not(None),
            or_(mentions.c.triage_at < now - grace, mentions.c.attempts > 2),
        )
    ).one()
    count, oldest, error = late
    if not count:
        return []
    why = f": {error}" if error else ""
    what = f"{count} posts wait for a verdict, the oldest for {_ago(oldest, now)}{why}"
    return [Finding(kind="posts not read", subject="triage", what=what)]


def _late_messages(connection: Connection, grace: timedelta, now: datetime) -> list[Finding]:
    held = outbox.alias("held")
    behind = exists().where(
        held.c.case_id == outbox.c.case_id, held.c.channel == outbox.c.channel, held.c.due_at.is_not(None),
        held.c.held_until > now - grace,
    )  # fmt: skip
    since = func.coalesce(outbox.c.held_until, outbox.c.created_at)
    rows = connection.execute(
        select(outbox.c.channel, func.count().label("count"), func.min(since).label("oldest"),
               func.max(outbox.c.error).label("error"))
        .where(outbox.c.due_at.is_not(None), since < now - grace, ~behind)
        .group_by(outbox.c.channel)
    )  # fmt: skip
    return [
        Finding(
            kind="messages not sent",
            subject=f"channel {row.channel}",
            what=f"{row.count} wait, the oldest for {_ago(row.oldest, now)}" + (f": {row.error}" if row.error else ""),
        )
        for row in rows
    ]


def _failed_messages(connection: Connection, now: datetime) -> list[Finding]:
    rows = connection.execute(
        select(outbox.c.channel, func.count().label("count"), func.max(outbox.c.error).label("error"))
        .where(outbox.c.state == "failed", outbox.c.settled_at > now - RECENT)
        .group_by(outbox.c.channel)
    )
    return [
        Finding(kind="messages refused", subject=f"channel {row.channel}", what=f"{row.count} refused: {row.error}")
        for row in rows
    ]


def _quiet_sources(
    connection: Connection, every: Mapping[str, timedelta], grace: timedelta, now: datetime
) -> list[Finding]:
    found = []
    for row in connection.execute(select(sources).where(sources.c.name.in_(every))):
        patience = 3 * every[row.name] + grace
        if row.ok_at is None and row.failures < 3:
            continue
        if row.ok_at is None or row.ok_at < now - patience:
            since = f"has not answered for {_ago(row.ok_at, now)}" if row.ok_at else "has never answered"
            why = f": {row.error}" if row.error else ""
            found.append(Finding(kind="quiet source", subject=f"source {row.name}", what=since + why))
    return found


def _problems(connection: Connection, now: datetime) -> list[Finding]:
    rows = connection.execute(
        select(problems.c.source, func.max(problems.c.why).label("why"))
        .where(problems.c.noted_at > now - RECENT, problems.c.kind == "gap")
        .group_by(problems.c.source)
    )
    return [
        Finding(kind="coverage gap", subject=f"source {row.source}", what=f"posts may be missing: {row.why}")
        for row in rows
    ]


def _ago(since: datetime, now: datetime) -> str:
    minutes = int((now - since).total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
