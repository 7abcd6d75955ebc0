"""Cases as rows: read, locked, stored with their timeline, and announced to the outbox in the same transaction."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, select, update

from alerts.case import CALLS, Case, Event, Move, State, Stop
from alerts.ladder import Ladder, rungs
from monitor import feedback
from monitor.schema import cases, events, fingerprints, likenesses, mentions, outbox, verdicts

VERIFY_AHEAD = timedelta(minutes=2)
"""How long before a step that nothing silences a thread is asked once more."""

FIELDS = tuple(field.name for field in fields(Case))
COLUMNS = tuple(cases.c[name] for name in FIELDS)

_ATTACH = update(mentions).where(mentions.c.id == bindparam("post"))
_CHANGE = update(cases).where(cases.c.id == bindparam("case"))
_EVENTS = insert(events)
_MESSAGES = insert(outbox)
_URGENT = (
    select(mentions.c.case_id)
    .join(verdicts, verdicts.c.mention_id == mentions.c.id)
    .where(mentions.c.case_id.in_(bindparam("cases", expanding=True)), verdicts.c.severity == "urgent")
)

FIRST, ORDINARY = 0, 1
"""Priorities of messages: those of urgent cases leave before all others."""


def case_of(row: Row[Any]) -> Case:
    values = {name: getattr(row, name) for name in FIELDS}
    values["state"] = State(values["state"])
    values["stopped_by"] = Stop(values["stopped_by"]) if values["stopped_by"] else None
    return Case(**values)


def lock(connection: Connection, where: Any, *, skip_locked: bool = False) -> list[Case]:
    """The cases that match, held until the transaction ends; on SQLite the transaction itself holds them."""
    statement: Select[Any] = select(*COLUMNS).where(where).order_by(cases.c.id)
    return [case_of(row) for row in connection.execute(statement.with_for_update(skip_locked=skip_locked))]


def forget(connection: Connection, mention_ids: Sequence[int], now: datetime, **columns: Any) -> None:
    """Erases a customer's words and name from these posts and from what was said and derived of them."""
    nothing = {"text": "", "author": "", "url": "", "erased_at": now} | columns
    connection.execute(update(mentions).where(mentions.c.id.in_(mention_ids)).values(nothing))
    connection.execute(update(verdicts).where(verdicts.c.mention_id.in_(mention_ids)).values(why=[]))
    for table in (fingerprints, likenesses):
        connection.execute(delete(table).where(table.c.mention_id.in_(mention_ids)))


def attach(connection: Connection, held: Sequence[tuple[Row[Any], Case]]) -> None:
    """Makes posts part of cases; from now on they are looked up again, since people see them."""
    rows = [{"post": post.id, "case_id": case.id, "recheck_at": post.detected_at} for post, case in held]
    _many(connection, _ATTACH, rows)


def verify_time(case: Case, ladder: Ladder, after: datetime | None = None) -> datetime | None:
    """Just before the last step: nobody is to be called for what a colleague answered a minute ago.

    A case that turned urgent may have two such steps ahead; only those count whose time for it comes `after`.
    """
    last = [rung.due - VERIFY_AHEAD for rung in rungs(case, ladder)[case.level :] if rung.last]
    return min((moment for moment in last if after is None or moment > after), default=None)


def store(connection: Connection, before: Case, move: Move, **columns: Any) -> Case:
    """Stores a move: the case's next self, the event, what it says of the verdicts, and updates of its messages."""
    after, event = move
    changed = {name: getattr(after, name) for name in FIELDS if getattr(after, name) != getattr(before, name)}
    connection.execute(_CHANGE, {"case": before.id} | changed | columns)
    log(connection, [(after.id, event)])
    feedback.heed(connection, after, event)
    announce(connection, [move])
    return after


def climb(connection: Connection, climbed: Sequence[Case]) -> None:
    """Stores how far up the ladder cases are; no message changes for that alone."""
    rows = [{name: getattr(case, name) for name in ("level", "check_at", "hushed")} for case in climbed]
    done = [row | {"case": case.id, "attempts": 0, "error": None} for row, case in zip(rows, climbed, strict=True)]
    _many(connection, _CHANGE, done)


