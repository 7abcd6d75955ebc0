"""Escalate: lets due cases climb their ladder, the step and its alert in one transaction."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from alerts.case import Case, Event
from alerts.ladder import Decision, Ladder, decide
from monitor import ledger
from monitor.jobs.outcome import Outcome, backoff
from monitor.jobs.storms import fold
from monitor.schema import cases
from monitor.store import Store

log = logging.getLogger(__name__)

BATCH = 200


def escalate(store: Store, ladder: Callable[[str], Ladder], now: datetime) -> Outcome:
    """One batch of due cases. A case that makes anything throw is set aside and costs the others nothing."""
    due = cases.c.check_at <= now
    with store.read() as connection:
        first = connection.scalars(select(cases.c.id).where(due).order_by(cases.c.check_at).limit(BATCH)).all()
    if not first:
        return Outcome()
    failures: list[str] = []
    try:
        with store.write() as connection:
            found = ledger.lock(connection, cases.c.id.in_(first) & due, skip_locked=True)
            _climb(connection, found, ladder, now)
    except Exception:  # find the one that throws: each on its own
        failures = [failure for case_id in first if (failure := _alone(store, case_id, ladder, now))]
    return Outcome(done=len(first) - len(failures), more=len(first) == BATCH, failures=tuple(failures))


def _alone(store: Store, case_id: int, ladder: Callable[[str], Ladder], now: datetime) -> str | None:
    try:
        with store.write() as connection:
            found = ledger.lock(connection, (cases.c.id == case_id) & (cases.c.check_at <= now))
            _climb(connection, found, ladder, now)
    except Exception as error:
        log.exception("case %d", case_id)
        with store.write() as connection:
            attempts: Any = connection.scalar(select(cases.c.attempts).where(cases.c.id == case_id))
            later = {"check_at": backoff(attempts, now), "attempts": attempts + 1, "error": store.tell(error)}
            connection.execute(update(cases).where(cases.c.id == case_id).values(later))
        return f"case {case_id}: {store.tell(error)}"
    return None


def _climb(connection: Connection, due: Sequence[Case], ladder: Callable[[str], Ladder], now: datetime) -> None:
    climbed = [(case, decide(case, ladder(case.brand), now)) for case in due]
    ledger.climb(connection, [replace(case, level=said.level, check_at=said.check_at) for case, said in climbed])
    ledger.log(connection, [(case.id, event) for case, said in climbed for event in _events(said, now)])
    steps = [(case, index, ladder(case.brand).steps[index].channel) for case, said in climbed for index in said.fire]
    threads = fold(connection, [case for case, said in climbed if 0 in said.fire])
    steps = [(case, index, threads[case.id].channel if index == 0 and case.id in threads else channel)
             for case, index, channel in steps]  # fmt: skip
    ledger.send_steps(connection, steps, now, {(case_id, 0): storm.id for case_id, storm in threads.items()})
    late = [case for case, said in climbed if said.fire and case.breached(now)]
    if late:
        ledger.touch(connection, [(case, Event(at=now, kind="breached")) for case in late])


def _events(said: Decision, now: datetime) -> list[Event]:
    kinds = {"silenced": said.silenced, "escalated": said.fire}
    return [Event(at=now, kind=kind, detail={"step": index}) for kind, steps in kinds.items() for index in steps]
