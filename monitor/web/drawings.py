"""Where the shapes of the figures' charts stand; the template draws them, and the style sheet colours them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from monitor.metrics import Replies, Target

PARTS = ("in_time", "late", "overdue", "pending")
"""How complaints stand, from the best down; a bar is stacked in this order."""
WIDTH, HALF, HEIGHT = 1160, 560, 190
"""Of a chart as wide as the page, and of one that is half as wide."""
LEFT, FOOT = 42, 20
"""Room for the numbers beside and below a chart."""
CELL, SIDE = 22, 34
"""A cell of the heat map, and the room for the days' names beside it."""
STEPS = 5
TIMES = tuple(timedelta(minutes=each) for each in (15, 30, 60, 120, 240, 480, 1440, 4320))
"""Waits that the table behind the curve tells of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One part of one day."""

    x: float
    y: float
    width: float
    height: float
    part: str
    day: date
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    at: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    bars: Sequence[Bar]
    across: Sequence[Tick]
    up: Sequence[Tick]
    width: int = WIDTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    path: str
    across: Sequence[Tick]
    up: Sequence[Tick]
    target: float
    """Where the target stands."""
    width: int = HALF


def days(found: Mapping[date, Target]) -> Chart:
    """A bar a day, parted by how its complaints stand."""
    top = _nice(max((len(target.all) for target in found.values()), default=0))
    step = (WIDTH - LEFT) / max(1, len(found))
    bars = [
        Bar(x=LEFT + place * step + step * 0.1, width=step * 0.8, day=day, **piece)
        for place, (day, target) in enumerate(found.items())
        for piece in _pieces(target, top)
    ]
    every = max(1, round(len(found) / 10))
    names = [
        Tick(at=LEFT + (place + 0.5) * step, words=f"{day.day} {day:%b}")
        for place, day in enumerate(found)
        if place % every == 0
    ]
    return Chart(
        bars=bars,
        across=names,
        up=[Tick(at=_y(top * part / 2, top), words=f"{top * part // 2:,}") for part in range(3)],
    )


def curve(replies: Replies, target: timedelta) -> Curve:
    """The share of customers still without an answer, as long as one in twenty is, or for four targets."""
    last = replies.within(0.95) or (replies.curve[-1][0] if replies.curve else target)
    until = max(min(last, 24 * target), target * 2)
    path = [f"M{LEFT},{_y(1, 1):.1f}"]
    for length, share in _thin(replies.curve, until):
        path.append(f"H{_x(length, until):.1f}V{_y(share, 1):.1f}")
    path.append(f"H{HALF}")
    hours = max(1, round(until / timedelta(hours=8)))
    marks = [timedelta(hours=hour) for hour in range(0, int(until / timedelta(hours=1)) + 1, hours)]
    return Curve(
        path="".join(path),
        across=[Tick(at=_x(mark, until), words=f"{mark / timedelta(hours=1):.0f} h") for mark in marks],
        up=[Tick(at=_y(part, 1), words=f"{part:.0%}") for part in (0, 0.5, 1)],
        target=_x(target, until),
    )


def waiting_after(replies: Replies) -> list[tuple[timedelta, float]]:
    """The same in numbers: after each of some lengths, the share that still waits."""
    shares = []
    for length in TIMES:
        reached = [share for at, share in replies.curve if at <= length]
        shares.append((length, reached[-1] if reached else 1.0))
    return shares


def shade(number: int, most: int) -> int:
    """How dark a cell is: 0 for nothing, else 1 to STEPS."""
    return -(-number * STEPS // most) if number else 0


def share_bar(target: Target) -> list[tuple[str, float, float]]:
    """A row's bar: each part, where it begins and how long it is, of 100."""
    found, at, whole = [], 0.0, len(target.all)
    for part in PARTS:
        if number := len(getattr(target, part)):
            found.append((part, round(at, 2), round(100 * number / whole, 2)))
            at += 100 * number / whole
    return found


def _pieces(target: Target, top: int) -> Iterator[dict[str, Any]]:
    below = 0
    for part in PARTS:
        if number := len(getattr(target, part)):
            upper = _y(below + number, top)
            yield {"part": part, "number": number, "y": upper, "height": _y(below, top) - upper}
            below += number


def _thin(steps: Sequence[tuple[timedelta, float]], until: timedelta) -> Iterator[tuple[timedelta, float]]:
    """Those of the curve's steps that can be told apart on the screen."""
    last = -1.0
    for length, share in steps:
        if length > until:
            return
        x = _x(length, until)
        if x - last >= 1:
            last = x
            yield length, share


def _x(length: timedelta, until: timedelta) -> float:
    return LEFT + (HALF - LEFT) * (length / until)


def _y(part: float, whole: float) -> float:
    return 6 + (HEIGHT - FOOT - 6) * (1 - part / max(whole, 1e-9))


def _nice(number: int) -> int:
    """The next even number that reads well."""
    size = 1
    while True:
        for step in (2, 4, 6, 10):
            if step * size >= number:
                return step * size
        size *= 10
