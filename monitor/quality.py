"""How right the model is, by what people did with what it found, and what another threshold would have meant."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy import case as when

from monitor.feedback import CONFIRMED, MISSED
from monitor.schema import feedback, mentions, verdicts
from monitor.store import Store

WEEK = timedelta(weeks=1)
SURE = 1.96
"""Standard deviations to either side that hold 95 % of what chance does."""
ENOUGH, ENOUGH_COMPLAINTS = 200, 50
"""Judged posts, and complaints among them, that say something of a model."""

_WEEK = re.compile(r"[0-9]{4}-W[0-9]{2}")
_HANDLE, _LINK = re.compile(r"(?<!\w)@\w[\w.\-]*"), re.compile(r"https?://\S+|www\.\S+")


def monday(week: str) -> datetime:
    """The moment, in UTC, at which a week such as 2026-W47 begins. Raises ValueError."""
    try:
        if not _WEEK.fullmatch(week):
            raise ValueError
        first = date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
    except ValueError:
        raise ValueError(f"must be a week such as 2026-W47, not {week!r}") from None
    return datetime.combine(first, time(), UTC)


def this_monday(now: datetime) -> datetime:
    """The moment at which the present week began."""
    return datetime.combine(now.astimezone(UTC).date() - timedelta(days=now.astimezone(UTC).weekday()), time(), UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a threshold would have meant for the posts of a week."""

    threshold: float
    alerts: int
    """Posts that it takes for complaints."""
    missed: int
    """Complaints, as people told, that it does not."""
    spared: int
    """Posts dismissed as not a complaint for which it raises no alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The posts of one week and what people said of them."""

    since: datetime
    posts: int
    """Read by a model."""
    models: tuple[str, ...]
    complaints: int
    """Confirmed, or missed by the model."""
    dismissed: int
    """As not a complaint."""
    choices: tuple[Choice, ...]