def touch(connection: Connection, touched: Sequence[Move]) -> None:
    """Logs what changes how cases are shown but not the cases: a post added, edited, deleted."""
    moves = [(replace(case, version=case.version + 1), event) for case, event in touched]
    _many(connection, _CHANGE, [{"case": case.id, "version": case.version} for case, _ in moves])
    log(connection, [(case.id, event) for case, event in moves])
    announce(connection, moves)


def log(connection: Connection, entries: Iterable[tuple[int, Event]]) -> None:
    """Adds lines to the timelines of cases, given by their ids."""
    rows = [
        {"case_id": case_id, "at": event.at, "kind": event.kind, "actor": event.actor, "detail": event.detail}
        for case_id, event in entries
    ]
    _many(connection, _EVENTS, rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A step of a case's present round, and where and when it is said."""

    case: Case
    index: int
    """Its place in the ladder."""
    channel: str
    held: datetime | None = None
    """Until when, if the channel is quiet."""
    storm_id: int | None = None
    """In whose thread, if in one."""


def send_steps(connection: Connection, steps: Iterable[Placed], now: datetime) -> None:
    """Puts steps into the outbox; keys are unique for ever."""
    rows = [
        _message(step.case, step.channel, now)
        | {"key": f"case:{step.case.id}:{step.case.round}:{step.index}", "kind": "step", "step": step.index}
        | {"due_at": step.held or now, "held_until": step.held, "storm_id": step.storm_id}
        for step in steps
    ]
    _put(connection, rows)


def call(connection: Connection, case: Case, now: datetime) -> None:
    """Has the assignee called in the case's thread, where it was first shown, about the latest event that calls her."""
    steps = select(outbox.c.channel).where(outbox.c.case_id == case.id, outbox.c.kind == "step")
    channel = connection.scalar(steps.order_by(outbox.c.id).limit(1))
    called = select(func.count()).where(events.c.case_id == case.id, events.c.kind.in_(CALLS))
    number = (connection.scalar(called) or 0) - 1
    if channel is not None:
        row = {"key": f"call:{case.id}:{number}", "kind": "call", "step": number, "priority": FIRST}
        connection.execute(_MESSAGES, _message(case, channel, now) | row)


def revive(connection: Connection, case: Case) -> None:
    """Steps of the present round that an answer cancelled are due again, since the answer was taken back."""
    cancelled = (outbox.c.case_id == case.id, outbox.c.round == case.round, outbox.c.state == "cancelled")
    again = {"state": "pending", "due_at": case.check_at, "settled_at": None}
    connection.execute(update(outbox).where(*cancelled, outbox.c.kind.in_(("step", "answer"))).values(again))


def announce(connection: Connection, moves: Sequence[Move]) -> None:
    """Has every channel that shows one of the cases, or is about to, show it as it now stands."""
    channels = defaultdict(list)
    told = outbox.c.case_id.in_([case.id for case, _ in moves]) & (outbox.c.kind == "step")
    for row in connection.execute(select(outbox.c.case_id, outbox.c.channel).where(told).distinct()):
        channels[row.case_id].append(row.channel)
    rows = [
        _message(case, channel, event.at) | {"key": f"case:{case.id}:v{case.version}:{channel}", "kind": "update"}
        for case, event in moves
        for channel in channels[case.id]
    ]
    _put(connection, rows)


def _put(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Messages into the outbox, those of urgent cases before the others."""
    urgent = set(connection.scalars(_URGENT, {"cases": [row["case_id"] for row in rows]})) if rows else set()
    ranked = [row | {"priority": FIRST if row["case_id"] in urgent else ORDINARY} for row in rows]
    _many(connection, _MESSAGES, ranked)


def _message(case: Case, channel: str, now: datetime) -> dict[str, Any]:
    row = {"case_id": case.id, "channel": channel, "round": case.round}
    return row | {"state": "pending", "due_at": now, "created_at": now}


def _many(connection: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(statement, rows)
