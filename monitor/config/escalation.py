"""Reads what says when whom is told of a waiting case: opening hours, rotations and ladders."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from alerts.hours import Hours, Shift, minute_of_day, shifts, weekday, weekdays
from alerts.ladder import Ladder, Step
from alerts.rotation import ON_CALL, Rotation
from monitor.config import sections
from monitor.config.document import Document
from monitor.config.problems import Where, suggest

LONGEST_LADDER = 4
"""Weeks; of a ladder with opening hours, weeks of these."""

_WEEK = timedelta(weeks=1)
_DAY = timedelta(days=1)
_NEARLY_ON_CALL = re.compile(r"on[ _-]?call\b.*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningHours:
    """An entry of `hours:` as written."""

    zone: str
    open: dict[str, str]
    """Shifts by weekday or run of weekdays."""
    holidays: tuple[str, ...] = ()
    closed: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """An entry of `rotations:` as written."""

    people: tuple[str, ...]
    handover: str
    """Such as `monday 09:00`, or `09:00` where turns are not of whole weeks."""
    every: timedelta
    start: date
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """An entry of `ladders:` as written."""

    target: timedelta
    steps: tuple[Step, ...]
    hours: str = ""
    claim_lasts: timedelta | None = None


def read_ladders(document: Document) -> dict[str, Ladder]:
    """The ladders, each with its hours; mistakes are noted in the document."""
    hours = _hours(document)
    found = {}
    for name, values in _entries(document, "ladders"):
        where = ("ladders", name)
        climb = sections.read(Climb, values, document, where)
        if climb is None:
            continue
        if climb.hours and climb.hours not in _names(document, "hours"):
            what = f"there are no such hours; {suggest(climb.hours, _names(document, 'hours'))}"
            document.problem((*where, "hours"), what)
        found[name] = Ladder(
            target=climb.target,
            steps=climb.steps,
            hours=hours.get(climb.hours),
            claim_lasts=climb.claim_lasts,
        )
        _check_times(document, where, found[name])
        for index, step in enumerate(climb.steps):
            _check_mentions(document, (*where, "steps", index, "mention"), step)
    return found


def read_rotations(document: Document) -> dict[str, Rotation]:
    """The rotations by name; mistakes are noted in the document."""
    found = {}
    for name, values in _entries(document, "rotations"):
        where = ("rotations", name)
        rota = sections.read(Rota, values, document, where)
        if rota is None:
            continue
        zone, handover = _zone(document, where, rota.zone), _handover(document, where, rota)
        if not rota.people:
            document.problem((*where, "people"), "needs somebody")
        if rota.every < _DAY or rota.every % _DAY:
            document.problem((*where, "every"), "must be whole days, such as 1d or 1w")
        if zone is not None and handover is not None:
            days = rota.every // _DAY
            found[name] = Rotation(
                name=name, people=rota.people, start=rota.start, handover=handover, days=days, zone=zone
            )
    return found


def _hours(document: Document) -> dict[str, Hours]:
    found = {}
    for name, values in _entries(document, "hours"):
        where = ("hours", name)
        written = sections.read(OpeningHours, values, document, where)
        if written is None:
            continue
        zone, week = _zone(document, where, written.zone), _week(document, (*where, "open"), written.open)
        _check_holidays(document, (*where, "holidays"), written.holidays)
        if zone is not None:
            closed = frozenset(written.closed)
            found[name] = Hours(zone=zone, week=week, holidays=written.holidays, closed=closed)
    return found


def _week(document: Document, where: Where, written: Mapping[str, str]) -> tuple[tuple[Shift, ...], ...]:
    week: list[tuple[Shift, ...]] = [()] * 7
    by: dict[int, str] = {}
    for days, words in written.items():
        try:
            numbers, shifts_ = weekdays(days), shifts(words)
        except ValueError as error:
            document.problem((*where, days), str(error))
            continue
        for number in numbers:
            if number in by:
                document.problem((*where, days), f"says again what `{by[number]}` has said of one of its days")
                break
            week[number], by[number] = shifts_, days
    if not written:
        document.problem(
            where, "needs a day such as `mon-fri: 09:00-17:00`; leave `hours` out to count round the clock"
        )
    return tuple(week)


def _handover(document: Document, where: Where, rota: Rota) -> int | None:
    day, _, clock = rota.handover.strip().rpartition(" ")
    try:
        if day and weekday(day) != rota.start.weekday():
            what = f"{rota.start} is a {rota.start:%A}, but the hand-over is said to be on {day}"
            document.problem((*where, "start"), what)
        elif day and rota.every % _WEEK:
            document.problem((*where, "handover"), "names a day of the week, but turns are not of whole weeks")
        return minute_of_day(clock)
    except ValueError as error:
        document.problem((*where, "handover"), f"{error}; write it as `monday 09:00`")
        return None


def _zone(document: Document, where: Where, name: str) -> ZoneInfo | None:
    known = available_timezones()
    if name in known:
        return ZoneInfo(name)
    near = suggest(name, sorted(known))
    hint = near if near.startswith("did") else "write it as Europe/Tallinn"
    document.problem((*where, "zone"), f"there is no such time zone; {hint}")
    return None


def _check_holidays(document: Document, where: Where, countries: tuple[str, ...]) -> None:
    if not countries:
        return
    from holidays import list_supported_countries

    known = list(list_supported_countries(include_aliases=False))
    for index, country in enumerate(countries):
        if country not in known:
            near = suggest(country, known)
            hint = near if near.startswith("did") else "write two capital letters, such as EE, LV, LT or FI"
            document.problem((*where, index), f"{country!r} is no country whose public holidays are known; {hint}")


def _check_times(document: Document, where: Where, ladder: Ladder) -> None:
    if ladder.target.total_seconds() <= 0:
        document.problem((*where, "target"), "must be longer than nothing")
    if ladder.claim_lasts is not None and ladder.claim_lasts.total_seconds() < 60:
        document.problem((*where, "claim_lasts"), "must be at least 1m; leave it out for claims that never end")
    if not ladder.steps:
        document.problem((*where, "steps"), "a ladder needs at least one step")
    for index, (earlier, later) in enumerate(zip(ladder.steps, ladder.steps[1:], strict=False), 1):
        if later.after <= earlier.after:
            document.problem(
                (*where, "steps", index, "after"),
                f"steps must stand in the order of their times, but this one does not come after step {index}",
            )
    longest = LONGEST_LADDER * (ladder.hours.weekly if ladder.hours else _WEEK)
    times: dict[Where, timedelta] = {("target",): ladder.target, ("claim_lasts",): ladder.claim_lasts or timedelta()}
    times |= {("steps", index, "after"): step.after for index, step in enumerate(ladder.steps)}
    for key, time in times.items():
        if longest and time > longest:
            hours = (
                f" of its hours, which are {ladder.hours.weekly // timedelta(hours=1)} h a week" if ladder.hours else ""
            )
            document.problem((*where, *key), f"is longer than {LONGEST_LADDER} weeks{hours}")


def _check_mentions(document: Document, where: Where, step: Step) -> None:
    rotations = _names(document, "rotations")
    for index, name in enumerate(step.mention):
        if (match := ON_CALL.fullmatch(name)) and match[1] not in rotations:
            document.problem((*where, index), f"there is no rotation {match[1]!r}; {suggest(match[1], rotations)}")
        elif not match and _NEARLY_ON_CALL.fullmatch(name):
            document.problem((*where, index), "write `on-call care` for whoever the rotation `care` has on call")


def _entries(document: Document, section: str) -> list[tuple[str, Any]]:
    values = document.values.get(section)
    if values is not None and not isinstance(values, dict):
        document.problem((section,), "must be a mapping with entries such as `name: …`")
        return []
    return list((values or {}).items())


def _names(document: Document, section: str) -> list[str]:
    values = document.values.get(section)
    return list(values) if isinstance(values, dict) else []
