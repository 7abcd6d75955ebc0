"""Tells when so many complain about one thing that it is news, and when it is over: pure functions of times and `now`.

What is usual for an hour of the week is learnt from earlier weeks. Where they say little, the estimate leans on the
same hour of other days, and that on the whole; how much complaints come in bunches anyway is learnt too. Many at once
are a storm when chance would hardly ever bring so many, and are several times what is usual or was seen just before.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, lgamma, log, log1p, sqrt
from typing import Literal

HOUR = timedelta(hours=1)
WEEK = 168
"""Hours."""
MEMORY = timedelta(weeks=8)
"""How far back the usual is learnt from."""
FIRST_DAY = timedelta(days=1)
"""Nothing is a storm before each hour of a day has been seen once."""
WINDOWS = (timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20), timedelta(hours=1))
"""A big storm shows in the shortest, a small one in the longest."""
BEFORE = timedelta(hours=3)
"""What counts as just before."""
SIGHT = WINDOWS[-1] + BEFORE
"""How far back `breaks_out` looks."""
CALM = timedelta(minutes=30)
"""So long it must have been nearly as usual."""

_OF_DAY, _OF_WEEK = 6.0, 4.0
"""Hours' worth of trust in the whole against the hour of the day, and in that against the hour of the week."""
_BUNCHED, _BUNCHED_DOUBT, _CAUTION = 0.6, 0.3**2, 1.0
"""How much complaints come in bunches as long as nothing else is known, as a mean and a variance; and by how many
standard errors it is taken for too much: a storm that is imagined costs trust, one noticed minutes later little."""

