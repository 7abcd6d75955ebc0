"""What a post means for the cases of its thread: complaints open or extend one, the brand's reply answers one."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, select, update

from alerts import case as moves
from alerts.case import Case, Event, Stop
from alerts.ladder import Ladder
from classifiers.base import Verdict
from monitor import ledger
from monitor.schema import cases, mentions, verdicts
from monitor.store import Store

LONGEST_CHAIN = 30
"""Replies of the brand to itself that are followed up to find the customer they answer."""


def customer_posted(
    store: Store, connection: Connection, post: Row[Any], verdict: Verdict, ladder: Ladder, now: datetime
) -> None:
    """A customer's post, new or edited, with its verdict."""
    found = ledger.lock(connection, _thread(post) & (cases.c.author == post.author))
    if found:
        _extend(connection, found[0], post, verdict, ladder, now)
    elif verdict.is_complaint:
        _open(store, connection, post, verdict, ladder, now)


def brand_replied(connection: Connection, reply: Row[Any], now: datetime) -> None:
    """The brand spoke in a thread: the cases that it answered stop their clock at the time of the reply."""
    for case in ledger.lock(connection, _thread(reply)):
        if case.posted_at <= reply.posted_at and _answers(connection, reply, case):
            _answered(connection, case, reply, now)


def deleted(connection: Connection, post: Row[Any], now: datetime) -> None:
    """A post is gone from the platform: its case forgets it, and is withdrawn when no complaint is left."""
    if post.case_id is None:
        return
    for case in ledger.lock(connection, cases.c.id == post.case_id):
        left = exists().where(
            mentions.c.case_id == case.id,
            mentions.c.deleted_at.is_(None),
            verdicts.c.mention_id == mentions.c.id,
            verdicts.c.is_complaint,
        )
        if connection.scalar(select(left)):
            ledger.touch(connection, case, Event(at=now, kind="post_deleted"))
            continue
        forgotten = {"author": f"deleted-{case.id}"}
        if case.waiting:
            ledger.store(connection, case, moves.withdraw(case, now), **forgotten)
        else:
            connection.execute(update(cases).where(cases.c.id == case.id).values(forgotten))
            ledger.touch(connection, case, Event(at=now, kind="post_deleted"))


def _open(
    store: Store, connection: Connection, post: Row[Any], verdict: Verdict, ladder: Ladder, now: datetime
) -> None:
    case = Case(
        id=0,
        brand=post.brand,
        platform=post.platform,
        thread_id=post.thread_id,
        author=post.author or f"unknown-{post.id}",
        posted_at=post.posted_at,
        detected_at=post.detected_at,
        respond_by=post.posted_at + ladder.target,
        check_at=now,
    )
    row = {name: getattr(case, name) for name in ledger.FIELDS if name != "id"}
    row |= {"verify_at": ledger.verify_time(case, ladder), "attempts": 0}
    created = store.insert_new(connection, cases, [row], ["brand", "platform", "thread_id", "author"])
    case = ledger.lock(connection, _thread(post) & (cases.c.author == case.author))[0]
    if not created:  # another process was first, with another post of the same customer
        _extend(connection, case, post, verdict, ladder, now)
        return
    _attach(connection, post, case)
    ledger.log(connection, case.id, Event(at=post.posted_at, kind="complained", actor=post.author))
    ledger.log(connection, case.id, Event(at=post.detected_at, kind="detected"))
    _look_back(connection, case, now)


def _extend(
    connection: Connection, case: Case, post: Row[Any], verdict: Verdict, ladder: Ladder, now: datetime
) -> None:
    if post.case_id == case.id:
        ledger.touch(connection, case, Event(at=now, kind="edited", actor=post.author))
        return
    _attach(connection, post, case)
    stopped = case.stopped_at
    if verdict.is_complaint and stopped is not None and post.posted_at > stopped:
        respond_by = post.posted_at + ladder.target
        move = moves.complain_again(case, post.posted_at, now, respond_by)
        case = ledger.store(connection, case, move, verify_at=ledger.verify_time(move[0], ladder))
        _look_back(connection, case, now)
    else:
        ledger.touch(connection, case, Event(at=post.posted_at, kind="wrote_again", actor=post.author))


def _look_back(connection: Connection, case: Case, now: datetime) -> None:
    """The brand's reply may have been seen before the complaint that it answers."""
    replies = select(mentions).where(
        and_(_thread(case, mentions), mentions.c.by_brand, mentions.c.deleted_at.is_(None)),
        mentions.c.posted_at >= case.posted_at,
    )
    for reply in connection.execute(replies.order_by(mentions.c.posted_at, mentions.c.id)).all():
        if _answers(connection, reply, case):
            _answered(connection, case, reply, now)
            return


def _answered(connection: Connection, case: Case, reply: Row[Any], now: datetime) -> None:
    detail = {"url": reply.url} if reply.url else {}
    if case.waiting:
        after, event = moves.answer(case, reply.author, reply.posted_at, by=Stop.BRAND_REPLY)
        event = Event(at=event.at, kind=event.kind, actor=event.actor, detail=detail)
        ledger.store(connection, case, (after, event))
    elif case.stopped_by is Stop.PERSON:
        ledger.log(
            connection, case.id, Event(at=reply.posted_at, kind="brand_reply", actor=reply.author, detail=detail)
        )
    _attach(connection, reply, case)


def _answers(connection: Connection, reply: Row[Any], case: Case) -> bool:
    """The reply speaks to the case's author.

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
            return bool(parent.case_id == case.id or parent.author == case.author)
        parent_id = parent.reply_to
    named = [handle.casefold() for handle in re.findall(r"@([\w.-]+\w)", _opening(reply.text))]
    return case.author.casefold() in named if named else True


def _opening(text: str) -> str:
    """The handles that a reply begins with."""
    match = re.match(r"(?:\s*@[\w.-]+[,:]?)*", text)
    return match.group(0) if match else ""


def _post(connection: Connection, near: Row[Any], external_id: str) -> Any:
    statement = select(mentions.c.author, mentions.c.by_brand, mentions.c.reply_to, mentions.c.case_id).where(
        mentions.c.brand == near.brand, mentions.c.platform == near.platform, mentions.c.external_id == external_id
    )
    return connection.execute(statement).one_or_none()


def _attach(connection: Connection, post: Row[Any], case: Case) -> None:
    """Makes the post part of the case; from now on it is looked up again, since people see it."""
    held = {"case_id": case.id, "recheck_at": post.detected_at}
    connection.execute(update(mentions).where(mentions.c.id == post.id).values(held))


def _thread(near: Any, table: Any = cases) -> Any:
    return and_(table.c.brand == near.brand, table.c.platform == near.platform, table.c.thread_id == near.thread_id)
