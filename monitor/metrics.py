"""The metrics, each defined once: what it counts is what its docstring says, and the cases behind it can be named."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from alerts.case import State
from alerts.hours import Hours

Ids = tuple[int, ...]
"""The cases behind a number, in the order of their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One case in its present round: what a customer complained of, when, and how long it took."""

    case_id: int
    brand: str
    platform: str
    topic: str
    """Of the customer's first complaint in the case; "other" when the model did not say."""
    language: str
    """Of that complaint, two letters; "" when nobody said."""
    urgent: bool
    """One of its complaints is urgent."""
    state: State
    posted_at: datetime
    detected_at: datetime
    alerted_at: datetime | None
    respond_by: datetime
    stopped_at: datetime | None
    again: bool
    """An answer to it did not hold: a person reopened it, or the customer complained again."""
    misjudged: bool
    """A person dismissed it as not a complaint."""
    author: str = ""
    """The customer's handle on the platform."""

    @property
    def counted(self) -> bool:
        """It is a complaint for the figures: neither dismissed by the team nor deleted by the customer."""
        return self.state not in (State.DISMISSED, State.WITHDRAWN)

    @property
    def answered(self) -> bool:
        return self.state is State.ANSWERED

    @property
    def reply_time(self) -> timedelta | None:
        """From the customer's post to the answer; None: there is none."""
        return _span(self.posted_at, self.stopped_at) if self.answered else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of a whole."""

    part: Ids
    whole: Ids

    @property
    def value(self) -> float | None:
        """0 to 1; None when there is no whole."""
        return len(self.part) / len(self.whole) if self.whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The complaints, parted by how they stand towards their target at one moment."""

    in_time: Ids
    late: Ids
    """Answered, but after the target."""
    overdue: Ids
    """Unanswered, past the target."""
    pending: Ids
    """Unanswered, with time left."""

    @property
    def all(self) -> Ids:
        return tuple(sorted((*self.in_time, *self.late, *self.overdue, *self.pending)))

    @property
    def missed(self) -> Ids:
        return tuple(sorted((*self.late, *self.overdue)))

    @property
    def share(self) -> Share:
        return Share(part=self.in_time, whole=self.all)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Lengths of time of cases, the shortest first."""

    spans: tuple[tuple[timedelta, int], ...]
    """With the cases' ids."""

    def quantile(self, share: float) -> timedelta | None:
        """The shortest length that this share of the cases did not exceed; None when there are none."""
        if not self.spans:
            return None
        rank = max(1, -int(-share * len(self.spans) // 1))
        return self.spans[rank - 1][0]

    @property
    def cases(self) -> Ids:
        return tuple(sorted(case_id for _, case_id in self.spans))


@dataclass(frozen=True)
class Replies:
    """How customers' waits ended or go on: each with whether an answer ended it."""

    waits: tuple[tuple[timedelta, bool, int], ...]

    @cached_property
    def curve(self) -> tuple[tuple[timedelta, float], ...]:
        """The share of customers still without an answer after each length of time at which somebody got one, by
        E. L. Kaplan and P. Meier: a customer whose wait is not over counts as waiting as long as it is known."""
        left, share, curve = len(self.waits), 1.0, []
        ends: dict[timedelta, list[bool]] = {}
        for length, answered, _ in sorted(self.waits):
            ends.setdefault(length, []).append(answered)
        for length, said in ends.items():
            if any(said):
                share *= 1 - sum(said) / left
                curve.append((length, share))
            left -= len(said)
        return tuple(curve)

    def within(self, share: float) -> timedelta | None:
        """The time in which this share of customers had an answer; None: so many have not been answered yet."""
        return next((length for length, waiting in self.curve if waiting <= 1 - share + 1e-9), None)

    @property
    def cases(self) -> Ids:
        return tuple(sorted(case_id for *_, case_id in self.waits))


def complaints(waits: Iterable[Wait], now: datetime) -> Ids:
    """Cases whose complaint was posted in the period. A case is counted once, in the period of the complaint that its
    present round answers to; cases that the team dismissed or whose posts the customer deleted are left out."""
    return _ids(wait for wait in waits if wait.counted)


def answered_in_time(waits: Iterable[Wait], now: datetime) -> Target:
    """The share of complaints answered within the target. All complaints are in the denominator: answered in time,
    answered late, overdue and still pending; those that wait are shown beside it."""
    counted = [wait for wait in waits if wait.counted]
    return Target(
        in_time=_ids(wait for wait in counted if wait.answered and not _late(wait, now)),
        late=_ids(wait for wait in counted if wait.answered and _late(wait, now)),
        overdue=_ids(wait for wait in counted if not wait.answered and _late(wait, now)),
        pending=_ids(wait for wait in counted if not wait.answered and not _late(wait, now)),
    )


def answered_within(waits: Iterable[Wait], now: datetime, target: timedelta, hours: Hours | None = None) -> Target:
    """The same against one target for all: so much time of the team at work with its opening hours, round the clock
    without. So both can be shown apart, whichever of them the brand's target counts."""
    later = hours.add if hours else datetime.__add__
    return answered_in_time((replace(wait, respond_by=later(wait.posted_at, target)) for wait in waits), now)


def reply_time(waits: Iterable[Wait], now: datetime, hours: Hours | None = None) -> Replies:
    """The time from the customer's post to the brand's first answer: median and 90th percentile of the Kaplan–Meier
    curve. Customers who still wait, and those who deleted their complaint, count for as long as they have waited;
    dismissed cases are left out. With opening hours only time in which the team is at work is counted."""
    return Replies(
        tuple(
            (_span(wait.posted_at, wait.stopped_at or now, hours), wait.answered, wait.case_id)
            for wait in waits
            if wait.state is not State.DISMISSED
        )
    )


def while_closed(waits: Iterable[Wait], now: datetime, hours: Hours) -> Share:
    """The share of complaints that were posted while nobody of the team was at work."""
    counted = [wait for wait in waits if wait.counted]
    closed = (wait for wait in counted if hours.next_opening(wait.posted_at) > wait.posted_at)
    return Share(part=_ids(closed), whole=_ids(counted))


def detection_lag(waits: Iterable[Wait], now: datetime) -> Times:
    """The time from the customer's post until the monitor found it, over all cases, dismissed ones too."""
    return _times((_span(wait.posted_at, wait.detected_at), wait.case_id) for wait in waits)


def alert_lag(waits: Iterable[Wait], now: datetime) -> Times:
    """The time from when the monitor found a complaint until its first alert was delivered, over all cases that were
    alerted; a case answered before it was found has no alert."""
    return _times((_span(wait.detected_at, wait.alerted_at), wait.case_id) for wait in waits if wait.alerted_at)


def reopened(waits: Iterable[Wait], now: datetime) -> Share:
    """The share of complaints whose answer did not hold: a person reopened the case, or the customer complained again
    in the thread."""
    counted = [wait for wait in waits if wait.counted]
    return Share(part=_ids(wait for wait in counted if wait.again), whole=_ids(counted))


def dismissed(waits: Iterable[Wait], now: datetime) -> Share:
    """The share of cases that the team dismissed, for whatever reason, among all cases."""
    found = list(waits)
    return Share(part=_ids(wait for wait in found if wait.state is State.DISMISSED), whole=_ids(found))


def precision(waits: Iterable[Wait], now: datetime) -> Share:
    """The model's precision: the share of answered cases among those that were answered or dismissed as not a
    complaint. Cases dismissed for another reason say nothing of the model."""
    found = list(waits)
    right = [wait for wait in found if wait.answered]
    return Share(part=_ids(right), whole=_ids([*right, *(wait for wait in found if wait.misjudged)]))


METRICS: Mapping[str, Callable[[Iterable[Wait], datetime], Any]] = {
    metric.__name__: metric
    for metric in (
        complaints, answered_in_time, reply_time, detection_lag, alert_lag, reopened, dismissed, precision,
    )
}  # fmt: skip
"""Each takes the cases of a period, as `monitor.measures` reads them, and the moment at which they are looked at."""

GROUPS: Mapping[str, Callable[[Wait, ZoneInfo], Any]] = {
    "brand": lambda wait, zone: wait.brand,
    "platform": lambda wait, zone: wait.platform,
    "topic": lambda wait, zone: wait.topic,
    "language": lambda wait, zone: wait.language,
    "hour": lambda wait, zone: wait.posted_at.astimezone(zone).hour,
    "weekday": lambda wait, zone: wait.posted_at.astimezone(zone).isoweekday(),
}
"""What the cases can be parted by; hour (0 to 23) and weekday (1: Monday) are of the customer's post, in a zone."""


def grouped(waits: Iterable[Wait], by: str, zone: ZoneInfo) -> dict[Any, list[Wait]]:
    """The cases by one of GROUPS, the largest group first."""
    found: dict[Any, list[Wait]] = {}
    for wait in waits:
        found.setdefault(GROUPS[by](wait, zone), []).append(wait)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def by_tier(waits: Iterable[Wait], tier: Callable[[Wait], str]) -> dict[str, list[Wait]]:
    """The cases by the customer's tier in the brand's own list, "" for whoever is not on it, the largest group first.
    The list is no part of the database, so `tier` tells it."""
    found: dict[str, list[Wait]] = {}
    for wait in waits:
        found.setdefault(tier(wait), []).append(wait)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def _late(wait: Wait, now: datetime) -> bool:
    return (wait.stopped_at or now) > wait.respond_by


def _span(since: datetime, until: datetime | None, hours: Hours | None = None) -> timedelta:
    """Never less than nothing: platforms' clocks and ours differ."""
    if until is None or until <= since:
        return timedelta()
    return hours.between(since, until) if hours else until - since


def _ids(waits: Iterable[Wait]) -> Ids:
    return tuple(sorted(wait.case_id for wait in waits))


def _times(spans: Iterable[tuple[timedelta, int]]) -> Times:
    return Times(spans=tuple(sorted(spans)))
