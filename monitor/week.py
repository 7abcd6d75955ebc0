"""How the care team did in the last days: one reading of the database, every complaint in the denominator."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from alerts.case import WAITING, State
from alerts.queue import Figures
from monitor.schema import cases
from monitor.store import Store

SPAN = timedelta(days=7)

_COUNTED = [*WAITING, State.ANSWERED]


def week(store: Store, now: datetime, brands: Collection[str] | None = None) -> Figures:
    """The complaints posted in the last seven days, of these brands or of all, each by its latest round.

    What was dismissed, or deleted by the customer, asked for no answer and is not counted; who still waits is.
    """
    columns = cases.c.state, cases.c.posted_at, cases.c.respond_by, cases.c.stopped_at
    statement = select(*columns).where(cases.c.state.in_(_COUNTED), cases.c.posted_at > now - SPAN)
    if brands is not None:
        statement = statement.where(cases.c.brand.in_(brands))
    with store.read() as connection:
        rows = connection.execute(statement).all()
    answered = [row for row in rows if row.stopped_at is not None]
    return Figures(
        span=SPAN,
        complaints=len(rows),
        in_time=sum(row.stopped_at <= row.respond_by for row in answered),
        first_reply=median(
            [row.stopped_at - row.posted_at for row in answered],
            [now - row.posted_at for row in rows if row.stopped_at is None],
        ),
        waiting=len(rows) - len(answered),
    )


def median(answered: Sequence[timedelta], waiting: Sequence[timedelta]) -> timedelta | None:
    """The time by which half of the customers have an answer, who still waits taken in (Kaplan and Meier's estimate).

    None while fewer than half have one.
    """
    ends = sorted([(length, False) for length in answered] + [(length, True) for length in waiting])
    without = 1.0
    for place, (length, waits) in enumerate(ends):
        if not waits:
            without *= 1 - 1 / (len(ends) - place)
        if without <= 0.5 + 1e-9:
            return length
    return None
