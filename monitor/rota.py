"""The rota: who is on call in a rotation at a moment, and who stands in for whom until when."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from alerts.case import NotAllowed
from alerts.hours import clock_shows, minute_of_day
from alerts.rotation import ON_CALL, Rotation, Turn
from monitor.config.sections import duration
from monitor.schema import stand_ins
from monitor.store import Store


def on_call(store: Store, rotation: Rotation, now: datetime) -> Turn:
    """Whose turn it is, or who stands in for her."""
    with store.read() as connection:
        return _on_call(connection, rotation, now)


def plan(store: Store, rotation: Rotation, now: datetime, turns: int) -> list[Turn]:
    """So many turns from now on; who stands in has hers cut into the rotation's own order."""
    found: list[Turn] = []
    with store.read() as connection:
        for _ in range(turns):
            found.append(_on_call(connection, rotation, found[-1].until if found else now))
    return found


def override(store: Store, rotation: Rotation, who: str, until: datetime, by: str, now: datetime) -> Turn:
    """Puts somebody on call from now until then, whoever's turn it is; the latest word counts. Raises NotAllowed."""
    if not who:
        raise NotAllowed("say who shall be on call")
    if until <= now:
        raise NotAllowed("a turn must end in the future")
    row = {"rotation": rotation.name, "who": who, "since": now, "until": until, "by": by}
    with store.write() as connection:
        connection.execute(insert(stand_ins).values(row))
        return _on_call(connection, rotation, now)


def back_to_plan(store: Store, rotation: Rotation, now: datetime) -> Turn:
    """Ends what stands in for the rotation's own order. Raises NotAllowed when nothing does."""
    current = (stand_ins.c.rotation == rotation.name) & (stand_ins.c.until > now)
    with store.write() as connection:
        if not connection.execute(update(stand_ins).where(current).values(until=now)).rowcount:
            raise NotAllowed(f"nobody stands in for anybody in {rotation.name}")
        return _on_call(connection, rotation, now)


def called(
    connection: Connection, mention: Iterable[str], rotations: Mapping[str, Rotation], now: datetime
) -> tuple[str, ...]:
    """Names of a step, whoever is on call in the place of her rotation; nobody twice."""
    names = []
    for name in mention:
        match = ON_CALL.fullmatch(name)
        rotation = rotations.get(match[1]) if match else None
        names.append(_on_call(connection, rotation, now).who if rotation else name)
    return tuple(dict.fromkeys(names))


def until(words: str, rotation: Rotation, now: datetime) -> datetime:
    """When a turn ends that is said to last `4h`, to `18:00` (the next time) or to `2026-12-24 09:00`, by the
    rotation's own clocks. Raises NotAllowed."""
    try:
        return _until(words.strip(), rotation, now).astimezone(UTC)
    except ValueError:
        raise NotAllowed(f"{words!r} is no end of a turn; write 18:00, 4h or 2026-12-24 09:00") from None


def _until(words: str, rotation: Rotation, now: datetime) -> datetime:
    day, _, clock = words.rpartition(" ")
    if ":" not in clock:
        return now + duration(words)
    minute = minute_of_day(clock)
    if day:
        return clock_shows(datetime.fromisoformat(day).date(), minute, rotation.zone)
    today = now.astimezone(rotation.zone).date()
    moments = (clock_shows(today + timedelta(days=days), minute, rotation.zone) for days in (0, 1))
    return next(moment for moment in moments if moment > now)


def _on_call(connection: Connection, rotation: Rotation, now: datetime) -> Turn:
    at_work = (stand_ins.c.rotation == rotation.name) & (stand_ins.c.since <= now) & (stand_ins.c.until > now)
    latest = select(stand_ins).where(at_work).order_by(stand_ins.c.id.desc()).limit(1)
    row = connection.execute(latest).one_or_none()
    if row is None:
        return rotation.turn(now)
    return Turn(who=row.who, since=row.since, until=row.until, stands_in=True)
