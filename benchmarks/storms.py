"""How soon a storm is noticed and how often one is only imagined, on simulated weeks, beside a fixed threshold.

python -m benchmarks.storms          (two minutes on two cores; --weeks 4 --brands 1 for a look)

Each brand has its rhythm of the day and the week, noise in bunches, days on which everything doubles or trebles, and
complaints about ten topics of which one makes half. Storms of several sizes are laid into its weeks, each at a time of
its own; false alarms are counted in such weeks without them. The cold start has no history but its own first days.
"""

import argparse
import math
import random
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.progress import track
from rich.table import Table

from alerts.storm import FIRST_DAY, MEMORY, SIGHT, Usual, breaks_out, learn
from monitor.config.model import Storms

START = datetime(2026, 8, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)
TOPICS = (0.5, 0.2, 0.1, 0.06, 0.04, 0.03, 0.02, 0.02, 0.02, 0.01)
"""The shares of the topics."""
SIZES = (10, 20, 40, 80, 160, 320)
"""Complaints that a storm adds in its strongest hour."""
FIXED = 10
"""The naive alarm: so many complaints of a brand and topic within an hour."""
LEARNT_EVERY = timedelta(days=1)
SETTLED = timedelta(minutes=45)
"""After so long without an alarm condition, the next alarm is another one."""

Detector = Callable[[Sequence[datetime], datetime], bool]


@dataclass(frozen=True, slots=True)
class Brand:
    """One brand's average complaints an hour, over all topics."""

    name: str
    an_hour: float
    bunched: float = 0.25
    """Variance of an hour's rate beyond chance, as a share of its square."""


BRANDS = (Brand("small", 0.4), Brand("medium", 4), Brand("large", 40), Brand("restless", 12, 0.6))


def rhythm(at: datetime) -> float:
    """The hour's share of the average: quiet nights, a peak at noon and one in the evening, calmer weekends."""
    local = (at.hour + at.minute / 60 + 2) % 24
    day = 0.15 + 1.5 * math.exp(-(((local - 12.5) / 3.2) ** 2)) + 1.1 * math.exp(-(((local - 19.5) / 2.4) ** 2))
    return day / 0.72 * (0.65 if at.weekday() >= 5 else 1.1)


def weeks_of(brand: Brand, share: float, weeks: int, dice: random.Random) -> list[datetime]:
    """When people complain about one topic; about every tenth day is a promotion with two or three times as many."""
    found = []
    shape = 1 / brand.bunched
    for day in range(7 * weeks):
        busy = dice.choice((2.0, 3.0)) if dice.random() < 0.1 else 1.0
        for hour in range(24):
            at = START + timedelta(days=day, hours=hour)
            promoted = busy if 6 <= hour < 20 else 1.0
            rate = brand.an_hour * share * rhythm(at) * promoted * dice.gammavariate(shape, 1 / shape)
            found += arrivals(at, HOUR, rate, dice)
    return sorted(found)


def arrivals(at: datetime, length: timedelta, count: float, dice: random.Random) -> list[datetime]:
    left, found = dice.expovariate(1.0), []
    while left < count:
        found.append(at + length * (left / count))
        left += dice.expovariate(1.0)
    return found


def storm(at: datetime, size: int, dice: random.Random) -> list[datetime]:
    """It rises within ten minutes, stays for an hour and fades for another."""
    parts = [(0, 10, 0.5), (10, 70, 1.0), (70, 130, 0.35)]
    return [
        moment
        for begin, end, share in parts
        for moment in arrivals(
            at + timedelta(minutes=begin), timedelta(minutes=end - begin), size * share * (end - begin) / 60, dice
        )
    ]


class Watcher:
    """One brand and topic over its weeks, learnt anew once a day from what was seen until then."""

    def __init__(self, complained: Sequence[datetime], settings: Storms) -> None:
        self._complained = complained
        self._settings = settings
        self._usual: dict[datetime, Usual] = {}

    def usual(self, now: datetime) -> Usual:
        every = LEARNT_EVERY * (7 if now - START > 4 * WEEK else 1)
        day = START + (now - START) // every * every
        if day not in self._usual:
            known = self._complained[bisect_left(self._complained, day - MEMORY) : bisect_left(self._complained, day)]
            self._usual[day] = learn(known, START, day)
        return self._usual[day]

    def storm(self, complained: Sequence[datetime], now: datetime) -> bool:
        if now - START < FIRST_DAY or len(complained) < self._settings.at_least:
            return False
        settings = self._settings
        return bool(breaks_out(complained, self.usual(now), now, settings.sensitivity, settings.at_least))


def fixed(complained: Sequence[datetime], now: datetime) -> bool:
    return len(complained) - bisect_right(complained, now - HOUR) >= FIXED


