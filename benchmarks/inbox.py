"""How long the server takes for a page of the inbox after a year: 500,000 mentions, 30,000 cases, two cores.

python -m benchmarks.inbox

The baseline is the same page on the same database without the inbox's indexes; a search is then one by LIKE.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from monitor import accounts
from monitor.accounts import Role
from monitor.app import App
from monitor.config import load
from monitor.config.model import Web
from monitor.schema import cases, events, mentions, verdicts
from monitor.store import Store
from monitor.web.server import Server

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
WAITING = 300
"""Cases that are open at the end of the year, on a bad day."""
CONFIG = """
database: sqlite:///{folder}/monitor.db
state: {folder}
brands: [{{name: Lainepost, keywords: [Lainepost]}}, {{name: Põhjasild, keywords: [Põhjasild]}}]
sources: [{{name: export, brand: Lainepost, type: file, path: {folder}/none}}]
classifier: {{type: onnx}}
channels: {{care: {{type: console}}}}
ladders: {{default: {{target: 60m, steps: [{{after: 0m, channel: care}}]}}}}
"""
PAGES = {
    "waiting, least time first": "/",
    "late": "/?state=late",
    "waiting, about a topic": "/?topic=refund",
    "answered, latest first": "/?state=answered",
    "all, latest first": "/?state=all",
    "all, the 200th page": "/?state=all&offset=10000",
    "all, of a rare severity": "/?state=all&severity=urgent",
    "all, in hand of one agent": "/?state=all&assignee=agent7",
    "one case": "/cases/1234",
}
SEARCHES = {"a common word": "pakk", "two words": "pakk hilineb", "a rare word": "jõulukaart"}
LIKE = """
SELECT * FROM cases WHERE id IN (SELECT case_id FROM mentions WHERE case_id IS NOT NULL AND {words})
ORDER BY posted_at DESC LIMIT 51
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mentions", type=int, default=500_000)
    parser.add_argument("--cases", type=int, default=30_000)
    parser.add_argument("--times", type=int, default=15, help="how often each page is asked for")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        app = year(Path(name), options.mentions, options.cases)
        ours = measured(app, options.times)
        theirs = baseline(app, options.times)
        app.close()
    table = Table("page", "median ms", "95th percentile", "baseline, median ms", box=None)
    for what, times in ours.items():
        plain = f"{statistics.median(theirs[what]):.0f}"
        table.add_row(what, f"{statistics.median(times):.0f}", f"{ninety_fifth(times):.0f}", plain)
    Console().print(table)
    slowest = max(statistics.median(times) for times in ours.values())
    Console().print(f"[bold]The slowest page takes {slowest:.0f} ms at {options.mentions:,} mentions[/]")


def measured(app: App, times: int) -> dict[str, list[float]]:
    """Milliseconds from the request to the whole answer, by page."""
    server = Server(app)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    pages = PAGES | {f"search: {what}": f"/?state=all&q={words}" for what, words in SEARCHES.items()}
    with httpx.Client(base_url=server.local_url, headers={"Origin": server.local_url}, timeout=120) as client:
        assert server.link
        assert client.post(server.link.path).status_code == 303
        found = {what: [asked(client, path) for _ in range(times + 1)][1:] for what, path in pages.items()}
    server.stop()
    thread.join()
    return found


def asked(client: httpx.Client, path: str) -> float:
    begun = time.perf_counter()
    answer = client.get(path)
    took = (time.perf_counter() - begun) * 1000
    assert answer.status_code == 200, (path, answer.status_code)
    return took


def baseline(app: App, times: int) -> dict[str, list[float]]:
    with app.store.write() as connection:
        for index in ("ix_cases_state_stopped_at", "ix_cases_posted_at"):
            connection.execute(text(f"DROP INDEX {index}"))
    found = {what: took for what, took in measured(app, times).items() if not what.startswith("search")}
    for what, words in SEARCHES.items():
        wish = " AND ".join(f"text LIKE '%{word}%'" for word in words.split())
        found[f"search: {what}"] = [searched(app.store, LIKE.format(words=wish)) for _ in range(times)]
    return found


def searched(store: Store, statement: str) -> float:
    begun = time.perf_counter()
    with store.read() as connection:
        connection.execute(text(statement)).all()
    return (time.perf_counter() - begun) * 1000


