"""Reads from the database what the metrics are made of: the cases of a period, and the posts counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Integer, cast, exists, extract, func, or_, select
from sqlalchemy import case as when

from alerts.case import State
from monitor.feedback import DISMISSED
from monitor.metrics import Ids, Wait
from monitor.schema import cases, events, feedback, mentions, verdicts

QUARTER = 900
"""Seconds; no time zone differs from UTC by less."""

_FACTS = (
    "brand", "platform", "author", "state", "posted_at", "detected_at", "alerted_at", "respond_by", "stopped_at",
)  # fmt: skip


_said, _judged = mentions.alias("said"), verdicts.alias("judged")
_FIRST = (
    select(mentions.c.id)
    .join(verdicts, verdicts.c.mention_id == mentions.c.id)
    .where(mentions.c.case_id == cases.c.id, verdicts.c.is_complaint)
    .order_by(mentions.c.posted_at, mentions.c.id)
    .limit(1)
    .correlate(cases)
    .scalar_subquery()
)
"""A case's first complaint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whatever was posted from `since` on and before `until`; of one brand, or of all."""

    since: datetime
    until: datetime
    brand: str | None = None
    topics: tuple[str, ...] = ()
    """Only what is about one of these; "other" is what the model gave no topic. None: whatever it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Posts of customers that were heard, and how many of them the model took for complaints."""

    posts: int = 0
    complaints: int = 0

    def __add__(self, other: "Volume") -> "Volume":
        return Volume(posts=self.posts + other.posts, complaints=self.complaints + other.complaints)

    @property
    def rate(self) -> float | None:
        """The complaint rate: the share of customers' posts, the brand's own and those left out not counted, that the
        model takes for complaints."""
        return self.complaints / self.posts if self.posts else None


def waits(connection: Connection, period: Period) -> list[Wait]:
    """The cases of a period by when their complaint was posted, in the order of their ids."""
    within = _within(cases, period)
    urgent = exists().where(
        mentions.c.case_id == cases.c.id, verdicts.c.mention_id == mentions.c.id, verdicts.c.is_complaint,
        verdicts.c.severity == "urgent",
    )  # fmt: skip
    reopened = exists().where(events.c.case_id == cases.c.id, events.c.kind == "reopened")
    misjudged = exists().where(
        mentions.c.case_id == cases.c.id, feedback.c.mention_id == mentions.c.id, feedback.c.how == DISMISSED
    )
    statement = (
        select(
            cases.c.id,
            *(cases.c[name] for name in _FACTS),
            _judged.c.topic,
            func.coalesce(_judged.c.language, _said.c.lang).label("language"),
            urgent.label("urgent"),
            or_(cases.c.round > 1, reopened).label("again"),
            ((cases.c.state == State.DISMISSED) & misjudged).label("misjudged"),
        )
        .outerjoin_from(cases, _said, _said.c.id == _FIRST)
        .outerjoin(_judged, _judged.c.mention_id == _said.c.id)
        .where(*within, *of_topics(_judged, period.topics))
        .order_by(cases.c.id)
    )
    return [_wait(row) for row in connection.execute(statement)]


def volume(connection: Connection, period: Period, by: str = "brand") -> dict[str, Volume]:
    """Posts of customers in the period, those that were left out not counted, by brand, platform, topic or language;
    topic and language as the model or the platform said, "" where neither did."""
    keys = {
        "brand": mentions.c.brand,
        "platform": mentions.c.platform,
        "topic": func.coalesce(verdicts.c.topic, ""),
        "language": func.coalesce(verdicts.c.language, mentions.c.lang, ""),
    }
    found: dict[str, Volume] = {}
    for row in connection.execute(_counted(period, keys[by])):
        key = _short(row[0]) if by == "language" else row[0]
        found[key] = found.get(key, Volume()) + Volume(posts=row.posts, complaints=row.complaints)
    return found


def volume_by_hour(connection: Connection, period: Period, zone: ZoneInfo) -> dict[tuple[int, int], Volume]:
    """The same by weekday (1: Monday) and hour of the zone's clock."""
    seconds: ColumnElement[Any] = extract("epoch", mentions.c.posted_at)
    quarter = cast(seconds - seconds % QUARTER, Integer)
    found: dict[tuple[int, int], Volume] = {}
    for row in connection.execute(_counted(period, quarter)):
        local = datetime.fromtimestamp(row[0], zone)
        cell = (local.isoweekday(), local.hour)
        found[cell] = found.get(cell, Volume()) + Volume(posts=row.posts, complaints=row.complaints)
    return found


def backlog(connection: Connection, at: datetime, brand: str | None = None, topics: tuple[str, ...] = ()) -> Ids:
    """The cases that waited at a moment: posted before it and stopped, by whatever, after it or not at all."""
    stopped_later = or_(cases.c.stopped_at.is_(None), cases.c.stopped_at >= at)
    waited = (stopped_later, cases.c.posted_at < at, *_of(cases, brand))
    statement = select(cases.c.id).where(*waited)
    if topics:
        statement = statement.outerjoin_from(cases, _judged, _judged.c.mention_id == _FIRST)
        statement = statement.where(*of_topics(_judged, topics))
    return tuple(connection.scalars(statement.order_by(cases.c.id)).all())


def first_post(connection: Connection, brand: str) -> datetime | None:
    """When the oldest post that is known of the brand was posted; None: there is none."""
    return connection.scalar(
        select(mentions.c.posted_at).where(mentions.c.brand == brand).order_by(mentions.c.posted_at).limit(1)
    )


def _counted(period: Period, key: ColumnElement[Any]) -> Any:
    heard = (~mentions.c.by_brand, mentions.c.skipped.is_(None))
    complaints = func.count(when((verdicts.c.is_complaint, 1))).label("complaints")
    return (
        select(key, func.count().label("posts"), complaints)
        .select_from(mentions.outerjoin(verdicts, verdicts.c.mention_id == mentions.c.id))
        .where(*_within(mentions, period), *heard, *of_topics(verdicts, period.topics))
        .group_by(key)
    )


def _wait(row: Any) -> Wait:
    facts: dict[str, Any] = {name: getattr(row, name) for name in _FACTS}
    facts |= {name: bool(getattr(row, name)) for name in ("urgent", "again", "misjudged")}
    facts |= {"state": State(row.state), "topic": row.topic or "other", "language": _short(row.language)}
    return Wait(case_id=row.id, **facts)


def _short(language: str | None) -> str:
    """`et` for `et-EE`."""
    return (language or "").partition("-")[0].lower()


def _within(table: Any, period: Period) -> Sequence[ColumnElement[bool]]:
    return (table.c.posted_at >= period.since, table.c.posted_at < period.until, *_of(table, period.brand))


def of_topics(table: Any, topics: tuple[str, ...]) -> Sequence[ColumnElement[bool]]:
    """What is about one of these; no topics: whatever it is about."""
    return (func.coalesce(table.c.topic, "other").in_(topics),) if topics else ()


def _of(table: Any, brand: str | None) -> Sequence[ColumnElement[bool]]:
    return () if brand is None else (table.c.brand == brand,)