def alarms(complained: Sequence[datetime], detector: Detector, since: datetime) -> list[datetime]:
    """The moments of alarms from `since` on; it can only begin with a complaint, so only then is it asked."""
    found: list[datetime] = []
    last: datetime | None = None
    for number in range(bisect_left(complained, since), len(complained)):
        now = complained[number]
        if detector(complained[bisect_right(complained, now - SIGHT) : number + 1], now):
            if last is None or now - last > SETTLED:
                found.append(now)
            last = now
    return found


def delay(
    complained: Sequence[datetime], begun: datetime, size: int, detector: Detector, dice: random.Random
) -> float | None:
    """Minutes from a storm's beginning until it is noticed; None: never."""
    added = storm(begun, size, dice)
    near = complained[bisect_right(complained, begun - SIGHT) : bisect_right(complained, begun + 3 * HOUR)]
    moments = sorted([*near, *added])
    found = alarms(moments, detector, begun)
    return (found[0] - begun) / timedelta(minutes=1) if found else None


@dataclass(slots=True)
class Figures:
    """What came of one kind of brand with one detector."""

    false_alarms: int = 0
    weeks: float = 0
    delays: dict[int, list[float | None]] = field(default_factory=lambda: {size: [] for size in SIZES})


def simulate(brand: Brand, weeks: int, learnt: int, storms_each: int, settings: Storms, seed: int) -> list[Figures]:
    """Figures of our detector and of the fixed threshold for one brand, watched after `learnt` weeks of history."""
    dice = random.Random(f"{brand.name} {seed}")
    ours, naive = Figures(), Figures()
    since = START + max(timedelta(weeks=learnt), FIRST_DAY)
    for share in TOPICS:
        complained = weeks_of(brand, share, learnt + weeks, dice)
        watcher = Watcher(complained, settings)
        for figures, detector in ((ours, watcher.storm), (naive, fixed)):
            figures.false_alarms += len(alarms(complained, detector, since))
            figures.weeks = weeks
    complained = weeks_of(brand, TOPICS[0], learnt + weeks, dice)
    watcher = Watcher(complained, settings)
    for size in SIZES:
        for _ in range(storms_each):
            begun = (
                since + (timedelta(weeks=weeks) - 4 * HOUR - (since - START - timedelta(weeks=learnt))) * dice.random()
            )
            roll = dice.random()
            for figures, detector in ((ours, watcher.storm), (naive, fixed)):
                figures.delays[size].append(delay(complained, begun, size, detector, random.Random(roll)))
    return [ours, naive]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weeks", type=int, default=12, help="weeks watched, after eight of history")
    parser.add_argument("--brands", type=int, default=3, help="brands of each kind")
    parser.add_argument("--storms", type=int, default=40, help="storms of each size, brand and detector")
    parser.add_argument("--sensitivity", choices=("low", "normal", "high"), default="normal")
    options = parser.parse_args()
    settings = Storms(sensitivity=options.sensitivity)
    table = Table("brand", "history", "detector", "false alarms a week", *(f"+{size}/h" for size in SIZES), box=None)
    worlds = [(brand, learnt, weeks) for brand in BRANDS for learnt, weeks in ((8, options.weeks), (0, 2))]
    runs = [
        (brand, weeks, learnt, options.storms, settings, seed)
        for brand, learnt, weeks in worlds
        for seed in range(options.brands if learnt else 3 * options.brands)
    ]
    with ProcessPoolExecutor() as cores:
        found = list(track(cores.map(simulate, *zip(*runs, strict=True)), "simulated", len(runs), transient=True))
    for brand, learnt, _ in worlds:
        ran = [figures for run, figures in zip(runs, found, strict=True) if (run[0], run[2]) == (brand, learnt)]
        for name, kind in (("ours", 0), (f"{FIXED} an hour", 1)):
            mine = [figures[kind] for figures in ran]
            table.add_row(
                f"{brand.name}, {brand.an_hour:g}/h" if not kind else "",
                ("8 weeks" if learnt else "none") if not kind else "",
                name,
                f"{sum(each.false_alarms for each in mine) / sum(each.weeks for each in mine):.2f}",
                *(_times([delay for each in mine for delay in each.delays[size]]) for size in SIZES),
            )
    Console(width=150).print(table)
    Console().print("minutes to notice, median / 90 % of storms; (…%): the share noticed, where it is not all")


def _times(found: Sequence[float | None]) -> str:
    known = sorted(value for value in found if value is not None)
    if len(known) < len(found) * 0.05:
        return "–"
    ninth = known[min(len(known) - 1, int(len(known) * 0.9))]
    share = "" if len(known) == len(found) else f" ({len(known) / len(found):.0%})"
    return f"{statistics.median(known):.0f} / {ninth:.0f}{share}"


if __name__ == "__main__":
    main()
