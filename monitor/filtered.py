"""The posts that were left out: listed and counted with their reasons, and put back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update

from alerts.case import NotAllowed
from monitor.schema import mentions
from monitor.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A post that got no verdict, and why."""

    id: int
    posted_at: datetime
    brand: str
    platform: str
    author: str
    reason: str
    text: str
    url: str


def left_out(store: Store, *, brand: str | None = None, reason: str = "", limit: int = 50) -> Sequence[LeftOut]:
    """Posts whose reason begins like this, the latest first, until their words are erased."""
    columns = (mentions.c[name] for name in ("id", "posted_at", "brand", "platform", "author", "text", "url"))
    latest_first = select(*columns, mentions.c.skipped.label("reason")).order_by(
        mentions.c.posted_at.desc(), mentions.c.id.desc()
    )
    with store.read() as connection:
        rows = connection.execute(latest_first.where(*_matching(brand, reason)).limit(limit))
        return [LeftOut(**row._mapping) for row in rows]


def reasons(store: Store, *, brand: str | None = None, reason: str = "") -> list[tuple[str, int]]:
    """How many posts are left out for each reason, the commonest first; rules of one kind are counted together."""
    counted = select(mentions.c.skipped, func.count().label("posts")).where(*_matching(brand, reason))
    found: Counter[str] = Counter()
    with store.read() as connection:
        for row in connection.execute(counted.group_by(mentions.c.skipped)):
            found[row.skipped.partition(":")[0]] += row.posts
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def restore(store: Store, mention_id: int, now: datetime) -> None:
    """Puts a post back to be judged, for good. Raises NotAllowed when it is not among those left out."""
    back = {"skipped": None, "restored_at": now, "triage_at": now}
    with store.write() as connection:
        done = connection.execute(update(mentions).where(mentions.c.id == mention_id, *_matching()).values(back))
    if done.rowcount == 0:
        raise NotAllowed(f"post {mention_id} is not among those left out")


def _matching(brand: str | None = None, reason: str = "") -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [mentions.c.skipped.is_not(None), mentions.c.erased_at.is_(None)]
    if brand is not None:
        wanted.append(mentions.c.brand == brand)
    if reason:
        wanted.append(mentions.c.skipped.istartswith(reason, autoescape=True))
    return wanted
