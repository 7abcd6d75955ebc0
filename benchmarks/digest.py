"""What a digest costs: in all its forms, with more and more history behind its week, and in a week of twice the posts.

python -m benchmarks.digest        (500,000 posts and 30,000 cases a year)

The baseline of each row is the first one's: the same week with three months behind it.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from benchmarks.year import Year, fill
from monitor.digest.edition import edit
from monitor.digest.review import About, review
from monitor.digest.week import Week
from monitor.store import Store

END = datetime(2026, 11, 23, 6, tzinfo=UTC)
BRAND, LOUD = "Lainepost", "Põhjasild"
QUARTER = timedelta(days=91)
HISTORY = (("three months", 1), ("a year", 4), ("two years", 8))
"""And how many quarters that is."""
LIMIT = 10.0
"""Seconds that a digest may take."""

Cost = tuple[float, float]
"""Seconds on the clock, and of this process's CPU time, which tells more on a busy machine."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=500_000, help="a year")
    parser.add_argument("--cases", type=int, default=30_000, help="a year")
    options = parser.parse_args()
    posts, cases = options.posts // 4, options.cases // 4
    table = Table(
        "behind the week", "posts", "figures s", "four forms s", "in all s", "of it CPU s", "figures", box=None
    )
    costs: list[tuple[Cost, Cost, int]] = []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/monitor.db")
        store.prepare()
        kept = 0
        for name, quarters in HISTORY:
            for back in range(kept, quarters):
                quarter(store, BRAND, back, posts, cases)
            kept = quarters
            costs.append(measured(store, BRAND))
            table.add_row(name, f"{posts * quarters:,}", *shown(costs))
        quarter(store, LOUD, 0, 2 * posts, 2 * cases)
        costs.append(measured(store, LOUD))
        table.add_row("three months, twice the posts", f"{2 * posts:,}", *shown(costs))
        store.close()
    Console().print(table)
    slowest = max(figures[0] + forms[0] for figures, forms, _ in costs)
    first, *_, oldest, loud = [figures[1] for figures, *_ in costs]
    Console().print(
        f"[bold]A digest takes {slowest:.1f} s at most (limit {LIMIT:.0f} s). With eight times the history its figures "
        f"take {oldest / first:.2f} times the CPU time, with {costs[-1][2] / costs[0][2]:.2f} times the posts in its "
        f"weeks {loud / first:.2f} times.[/]"
    )


def quarter(store: Store, brand: str, back: int, posts: int, cases: int) -> None:
    end = END - back * QUARTER
    waiting = 0 if back else 100
    fill(store, Year(end=end, days=QUARTER.days, posts=posts, cases=cases, waiting=waiting, brands=[brand], seed=back))


def measured(store: Store, brand: str) -> tuple[Cost, Cost, int]:
    """The best of three: the figures, and the page, mail, PDF and Slack message that are made of them; and the posts
    in the weeks that they are about."""
    week, zone = Week.named("2026-W47"), ZoneInfo("Europe/Tallinn")
    about = About(brand=brand, week=week, zone=zone, target=timedelta(hours=1), sources=("export",))
    found = review(store, about, END)

    def draw() -> None:
        edition = edit(found, "et")
        edition.page()
        edition.message("k")

    return least(lambda: review(store, about, END)), least(draw), sum(week.posts.posts for week in found.weeks)


def least(work: Callable[[], Any]) -> Cost:
    return min(spent(work) for _ in range(3))


def spent(work: Callable[[], Any]) -> Cost:
    begun, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begun, time.process_time() - used


def shown(costs: list[tuple[Cost, Cost, int]]) -> list[str]:
    (read, read_cpu), (drawn, drawn_cpu), _ = costs[-1]
    times = read_cpu / costs[0][0][1]
    return [*(f"{second:.2f}" for second in (read, drawn, read + drawn, read_cpu + drawn_cpu)), f"×{times:.2f}"]


if __name__ == "__main__":
    main()
