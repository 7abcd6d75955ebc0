"""What must hold of the database, the files and Slack, whenever and however often the monitor was killed."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.exc import DBAPIError

from benchmarks.kill_world import LEASE, SIGN, STEPS, TIMEOUT, Crowd, Slack
from monitor.schema import cases, mentions, outbox, sources, verdicts
from monitor.store import Store

FOREVER = datetime.max.replace(tzinfo=UTC)
IN_FLIGHT = (LEASE / 2 + TIMEOUT).total_seconds() + 0.5
"""Seconds that a message may arrive after the answer was stored: it had been read, and was on its way."""


@dataclass
class Witness:
    """Looks into the database from outside while the monitor lives and dies."""

    store: Store
    crowd: Crowd
    looks: int = 0
    wrong: list[str] = field(default_factory=list)
    silenced: dict[str, float] = field(default_factory=dict)
    """When rounds of cases, `case:7:1`, were first seen to wait no longer."""

    def look(self) -> None:
        """One look at a single moment: no cursor is ahead of its posts; which cases need no more alerts."""
        try:
            with self.store.read() as connection:
                cursors = {row.name: row.cursor for row in connection.execute(select(sources.c.name, sources.c.cursor))}
                stored = set(connection.scalars(select(mentions.c.external_id)))
                settled = connection.execute(select(cases.c.id, cases.c.round, cases.c.state)).all()
        except DBAPIError:
            return  # the tables are not there yet
        self.looks += 1
        for name, cursor in cursors.items():
            read = [post for post, end in self.crowd.feeds[name].ends if end <= cursor.get("offset", 0)]
            if ahead := [post for post in read if post not in stored]:
                self.wrong.append(f"the cursor of {name} is ahead of its posts {', '.join(ahead[:5])}")
        for case in settled:
            for number in range(1, case.round + (case.state != "open")):
                self.silenced.setdefault(f"case:{case.id}:{number}", time.time())

    def left(self, by: datetime = FOREVER) -> bool:
        """There is work that is due by then: a post unread, a ladder not climbed, a message in the outbox."""
        with self.store.read() as connection:
            due = [mentions.c.triage_at <= by, cases.c.check_at <= by, outbox.c.due_at <= by]
            read = connection.scalar(select(func.count()).select_from(mentions))
            return read != self.crowd.posts or any(connection.scalar(select(func.count()).where(row)) for row in due)


@dataclass(frozen=True)
class Findings:
    """What there is at the end, and what is wrong with it."""

    figures: dict[str, int]
    wrong: list[str]


def verify(witness: Witness, slack: Slack) -> Findings:
    """Everything that was promised, checked from the database, the files and Slack's own record."""
    with witness.store.read() as connection:
        posts = connection.execute(
            select(mentions, verdicts.c.is_complaint).outerjoin(verdicts, verdicts.c.mention_id == mentions.c.id)
        ).all()
        every_case = connection.execute(select(cases).order_by(cases.c.id)).all()
        rows = connection.execute(select(outbox)).all()
    rooms = {name: slack.messages(room) for name, room in {"care": "care", "managers": "leads"}.items()}
    journal = [json.loads(line) for line in slack.journal.read_text("utf-8").splitlines()]
    withdrawn = {line["ts"] for line in journal if line["method"] == "chat.delete"}
    posted = [line for line in journal if line["method"] == "chat.postMessage" and line["ts"] not in withdrawn]
    keys = Counter(_key(message) for message in posted)
    wrong = [
        *witness.wrong,
        *_posts(witness.crowd, posts, every_case),
        *_once(every_case, keys),
        *_settled(rows, rooms),
        *_silent(posted, witness.silenced),
        *_shown(every_case, rooms, posts),
    ]
    figures = {
        "posts": len(posts),
        "complaints": sum(bool(post.is_complaint) for post in posts),
        "cases": len(every_case),
        "of them answered": sum(case.state == "answered" for case in every_case),
        "rounds after the first": sum(case.round - 1 for case in every_case),
        "messages": len(posted),
        "edits": sum(line["method"] == "chat.update" for line in journal),
        "taken back": len(withdrawn),
        "looks from outside": witness.looks,
    }
    return Findings(figures, wrong)


