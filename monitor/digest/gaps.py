"""Tells what the week's figures may lack: times in which a platform or the monitor itself could not hear."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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


def together(silences: Sequence[Silence]) -> timedelta:
    """How long something was not heard; what two sources missed at once counts once."""
    total, heard_again = timedelta(), datetime.min.replace(tzinfo=UTC)
    for each in sorted(silences, key=lambda silence: silence.since):
        total += max(each.until - max(each.since, heard_again), timedelta())
        heard_again = max(heard_again, each.until)
    return total


def _bounds(place: str, noted: datetime) -> tuple[datetime, datetime]:
    """A place is kept as two moments with "to" between them; of any other only when it was noted is known."""
    since, _, until = place.partition(" to ")
    try:
        return datetime.fromisoformat(since), datetime.fromisoformat(until)
    except ValueError:
        return noted, noted + timedelta(seconds=1)
