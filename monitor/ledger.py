"""Cases as rows: read, locked, stored with their timeline, and announced to the outbox in the same transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from alerts.case import Case, Event, Move, State, Stop
from alerts.ladder import Ladder
from monitor.schema import cases, events, mentions, outbox, verdicts

VERIFY_AHEAD = timedelta(minutes=2)
"""How long before the last step a thread is asked once more."""

FIELDS = tuple(field.name for field in fields(Case))
COLUMNS = tuple(cases.c[name] for name in FIELDS)


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
    """Erases a customer's words and name from these posts and from what was said of them."""
    nothing = {"text": "", "author": "", "url": "", "erased_at": now} | columns
    connection.execute(update(mentions).where(mentions.c.id.in_(mention_ids)).values(nothing))
    connection.execute(update(verdicts).where(verdicts.c.mention_id.in_(mention_ids)).values(why=[]))


def verify_time(case: Case, ladder: Ladder) -> datetime:
    """Just before the last step: nobody is to be called for what a colleague answered a minute ago."""
    return case.posted_at + ladder.steps[-1].after - VERIFY_AHEAD


def store(connection: Connection, before: Case, move: Move, **columns: Any) -> Case:
    """Stores a move: the case's next self, the event, and an update of every message that shows the case."""
    after, event = move
    _write(connection, before, after, columns)
    log(connection, after.id, event)
    announce(connection, after, event.at)
    return after


def climb(connection: Connection, before: Case, after: Case) -> None:
    """Stores how far up the ladder a case is; no message changes for that alone."""
    _write(connection, before, after, {"attempts": 0, "error": None})


def touch(connection: Connection, case: Case, event: Event) -> None:
    """Logs something that changes how a case is shown but not the case: a post added, edited, deleted."""
    version = case.version + 1
    connection.execute(update(cases).where(cases.c.id == case.id).values(version=version))
    log(connection, case.id, event)
    announce(connection, case, event.at, version)


def log(connection: Connection, case_id: int, event: Event) -> None:
    connection.execute(
        insert(events).values(case_id=case_id, at=event.at, kind=event.kind, actor=event.actor, detail=event.detail)
    )


def send_steps(connection: Connection, case: Case, steps: Iterable[tuple[int, str]], now: datetime) -> None:
    """Puts steps of the present round, each with its channel, into the outbox; their keys are unique for ever."""
    for index, channel in steps:
        connection.execute(
            insert(outbox).values(
                key=f"case:{case.id}:{case.round}:{index}",
                kind="step",
                case_id=case.id,
                channel=channel,
                round=case.round,
                step=index,
                state="pending",
                due_at=now,
                created_at=now,
            )
        )


def revive(connection: Connection, case: Case) -> None:
    """Steps of the present round that an answer cancelled are due again, since the answer was taken back."""
    cancelled = (outbox.c.case_id == case.id, outbox.c.round == case.round, outbox.c.state == "cancelled")
    again = {"state": "pending", "due_at": case.check_at, "settled_at": None}
    connection.execute(update(outbox).where(*cancelled, outbox.c.kind == "step").values(again))


def announce(connection: Connection, case: Case, now: datetime, version: int | None = None) -> None:
    """Has every channel that shows the case, or is about to, show it as it now stands."""
    version = version or case.version
    shown = select(outbox.c.channel).where(outbox.c.case_id == case.id, outbox.c.kind == "step").distinct()
    for channel in connection.scalars(shown).all():
        connection.execute(
            insert(outbox).values(
                key=f"case:{case.id}:v{version}:{channel}",
                kind="update",
                case_id=case.id,
                channel=channel,
                round=case.round,
                state="pending",
                due_at=now,
                created_at=now,
            )
        )


def _write(connection: Connection, before: Case, after: Case, columns: dict[str, Any]) -> None:
    changed = {name: getattr(after, name) for name in FIELDS if getattr(after, name) != getattr(before, name)} | columns
    if changed:
        connection.execute(update(cases).where(cases.c.id == before.id).values(changed))