Sensitivity = Literal["low", "normal", "high"]
_CHANCE: Mapping[str, float] = {"low": 1e-10, "normal": 1e-8, "high": 1e-5}
"""A count that chance gives less often than this is news."""
_TIMES: Mapping[str, float] = {"low": 6.0, "normal": 4.0, "high": 2.5}
"""So many times what is to be expected it must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """How many people complain, as a rule."""

    rates: tuple[float, ...]
    """An hour, for each hour of the week from Monday 00:00 UTC."""
    bunched: float
    """The variance beyond chance, as a share of the squared mean: 0 for none."""

    def expected(self, since: datetime, until: datetime) -> float:
        """How many may be expected between two moments."""
        total, at = 0.0, since
        while at < until:
            end = min(until, _full_hour(at) + HOUR)
            total += self.rates[_hour_of_week(at)] * ((end - at) / HOUR)
            at = end
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """So many people within so short a time that it is a storm."""

    since: datetime
    people: int
    expected: float


def learn(
    complained: Sequence[datetime],
    since: datetime,
    until: datetime,
    *,
    storms: Sequence[tuple[datetime, datetime]] = (),
) -> Usual:
    """What was usual from `since` to `until`, given when people complained.

    Hours of earlier storms are left out, and an hour that stands out is cut down: neither shall be taken for usual.
    """
    first = _full_hour(max(since, until - MEMORY))
    stormy = {hour for begun, over in storms for hour in _hours(begun, over)}
    counts = {hour: 0 for hour in _hours(first, until) if hour not in stormy}
    for moment in complained:
        hour = _full_hour(moment)
        if hour in counts:
            counts[hour] += 1
    rough = _rates(counts)
    capped = {hour: min(count, 3 + 4 * rough[_hour_of_week(hour)]) for hour, count in counts.items()}
    rates = _rates(capped)
    surprises = [(count, _foreseen(capped, hour, rates)) for hour, count in capped.items()]
    return Usual(rates=tuple(rates), bunched=_bunched(surprises))


def breaks_out(
    complained: Sequence[datetime], usual: Usual, now: datetime, sensitivity: Sensitivity, at_least: int
) -> Surge | None:
    """The surge that ends now, if there is one: of the shortest window that shows it.

    `complained` holds, in order, the moments of the last `SIGHT`, one for each person.
    """
    for window in WINDOWS:
        since = now - window
        people = _between(complained, since, now)
        if people < at_least:
            continue
        before = _between(complained, since - BEFORE, since)
        expected = max(usual.expected(since, now), before * (window / BEFORE))
        often = people >= _TIMES[sensitivity] * expected
        if often and by_chance(people, expected, usual.bunched) < _CHANCE[sensitivity]:
            return Surge(since=complained[bisect_right(complained, since)], people=people, expected=expected)
    return None


def calmed(complained: Sequence[datetime], usual: Usual, now: datetime) -> bool:
    """Of late it was nearly as usual: less than half of what would make a storm."""
    return _between(complained, now - CALM, now) <= 1 + 2 * usual.expected(now - CALM, now)


def by_chance(count: int, expected: float, bunched: float) -> float:
    """How probable so many or more are: the tail of a negative binomial, of a Poisson where nothing bunches.

    No more than is expected is taken for certain.
    """
    if count <= expected or expected <= 0:
        return float(count <= expected)
    size = 1 / max(bunched, 1e-6)
    share = expected / (size + expected)
    ways = lgamma(size + count) - lgamma(size) - lgamma(count + 1)
    probable = exp(ways + size * log1p(-share) + count * log(share))
    tail = 0.0
    while probable > tail * 1e-9:
        tail += probable
        probable *= share * (size + count) / (count + 1)
        count += 1
    return tail


def _between(complained: Sequence[datetime], since: datetime, until: datetime) -> int:
    return bisect_right(complained, until) - bisect_right(complained, since)


def _foreseen(counts: Mapping[datetime, float], hour: datetime, rates: Sequence[float]) -> float:
    """What was to be expected of an hour, by what is usual and by the hours just before."""
    earlier = [counts[before] for back in (1, 2, 3) if (before := hour - back * HOUR) in counts]
    return max(rates[_hour_of_week(hour)], sum(earlier) / len(earlier) if earlier else 0.0)


def _bunched(surprises: Sequence[tuple[float, float]]) -> float:
    """What lies beyond chance in counts, each with what was to be expected.

    The less they tell, the nearer to what is believed of any brand; and rather too much than too little.
    """
    squares = sum(rate**2 for _, rate in surprises)
    if not squares:
        return _BUNCHED
    above = sum(2 * (count - rate) ** 2 for count, rate in surprises if count > rate)
    found = max(0.0, above - sum(rate for _, rate in surprises)) / squares
    doubt = sum(2 * rate**2 + rate for _, rate in surprises) / squares**2
    trust = _BUNCHED_DOUBT / (_BUNCHED_DOUBT + doubt)
    return trust * found + (1 - trust) * _BUNCHED + _CAUTION * sqrt(trust * doubt)


def _rates(counts: Mapping[datetime, float]) -> list[float]:
    """An hour's rate for each hour of the week, of counts by the hour."""
    seen, found = [0] * WEEK, [0.0] * WEEK
    for hour, count in counts.items():
        seen[_hour_of_week(hour)] += 1
        found[_hour_of_week(hour)] += count
    whole = (sum(found) + 0.5) / (sum(seen) + 1)
    of_day = [_blend(found[hour::24], seen[hour::24], whole, _OF_DAY) for hour in range(24)]
    return [_blend(_around(found, hour), _around(seen, hour), _near(of_day, hour), _OF_WEEK) for hour in range(WEEK)]


def _blend(found: Sequence[float], seen: Sequence[float], prior: float, hours: float) -> float:
    return (sum(found) + hours * prior) / (sum(seen) + hours)


def _around(values: Sequence[float], hour: int) -> list[float]:
    """The hour itself and, half as much, those beside it: no clock of customers changes by the full hour."""
    return [values[hour - 1] / 2, values[hour], values[(hour + 1) % WEEK] / 2]


def _near(of_day: Sequence[float], hour: int) -> float:
    return (of_day[(hour - 1) % 24] + 2 * of_day[hour % 24] + of_day[(hour + 1) % 24]) / 4


def _hours(since: datetime, until: datetime) -> list[datetime]:
    """The full hours that the time between touches."""
    first = _full_hour(since)
    return [first + number * HOUR for number in range(max(0, -(-(until - first) // HOUR)))]


def _full_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _hour_of_week(at: datetime) -> int:
    return at.weekday() * 24 + at.hour
