"""What posts mean for the cases of their threads: complaints open or extend one, the brand's reply answers one."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, exists, select, update

from alerts import case as moves
from alerts.case import Case, Event, Stop
from alerts.ladder import Ladder
from classifiers.base import Verdict
from monitor import ledger
from monitor.schema import cases, mentions, verdicts
from monitor.store import Store

Thread = tuple[str, str, str]
"""Brand, platform and the platform's own id of the thread."""

LONGEST_CHAIN = 30
"""Replies of the brand to itself that are followed up to find the customer they answer."""


def settle(
    store: Store,
    connection: Connection,
    posts: Sequence[tuple[Row[Any], Verdict | None]],
    ladder: Callable[[str], Ladder],
    now: datetime,
) -> None:
    """Does what new, edited and deleted posts mean, in their order.

    A post in a thread without a case means nothing unless it is a complaint. Such complaints open their cases
    together, before the next post of a thread that has one.
    """
    known = _with_cases(connection, [post for post, _ in posts])
    first: list[tuple[Row[Any], Verdict]] = []
    for post, verdict in posts:
        if _thread(post) in known:
            _open(store, connection, first, ladder, now)
            first = []
            _settle(store, connection, post, verdict, ladder, now)
        elif verdict is not None and verdict.is_complaint:
            known.add(_thread(post))
            first.append((post, verdict))
    _open(store, connection, first, ladder, now)


def _with_cases(connection: Connection, posts: Sequence[Row[Any]]) -> set[Thread]:
    """Those of the posts' threads that have a case."""
    threads = select(cases.c.brand, cases.c.platform, cases.c.thread_id).where(_in_threads(cases, posts)).distinct()
    return {(row.brand, row.platform, row.thread_id) for row in connection.execute(threads)}


def _settle(
    store: Store,
    connection: Connection,
    post: Row[Any],
    verdict: Verdict | None,
    ladder: Callable[[str], Ladder],
    now: datetime,
) -> None:
    if post.deleted_at is not None:
        _deleted(connection, post, now)
    elif post.by_brand:
        _brand_replied(connection, post, now)
    elif verdict is not None:
        _customer_posted(store, connection, post, verdict, ladder, now)


def _customer_posted(
    store: Store,
    connection: Connection,
    post: Row[Any],
    verdict: Verdict,
    ladder: Callable[[str], Ladder],
    now: datetime,
) -> None:
    """A customer's post, new or edited, with its verdict."""
    found = ledger.lock(connection, _in_threads(cases, [post]) & (cases.c.author == _customer(post)))
    if found:
        _extend(connection, found[0], post, verdict, ladder(post.brand), now)
    elif verdict.is_complaint:
        _open(store, connection, [(post, verdict)], ladder, now)


def _brand_replied(connection: Connection, reply: Row[Any], now: datetime) -> None:
    """The brand spoke in a thread: the cases that it answered stop their clock at the time of the reply."""
    for case in ledger.lock(connection, _in_threads(cases, [reply])):
        if case.posted_at <= reply.posted_at and _answers(connection, reply, case):
            _answered(connection, case, reply, now)


def _deleted(connection: Connection, post: Row[Any], now: datetime) -> None:
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
            ledger.touch(connection, [(case, Event(at=now, kind="post_deleted"))])
            continue
        forgotten = {"author": f"deleted-{case.id}"}
        if case.waiting:
            ledger.store(connection, case, moves.withdraw(case, now), **forgotten)
        else:
            connection.execute(update(cases).where(cases.c.id == case.id).values(forgotten))
            ledger.touch(connection, [(case, Event(at=now, kind="post_deleted"))])


def _open(
    store: Store,
    connection: Connection,
    posts: Sequence[tuple[Row[Any], Verdict]],
    ladder: Callable[[str], Ladder],
    now: datetime,
) -> None:
    """Opens the cases of complaints, each of another thread."""
    rows = [_new(post, ladder(post.brand), now, urgent=_urgent(verdict)) for post, verdict in posts]
    stored = store.insert_new(connection, cases, rows, ["brand", "platform", "thread_id", "author"])
    opened = {_thread(row): ledger.case_of(row) for row in stored}
    for post, verdict in posts:
        if _thread(post) not in opened:  # another process was first, with another post of the same customer
            _customer_posted(store, connection, post, verdict, ladder, now)
    held = [(post, opened[_thread(post)]) for post, _ in posts if _thread(post) in opened]
    if held:
        _attach(connection, held)
        ledger.log(connection, [(case.id, event) for post, case in held for event in _beginning(post)])
        _look_back(connection, [case for _, case in held], now)


