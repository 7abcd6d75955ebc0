"""The care team of the demo: who does what about whose complaint, and when."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from alerts import case as moves
from alerts.case import Case, Move
from monitor.demo.replay import Post

NAMES = {"U0MAREK0001": "Marek"}
"""The people that the ladder calls by their Slack ids."""
A_LOOK = 12
"""Minutes from a post until somebody looks at its alert and sees that it is a false alarm."""


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does, at a minute of the demo, about the case that a post belongs to."""

    at: int
    post: str
    move: Callable[[Case, datetime], Move]


def acts(posts: Iterable[Post]) -> list[Act]:
    """The whole afternoon's: the care team's work, and a dismissal of whatever turns out to be no complaint."""
    return [*_work(), *_dismissals(posts)]


def _work() -> Iterator[Act]:
    yield from claims("Kati", {"jelena": 14, "olga": 50, "robert": 95, "coffee": 130, "silver": 140, "egert": 165})
    yield from claims("Rasmus", {"eestimees": 41, "tanja": 44, "inese": 80, "polina": 117, "misha": 150})
    yield from claims("Marek", {"nightowl": 110, "juta": 118, "cableguy": 149})
    yield Act(70, "nightowl", partial(_snooze, who="Kati", minutes=20))
    yield from answers("Kati", {"piret": 66, "siiri": 112, "robert": 126, "coffee": 160, "silver": 171})
    yield from answers("Rasmus", {"tanja": 52, "eestimees": 58, "inese": 101, "polina": 150})
    yield from answers("Marek", {"juta": 139, "nightowl": 140})


def claims(who: str, minutes: dict[str, int]) -> Iterator[Act]:
    for post, at in minutes.items():
        yield Act(at, post, lambda case, now: moves.claim(case, who, now))


def answers(who: str, minutes: dict[str, int]) -> Iterator[Act]:
    """By telephone or a private message, which no platform shows."""
    for post, at in minutes.items():
        yield Act(at, post, lambda case, now: moves.answer(case, who, now))


def _dismissals(posts: Iterable[Post]) -> Iterator[Act]:
    posts = list(posts)
    complained = {post.writer for post in posts if post.complaint}
    for post in posts:
        if post.complaint is False and post.writer not in complained:
            yield Act(post.seen + A_LOOK, post.id, _dismiss)


def _dismiss(case: Case, now: datetime) -> Move:
    return moves.dismiss(case, "Rasmus", now, "not a complaint")


def _snooze(case: Case, now: datetime, *, who: str, minutes: int) -> Move:
    return moves.snooze(case, who, now, now + timedelta(minutes=minutes))
