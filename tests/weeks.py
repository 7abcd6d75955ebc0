"""Weeks of a brand as rows: random ones, or told post by post, for the tests of figures."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import insert

from monitor.schema import cases, events, feedback, mentions, verdicts
from monitor.store import Store

TOPICS = ("delivery", "billing", "outage", None)
LANGUAGES = ("et", "en", "ru", None)
PLATFORMS = ("x", "reddit", "bluesky")
STATES = ("open", "claimed", "answered", "answered", "answered", "dismissed", "withdrawn")


class Weeks:
    """Writes rows into a store, each case with its first complaint."""

    def __init__(self, store: Store, brand: str = "Lainepost") -> None:
        self.store, self.brand = store, brand
        self.rows: dict[Any, list[dict[str, Any]]] = {
            table: [] for table in (cases, mentions, verdicts, events, feedback)
        }
        self._ids = 0

    def post(self, at: datetime, text: str = "Tere!", **more: Any) -> int:
        """A customer's post and its verdict; no case. Its id."""
        self._ids += 1
        said = {name: more.pop(name) for name in ("topic", "intent", "severity") if name in more}
        language = more.pop("language", "et")
        judged = more.pop("judged", True)
        complaint = more.pop("is_complaint", False)
        post = {
            "id": self._ids, "brand": self.brand, "platform": "x", "external_id": f"p{self._ids}", "source": "x",
            "thread_id": f"t{self._ids}", "author": f"user{self._ids}", "by_brand": False, "text": text,
            "url": f"https://x.example/{self._ids}", "lang": None, "posted_at": at, "detected_at": at,
            "skipped": None, "case_id": None, "followers": None, "erased_at": None,
        }  # fmt: skip
        self.rows[mentions].append(post | more)
        if judged:
            verdict = {"complaint": 0.9 if complaint else 0.1, "is_complaint": complaint, "sentiment": "negative"}
            verdict |= {"language": language, "topic": None, "severity": None, "intent": None} | said
            self.rows[verdicts].append(
                verdict | {"mention_id": self._ids, "why": [], "model": "plain@1", "decided_at": at}
            )
        return self._ids

    def case(self, at: datetime, minutes: float | None = None, **more: Any) -> int:
        """A complaint posted then, and answered after so many minutes; None: it waits. The case's id."""
        facts = {name: more.pop(name) for name in tuple(more) if name in cases.c}
        number = len(self.rows[cases]) + 1
        stopped = None if minutes is None else at + timedelta(minutes=minutes)
        row = {
            "id": number, "brand": self.brand, "platform": more.get("platform", "x"), "thread_id": f"c{number}",
            "author": f"user{number}", "state": "open" if stopped is None else "answered", "round": 1, "level": 0,
            "posted_at": at, "detected_at": at + timedelta(minutes=1), "respond_by": at + timedelta(hours=1),
            "alerted_at": at + timedelta(minutes=2), "stopped_at": stopped,
            "stopped_by": None if stopped is None else "brand_reply", "version": 1,
        }  # fmt: skip
        self.rows[cases].append(row | facts)
        self.post(at, **{"is_complaint": True, "text": "Pakk on kadunud", "case_id": number} | more)
        return number

    def event(self, case_id: int, kind: str, at: datetime) -> None:
        self.rows[events].append({"case_id": case_id, "at": at, "kind": kind, "actor": "kati", "detail": {}})

    def judge(self, mention_id: int, how: str, at: datetime) -> None:
        facts = {"mention_id": mention_id, "is_complaint": how != "dismissed", "how": how, "by": "kati", "at": at}
        self.rows[feedback].append(facts | {"model": "plain@1", "complaint": 0.9})

    def write(self) -> None:
        with self.store.write() as connection:
            for table, rows in self.rows.items():
                if rows:
                    connection.execute(insert(table), rows)
        self.rows = {table: [] for table in self.rows}


def at_random(weeks: Weeks, random: Random, since: datetime, days: int, posts: int) -> None:
    """Fills so many days with posts, most of them in cases in whatever state."""
    for _ in range(posts):
        at = since + timedelta(seconds=random.randrange(days * 86400))
        said = {"topic": random.choice(TOPICS), "language": random.choice(LANGUAGES), "lang": random.choice(LANGUAGES)}
        said |= {"platform": random.choice(PLATFORMS), "severity": random.choice(("urgent", "ordinary", None))}
        if random.random() < 0.4:
            skipped = random.choice((None, None, "ads"))
            weeks.post(at, **said, by_brand=random.random() < 0.1, skipped=skipped, judged=skipped is None)
            continue
        state = random.choice(STATES)
        minutes = random.choice((5, 30, 60, random.randrange(1, 3000)))
        number = weeks.case(
            at, None if state in ("open", "claimed") else minutes, state=state, round=random.choice((1, 1, 2)),
            detected_at=at + timedelta(seconds=random.randrange(3600)),
            alerted_at=random.choice((None, at + timedelta(hours=1))), **said,
        )  # fmt: skip
        first = len(weeks.rows[mentions])
        weeks.post(at + timedelta(minutes=1), case_id=number, is_complaint=random.random() < 0.5, severity="urgent")
        if random.random() < 0.2:
            weeks.event(number, random.choice(("reopened", "claimed")), at)
        if state == "dismissed" and random.random() < 0.5:
            weeks.judge(weeks.rows[mentions][first - 1]["id"], "dismissed", at)
