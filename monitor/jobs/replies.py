"""What the brand's replies mean: a case is answered by the first that speaks to its customer, in any of its threads."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from alerts import case as moves
from alerts.case import Case, Event, Stop
from alerts.ladder import Ladder
from monitor import ledger
from monitor.schema import cases, mentions, verdicts

Thread = tuple[str, str, str]
"""Brand, platform and the platform's own id of the thread."""

LONGEST_CHAIN = 30
"""Replies of the brand to itself that are followed up to find the customer they answer."""


def brand_replied(connection: Connection, reply: Row[Any], ladder: Callable[[str], Ladder], now: datetime) -> None:
    """The brand spoke in a thread: the cases that it answered stop their clock at the time of the reply."""
    asked = in_threads([reply]) & ~mentions.c.by_brand & (mentions.c.posted_at <= reply.posted_at)
    for case in ledger.lock(connection, cases.c.id.in_(select(mentions.c.case_id).where(asked))):
        if case.posted_at <= reply.posted_at and _answers(connection, reply, case):
            _answered(connection, case, reply, ladder(reply.brand), now)


def look_back(connection: Connection, asked: Sequence[Case], ladder: Ladder, now: datetime) -> None:
    """The brand's reply may have been seen before the complaint that it answers, in any thread of these cases."""
    waiting = {case.id: case for case in asked}
    hers = (mentions.c.case_id.in_(waiting), ~mentions.c.by_brand)
    posts = connection.execute(select(mentions).where(*hers).order_by(mentions.c.posted_at)).all()
    replies = select(mentions).where(
        in_threads(posts),
        mentions.c.by_brand,
        mentions.c.deleted_at.is_(None),
        mentions.c.posted_at >= min(case.posted_at for case in asked),
    )
    asking: dict[Thread, dict[int, datetime]] = defaultdict(dict)
    for post in posts:
        asking[thread(post)].setdefault(post.case_id, post.posted_at)
    for reply in connection.execute(replies.order_by(mentions.c.posted_at, mentions.c.id)).all():
        for case_id, since in asking[thread(reply)].items():
            case = waiting.get(case_id)
            if case is None or reply.posted_at < max(case.posted_at, since):
                continue
            if _answers(connection, reply, case):
                del waiting[case_id]
                _answered(connection, case, reply, ladder, now)


def complained_again(
    connection: Connection, case: Case, posted_at: datetime, ladder: Ladder, now: datetime, *, urgent: bool
) -> None:
    """The customer complained after the case was settled: another round, unless the brand has replied to that too."""
    urgent = case.urgent or urgent
    climbed = ladder.chain(urgent=urgent)
    move = moves.complain_again(case, posted_at, now, climbed.later(posted_at, climbed.target), urgent=urgent)
    case = ledger.store(connection, case, move, verify_at=ledger.verify_time(move[0], ladder))
    look_back(connection, [case], ladder, now)


def heed_later(connection: Connection, case: Case, ladder: Ladder, now: datetime) -> None:
    """The customer of an answered case may have complained again since, as is known already."""
    if case.waiting or case.stopped_at is None:
        return
    posts = select(mentions.c.posted_at, verdicts.c.severity).join(verdicts, verdicts.c.mention_id == mentions.c.id)
    hers = (mentions.c.case_id == case.id, ~mentions.c.by_brand, mentions.c.deleted_at.is_(None))
    since = (mentions.c.posted_at > case.stopped_at, verdicts.c.is_complaint)
    later = connection.execute(posts.where(*hers, *since).order_by(mentions.c.posted_at)).first()
    if later is not None:
        complained_again(connection, case, later.posted_at, ladder, now, urgent=later.severity == "urgent")


def thread(near: Any) -> Thread:
    return near.brand, near.platform, near.thread_id


def in_threads(near: Sequence[Any]) -> Any:
    """The posts in the threads of these.

    Where these are of several brands or platforms, there may be others with them: of one's thread by another's id.
    """
    return and_(
        mentions.c.brand.in_({item.brand for item in near}),
        mentions.c.platform.in_({item.platform for item in near}),
        mentions.c.thread_id.in_({item.thread_id for item in near}),
    )


def _answered(connection: Connection, case: Case, reply: Row[Any], ladder: Ladder, now: datetime) -> None:
    detail = {"url": reply.url} if reply.url else {}
    ledger.attach(connection, [(reply, case)])
    if case.waiting:
        after, event = moves.answer(case, reply.author, reply.posted_at, by=Stop.BRAND_REPLY)
        event = Event(at=event.at, kind=event.kind, actor=event.actor, detail=detail)
        heed_later(connection, ledger.store(connection, case, (after, event)), ladder, now)
    elif case.stopped_by is Stop.PERSON:
        event = Event(at=reply.posted_at, kind="brand_reply", actor=reply.author, detail=detail)
        ledger.log(connection, [(case.id, event)])


def _answers(connection: Connection, reply: Row[Any], case: Case) -> bool:
    """The reply speaks to the case's customer.

    To whom it speaks is told by the post that it answers, followed up through the brand's own posts; where that post
    is not known, by the handles it begins with; where there are none, it speaks to everybody in the thread.
    """
    if reply.reply_to is None and reply.thread_id == reply.external_id:
        return False  # a new thread of the brand's own
    parent_id = reply.reply_to
    for _ in range(LONGEST_CHAIN):
        parent = _post(connection, reply, parent_id) if parent_id else None
        if parent is None:
            break
        if not parent.by_brand:
            return bool(parent.case_id == case.id or parent.author in _authors(connection, reply, case))
        parent_id = parent.reply_to
    named = [handle.casefold() for handle in re.findall(r"@([\w.-]+\w)", _opening(reply.text))]
    return any(author.casefold() in named for author in _authors(connection, reply, case)) if named else True


def _authors(connection: Connection, reply: Row[Any], case: Case) -> set[str]:
    """The names that the case's customer goes by in the thread."""
    here = select(mentions.c.author).where(in_threads([reply]), mentions.c.case_id == case.id, ~mentions.c.by_brand)
    return {author for author in connection.scalars(here) if author} or {case.author}


def _opening(text: str) -> str:
    """The handles that a reply begins with."""
    match = re.match(r"(?:\s*@[\w.-]+[,:]?)*", text)
    return match.group(0) if match else ""


def _post(connection: Connection, near: Row[Any], external_id: str) -> Any:
    statement = select(mentions.c.author, mentions.c.by_brand, mentions.c.reply_to, mentions.c.case_id).where(
        mentions.c.brand == near.brand, mentions.c.platform == near.platform, mentions.c.external_id == external_id
    )
    return connection.execute(statement).one_or_none()
