"""Escalate: lets due cases climb their ladder, the step and its alert in one transaction."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from alerts import case as moves
from alerts.case import Case, Event
from alerts.ladder import Decision, Ladder, decide, rungs
from monitor import ledger
from monitor.jobs.outcome import Outcome, backoff
from monitor.rooms import Rooms
from monitor.schema import cases
from monitor.store import Store

log = logging.getLogger(__name__)

BATCH = 200
EVERYWHERE = Rooms()
"""Every step goes to the channel that it names, at once."""


def escalate(store: Store, ladder: Callable[[str], Ladder], now: datetime, rooms: Rooms = EVERYWHERE) -> Outcome:
    """One batch of due cases, their steps put into `rooms`.

    A case that makes anything throw is set aside and costs the others nothing.
    """
    rooms.break_through(store, now)
    due = cases.c.check_at <= now
    with store.read() as connection:
        first = connection.scalars(select(cases.c.id).where(due).order_by(cases.c.check_at).limit(BATCH)).all()
    if not first:
        return Outcome()
    failures: list[str] = []
    try:
        with store.write() as connection:
            found = ledger.lock(connection, cases.c.id.in_(first) & due, skip_locked=True)
            _climb(store, connection, found, ladder, now, rooms)
    except Exception:  # find the one that throws: each on its own
        failures = [failure for case_id in first if (failure := _alone(store, case_id, ladder, now, rooms))]
    return Outcome(done=len(first) - len(failures), more=len(first) == BATCH, failures=tuple(failures))


def _alone(store: Store, case_id: int, ladder: Callable[[str], Ladder], now: datetime, rooms: Rooms) -> str | None:
    try:
        with store.write() as connection:
            found = ledger.lock(connection, (cases.c.id == case_id) & (cases.c.check_at <= now))
            _climb(store, connection, found, ladder, now, rooms)
    except Exception as error:
        log.exception("case %d", case_id)
        with store.write() as connection:
            attempts: Any = connection.scalar(select(cases.c.attempts).where(cases.c.id == case_id))
            later = {"check_at": backoff(attempts, now), "attempts": attempts + 1, "error": store.tell(error)}
            connection.execute(update(cases).where(cases.c.id == case_id).values(later))
        return f"case {case_id}: {store.tell(error)}"
    return None


def _climb(
    store: Store,
    connection: Connection,
    due: Sequence[Case],
    ladder: Callable[[str], Ladder],
    now: datetime,
    rooms: Rooms,
) -> None:
    climbed = [_step_up(case, ladder(case.brand), now) for case in due]
    ledger.climb(connection, [case for case, _ in climbed])
    ledger.log(connection, [(case.id, event) for case, said in climbed for event in _events(said, now)])
    held = [(_hold_to_claim(connection, case, said, now), said) for case, said in climbed]
    steps = [(case, index, rungs(case, ladder(case.brand))[index]) for case, said in held for index in said.fire]
    rooms.show(store, connection, steps, now)
    late = [case for case, said in held if said.fire and case.breached(now)]
    if late:
        ledger.touch(connection, [(case, Event(at=now, kind="breached")) for case in late])


def _step_up(case: Case, ladder: Ladder, now: datetime) -> tuple[Case, Decision]:
    said = decide(case, ladder, now)
    return replace(case, level=said.level, check_at=said.check_at, hushed=said.hushed), said


def _hold_to_claim(connection: Connection, case: Case, said: Decision, now: datetime) -> Case:
    """Reminds who claimed the case and has been silent since, or makes it anybody's again."""
    if said.hand_on:
        return ledger.store(connection, case, moves.hand_on(case, now))
    if said.answer_until is not None:
        after = ledger.store(connection, case, moves.remind(case, now, said.answer_until))
        ledger.call(connection, after, now)
        return after
    return case


def _events(said: Decision, now: datetime) -> list[Event]:
    kinds = {"silenced": said.silenced, "escalated": said.fire}
    return [Event(at=now, kind=kind, detail={"step": index}) for kind, steps in kinds.items() for index in steps]
