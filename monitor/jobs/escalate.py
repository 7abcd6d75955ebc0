"""Escalate: lets due cases climb their ladder, the step and its alert in one transaction."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from alerts.case import Case, Event
from alerts.ladder import Ladder, decide
from monitor import ledger
from monitor.jobs.outcome import Outcome, backoff
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
            for case in ledger.lock(connection, cases.c.id.in_(first) & due, skip_locked=True):
                _climb(connection, case, ladder(case.brand), now)
    except Exception:  # find the one that throws: each on its own
        failures = [failure for case_id in first if (failure := _alone(store, case_id, ladder, now))]
    return Outcome(done=len(first) - len(failures), more=len(first) == BATCH, failures=tuple(failures))


def _alone(store: Store, case_id: int, ladder: Callable[[str], Ladder], now: datetime) -> str | None:
    try:
        with store.write() as connection:
            for case in ledger.lock(connection, (cases.c.id == case_id) & (cases.c.check_at <= now)):
                _climb(connection, case, ladder(case.brand), now)
    except Exception as error:
        log.exception("case %d", case_id)
        with store.write() as connection:
            attempts: Any = connection.scalar(select(cases.c.attempts).where(cases.c.id == case_id))
            later = {"check_at": backoff(attempts, now), "attempts": attempts + 1, "error": store.tell(error)}
            connection.execute(update(cases).where(cases.c.id == case_id).values(later))
        return f"case {case_id}: {store.tell(error)}"
    return None


def _climb(connection: Connection, case: Case, ladder: Ladder, now: datetime) -> None:
    decision = decide(case, ladder, now)
    after = replace(case, level=decision.level, check_at=decision.check_at)
    ledger.climb(connection, case, after)
    for index in decision.silenced:
        ledger.log(connection, case.id, Event(at=now, kind="silenced", detail={"step": index}))
    for index in decision.fire:
        ledger.log(connection, case.id, Event(at=now, kind="escalated", detail={"step": index}))
    steps = [(index, ladder.steps[index].channel) for index in decision.fire]
    ledger.send_steps(connection, case, steps, now)
    if steps and case.breached(now):
        ledger.touch(connection, case, Event(at=now, kind="breached"))
