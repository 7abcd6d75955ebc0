"""How long the server takes for a page of the inbox after a year: 500,000 mentions, 30,000 cases, two cores.

python -m benchmarks.inbox

On SQLite and on PostgreSQL. The baseline is the same page from the same database without the inbox's own indexes; a
search is then one by LIKE.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from alerts import case as moves
from benchmarks.year import COMMON, RARE, Year, databases, fill
from monitor import accounts, inbox
from monitor.accounts import Role
from monitor.app import App
from monitor.config import load
from monitor.config.model import Web
from monitor.store import Store
from monitor.web.server import Server

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WATCHERS = 20
CONFIG = """
database: {database}
state: {folder}
brands: [{{name: Lainepost, keywords: [Lainepost]}}, {{name: Põhjasild, keywords: [Põhjasild]}}]
sources: [{{name: export, brand: Lainepost, type: file, path: {folder}/none}}]
classifier: {{type: onnx}}
channels: {{care: {{type: console}}}}
ladders: {{default: {{target: 60m, steps: [{{after: 0m, channel: care}}]}}}}
"""
LISTS = {
    "waiting, least time first": "/",
    "late": "/?state=late",
    "answered, latest first": "/?state=answered",
    "all, latest first": "/?state=all",
    "all, the 200th page": "/?state=all&offset=10000",
    "of one brand": "/?state=all&brand=Lainepost",
    "of one platform": "/?state=all&platform=reddit",
    "of a platform where nobody wrote": "/?state=all&platform=rss",
    "about a topic": "/?state=all&topic=refund",
    "in one language": "/?state=all&language=ru",
    "urgent, which is rare": "/?state=all&severity=urgent",
    "in one agent's hand": "/?state=all&assignee=agent7",
}
SEARCHES = {
    "a common word": COMMON, "two words": f"{COMMON} vasta", "a rare word": RARE, "one letter": "p",
    "a name": "customer123",
}  # fmt: skip
OTHERS = {
    "one case": "/cases/1234",
    "figures of four weeks": "/figures",
    "figures of a quarter": "/figures?since=2026-08-25&until=2026-11-23",
    "cases behind a figure": "/?state=all&figure=late&since=2026-10-27&until=2026-11-23",
}
INDEXES = (
    "ix_cases_state_stopped_at",
    "ix_cases_posted_at",
    "ix_mentions_posted_at_by_brand_brand_platform_lang",
)
LIKE = """
SELECT * FROM cases WHERE id IN (SELECT case_id FROM mentions WHERE case_id IS NOT NULL AND {words})
ORDER BY posted_at DESC LIMIT 51
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mentions", type=int, default=500_000)
    parser.add_argument("--cases", type=int, default=30_000)
    parser.add_argument("--times", type=int, default=20, help="how often each page is asked for")
    options = parser.parse_args()
    year = Year(end=NOW, posts=options.mentions, cases=options.cases)
    with tempfile.TemporaryDirectory() as name, databases(Path(name)) as found:
        for database, url in found.items():
            app = made(Path(name), url, year)
            report(database, app, options.times)
            app.close()


def made(folder: Path, url: str, year: Year) -> App:
    """An app with the year in its database."""
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(folder=folder, database=url), encoding="utf-8")
    app = App(replace(load(config), web=Web(listen="127.0.0.1:0")), lambda: NOW)
    for number in range(10):
        accounts.add_user(app.store, f"agent{number}", Role.AGENT, NOW)
    fill(app.store, year)
    return app