def week_by_threshold(store: Store, since: datetime, thresholds: Sequence[float], brand: str | None = None) -> Week:
    """The week that begins at `since`, under each threshold, by the verdicts as they are stored."""
    score, is_complaint = verdicts.c.complaint, feedback.c.is_complaint
    read = (
        select(verdicts.c.model)
        .join(mentions, mentions.c.id == verdicts.c.mention_id)
        .outerjoin(feedback, feedback.c.mention_id == verdicts.c.mention_id)
        .where(mentions.c.posted_at >= since, mentions.c.posted_at < since + WEEK, *_of(brand))
    )
    columns = [func.count(), _count(is_complaint), _count(~is_complaint)]
    for threshold in thresholds:
        below = score < threshold
        columns += [_count(~below), _count(is_complaint & below), _count(~is_complaint & below)]
    with store.read() as connection:
        posts, complaints, dismissed, *counts = connection.execute(read.with_only_columns(*columns)).one()
        models = connection.scalars(read.distinct().order_by(verdicts.c.model)).all()
    return Week(
        since=since,
        posts=posts,
        models=tuple(models),
        complaints=complaints,
        dismissed=dismissed,
        choices=tuple(
            Choice(threshold=threshold, alerts=alerts, missed=missed, spared=spared)
            for threshold, alerts, missed, spared in zip(
                thresholds, counts[::3], counts[1::3], counts[2::3], strict=True
            )
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Posts that people judged, with the probability that one model had given them; `truth` is 1 for a complaint."""

    truth: Sequence[int]
    probability: Sequence[float]

    @property
    def enough(self) -> bool:
        """So many that they can be held against what a model promises."""
        return len(self.truth) >= ENOUGH and sum(self.truth) >= ENOUGH_COMPLAINTS

    def recall_at_most(self, threshold: float) -> float | None:
        """Share of the known complaints that the threshold finds; None without any.

        What the model let pass and nobody told of is not among them, so the true share is lower.
        """
        complaints = [p for p, true in zip(self.probability, self.truth, strict=True) if true]
        return sum(p >= threshold for p in complaints) / len(complaints) if complaints else None


def judged(store: Store, model: str, brand: str | None = None) -> Judged:
    """Every post that people judged and this model had read."""
    told = select(feedback.c.is_complaint, feedback.c.complaint).join(mentions).where(feedback.c.model == model)
    with store.read() as connection:
        rows = connection.execute(told.where(*_of(brand))).all()
    return Judged(truth=[int(row.is_complaint) for row in rows], probability=[row.complaint for row in rows])


@dataclass(frozen=True, slots=True)
class Tally:
    """Posts taken for complaints, and what people did with them."""

    found: int = 0
    confirmed: int = 0
    dismissed: int = 0
    """As not a complaint."""
    missed: int = 0
    """Complaints that the model let pass and a person told of."""

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.found + other.found,
            self.confirmed + other.confirmed,
            self.dismissed + other.dismissed,
            self.missed + other.missed,
        )

    @property
    def precision(self) -> float | None:
        """Share of the judged ones that are complaints; None while nothing is judged."""
        judged = self.confirmed + self.dismissed
        return self.confirmed / judged if judged else None

    @property
    def interval(self) -> tuple[float, float]:
        """Where the precision lies with 95 % certainty."""
        return wilson(self.confirmed, self.confirmed + self.dismissed)

    @property
    def recall_at_most(self) -> float | None:
        """What is known of the recall: whatever else was missed can only lower it."""
        known = self.confirmed + self.missed
        return self.confirmed / known if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The posts of one week, brand and language."""

    week: datetime
    brand: str
    language: str
    """Two letters, or "" when nobody knows."""
    tally: Tally


def tallies(store: Store, weeks: Sequence[datetime], brand: str | None = None) -> list[Group]:
    """The posts of these weeks, given by their Mondays one after the other, by when customers posted them."""
    number = when(*((mentions.c.posted_at < start + WEEK, index) for index, start in enumerate(weeks)))
    posts = (
        select(
            number.label("week"),
            mentions.c.brand,
            func.coalesce(verdicts.c.language, mentions.c.lang, "").label("language"),
            verdicts.c.is_complaint,
            feedback.c.is_complaint.label("said"),
            feedback.c.how,
        )
        .select_from(mentions.join(verdicts).outerjoin(feedback, feedback.c.mention_id == mentions.c.id))
        .where(mentions.c.posted_at >= weeks[0], mentions.c.posted_at < weeks[-1] + WEEK, *_of(brand))
        .subquery()
    )
    let_pass = posts.c.how.is_not_distinct_from(MISSED)
    counts = (
        _count(posts.c.is_complaint & ~let_pass),
        _count(posts.c.how == CONFIRMED),
        _count(~posts.c.said),
        _count(let_pass),
    )
    key = (posts.c.week, posts.c.brand, posts.c.language)
    with store.read() as connection:
        rows = connection.execute(select(*key, *counts).group_by(*key)).all()
    return [
        Group(week=weeks[row[0]], brand=row[1], language=row[2].partition("-")[0].lower(), tally=Tally(*row[3:]))
        for row in rows
    ]


def wilson(hits: int, tries: int) -> tuple[float, float]:
    """The 95 % interval of a share (E. B. Wilson 1927): right for few tries and for shares near 0 and 1."""
    if not tries:
        return 0.0, 1.0
    share, z = hits / tries, SURE * SURE / tries
    middle, reach = share + z / 2, SURE * math.sqrt((share * (1 - share) + z / 4) / tries)
    return max(0.0, (middle - reach) / (1 + z)), min(1.0, (middle + reach) / (1 + z))


def labelled(store: Store, blot: Callable[[str], str], brand: str | None = None) -> Iterator[dict[str, Any]]:
    """Every post that people judged and whose words are still kept, oldest first, fit for training.

    Handles and links give way to the one word that the model reads in their place; `blot` takes secrets out.
    """
    told = (
        select(mentions, verdicts.c.language, feedback.c.is_complaint)
        .select_from(feedback.join(mentions).join(verdicts, verdicts.c.mention_id == mentions.c.id))
        .where(mentions.c.erased_at.is_(None), *_of(brand))
        .order_by(mentions.c.posted_at, mentions.c.id)
    )
    with store.read() as connection:
        for row in connection.execute(told):
            yield _example(row, blot)


def _example(row: Row[Any], blot: Callable[[str], str]) -> dict[str, Any]:
    return {
        "text": _HANDLE.sub("@user", _LINK.sub("http", blot(row.text))),
        "lang": row.language or (row.lang or "").partition("-")[0].lower() or None,
        "complaint": row.is_complaint,
        "brand": row.brand,
        "at": row.posted_at.isoformat(),
    }


def _of(brand: str | None) -> list[Any]:
    return [] if brand is None else [mentions.c.brand == brand]


def _count(condition: Any) -> Any:
    return func.count(when((condition, 1)))
