"""Draws lists of cases in Slack, each case with what can be pressed: the answer to a question, and the App Home."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.base import Alert
from alerts.blocks import entry, escape, root
from alerts.buttons import Listing, buttons
from alerts.words import duration, line

Block = dict[str, Any]
Drawn = tuple[str, list[Block]]
"""What a notification would say, and the blocks."""

LEAF, REFRESH = "leaf", "refresh"
"""The action ids of the buttons that show the next cases of a list, and the App Home anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How a brand, or several, did in some time; every complaint counts, those that still wait too."""

    span: timedelta
    complaints: int
    in_time: int
    """Answered within the target."""
    first_reply: timedelta | None
    """The median; None: not half of the complaints have an answer yet."""
    waiting: int

    @property
    def share(self) -> str:
        """Of the complaints that were answered in time, rounded down."""
        return f"{self.in_time * 100 // self.complaints}%" if self.complaints else "–"


def answer(title: str, alerts: Sequence[Alert], listing: Listing, *, more: int, lead: str = "") -> Drawn:
    """A list of cases for one person: what came of her last press (`lead`, mrkdwn), and how to see what comes after."""
    blocks = [*_lead(lead), _header(title), *_cases(alerts, listing)]
    if more:
        after = Listing(words=listing.words, skip=listing.skip + len(alerts))
        button = {"type": "button", "action_id": LEAF, "text": _plain("Show the next"), "value": str(after)}
        blocks += [_context(f"{more} more"), {"type": "actions", "block_id": LEAF, "elements": [button]}]
    return escape(title), blocks


def one(alert: Alert, listing: Listing, *, lead: str = "") -> Drawn:
    """One case in full, for one person."""
    text, drawn = root(alert)
    return text, [*_lead(lead), *drawn, *buttons(alert.case, listing)]


def told(title: str, lines: Sequence[str]) -> Drawn:
    """Words of our own, in mrkdwn, for one person."""
    return escape(title), [_header(title), *([said("\n".join(lines))] if lines else [])]


def home(
    mine: Sequence[Alert], others: Sequence[Alert], *, more: int, figures: Figures, now: datetime, lead: str = ""
) -> Block:
    """The App Home of somebody: her own cases, then everybody's who waits, and how the team does."""
    as_of = f"As of <!date^{int(now.timestamp())}^{{time}}|{now:%H:%M} UTC>, the least time left on top"
    refresh = {"type": "button", "action_id": REFRESH, "text": _plain("Refresh"), "value": REFRESH}
    blocks = [
        *_lead(lead),
        _header(waiting(len(mine) + len(others) + more)),
        _figures(figures),
        {"type": "actions", "block_id": REFRESH, "elements": [refresh]},
        {"type": "context", "elements": [_text(as_of)]},
    ]
    for title, alerts in (("Yours", mine), ("Everybody else's" if mine else "", others)):
        if alerts:
            blocks += [*([_header(title)] if title else []), *_cases(alerts)]
    if more:
        blocks.append(_context(f"{more} more: the slash command shows them all"))
    return {"type": "home", "blocks": blocks}


def closed_home(words: str) -> Block:
    """An App Home that only says something, in mrkdwn, and can be tried again."""
    refresh = {"type": "button", "action_id": REFRESH, "text": _plain("Try again"), "value": REFRESH}
    return {
        "type": "home",
        "blocks": [said(words), {"type": "actions", "block_id": REFRESH, "elements": [refresh]}],
    }


def said(words: str) -> Block:
    """Words of our own, in mrkdwn."""
    return {"type": "section", "text": _text(words)}


def waiting(count: int) -> str:
    """Such as "3 customers wait"."""
    return "Nobody is waiting" if not count else "1 customer waits" if count == 1 else f"{count} customers wait"


def _cases(alerts: Sequence[Alert], listing: Listing | None = None) -> list[Block]:
    return [block for alert in alerts for block in ({"type": "divider"}, entry(alert), *buttons(alert.case, listing))]


def _figures(figures: Figures) -> Block:
    first = duration(figures.first_reply) if figures.first_reply is not None else "not half answered"
    facts = [
        (f"complaints in {figures.span.days} days", str(figures.complaints)),
        ("answered within the target", f"{figures.share} ({figures.in_time} of {figures.complaints})"),
        ("median first reply", first if figures.complaints else "–"),
        ("still without an answer", str(figures.waiting)),
    ]
    return {"type": "section", "fields": [_text(f"*{fact}*\n{name}") for name, fact in facts]}


def _lead(words: str) -> list[Block]:
    return [said(words)] if words else []


def _header(title: str) -> Block:
    return {"type": "header", "text": _plain(line(title, 140) or "–", emoji=False)}


def _context(words: str) -> Block:
    return {"type": "context", "elements": [_plain(words, emoji=False)]}


def _text(words: str) -> Block:
    return {"type": "mrkdwn", "text": words, "verbatim": True}


def _plain(words: str, *, emoji: bool = True) -> Block:
    return {"type": "plain_text", "text": words, "emoji": emoji}
