"""Tells of the week's storms: when many complained of one thing at once, how many, and how they were answered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from alerts.case import State
from monitor import ledger
from monitor.measures import Period
from monitor.metrics import Ids
from monitor.schema import cases
from monitor.schema import storms as rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """One storm; those whose case was dismissed or withdrawn are not counted."""

    topic: str
    """"" when the classifier tells none."""
    since: datetime
    until: datetime | None
    """None: it was still on."""
    cases: Ids
    missed: Ids
    """Of them, those not answered within the target."""


def storms(connection: Connection, period: Period, now: datetime) -> list[Storm]:
    """The storms about the period's topics of which a part was in it, oldest first."""
    lasted = (rows.c.started_at < period.until, or_(rows.c.ended_at.is_(None), rows.c.ended_at >= period.since))
    about = (func.coalesce(func.nullif(rows.c.topic, ""), "other").in_(period.topics),) if period.topics else ()
    mine = select(rows).where(rows.c.brand == period.brand, *lasted, *about)
    found = connection.execute(mine.order_by(rows.c.started_at, rows.c.id))
    return [_storm(connection, row, now) for row in found.all()]


def _storm(connection: Connection, row: Row[Any], now: datetime) -> Storm:
    counted = cases.c.state.not_in((State.DISMISSED, State.WITHDRAWN))
    held = select(*ledger.COLUMNS).where(cases.c.storm_id == row.id, counted).order_by(cases.c.id)
    found = [ledger.case_of(case) for case in connection.execute(held)]
    return Storm(
        topic=row.topic,
        since=row.started_at,
        until=row.ended_at,
        cases=tuple(case.id for case in found),
        missed=tuple(case.id for case in found if case.breached(now)),
    )
