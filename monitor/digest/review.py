"""Looks back at one week of one brand: every figure that its digest shows, before it has a form or a language."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from alerts.base import Customer
from alerts.hours import Hours
from monitor import metrics
from monitor.digest.forecast import Expected, expected
from monitor.digest.gaps import Silence, silences
from monitor.digest.parts import Apart, Part, apart, departments, parts, tiers
from monitor.digest.questions import Recurring, asked, recurring
from monitor.digest.stories import Told, best_saves, unhappy, worst_misses
from monitor.digest.storms import Storm, storms
from monitor.digest.week import Week
from monitor.measures import Period, Volume, backlog, first_post, volume, waits
from monitor.metrics import Ids, Replies, Share, Target, Times, Wait, grouped
from monitor.store import Store

BACK = 8
"""Weeks before this one that it is held against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a digest is about: whose week, on whose clock."""

    brand: str
    week: Week
    zone: ZoneInfo
    target: timedelta
    """In which a customer shall have an answer, as now configured."""
    sources: Collection[str]
    keywords: Sequence[str] = ()
    department: str = ""
    """Whose slice it is; "": of the whole brand."""
    departments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By their names, the topics that are theirs."""
    hours: Hours | None = None
    """When the team is at work, if the target counts only that time."""
    customer: Callable[[str, str], Customer | None] = lambda platform, handle: None
    """Who somebody is by the brand's own list."""

    @property
    def topics(self) -> tuple[str, ...]:
        """What it is confined to; none: to nothing."""
        return self.departments[self.department] if self.department else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One week of the trend."""

    week: Week
    posts: Volume
    target: Target
    replies: Replies

    @property
    def complaints(self) -> int:
        return len(self.target.all)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic in this week, against the weeks before."""

    name: str
    cases: Ids
    usual: Expected | None

    @property
    def rising(self) -> bool:
        """More than chance explains."""
        return self.usual is not None and len(self.cases) > self.usual.high

    @property
    def falling(self) -> bool:
        return self.usual is not None and len(self.cases) < self.usual.low


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    about: About
    now: datetime
    """The cases are shown as they stood then."""
    weeks: tuple[Past, ...]
    """Oldest first, the reviewed one last; those in which the brand was not yet heard are not among them."""
    usual: Expected | None
    """What the weeks before let this one expect."""
    forecast: Expected | None
    """What the next week will bring."""
    cells: dict[tuple[int, int], Ids]
    """Complaints by weekday (1: Monday) and hour."""
    missed: dict[tuple[int, int], Ids]
    """Those of them that were not answered in time."""
    topics: tuple[Topic, ...]
    platforms: tuple[Part, ...]
    languages: tuple[Part, ...]
    departments: tuple[Part, ...]
    tiers: tuple[Part, ...]
    """Those of the brand's own list, "" for customers who are not on it; none when it has no list."""
    apart: Apart | None
    """None for a team that has no opening hours."""
    detection: Times
    alert: Times
    reopened: Share
    dismissed: Share
    precision: Share
    backlog: Ids
    """Who waited when the week ended."""
    questions: tuple[Recurring, ...]
    misses: tuple[Told, ...]
    saves: tuple[Told, ...]
    unhappy: tuple[Told, ...]
    """Customers of special value."""
    silences: tuple[Silence, ...]
    storms: tuple[Storm, ...] = ()

    @property
    def this(self) -> Past:
        return self.weeks[-1]

    @property
    def before(self) -> Past | None:
        return self.weeks[-2] if len(self.weeks) > 1 else None


def review(store: Store, about: About, now: datetime) -> Review:
    """Reads the week and the BACK weeks before it; no other."""
    with store.read() as connection:
        return _review(connection, about, now)


