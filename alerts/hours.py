"""Opening hours: how long a team is at work between two moments, and when so much of its time will have passed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_TIME = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_FAR_AHEAD = timedelta(days=62)
_REMEMBERED = 4096

Shift = tuple[int, int]
"""The minutes of the day at which people begin and stop; 1440 is midnight at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When a team is at work, by the clocks of its own place."""

    zone: ZoneInfo
    week: tuple[tuple[Shift, ...], ...]
    """The shifts of each day from Monday on, in their order and apart; at least one in the week."""
    holidays: tuple[str, ...] = ()
    """Countries, such as "EE", on whose public holidays nobody works."""
    closed: frozenset[date] = frozenset()
    """More days on which nobody works."""

    def add(self, moment: datetime, amount: timedelta) -> datetime:
        """The first moment, in UTC, by which so much open time has passed; for no time at all, the moment itself."""
        if not amount:
            return moment
        start = moment.astimezone(UTC)  # in a zone of its own a moment's arithmetic would be that of clocks on walls
        for begin, end in self._shifts_from(start):
            begin = max(begin, start)
            if end - begin >= amount:
                return begin + amount
            amount -= max(end - begin, timedelta())
        raise AssertionError("a calendar without an end has ended")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much of the time from `start` to `end` is open."""
        open_time = timedelta()
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        for opens, closes in self._shifts_from(start):
            if opens >= end:
                break
            open_time += max(min(closes, end) - max(opens, start), timedelta())
        return open_time

    def next_opening(self, moment: datetime) -> datetime:
        """The first open moment, in UTC, from this one on: this one itself while people are at work."""
        start = moment.astimezone(UTC)
        return next(max(begin, start) for begin, end in self._shifts_from(start) if end > max(begin, start))

    def opens_after(self, moment: datetime) -> datetime | None:
        """When, in UTC, people begin to work next after a time of rest; None: not within two months."""
        start = worked_until = moment.astimezone(UTC)
        for begin, end in self._shifts_from(start):
            if begin > max(start, worked_until):
                return begin
            if begin > start + _FAR_AHEAD:
                return None
            worked_until = max(worked_until, end)
        raise AssertionError("a calendar without an end has ended")

    @property
    def weekly(self) -> timedelta:
        """How long an ordinary week is open."""
        return sum((end - begin for shifts in self.week for begin, end in shifts), start=0) * _MINUTE

    def _shifts_from(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = moment.astimezone(self.zone).date()
        while True:
            yield from _shifts_on(self, day)
            day += _DAY


def clock_shows(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The first moment, in UTC, at which a place's clocks show this time of the day or, having jumped over it, a
    later one."""
    wall = datetime.combine(day, time()) + minute * _MINUTE
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    while (moment - _MINUTE).astimezone(zone).replace(tzinfo=None) >= wall:
        moment -= _MINUTE
    return moment


def minute_of_day(words: str) -> int:
    """`09:30` as minutes since midnight, `24:00` being the day's end. Raises ValueError."""
    match = _TIME.fullmatch(words.strip())
    minute = int(match[1]) * 60 + int(match[2]) if match else 1441
    if minute > 1440:
        raise ValueError(f"{words.strip()!r} is no time of the day such as 09:00")
    return minute


def shifts(words: str) -> tuple[Shift, ...]:
    """`09:00-12:30, 13:30-17:00`. Raises ValueError when shifts overlap or end before they begin."""
    found: list[Shift] = []
    for part in words.split(","):
        first, dash, last = part.partition("-")
        if not dash:
            raise ValueError(
                f"{part.strip()!r} is no shift such as 09:00-17:00; several stand with commas between them"
            )
        begin, end = minute_of_day(first), minute_of_day(last)
        if end <= begin:
            midnight = "write one that runs past midnight as two, the first to 24:00 and the second on the next day"
            raise ValueError(f"the shift {part.strip()} ends before it begins; {midnight}")
        if found and begin < found[-1][1]:
            raise ValueError(f"the shift {part.strip()} begins before the one in front of it has ended")
        found.append((begin, end))
    return tuple(found)


def weekdays(words: str) -> range:
    """`mon`, `mon-fri` or `monday`, as numbers from Monday, 0. Raises ValueError."""
    first, _, last = words.partition("-")
    numbers = range(weekday(first), weekday(last or first) + 1)
    if not numbers:
        raise ValueError(f"{words!r} runs backwards; a week begins with mon")
    return numbers


def weekday(word: str) -> int:
    """`mon` or `monday` as a number from Monday, 0. Raises ValueError."""
    short = word.strip().lower()[:3]
    if short not in DAYS:
        raise ValueError(f"{word.strip()!r} is no day of the week; they are {', '.join(DAYS)}")
    return DAYS.index(short)


@lru_cache(_REMEMBERED)
def _shifts_on(hours: Hours, day: date) -> tuple[tuple[datetime, datetime], ...]:
    if day in hours.closed or any(day in _public_holidays(country, day.year) for country in hours.holidays):
        return ()
    return tuple(
        (clock_shows(day, begin, hours.zone), clock_shows(day, end, hours.zone))
        for begin, end in hours.week[day.weekday()]
    )


@cache
def _public_holidays(country: str, year: int) -> frozenset[date]:
    import holidays  # a tenth of a second, for those who ask for it

    return frozenset(holidays.country_holidays(country, years=year, expand=False))
