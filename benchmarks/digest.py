"""What a week's digest costs with half a year and with a year of posts behind it: as much as its own nine weeks.

python -m benchmarks.digest        (500,000 posts and 30,000 cases a year)
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from sqlalchemy import insert

from monitor.digest.edition import edit
from monitor.digest.review import About, review
from monitor.digest.week import Week
from monitor.schema import cases, mentions, verdicts
from monitor.store import Store

END = datetime(2026, 11, 23, 6, tzinfo=UTC)
TOPICS = ("delivery", "billing", "refund", "outage", "app", "other")
WORDS = [" ".join(Random(seed).sample(TOPICS * 3, 12)) for seed in range(500)]
CHUNK = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=500_000, help="a year")
    parser.add_argument("--cases", type=int, default=30_000, help="a year")
    options = parser.parse_args()
    table = Table("behind it", "posts", "cases", "figures s", "page, mail, PDF s", "in all s", "of it CPU s", box=None)
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for name, days in (("half a year", 182), ("a year", 364)):
            posts, found = options.posts * days // 364, options.cases * days // 364
            store = filled(Path(folder), days, posts, found)
            (read, read_cpu), (drawn, drawn_cpu) = timed(store)
            figures.append(read_cpu)
            seconds = (read, drawn, read + drawn, read_cpu + drawn_cpu)
            cells = (f"{posts:,}", f"{found:,}", *(f"{second:.2f}" for second in seconds))
            table.add_row(name, *cells)
            store.close()
    Console().print(table)
    Console().print(f"[bold]{figures[1] / figures[0]:.2f} times the CPU time of the figures for twice the posts[/]")


def timed(store: Store) -> tuple[tuple[float, float], tuple[float, float]]:
    """The best of three: the figures, and everything that is made of them."""
    zone = ZoneInfo("Europe/Tallinn")
    about = About(
        brand="b", week=Week.named("2026-W47"), zone=zone, target=timedelta(hours=1), sources=("x",), keywords=()
    )
    read = min(spent(lambda: review(store, about, END)) for _ in range(3))
    found = review(store, about, END)

    def draw() -> None:
        edition = edit(found, "et")
        edition.page()
        edition.message("k")

    return read, min(spent(draw) for _ in range(2))


def spent(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds on the clock, and of this process's CPU time, which tells more on a busy machine."""
    begun, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begun, time.process_time() - used


def filled(folder: Path, days: int, posts: int, found: int) -> Store:
    """Posts and cases spread evenly over so many days before END."""
    store = Store(f"sqlite:///{folder}/{days}.db")
    store.prepare()
    random = Random(days)
    with store.write() as connection:
        for start in range(0, found, CHUNK):
            numbers = range(start, min(start + CHUNK, found))
            connection.execute(insert(cases), [case(number, random, days) for number in numbers])
        for start in range(0, posts, CHUNK):
            numbers = range(start, min(start + CHUNK, posts))
            written = [post(number, random, days, found) for number in numbers]
            connection.execute(insert(mentions), [row for row, _ in written])
            connection.execute(insert(verdicts), [verdict for _, verdict in written])
        connection.exec_driver_sql("ANALYZE")
    return store


def case(number: int, random: Random, days: int) -> dict[str, Any]:
    at = moment(random, days)
    stopped = at + timedelta(minutes=random.expovariate(1 / 60)) if random.random() < 0.9 else None
    return {
        "id": number + 1, "brand": "b", "platform": random.choice(("x", "reddit", "bluesky")), "thread_id": str(number),
        "author": "a", "state": "answered" if stopped else "open", "round": 1, "level": 1, "posted_at": at,
        "detected_at": at + timedelta(minutes=1), "respond_by": at + timedelta(hours=1), "version": 1,
        "alerted_at": at + timedelta(minutes=2), "stopped_at": stopped,
        "stopped_by": "brand_reply" if stopped else None,
    }  # fmt: skip


def post(number: int, random: Random, days: int, found: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first posts are the complaints of the cases."""
    complaint, at = number < found, moment(random, days)
    words = WORDS[random.randrange(len(WORDS))]
    row = {
        "id": number + 1, "brand": "b", "platform": "x", "external_id": str(number), "source": "x",
        "thread_id": str(number), "author": f"a{number}", "by_brand": False, "text": words, "posted_at": at,
        "url": f"https://x.example/{number}", "detected_at": at, "case_id": number + 1 if complaint else None,
    }  # fmt: skip
    verdict = {
        "mention_id": number + 1, "complaint": 0.9 if complaint else 0.1, "is_complaint": complaint, "model": "m@1",
        "sentiment": "neutral", "language": "et", "topic": random.choice(TOPICS), "severity": "ordinary",
        "intent": "question" if number % 9 == 8 else "other", "why": [], "decided_at": at,
    }  # fmt: skip
    return row, verdict


def moment(random: Random, days: int) -> datetime:
    return END - timedelta(seconds=random.randrange(days * 86400))


if __name__ == "__main__":
    main()
