"""What an `escalate` pass with nothing due costs, at 1,000 and at 100,000 open cases.

python -m benchmarks.escalation
"""

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import insert

from alerts.ladder import Ladder, Step
from monitor.jobs.escalate import escalate
from monitor.schema import cases
from monitor.store import Store

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LADDER = Ladder(target=HOUR, steps=(Step(after=timedelta(), channel="care"), Step(after=HOUR, channel="managers")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passes", type=int, default=300, help="passes timed at each size, in turn")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stores = {size: filled(Path(folder), size) for size in (1_000, 100_000)}
        times: dict[int, list[float]] = {size: [] for size in stores}
        for _ in range(options.passes):
            for size, store in stores.items():
                begun = time.perf_counter()
                escalate(store, lambda brand: LADDER, NOW)
                times[size].append(time.perf_counter() - begun)
    table = Table("open cases", "median ms a pass", box=None)
    medians = {size: statistics.median(found) for size, found in times.items()}
    for size, median in medians.items():
        table.add_row(f"{size:,}", f"{median * 1000:.2f}")
    Console().print(table)
    Console().print(f"[bold]{medians[100_000] / medians[1_000]:.2f} times the cost for 100 times the cases[/]")


def filled(folder: Path, size: int) -> Store:
    store = Store(f"sqlite:///{folder}/{size}.db")
    store.prepare()
    row = {
        "brand": "b",
        "platform": "x",
        "thread_id": "t",
        "state": "open",
        "round": 1,
        "level": 1,
        "posted_at": NOW,
        "detected_at": NOW,
        "respond_by": NOW + HOUR,
        "check_at": NOW + HOUR,
        "version": 1,
    }
    with store.write() as connection:
        connection.execute(insert(cases), [row | {"author": f"u{number}"} for number in range(size)])
    return store


if __name__ == "__main__":
    main()
