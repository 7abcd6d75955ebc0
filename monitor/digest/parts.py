"""Parts the week's complaints by platform, language, department and tier, and by the hours that people are at work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from alerts.base import Customer
from alerts.hours import Hours
from monitor import metrics
from monitor.measures import Period, Volume, volume
from monitor.metrics import Replies, Share, Target, Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The complaints of one platform, department or tier."""

    name: str
    target: Target
    replies: Replies
    posts: Volume | None = None
    """None: nothing tells which posts without a case are its."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """The same answers by the clock of the team at work and by the one on the customer's wall."""

    at_work: Target
    at_work_replies: Replies
    round_the_clock: Target
    closed: Share
    """Of the complaints those posted while nobody was at work."""


def parts(
    found: Mapping[str, Sequence[Wait]], now: datetime, posts: Mapping[str, Volume] | None = None
) -> tuple[Part, ...]:
    """Those with most cases first."""
    names = sorted({*found, *(posts or ())}, key=lambda name: (-len(found.get(name, ())), name))
    return tuple(
        Part(
            name=name,
            target=metrics.answered_in_time(found.get(name, ()), now),
            replies=metrics.reply_time(found.get(name, ()), now),
            posts=None if posts is None else posts.get(name, Volume()),
        )
        for name in names
    )


def departments(
    connection: Connection, period: Period, found: Sequence[Wait], topics_of: Mapping[str, Sequence[str]], now: datetime
) -> tuple[Part, ...]:
    """In the order in which they are configured."""
    posts = volume(connection, period, "topic")
    posts["other"] = posts.get("other", Volume()) + posts.pop("", Volume())
    return tuple(
        Part(
            name=name,
            target=metrics.answered_in_time(mine, now),
            replies=metrics.reply_time(mine, now),
            posts=sum((posts.get(topic, Volume()) for topic in topics), Volume()),
        )
        for name, topics in topics_of.items()
        for mine in [[wait for wait in found if wait.topic in topics]]
    )


def tiers(found: Sequence[Wait], known: Mapping[int, Customer], now: datetime) -> tuple[Part, ...]:
    """By the customers of some of the cases; none when nobody is known."""
    if not known:
        return ()
    return parts(metrics.by_tier(found, lambda wait: known[wait.case_id].tier if wait.case_id in known else ""), now)


def apart(found: Sequence[Wait], target: timedelta, hours: Hours, now: datetime) -> Apart:
    return Apart(
        at_work=metrics.answered_within(found, now, target, hours),
        at_work_replies=metrics.reply_time(found, now, hours),
        round_the_clock=metrics.answered_within(found, now, target),
        closed=metrics.while_closed(found, now, hours),
    )
