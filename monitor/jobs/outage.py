"""Outage: notes a time in which nobody listened, because the monitor did not run, so that figures can own up to it."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import func, select

from monitor.jobs.outcome import Outcome
from monitor.schema import problems, sources
from monitor.store import Store

PATIENCE = timedelta(minutes=10)
"""How late a source may be asked before that is an outage."""


def outage(store: Store, names: Collection[str], now: datetime) -> Outcome:
    """To be asked before the sources are: they were due, and none of them has been asked since."""
    asked = select(
        func.max(sources.c.next_poll_at).filter(sources.c.next_poll_at <= now), func.max(sources.c.polled_at)
    ).where(sources.c.name.in_(names))
    with store.write() as connection:
        due, polled = connection.execute(asked).one()
        if due is None or polled is None or polled > due or due > now - PATIENCE:
            return Outcome()
        place = f"{due.isoformat(timespec='seconds')} to {now.isoformat(timespec='seconds')}"
        row = {"source": "", "kind": "outage", "place": place, "why": "the monitor did not run", "noted_at": now}
        return Outcome(done=len(store.insert_new(connection, problems, [row], ["source", "kind", "place"])))
