"""Digests: puts each brand's digest of the week that is over into the outbox, once, when its day and hour have come."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from monitor.config import Digests
from monitor.digest.week import Week
from monitor.jobs.outcome import Outcome
from monitor.measures import first_post
from monitor.schema import outbox
from monitor.store import Store

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def digests(store: Store, plan: Digests, brands: Iterable[str], now: datetime) -> Outcome:
    """The latest digests that are due of every brand that was heard by the end of its week. One whose time was missed
    is made up as long as no later one is due."""
    week = latest(plan, now)
    return Outcome(
        done=sum(post(store, plan, brand, week, now).done for brand in brands if _heard(store, plan, brand, week))
    )


def post(store: Store, plan: Digests, brand: str, week: Week, now: datetime) -> Outcome:
    """Puts a brand's digest, and its departments' slices, into the outbox for each place that has none yet."""
    rows = [_row(brand, week, channel, department, now) for channel, department in plan.places]
    wanted = [row for row in rows if not _known(store, row["key"])]
    if not wanted:
        return Outcome()
    with store.write() as connection:
        return Outcome(done=len(store.insert_new(connection, outbox, wanted, ["key"])))


def latest(plan: Digests, now: datetime) -> Week:
    """The last week that was over when the digest's time last came."""
    zone = plan.clock
    today = now.astimezone(zone).date()
    day = today - timedelta(days=(today.weekday() - DAYS.index(plan.day)) % 7)
    if datetime.combine(day, time(plan.hour), zone) > now:
        day -= timedelta(weeks=1)
    return Week(day - timedelta(days=day.weekday())).later(-1)


def _row(brand: str, week: Week, channel: str, department: str, now: datetime) -> dict[str, Any]:
    key = ":".join(["digest", brand, week.name, *([department] if department else []), channel])
    row = {"key": key, "kind": "digest", "channel": channel, "state": "pending"}
    body = {"brand": brand, "week": week.name, "department": department}
    return row | {"body": body, "due_at": now, "created_at": now, "round": 0, "step": 0, "attempts": 0}


def _known(store: Store, key: str) -> bool:
    with store.read() as connection:
        return connection.scalar(select(outbox.c.id).where(outbox.c.key == key)) is not None


def _heard(store: Store, plan: Digests, brand: str, week: Week) -> bool:
    with store.read() as connection:
        first = first_post(connection, brand)
    return first is not None and first < week.ends(plan.clock)
