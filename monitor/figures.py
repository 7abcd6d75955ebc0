"""Every metric over one period, in all and by group, each with the cases behind it; the definitions are `metrics`'."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from monitor import metrics
from monitor.measures import Period, Volume, backlog, volume, waits
from monitor.metrics import GROUPS, Ids, Replies, Share, Target, Times, Wait
from monitor.schema import cases
from monitor.store import Store

By = Literal["", "brand", "platform", "topic", "language", "tier", "weekday", "hour", "moment"]
"""What cases are parted by; "": not at all. A moment is a weekday (1: Monday) and an hour, as 1-09."""
HEARD = ("brand", "platform", "topic", "language")
"""By these the posts that are no complaints are parted too."""
LONGEST = 92
"""Days of the longest period: a quarter."""

Tier = Callable[[str, str, str], str]
"""A customer's tier, by brand, platform and handle; "" for one of none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which figures are wanted."""

    first: date
    last: date
    """The last day too."""
    zone: ZoneInfo
    brand: str = ""
    by: By = ""

    @property
    def period(self) -> Period:
        since, until = (datetime.combine(day, time(), self.zone) for day in (self.first, self.last + timedelta(days=1)))
        return Period(since=since, until=until, brand=self.brand or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The metrics over some cases."""

    group: str
    posts: Volume | None
    """None where posts can't be parted so."""
    target: Target
    replies: Replies
    detection: Times
    alert: Times
    reopened: Share
    dismissed: Share
    precision: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The figures of a period."""

    asked: Asked
    now: datetime
    """As the cases stood then."""
    all: Figures
    groups: tuple[Figures, ...]
    """The largest first; hours, weekdays and moments in their order."""
    days: Mapping[date, Target]
    """By the day of the customer's post, every day of the period."""
    moments: Mapping[tuple[int, int], Target]
    """By weekday (1: Monday) and hour, as far as there are complaints."""
    backlog: Ids
    """Who waited at the period's end, or now when it is not over."""


BEHIND: Mapping[str, Callable[[Figures], Ids]] = {
    "complaints": lambda found: found.target.all,
    "in_time": lambda found: found.target.in_time,
    "late": lambda found: found.target.late,
    "overdue": lambda found: found.target.overdue,
    "pending": lambda found: found.target.pending,
    "missed": lambda found: found.target.missed,
    "replies": lambda found: found.replies.cases,
    "found": lambda found: found.detection.cases,
    "alerted": lambda found: found.alert.cases,
    "reopened": lambda found: found.reopened.part,
    "dismissed": lambda found: found.dismissed.part,
    "judged": lambda found: found.precision.whole,
}
"""The cases behind a figure, by its name."""


def sheet(store: Store, asked: Asked, now: datetime, tier: Tier) -> Sheet:
    with store.read() as connection:
        found = waits(connection, asked.period)
        name = _naming(connection, asked, tier)
        heard = volume(connection, asked.period, asked.by if asked.by in HEARD else "brand")
        left = backlog(connection, min(asked.period.until, now), asked.brand or None)
    parts = _parted(found, name) if asked.by else {}
    posts = heard if asked.by in HEARD else None
    names = {*parts, *(posts or {})}
    groups = [
        _figures(group, parts.get(group, []), now, None if posts is None else posts.get(group, Volume()))
        for group in sorted(names)
    ]
    if asked.by not in ("hour", "weekday", "moment"):
        groups.sort(key=lambda each: -len(each.target.all))
    return Sheet(
        asked=asked,
        now=now,
        all=_figures("", found, now, sum(heard.values(), Volume())),
        groups=tuple(groups),
        days=_days(found, asked, now),
        moments=_moments(found, asked.zone, now),
        backlog=left,
    )


def behind(store: Store, asked: Asked, figure: str, group: str, now: datetime, tier: Tier) -> Ids:
    """The cases behind one figure of the sheet; of all groups unless parted by something."""
    if figure == "backlog":
        with store.read() as connection:
            return backlog(connection, min(asked.period.until, now), asked.brand or None)
    with store.read() as connection:
        found = waits(connection, asked.period)
        name = _naming(connection, asked, tier)
    mine = [wait for wait in found if name(wait) == group] if asked.by else found
    return BEHIND[figure](_figures(group, mine, now, None))


def _figures(group: str, found: Sequence[Wait], now: datetime, posts: Volume | None) -> Figures:
    return Figures(
        group=group,
        posts=posts,
        target=metrics.answered_in_time(found, now),
        replies=metrics.reply_time(found, now),
        detection=metrics.detection_lag(found, now),
        alert=metrics.alert_lag(found, now),
        reopened=metrics.reopened(found, now),
        dismissed=metrics.dismissed(found, now),
        precision=metrics.precision(found, now),
    )


def _naming(connection: Connection, asked: Asked, tier: Tier) -> Callable[[Wait], str]:
    """Tells a case's group."""
    by, zone = asked.by, asked.zone
    if by == "tier":
        within = cases.c.posted_at >= asked.period.since, cases.c.posted_at < asked.period.until
        facts = select(cases.c.id, cases.c.brand, cases.c.platform, cases.c.author).where(*within)
        tiers = {row.id: tier(row.brand, row.platform, row.author) for row in connection.execute(facts)}
        return lambda wait: tiers.get(wait.case_id, "")
    if by == "moment":
        return lambda wait: "{}-{:02}".format(*_moment(wait, zone))
    if by == "hour":
        return lambda wait: f"{GROUPS['hour'](wait, zone):02}"
    return lambda wait: str(GROUPS[by](wait, zone)) if by else ""


def _parted(found: Iterable[Wait], name: Callable[[Wait], str]) -> dict[str, list[Wait]]:
    parts: dict[str, list[Wait]] = {}
    for wait in found:
        parts.setdefault(name(wait), []).append(wait)
    return parts


def _days(found: Sequence[Wait], asked: Asked, now: datetime) -> dict[date, Target]:
    parts: dict[date, list[Wait]] = {
        asked.first + timedelta(days=day): [] for day in range((asked.last - asked.first).days + 1)
    }
    for wait in found:
        parts[wait.posted_at.astimezone(asked.zone).date()].append(wait)
    return {day: metrics.answered_in_time(mine, now) for day, mine in parts.items()}


def _moments(found: Sequence[Wait], zone: ZoneInfo, now: datetime) -> dict[tuple[int, int], Target]:
    parts: dict[tuple[int, int], list[Wait]] = {}
    for wait in found:
        parts.setdefault(_moment(wait, zone), []).append(wait)
    return {moment: metrics.answered_in_time(mine, now) for moment, mine in sorted(parts.items())}


def _moment(wait: Wait, zone: ZoneInfo) -> tuple[int, int]:
    local = wait.posted_at.astimezone(zone)
    return local.isoweekday(), local.hour


FIGURES = (*BEHIND, "backlog")
