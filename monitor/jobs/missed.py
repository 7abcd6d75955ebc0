"""Missed: a person's word that a post which was let pass is a complaint."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, literal, null, or_, select, update

from alerts.case import Case, Event, NotAllowed
from alerts.ladder import Ladder
from classifiers.base import Classifier, Verdict
from monitor import feedback, ledger
from monitor.jobs import casework
from monitor.letters import VERDICT
from monitor.schema import Utc, cases, mentions, verdicts
from monitor.store import Store
from monitor.topics import Topics, no_topics, with_topic

LARGEST_ID = 2**31 - 1


def missed(
    store: Store,
    name: str,
    classifier: Classifier,
    ladder: Callable[[str], Ladder],
    who: str,
    now: datetime,
    topics: Callable[[str], Topics] = no_topics,
) -> Case:
    """A person says that a post which was let pass is a complaint: it opens its case, or extends its author's.

    `name` is the post's number, its id on the platform or its address. The clock counts from the customer's post; a
    post that rules had kept from the model gets its verdict now. Raises NotAllowed, BadModel.
    """
    post = _passed(store, name)
    verdict = replace(_verdict(store, post) or classifier.classify([post.text])[0], is_complaint=True)
    verdict = with_topic(verdict, post.text, topics(post.brand))
    kept = (column for column in mentions.c if column.name not in ("case_id", "detected_at"))
    as_told = (*kept, null().label("case_id"), literal(now, Utc).label("detected_at"))
    with store.write() as connection:
        as_read = mentions.c.triage_at.is_(None) & mentions.c.case_id.is_not_distinct_from(post.case_id)
        free = update(mentions).where(mentions.c.id == post.id, mentions.c.erased_at.is_(None), as_read)
        if not connection.execute(free.values(skipped=None)).rowcount:
            raise NotAllowed(f"post {post.id} has just changed; try again after the next tick")
        told = {"mention_id": post.id, "decided_at": now} | asdict(verdict)
        store.replace(connection, verdicts, [told], "mention_id")
        event = Event(at=now, kind="missed", actor=who)
        feedback.missed(connection, post.id, event)
        row = connection.execute(select(*as_told).where(mentions.c.id == post.id)).one()
        casework.settle(store, connection, [(row, verdict)], ladder, now)
        case_id = select(mentions.c.case_id).where(mentions.c.id == post.id).scalar_subquery()
        (case,) = ledger.lock(connection, cases.c.id == case_id)
        ledger.log(connection, [(case.id, event)])
        return case


def named(store: Store, name: str) -> Row[Any]:
    """The post that is meant. Raises NotAllowed."""
    found = _named(store, name)
    if not found:
        raise NotAllowed(f"no post is kept under {name!r}: give its address, its id on the platform or its number")
    if len(found) > 1:
        kept = ", ".join(f"{post.id} for {post.brand}" for post in found)
        raise NotAllowed(f"several posts are kept under that name ({kept}): give the number of the one you mean")
    return found[0]


def _passed(store: Store, name: str) -> Row[Any]:
    """The customer's post that is meant, one without an alert of its own. Raises NotAllowed."""
    post = named(store, name)
    if post.by_brand:
        raise NotAllowed(f"post {post.id} is the brand's own")
    if post.erased_at is not None:
        raise NotAllowed(f"the words of post {post.id} have been erased")
    if post.triage_at is not None:
        raise NotAllowed(f"post {post.id} has not been read by the model yet; the next tick does")
    if post.is_complaint:
        raise NotAllowed(f"post {post.id} was found: it is in case {post.case_id}")
    return post


def _named(store: Store, name: str) -> list[Row[Any]]:
    plain = name.partition("#")[0].partition("?")[0].rstrip("/")
    same = mentions.c.external_id == name
    if "/" in name:
        same = or_(same, mentions.c.url.in_([name, plain, plain + "/"]))
    posts = select(mentions, verdicts.c.is_complaint).outerjoin(verdicts).order_by(mentions.c.id)
    number = int(name) if name.isascii() and name.isdecimal() and len(name) <= 10 else LARGEST_ID + 1
    with store.read() as connection:
        if number <= LARGEST_ID and (by_number := connection.execute(posts.where(mentions.c.id == number)).all()):
            return list(by_number)
        return list(connection.execute(posts.where(same)))


def _verdict(store: Store, post: Row[Any]) -> Verdict | None:
    with store.read() as connection:
        columns = [verdicts.c[name] for name in VERDICT]
        row = connection.execute(select(*columns).where(verdicts.c.mention_id == post.id)).one_or_none()
    return None if row is None else Verdict(**row._mapping)
