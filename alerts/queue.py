"""Draws lists of cases in Slack, each case with what can be pressed: the answer to a question, and the App Home."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.base import Alert
from alerts.blocks import entry, root
from alerts.buttons import Listing, buttons
from alerts.markup import Block, Script, actions, button, context, escape, header, mrkdwn, plain, section
from alerts.rotation import Turn
from alerts.sentence import Who
from alerts.voice import Voice
from alerts.words import line

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


def answer(title: str, alerts: Sequence[Alert], listing: Listing, say: Voice, *, more: int, lead: str = "") -> Drawn:
    """A list of cases for one person: what came of her last press (`lead`, mrkdwn), and how to see what comes after."""
    blocks = [*_lead(lead), header(title), *_cases(alerts, say, listing)]
    if more:
        after = Listing(words=listing.words, skip=listing.skip + len(alerts))
        left = say.many("{number} more", "{number} more", more)
        blocks += [context(plain(left)), actions(LEAF, button(LEAF, say("Show the next"), str(after)))]
    return escape(title), blocks


def one(alert: Alert, listing: Listing, say: Voice, *, lead: str = "") -> Drawn:
    """One case in full, for one person."""
    text, drawn = root(alert, say)
    return text, [*_lead(lead), *drawn, *buttons(alert, say, listing)]


def told(title: str, lines: Sequence[str]) -> Drawn:
    """Words of our own, in mrkdwn, for one person."""
    return escape(title), [header(title), *([section("\n".join(lines))] if lines else [])]


def rota(title: str, turns: Sequence[tuple[str, Turn]], say: Voice, now: datetime) -> Drawn:
    """Who is on call in rotations, for one person."""
    lines = []
    for name, turn in turns:
        facts: dict[str, Any] = {"rotation": line(name, 60), "who": Who(turn.who), "when": turn.until}
        if turn.stands_in:
            lines.append(say.sentence("*{rotation}* · {who}, standing in until {when}", **facts))
        else:
            lines.append(say.sentence("*{rotation}* · {who} until {when}", **facts))
    return told(title, [Script(say=say, near=now).mrkdwn(said) for said in lines])


def home(
    mine: Sequence[Alert],
    others: Sequence[Alert],
    say: Voice,
    *,
    more: int,
    figures: Figures,
    now: datetime,
    lead: str = "",
) -> Block:
    """The App Home of somebody: her own cases, then everybody's who waits, and how the team does."""
    as_of = say.sentence("As of {when}, the least time left on top", when=now)
    blocks = [
        *_lead(lead),
        header(waiting(len(mine) + len(others) + more, say)),
        _figures(figures, say),
        actions(REFRESH, button(REFRESH, say("Refresh"), REFRESH)),
        context(mrkdwn(Script(say=say, near=now).mrkdwn(as_of))),
    ]
    for title, alerts in ((say("Yours"), mine), (say("Everybody else's") if mine else "", others)):
        if alerts:
            blocks += [*([header(title)] if title else []), *_cases(alerts, say)]
    if more:
        left = say.many(
            "{number} more: the slash command shows them all", "{number} more: the slash command shows them all", more
        )
        blocks.append(context(plain(left)))
    return {"type": "home", "blocks": blocks}


def closed_home(words: str, say: Voice) -> Block:
    """An App Home that only says something, in mrkdwn, and can be tried again."""
    again = button(REFRESH, say("Try again"), REFRESH)
    return {"type": "home", "blocks": [section(words), actions(REFRESH, again)]}


def waiting(count: int, say: Voice) -> str:
    """Such as "3 customers wait"."""
    return say.many("{number} customer waits", "{number} customers wait", count) if count else say("Nobody is waiting")


def _cases(alerts: Sequence[Alert], say: Voice, listing: Listing | None = None) -> list[Block]:
    return [
        block for alert in alerts for block in ({"type": "divider"}, entry(alert, say), *buttons(alert, say, listing))
    ]


def _figures(figures: Figures, say: Voice) -> Block:
    all_, days = figures.complaints, figures.span.days
    share = say.percent(figures.in_time / all_ if all_ else None)
    first = say.duration(figures.first_reply) if figures.first_reply is not None else say("not half answered")
    in_time, of_all = say.number(figures.in_time), say.number(all_)
    facts = [
        (say.many("complaints in {number} day", "complaints in {number} days", days), say.number(all_)),
        (
            say("answered within the target"),
            say("{share} ({number} of {all})", share=share, number=in_time, all=of_all),
        ),
        (say("median first reply"), first if all_ else "–"),
        (say("still without an answer"), say.number(figures.waiting)),
    ]
    return {"type": "section", "fields": [mrkdwn(f"*{fact}*\n{name}") for name, fact in facts]}


def _lead(words: str) -> list[Block]:
    return [section(words)] if words else []