def _review(connection: Connection, about: About, now: datetime) -> Review:
    zone = about.zone
    periods = _periods(connection, about)
    period = _period(about, about.week)
    found = {week: waits(connection, part) for week, part in periods.items()}
    mine = found[about.week]
    counted = [wait for wait in mine if wait.counted]
    past = tuple(_past(connection, week, part, found[week], now) for week, part in periods.items())
    target = past[-1].target
    missed = set(target.missed)
    counts = [each.complaints for each in past]
    who = {wait.case_id: about.customer(wait.platform, wait.author) for wait in mine if wait.author}
    known = {case_id: customer for case_id, customer in who.items() if customer is not None}
    return Review(
        about=about,
        now=now,
        weeks=past,
        usual=expected(counts[:-1]),
        forecast=expected(counts),
        cells=_cells(counted, zone),
        missed=_cells([wait for wait in counted if wait.case_id in missed], zone),
        topics=_topics(counted, [found[week] for week in periods if week != about.week], zone),
        platforms=parts(grouped(mine, "platform", zone), now, volume(connection, period, "platform")),
        languages=parts(grouped(mine, "language", zone), now, volume(connection, period, "language")),
        departments=() if about.department else departments(connection, period, mine, about.departments, now),
        tiers=tiers(mine, known, now),
        apart=None if about.hours is None else apart(mine, about.target, about.hours, now),
        detection=metrics.detection_lag(mine, now),
        alert=metrics.alert_lag(mine, now),
        reopened=metrics.reopened(mine, now),
        dismissed=metrics.dismissed(mine, now),
        precision=metrics.precision(mine, now),
        backlog=backlog(connection, period.until, about.brand, about.topics),
        questions=tuple(recurring(asked(connection, period), (about.brand, *about.keywords))),
        misses=worst_misses(connection, mine, target, now),
        saves=best_saves(connection, mine, target),
        unhappy=unhappy(
            connection, mine, target, {case: each for case, each in known.items() if each.rank is not None}, now
        ),
        silences=tuple(silences(connection, period, about.sources)),
        storms=tuple(storms(connection, period, now)),
    )


def _periods(connection: Connection, about: About) -> dict[Week, Period]:
    """The reviewed week and those before it that began when the brand was heard already, oldest first."""
    heard = first_post(connection, about.brand)
    weeks = (about.week.later(-back) for back in range(BACK, -1, -1))
    return {
        week: _period(about, week)
        for week in weeks
        if week == about.week or (heard is not None and week.ends(about.zone) > heard)
    }


def _period(about: About, week: Week) -> Period:
    return Period(since=week.begins(about.zone), until=week.ends(about.zone), brand=about.brand, topics=about.topics)


def _past(connection: Connection, week: Week, period: Period, found: Sequence[Wait], now: datetime) -> Past:
    posts = sum(volume(connection, period).values(), Volume())
    target, replies = metrics.answered_in_time(found, now), metrics.reply_time(found, now)
    return Past(week=week, posts=posts, target=target, replies=replies)


def _cells(found: Sequence[Wait], zone: ZoneInfo) -> dict[tuple[int, int], Ids]:
    cells: dict[tuple[int, int], list[int]] = {}
    for wait in found:
        local = wait.posted_at.astimezone(zone)
        cells.setdefault((local.isoweekday(), local.hour), []).append(wait.case_id)
    return {cell: tuple(ids) for cell, ids in cells.items()}


def _topics(counted: Sequence[Wait], earlier: Sequence[Sequence[Wait]], zone: ZoneInfo) -> tuple[Topic, ...]:
    """Those of this week and of the weeks before, the commonest now first."""
    now = grouped(counted, "topic", zone)
    before = [Counter(wait.topic for wait in week if wait.counted) for week in earlier]
    names = sorted(
        {*now, *(name for week in before for name in week)}, key=lambda name: (-len(now.get(name, ())), name)
    )
    return tuple(
        Topic(
            name=name,
            cases=tuple(wait.case_id for wait in now.get(name, ())),
            usual=expected([week[name] for week in before]),
        )
        for name in sorted(names, key=lambda name: (-len(now.get(name, ())), name))
    )
