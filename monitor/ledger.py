"""Cases as rows: read, locked, stored with their timeline, and announced to the outbox in the same transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, select, update

from alerts.case import Case, Event, Move, State, Stop
from alerts.ladder import Ladder
from monitor import feedback
from monitor.schema import cases, events, fingerprints, likenesses, mentions, outbox, verdicts

VERIFY_AHEAD = timedelta(minutes=2)
"""How long before the last step a thread is asked once more."""

FIELDS = tuple(field.name for field in fields(Case))
COLUMNS = tuple(cases.c[name] for name in FIELDS)

_CHANGE = update(cases).where(cases.c.id == bindparam("case"))
_EVENTS = insert(events)
_MESSAGES = insert(outbox)


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


def verify_time(case: Case, ladder: Ladder) -> datetime:
    """Just before the last step: nobody is to be called for what a colleague answered a minute ago."""
    return case.posted_at + ladder.steps[-1].after - VERIFY_AHEAD


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
    rows = [{"case": case.id, "level": case.level, "check_at": case.check_at} for case in climbed]
    _many(connection, _CHANGE, [row | {"attempts": 0, "error": None} for row in rows])


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


def send_steps(
    connection: Connection,
    steps: Iterable[tuple[Case, int, str]],
    now: datetime,
    storms: Mapping[tuple[int, int], int] | None = None,
) -> None:
    """Puts steps of the cases' present rounds, each with its channel, into the outbox; keys are unique for ever.

    `storms` tells by case and step in which storm's thread it is said, if in one.
    """
    rows = [
        _message(case, channel, now)
        | {"key": f"case:{case.id}:{case.round}:{index}", "kind": "step", "step": index}
        | {"storm_id": (storms or {}).get((case.id, index))}
        for case, index, channel in steps
    ]
    _many(connection, _MESSAGES, rows)


def revive(connection: Connection, case: Case) -> None:
    """Steps of the present round that an answer cancelled are due again, since the answer was taken back."""
    cancelled = (outbox.c.case_id == case.id, outbox.c.round == case.round, outbox.c.state == "cancelled")
    again = {"state": "pending", "due_at": case.check_at, "settled_at": None}
    connection.execute(update(outbox).where(*cancelled, outbox.c.kind == "step").values(again))


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
    _many(connection, _MESSAGES, rows)


def _message(case: Case, channel: str, now: datetime) -> dict[str, Any]:
    row = {"case_id": case.id, "channel": channel, "round": case.round}
    return row | {"state": "pending", "due_at": now, "created_at": now}


def _many(connection: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(statement, rows)
