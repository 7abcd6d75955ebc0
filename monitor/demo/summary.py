"""The demo's end: the queue, the figures, the model's score, and the page of what Slack would show."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from alerts.case import State
from alerts.words import LANGUAGES, line
from monitor.app import App
from monitor.demo.board import Board
from monitor.demo.figures import Judged, Outcomes, judge, outcomes
from monitor.demo.replay import Post
from monitor.demo.slack_page import Reader, page, pane
from monitor.queries import queue
from monitor.views import show_queue, span

SHOWN = 4
"""Posts shown of those that the model judged wrong, a kind."""


def show(console: Console, app: App, posts: Mapping[str, Post]) -> None:
    console.print()
    console.print(Rule("Who still waits", style="cyan", align="left"))
    show_queue(console, queue(app.store), app.clock())
    console.print()
    console.print(Rule("How the customers fared", style="cyan", align="left"))
    everything = queue(app.store, states=list(State), limit=1000)
    _show_outcomes(console, outcomes([story.case for story in everything], app.clock))
    console.print()
    console.print(Rule("How the model did", style="cyan", align="left"))
    _show_model(console, app, posts)


def _show_outcomes(console: Console, came: Outcomes) -> None:
    console.print(
        Text.assemble(
            (f"{came.in_time} answered in time", "green"), " · ",
            (f"{came.late} answered late", "red"), " · ",
            (f"{came.waiting} still waiting", "yellow"), f", {came.overdue} of them past the hour",
        )
    )  # fmt: skip
    answered = f"answered after {span(came.answered)}" if came.answered else "fewer than half were answered"
    console.print(
        f"Half of the complaints were found within {span(came.detected)}, in #care within {span(came.alerted)}, "
        f"{answered}.", highlight=False,
    )  # fmt: skip


def _show_model(console: Console, app: App, posts: Mapping[str, Post]) -> None:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("language")
    for heading in ("posts", "complaints", "found", "missed", "false alarms"):
        table.add_column(heading, justify="right")
    languages = sorted({str(post.record["lang"]) for post in posts.values()})
    for lang in languages:
        count = sum(post.record["lang"] == lang for post in posts.values())
        table.add_row(LANGUAGES[lang], *_counts(count, judge(app.store, posts, lang)))
    whole = judge(app.store, posts)
    table.add_row("all", *_counts(len(posts), whole), style="bold")
    console.print(table)
    console.print(
        f"By the labels of the posts' author {whole.recall:.0%} of the complaints were found, "
        f"and {whole.precision:.0%} of what was found is one.", highlight=False,
    )  # fmt: skip
    for word, ids in (("missed", whole.missed), ("false alarm", whole.false_alarms)):
        for post_id in ids[:SHOWN]:
            words = Text.assemble((f"{word:>11}: ", "dim"), line(posts[post_id].record["text"]))
            console.print(words, no_wrap=True, overflow="ellipsis")
        if len(ids) > SHOWN:
            console.print(f"             and {len(ids) - SHOWN} more", style="dim", highlight=False)


def _counts(count: int, judged: Judged) -> list[str]:
    numbers = len(judged.found) + len(judged.missed), len(judged.found), len(judged.missed), len(judged.false_alarms)
    return [str(number) for number in (count, *numbers)]


def write_page(boards: Mapping[str, Board], reader: Reader, folder: Path) -> Path:
    """The channels side by side with their threads, every message as it stood in the end."""
    panes = (pane(f"#{name}", *_messages(board, reader), width=700) for name, board in boards.items())
    text = page("What Slack would show", *panes)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "demo.html"
        file.write_text(text, encoding="utf-8")
    except OSError:
        file = Path(tempfile.mkdtemp(prefix="complaint-monitor-")) / "demo.html"
        file.write_text(text, encoding="utf-8")
    return file


def _messages(board: Board, reader: Reader) -> list[str]:
    threads: dict[str, str] = {}
    for message in board.messages.values():
        if message.root is not None:
            drawn = reader.message(message.blocks, message.sent_at)
            threads[message.root] = threads.get(message.root, "") + drawn
    return [
        reader.message(message.blocks, message.sent_at, edited=message.edited, thread=threads.get(reference, ""))
        for reference, message in board.messages.items()
        if message.root is None
    ]


def farewell(console: Console, file: Path) -> None:
    said = Text.assemble(
        "What Slack showed this afternoon: ", (str(file), "bold"), " (open it in a browser)\n\n",
        "Your own brand: put its name into config.yaml, then\n",
        ("  python -m monitor check", "bold cyan"), "    every mistake in it, with its line and the likely fix\n",
        ("  python -m monitor tick", "bold cyan"), "     one pass, with the sample posts as it stands\n",
        ("  python -m monitor run", "bold cyan"), "      day and night\n",
        "The way from here to X, Reddit, Bluesky and Slack: README.md and docs/.",
    )  # fmt: skip
    console.print()
    console.print(Panel(said, title="Next", border_style="cyan", padding=(1, 2)))
