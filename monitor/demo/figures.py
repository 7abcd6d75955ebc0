"""What the demo's afternoon came to: how the customers fared, and how the model did by the posts' own labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from alerts.case import WAITING, Case, State
from connectors.base import Clock
from monitor.demo.replay import Post
from monitor.schema import cases, mentions, verdicts
from monitor.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The model's verdicts beside the labels of the posts' author."""

    found: Sequence[str]
    """Ids of the complaints that the model took for one."""
    missed: Sequence[str]
    false_alarms: Sequence[str]

    @property
    def recall(self) -> float:
        return _share(len(self.found), len(self.missed))

    @property
    def precision(self) -> float:
        return _share(len(self.found), len(self.false_alarms))


def judge(store: Store, posts: Mapping[str, Post], lang: str | None = None) -> Judged:
    """Of the customers' posts, in one language or all."""
    with store.read() as connection:
        said = connection.execute(
            select(mentions.c.external_id)
            .join(verdicts, verdicts.c.mention_id == mentions.c.id)
            .where(verdicts.c.is_complaint)
        )
        called = set(said.scalars())
    mine = [post for post in posts.values() if lang in (None, post.record["lang"]) and post.complaint is not None]
    return Judged(
        found=[post.id for post in mine if post.complaint and post.id in called],
        missed=[post.id for post in mine if post.complaint and post.id not in called],
        false_alarms=[post.id for post in mine if not post.complaint and post.id in called],
    )


def waiting(store: Store) -> tuple[int, int]:
    """How many cases wait, and how many are settled."""
    with store.read() as connection:
        total = connection.scalar(select(func.count()).select_from(cases)) or 0
        open_ = connection.scalar(select(func.count()).where(cases.c.state.in_(WAITING))) or 0
    return open_, total - open_


def case_of(store: Store, post_id: str) -> int | None:
    """The case that a post belongs to; None when there is none."""
    with store.read() as connection:
        return connection.scalar(select(mentions.c.case_id).where(mentions.c.external_id == post_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How the customers fared; dismissed cases count as none."""

    in_time: int
    late: int
    waiting: int
    overdue: int
    """Of those that wait, the ones past their target."""
    detected: timedelta
    """Medians since the customer posted; until an answer over all cases, the waiting ones counted as longest."""
    alerted: timedelta
    answered: timedelta | None
    """None: fewer than half have been answered."""


def outcomes(found: Sequence[Case], clock: Clock) -> Outcomes:
    """Raises ValueError when nobody complained."""
    now = clock()
    real = [case for case in found if case.state not in (State.DISMISSED, State.WITHDRAWN)]
    if not real:
        raise ValueError("nobody complained")
    answered = _middle([case.stopped_at - case.posted_at if case.stopped_at else timedelta.max for case in real])
    return Outcomes(
        in_time=sum(not case.waiting and not case.breached(now) for case in real),
        late=sum(not case.waiting and case.breached(now) for case in real),
        waiting=sum(case.waiting for case in real),
        overdue=sum(case.waiting and case.breached(now) for case in real),
        detected=_middle([case.detected_at - case.posted_at for case in real]),
        alerted=_middle([(case.alerted_at or now) - case.posted_at for case in real]),
        answered=None if answered == timedelta.max else answered,
    )


def _middle(spans: list[timedelta]) -> timedelta:
    return sorted(spans)[len(spans) // 2]


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part + rest else 0.0