def _new(post: Row[Any], ladder: Ladder, now: datetime, *, urgent: bool) -> dict[str, Any]:
    climbed = ladder.chain(urgent=urgent)
    case = Case(
        id=0,
        brand=post.brand,
        platform=post.platform,
        thread_id=post.thread_id,
        author=_customer(post),
        posted_at=post.posted_at,
        detected_at=post.detected_at,
        respond_by=climbed.later(post.posted_at, climbed.target),
        check_at=now,
        urgent_at=post.posted_at if urgent else None,
    )
    row = {name: getattr(case, name) for name in ledger.FIELDS if name != "id"}
    return row | {"verify_at": ledger.verify_time(case, ladder), "attempts": 0}


def _beginning(post: Row[Any]) -> tuple[Event, Event]:
    complained = Event(at=post.posted_at, kind="complained", actor=post.author)
    return complained, Event(at=post.detected_at, kind="detected")


def _extend(
    connection: Connection, case: Case, post: Row[Any], verdict: Verdict, ladder: Ladder, now: datetime
) -> None:
    if post.case_id == case.id:
        _tell(connection, case, Event(at=now, kind="edited", actor=post.author), verdict, ladder, now, now)
        return
    _attach(connection, [(post, case)])
    stopped = case.stopped_at
    if verdict.is_complaint and stopped is not None and post.posted_at > stopped:
        urgent = case.urgent or _urgent(verdict)
        climbed = ladder.chain(urgent=urgent)
        respond_by = climbed.later(post.posted_at, climbed.target)
        move = moves.complain_again(case, post.posted_at, now, respond_by, urgent=urgent)
        case = ledger.store(connection, case, move, verify_at=ledger.verify_time(move[0], ladder))
        _look_back(connection, [case], now)
    else:
        wrote = Event(at=post.posted_at, kind="wrote_again", actor=post.author)
        _tell(connection, case, wrote, verdict, ladder, post.posted_at, now)


def _tell(
    connection: Connection, case: Case, event: Event, verdict: Verdict, ladder: Ladder, since: datetime, now: datetime
) -> None:
    """Has a case say what is new of it; a post that is urgent `since` then moves it to the urgent ladder."""
    if case.urgent or not case.waiting or not _urgent(verdict):
        ledger.touch(connection, [(case, event)])
        return
    climbed = ladder.chain(urgent=True)
    move = moves.turn_urgent(case, since, climbed.later(since, climbed.target), now)
    ledger.log(connection, [(case.id, event)])
    ledger.store(connection, case, move, verify_at=ledger.verify_time(move[0], ladder))


def _urgent(verdict: Verdict) -> bool:
    return verdict.is_complaint and verdict.severity == "urgent"


def _look_back(connection: Connection, asked: Sequence[Case], now: datetime) -> None:
    """The brand's reply may have been seen before the complaint that it answers. The cases are of different threads."""
    replies = select(mentions).where(
        _in_threads(mentions, asked),
        mentions.c.by_brand,
        mentions.c.deleted_at.is_(None),
        mentions.c.posted_at >= min(case.posted_at for case in asked),
    )
    waiting = {_thread(case): case for case in asked}
    for reply in connection.execute(replies.order_by(mentions.c.posted_at, mentions.c.id)).all():
        case = waiting.get(_thread(reply))
        if case is not None and case.posted_at <= reply.posted_at and _answers(connection, reply, case):
            _answered(connection, case, reply, now)
            del waiting[_thread(reply)]


def _answered(connection: Connection, case: Case, reply: Row[Any], now: datetime) -> None:
    detail = {"url": reply.url} if reply.url else {}
    if case.waiting:
        after, event = moves.answer(case, reply.author, reply.posted_at, by=Stop.BRAND_REPLY)
        event = Event(at=event.at, kind=event.kind, actor=event.actor, detail=detail)
        ledger.store(connection, case, (after, event))
    elif case.stopped_by is Stop.PERSON:
        event = Event(at=reply.posted_at, kind="brand_reply", actor=reply.author, detail=detail)
        ledger.log(connection, [(case.id, event)])
    _attach(connection, [(reply, case)])


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


def _attach(connection: Connection, held: Sequence[tuple[Row[Any], Case]]) -> None:
    """Makes posts part of cases; from now on they are looked up again, since people see them."""
    rows = [{"post": post.id, "case_id": case.id, "recheck_at": post.detected_at} for post, case in held]
    connection.execute(update(mentions).where(mentions.c.id == bindparam("post")), rows)


def _customer(post: Row[Any]) -> str:
    """The name that the case of a post's author goes by."""
    return post.author or f"unknown-{post.id}"


def _thread(near: Any) -> Thread:
    return near.brand, near.platform, near.thread_id


def _in_threads(table: Any, near: Sequence[Any]) -> Any:
    """The rows of the table in the threads of these posts or cases.

    Where these are of several brands or platforms, there may be others with them: of one's thread by another's id.
    """
    return and_(
        table.c.brand.in_({item.brand for item in near}),
        table.c.platform.in_({item.platform for item in near}),
        table.c.thread_id.in_({item.thread_id for item in near}),
    )