def _posts(crowd: Crowd, posts: Sequence[Row[Any]], every_case: Sequence[Row[Any]]) -> Iterator[str]:
    stored = Counter(post.external_id for post in posts)
    written = {post for feed in crowd.feeds.values() for post, _ in feed.ends}
    yield from (f"post {post} is lost" for post in sorted(written - stored.keys()))
    yield from (f"post {post} was never written, or twice stored" for post in stored if post not in written)
    threads = {(case.thread_id, case.author): case.id for case in every_case}
    for post in posts:
        if post.by_brand:
            continue
        if post.is_complaint is None:
            yield f"post {post.external_id} has no verdict"
        if post.is_complaint and (post.case_id is None or threads.get((post.thread_id, post.author)) != post.case_id):
            yield f"complaint {post.external_id} has no case"


def _once(every_case: Sequence[Row[Any]], keys: Counter[str]) -> Iterator[str]:
    yield from (f"{key} was sent {times} times" for key, times in keys.items() if times > 1)
    for case in every_case:
        if case.state == "open":
            wanted = [f"case:{case.id}:{case.round}:{step}" for step in range(len(STEPS))]
            yield from (f"{key} was never sent" for key in wanted if key not in keys)


def _settled(rows: Sequence[Row[Any]], rooms: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """The outbox tells of every message that is there, and of no other."""
    for row in rows:
        if row.state not in ("sent", "cancelled"):
            yield f"{row.key} was left {row.state}: {row.error}"
    told = {row.key: row.reference for row in rows if row.state == "sent" and row.kind != "update"}
    there = {_key(message): message["ts"] for messages in rooms.values() for message in messages}
    for key in sorted(told.keys() | there.keys()):
        if (told.get(key) or ":").partition(":")[2] != there.get(key, ""):
            yield f"{key} is in Slack at {there.get(key)}, in the outbox at {told.get(key)}"


def _silent(posted: list[dict[str, Any]], silenced: dict[str, float]) -> Iterator[str]:
    for message in posted:
        key = _key(message)
        late = float(message["ts"]) - silenced.get(key.rpartition(":")[0], float("inf"))
        if late > IN_FLIGHT:
            yield f"{key} was sent {late:.1f} s after the answer"


def _shown(
    every_case: Sequence[Row[Any]], rooms: dict[str, list[dict[str, Any]]], posts: Sequence[Row[Any]]
) -> Iterator[str]:
    """Each case has one first message a channel, which shows its state, and while it waits its latest post."""
    for channel, messages in rooms.items():
        first = {message["ts"]: message for message in messages if "thread_ts" not in message}
        roots: dict[str, list[dict[str, Any]]] = {}
        for message in messages:
            number, root = _key(message).split(":")[1], first[message.get("thread_ts", message["ts"])]
            if root not in roots.setdefault(number, []):
                roots[number].append(root)
        for case in every_case:
            found = roots.get(str(case.id), [])
            if len(found) > 1:
                yield f"case {case.id} has {len(found)} first messages in {channel}"
            for root in found:
                if not root["text"].startswith(SIGN[case.state]):
                    yield f"case {case.id} is {case.state}, but {channel} shows {root['text'][:40]!r}"
                own = [post for post in posts if post.case_id == case.id and not post.by_brand]
                latest = max(own, key=lambda post: (post.posted_at, post.id))
                if case.state == "open" and latest.text not in json.dumps(root["blocks"], ensure_ascii=False):
                    yield f"case {case.id}: {channel} does not show {latest.text!r}"


def _key(message: dict[str, Any]) -> str:
    return str(message["metadata"]["event_payload"]["key"])


def said(folder: Path) -> dict[str, int]:
    """What the monitor's processes complained of, counted."""
    log = folder.joinpath("said.txt").read_text("utf-8", "replace")
    return {
        word: log.count(word)
        for word in ("Traceback", "database is locked", "deadlock detected", "can't be opened", "The database failed")
    }
