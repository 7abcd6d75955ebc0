"""Measures which posts are left out: what each rule catches and how many complaints it costs, how copies are told.

Run: python -m benchmarks.relevance [--stored 20000]
The posts are the project's own, written for training: no complaint left out is the aim. The rules were written with
these posts at hand, so what they catch among others is less. Times are processor seconds.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from alerts.beginnings import without_accents
from benchmarks.posts import OWN
from connectors.base import Found, Mention, Watch
from monitor.config.model import KINDS, Relevance
from monitor.copies import fingerprint, is_copy
from monitor.jobs.collect import save
from monitor.relevance import TABLE, Sieve, matching, may_complain
from monitor.store import Store

GROUPS = ("complaint", "ad", "news", "other")
"""Of posts, as the data names them."""
PAGE = 100
LINES = TABLE.read_text("utf-8").splitlines()
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, default=20_000, help="posts stored when looking for copies is timed")
    options = parser.parse_args()
    console = Console()
    posts = [
        json.loads(line) for file in sorted(OWN.glob("*-*.jsonl")) for line in file.read_text("utf-8").splitlines()
    ]
    rules(console, posts)
    copies(console, [post["text"] for post in posts if post["complaint"]])
    speed(console, [post["text"] for post in posts], options.stored)


def group(post: dict[str, Any]) -> str:
    return "complaint" if post["complaint"] else post["kind"] if post["kind"] in GROUPS else "other"


def rules(console: Console, posts: Sequence[dict[str, Any]]) -> None:
    """What each rule catches; in brackets what it would catch if nothing kept a post."""
    out: Counter[tuple[str, str]] = Counter()
    met: Counter[tuple[str, str]] = Counter()
    total = Counter(map(group, posts))
    for post in posts:
        found = list(matching(post["text"], KINDS))
        kept = may_complain(post["text"])
        hits = {name for kind, line, _ in found for name in (_rule(line), f"all {kind}", "all rules")}
        met.update((name, group(post)) for name in hits)
        out.update((name, group(post)) for name in hits if not kept)
    table = Table(title="left out (met by the rule)", box=None, header_style="dim")
    table.add_column("rule", no_wrap=True)
    for name in GROUPS:
        table.add_column(f"{name}, of {total[name]}", justify="right")
    for name in sorted({name for name, _ in met}, key=lambda name: (name.startswith("all"), name)):
        table.add_row(name, *(f"{out[name, kind]} ({met[name, kind]})" for kind in GROUPS))
    console.print(table)
    shares = (f"{kind} {out['all rules', kind] / total[kind]:.2%}" for kind in GROUPS)
    console.print("share left out:", ", ".join(shares), highlight=False)


def _rule(line: int) -> str:
    """The rule on a line of the table, as far as it fits."""
    return " ".join(LINES[line - 1].split())[:40]


def copies(console: Console, complaints: Sequence[str]) -> None:
    """How many complaints of different people would be taken for copies, and how many copies are known as such."""
    prints = [set(fingerprint(text, "")) for text in complaints]
    by_value: dict[int, list[int]] = {}
    asked = wrong = 0
    for number, values in enumerate(prints):
        like = {other for value in values for other in by_value.get(value, ())}
        asked += len(like)
        wrong += any(is_copy(complaints[number], complaints[other]) for other in like)
        for value in values:
            by_value.setdefault(value, []).append(number)
    console.print(
        f"{len(complaints)} complaints by as many people: {wrong} taken for copies, "
        f"{asked / len(complaints):.3f} texts compared for each",
        highlight=False,
    )
    table = Table("copies made of complaints of 12 words and more", "known as such")
    long = [(text, values) for text, values in zip(complaints, prints, strict=True) if len(text.split()) >= 12]
    for name, change in CHANGES.items():
        changed = [(change(text), text, values) for text, values in long]
        known = sum(is_copy(new, old) and bool(set(fingerprint(new, "")) & values) for new, old, values in changed)
        table.add_row(name, f"{known / len(long):.1%}")
    console.print(table)


def _mistyped(text: str) -> str:
    words = text.split()
    at = max(range(len(words)), key=lambda at: (not any(map(str.isdigit, words[at])), len(words[at])))
    return " ".join([*words[:at], words[at][:-1] + "x", *words[at + 1 :]])


def _cut(text: str) -> str:
    words = text.split()
    return " ".join(words[: len(words) - len(words) // 10]) + "…"


CHANGES = {
    "shouted, with a link and emoji": lambda text: f"{text.upper()} 😡😡 https://x.example/1",
    "without accents, to a handle": lambda text: f"@somebody {without_accents(text)}",
    "passed on as RT @user: …": lambda text: f"RT @user: {text}",
    "one word mistyped": _mistyped,
    "its last tenth cut off": _cut,
}


def speed(console: Console, texts: Sequence[str], stored: int) -> None:
    """Processor time of sifting, alone and in the database, while the table grows."""
    begun = time.process_time()
    sieve = Sieve(Watch(brand="Lainepost", keywords=("Lainepost",)), Relevance())
    for text in texts:
        sieve.reason(text, "mari", reply=False)
    alone = (time.process_time() - begun) / len(texts)
    begun = time.process_time()
    for text in texts:
        fingerprint(text, "")
    console.print(
        f"one post: rules {alone * 1e6:.0f} µs, fingerprint {(time.process_time() - begun) / len(texts) * 1e6:.0f} µs",
        highlight=False,
    )
    table = Table("posts stored", f"a page of {PAGE}, judged by rules alone", "and looked for copies")
    with TemporaryDirectory() as folder:
        timed = [
            timings(Path(folder) / name, Sieve(sieve.watch, Relevance(skip=kinds)), texts, stored)
            for name, kinds in (("rules.db", KINDS[:-1]), ("copies.db", KINDS))
        ]
    for (so_many, rules_alone), (_, with_copies) in zip(*timed, strict=True):
        table.add_row(f"{so_many:,}", f"{rules_alone * 1000:.1f} ms", f"{with_copies * 1000:.1f} ms")
    console.print(table)


def timings(file: Path, sieve: Sieve, texts: Sequence[str], stored: int) -> list[tuple[int, float]]:
    """Seconds of a page when a tenth, a half and all of the posts are stored."""
    store = Store(f"sqlite:///{file}")
    store.prepare()
    marks = [stored // 10, stored // 2, stored]
    spent: list[float] = []
    found = []
    for number, page in enumerate(pages(texts, stored), 1):
        begun = time.process_time()
        with store.write() as connection:
            save(store, connection, "chat", sieve, Found(mentions=page), NOON)
        spent.append(time.process_time() - begun)
        if number * PAGE in marks:
            found.append((number * PAGE, sorted(spent[-9:])[len(spent[-9:]) // 2]))
    store.close()
    return found


def pages(texts: Sequence[str], stored: int) -> Iterator[list[Mention]]:
    """Posts that share words as a brand's posts do: sentences of the project's posts, joined anew."""
    chance = random.Random(1)
    numbers = count()
    for _ in range(0, stored, PAGE):
        yield [
            Mention(
                platform="chat", external_id=f"p{number}", thread_id=f"p{number}", author=f"user{number}", url="",
                text=f"{chance.choice(texts)} {chance.choice(texts)}", posted_at=NOON - timedelta(minutes=1),
            )
            for number in (next(numbers) for _ in range(PAGE))
        ]  # fmt: skip


if __name__ == "__main__":
    main()