def ninety_fifth(times: list[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))]


def year(folder: Path, posts: int, complaints: int) -> App:
    """An app with a year in its database."""
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(folder=folder), encoding="utf-8")
    app = App(replace(load(config), web=Web(listen="127.0.0.1:0")), lambda: NOW)
    chance = random.Random(4)
    for number in range(10):
        accounts.add_user(app.store, f"agent{number}", Role.AGENT, NOW)
    with app.store.write() as connection:
        for table, rows in (
            (cases, cases_of(chance, complaints)),
            (mentions, mentions_of(chance, posts, complaints)),
            (verdicts, verdicts_of(chance, posts, complaints)),
            (events, events_of(complaints)),
        ):
            _insert(connection, table, rows)
        connection.execute(text("ANALYZE"))
    return app


def cases_of(chance: random.Random, number: int) -> Iterator[dict[str, Any]]:
    for case in range(1, number + 1):
        waits = number - case < WAITING
        posted = NOW - (timedelta(minutes=chance.uniform(1, 90)) if waits else YEAR * (1 - case / number))
        state = (
            chance.choice(("open", "open", "claimed")) if waits else chance.choice(("answered",) * 4 + ("dismissed",))
        )
        yield {
            "id": case, "brand": chance.choice(("Lainepost", "Põhjasild")), "platform": chance.choice(("x", "reddit")),
            "thread_id": f"t{case}", "author": f"customer{case}", "state": state, "round": 1, "level": 1,
            "posted_at": posted, "detected_at": posted, "respond_by": posted + timedelta(hours=1), "attempts": 0,
            "stopped_at": None if waits else posted + timedelta(minutes=chance.expovariate(1 / 40)),
            "stopped_by": None if waits else "person", "version": 2,
            "assignee": None if state == "open" else f"agent{chance.randrange(10)}",
        }  # fmt: skip


def mentions_of(chance: random.Random, number: int, complaints: int) -> Iterator[dict[str, Any]]:
    """A post for every case, a second one for every third, and talk without one."""
    words = [f"sõna{index}" for index in range(5000)]
    for post in range(1, number + 1):
        case = _case_of(post, complaints)
        said = " ".join(chance.choices(words, k=18))
        extra = " pakk hilineb" if post % 4 == 0 else " pakk" if post % 2 else " jõulukaart" if post % 4000 == 2 else ""
        at = NOW - YEAR * (1 - post / number)
        yield {
            "id": post, "brand": "Lainepost", "platform": "x", "external_id": f"p{post}", "source": "export",
            "thread_id": f"t{case or -post}", "author": f"customer{case or -post}", "by_brand": False,
            "text": said + extra, "url": f"https://x.example/{post}", "posted_at": at, "detected_at": at, "lang": "et",
            "attempts": 0, "case_id": case,
        }  # fmt: skip


def verdicts_of(chance: random.Random, number: int, complaints: int) -> Iterator[dict[str, Any]]:
    for post in range(1, number + 1):
        bad = _case_of(post, complaints) is not None
        yield {
            "mention_id": post, "complaint": 0.9 if bad else 0.1, "is_complaint": bad, "sentiment": "negative",
            "language": chance.choice(("et", "en", "ru", "lv")), "topic": chance.choice(("delivery", "refund", "app")),
            "severity": "urgent" if chance.random() < 0.001 else "ordinary", "intent": "complaint", "why": "[]",
            "model": "model@1", "decided_at": NOW,
        }  # fmt: skip


def events_of(complaints: int) -> Iterator[dict[str, Any]]:
    for case in range(1, complaints + 1):
        for kind in ("complained", "detected", "escalated", "alerted", "answered"):
            yield {"case_id": case, "at": NOW, "kind": kind, "actor": "", "detail": "{}"}


def _case_of(post: int, complaints: int) -> int | None:
    return post if post <= complaints else post - complaints if post <= complaints * 4 // 3 else None


def _insert(connection: Any, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    """By the driver itself: half a million rows are to take seconds."""
    first = next(rows)
    names = list(first)
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    cursor = connection.connection.cursor()

    def plain(row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(
            value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
            if isinstance(value, datetime)
            else value
            for value in row.values()
        )

    cursor.execute(statement, plain(first))
    cursor.executemany(statement, map(plain, rows))


if __name__ == "__main__":
    main()
