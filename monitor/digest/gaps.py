"""Tells what the week's figures may lack: times in which a platform or the monitor itself could not hear."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from monitor.measures import Period
from monitor.schema import problems

OUTAGE = "outage"
"""The kind of problem that is a time in which the monitor did not run."""
_NEAR = timedelta(weeks=2)
"""How long after a gap it may have been noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A time of which posts may be missing."""

    source: str
    """"": the monitor itself."""
    since: datetime
    until: datetime
    why: str


def silences(connection: Connection, period: Period, sources: Collection[str]) -> list[Silence]:
    """The times, cut to the period, in which one of the brand's sources or the monitor heard nothing."""
    noted = (
        select(problems)
        .where(problems.c.kind.in_(("gap", OUTAGE)), problems.c.noted_at >= period.since)
        .where(problems.c.noted_at < period.until + _NEAR)
        .order_by(problems.c.id)
    )
    found = []
    for row in connection.execute(noted):
        if row.kind == OUTAGE or row.source in sources:
            since, until = _bounds(row.place, row.noted_at)
            since, until = max(since, period.since), min(until, period.until)
            if since < until:
                source = "" if row.kind == OUTAGE else row.source
                found.append(Silence(source=source, since=since, until=until, why=row.why))
    return sorted(found, key=lambda each: (each.since, each.source))


def length(found: Iterable[Silence]) -> timedelta:
    """The time in which at least one of them was; what two share counts once."""
    total, heard = timedelta(), None
    for each in sorted(found, key=lambda each: each.since):
        since = each.since if heard is None else max(each.since, heard)
        total += max(each.until - since, timedelta())
        heard = each.until if heard is None else max(each.until, heard)
    return total


def _bounds(place: str, noted: datetime) -> tuple[datetime, datetime]:
    """A place is kept as two moments with "to" between them; of any other only when it was noted is known."""
    since, _, until = place.partition(" to ")
    try:
        return datetime.fromisoformat(since), datetime.fromisoformat(until)
    except ValueError:
        return noted, noted + timedelta(seconds=1)