def report(database: str, app: App, times: int) -> None:
    pages = LISTS | {f"search: {what}": f"/?state=all&q={words}" for what, words in SEARCHES.items()} | OTHERS
    with served(app) as client:
        ours = {what: asked(client, path, times) for what, path in pages.items()}
        ours[f"waiting, while {WATCHERS} watch"], heard = watched(app, client, times)
        ours["the counts alone"] = timed(lambda: inbox.counts(app.store, NOW, NOW - timedelta(hours=12)), times)
        ours["the pulse, once a second"] = timed(lambda: inbox.pulse(app.store), times)
    theirs = baseline(app, pages, times)
    table = Table(database, "p50 ms", "p95 ms", "baseline, p50 ms", box=None)
    for what, took in ours.items():
        plain = f"{statistics.median(theirs[what]):.0f}" if what in theirs else ""
        table.add_row(what, f"{statistics.median(took):.0f}", f"{ninety_fifth(took):.0f}", plain)
    console = Console()
    console.print(table)
    slowest = max((ninety_fifth(took), what) for what, took in ours.items() if what not in OTHERS)
    console.print(f"[bold]{database}: the slowest list takes {slowest[0]:.0f} ms at p95 ({slowest[1]})[/]")
    console.print(
        f"[bold]{database}: a change is on {WATCHERS} open pages after {statistics.median(heard) * 1000:.0f} ms, "
        f"on the last after {max(heard) * 1000:.0f} ms (the database is asked once a second)[/]\n"
    )


@contextmanager
def served(app: App) -> Iterator[httpx.Client]:
    server = Server(app)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    with httpx.Client(base_url=server.local_url, headers={"Origin": server.local_url}, timeout=120) as client:
        assert server.link
        assert client.post(server.link.path).status_code == 303
        yield client
    server.stop()
    thread.join()


def asked(client: httpx.Client, path: str, times: int) -> list[float]:
    """From the request to the whole answer."""

    def ask() -> None:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)

    return timed(ask, times)


def timed(work: Callable[[], object], times: int) -> list[float]:
    """Milliseconds, after a first time that is not counted."""
    found = []
    for _ in range(times + 1):
        begun = time.perf_counter()
        work()
        found.append((time.perf_counter() - begun) * 1000)
    return found[1:]


def watched(app: App, client: httpx.Client, times: int) -> tuple[list[float], list[float]]:
    """The list's times while people watch, and the seconds after which each of them heard of a claim."""
    heard: list[float] = []
    ready = Barrier(WATCHERS + 1)
    begun = [0.0]

    def watch() -> None:
        with client.stream("GET", "/live", headers={"Last-Event-ID": pulse}) as stream:
            lines = stream.iter_lines()
            next(lines)
            ready.wait()
            next(line for line in lines if line.startswith("data: "))
            heard.append(time.perf_counter() - begun[0])

    pulse = client.get("/").text.partition('data-pulse="')[2].partition('"')[0]
    people = [Thread(target=watch) for _ in range(WATCHERS)]
    for each in people:
        each.start()
    ready.wait()
    took = asked(client, "/", times)
    claimed = int(client.get("/?state=open").text.partition('id="case-')[2].partition('"')[0])
    begun[0] = time.perf_counter()
    app.act(claimed, lambda case, now: moves.claim(case, "agent1", now))
    for each in people:
        each.join()
    return took, heard


def baseline(app: App, pages: dict[str, str], times: int) -> dict[str, list[float]]:
    with app.store.write() as connection:
        for index in INDEXES:
            connection.execute(text(f"DROP INDEX {index}"))
    with served(app) as client:
        found = {what: asked(client, path, times) for what, path in pages.items() if not what.startswith("search")}
    for what, words in SEARCHES.items():
        wish = " AND ".join(f"text LIKE '%{word}%'" for word in words.split())
        statement = LIKE.format(words=wish)
        found[f"search: {what}"] = timed(lambda: searched(app.store, statement), times)  # noqa: B023
    return found


def searched(store: Store, statement: str) -> None:
    with store.read() as connection:
        connection.execute(text(statement)).all()


def ninety_fifth(times: Sequence[float]) -> float:
    return sorted(times)[round(0.95 * (len(times) - 1))]


if __name__ == "__main__":
    main()
