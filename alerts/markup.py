"""Writes in Slack's scripts: rich text and plain text, where nothing is markup, and mrkdwn, where all is escaped."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alerts.sentence import Bold, Line, Part, Who
from alerts.voice import Voice
from alerts.words import line, same_day

Block = dict[str, Any]

_USER = re.compile(r"[UW](?=[A-Z]*[0-9])[A-Z0-9]{8,20}")
_GROUP = re.compile(r"S[A-Z0-9]{8,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How sentences are written for the readers of one message."""

    say: Voice
    near: datetime
    """A moment close to when it is read."""

    def section(self, said: Line) -> Block:
        """A sentence as an element of rich text."""
        return {"type": "rich_text_section", "elements": [self._element(part) for part in said if part != ""]}

    def mrkdwn(self, said: Line, *, markup: bool = True) -> str:
        """A sentence where Slack reads markup; without `markup` nothing is bold."""
        return "".join(self._marked(part, markup=markup) for part in said)

    def _element(self, part: Part, *, bold: bool = False) -> Block:
        style: Block = {"style": {"bold": True}} if bold else {}
        match part:
            case Bold(inner):
                return self._element(inner, bold=True)
            case datetime():
                shape, fallback = self._date(part)
                return {"type": "date", "timestamp": _seconds(part), "format": shape, "fallback": fallback, **style}
            case Who(name) if _USER.fullmatch(name):
                return {"type": "user", "user_id": name, **style}
            case Who(name):
                return text(line(name, 80) or self.say("someone"), bold=bold)
            case str():
                return text(part, bold=bold)

    def _marked(self, part: Part, *, markup: bool) -> str:
        match part:
            case Bold(inner):
                words = self._marked(inner, markup=markup)
                return f"*{words}*" if markup else words
            case datetime():
                shape, fallback = self._date(part)
                return f"<!date^{_seconds(part)}^{shape}|{fallback}>"
            case Who(name) if _USER.fullmatch(name):
                return f"<@{name}>"
            case Who(name):
                return escape(line(name, 80)) or self.say("someone")
            case str():
                return escape(part)

    def _date(self, at: datetime) -> tuple[str, str]:
        """How Slack shall write a moment in each reader's own time zone, and what it shows when it can't.

        Slack writes the names of months in the reader's language, which is none of ours but English: elsewhere the
        date is in figures.
        """
        fallback = self.say.when(at, self.near)
        if same_day(at, self.near):
            return "{time}", fallback
        return "{date_short_pretty} at {time}" if self.say.language == "en" else "{date_num}, {time}", fallback


def escape(words: str) -> str:
    """Text that Slack shows as it is where it reads markup."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mention(name: str) -> str:
    """Calls a person or a group by Slack id; another name is only written."""
    if re.fullmatch(r"[UW][A-Z0-9]{8,20}", name):
        return f"<@{name}>"
    if _GROUP.fullmatch(name):
        return f"<!subteam^{name}>"
    return f"@{escape(line(name.removeprefix('@'), 80))}"


def text(words: str, *, bold: bool = False) -> Block:
    """An element of rich text."""
    return {"type": "text", "text": words, **({"style": {"bold": True}} if bold else {})}


def link(url: str, words: str) -> Block:
    """An element of rich text."""
    return {"type": "link", "url": url, "text": words, "style": {"bold": True}}


def quote(words: str) -> Block:
    """A row of rich text."""
    return {"type": "rich_text_quote", "elements": [text(words)]}


def rich(*rows: Block) -> Block:
    return {"type": "rich_text", "elements": list(rows)}


def plain(words: str, *, emoji: bool = False) -> Block:
    """A text in which nothing is markup; with `emoji`, :names: of emoji are."""
    return {"type": "plain_text", "text": words, "emoji": emoji}


def mrkdwn(words: str) -> Block:
    """A text with markup, which is to be escaped; Slack makes no links of its own in it."""
    return {"type": "mrkdwn", "text": words, "verbatim": True}


def section(words: str) -> Block:
    """A block of our own words, in mrkdwn."""
    return {"type": "section", "text": mrkdwn(words)}


def context(*texts: Block) -> Block:
    """A block in small letters."""
    return {"type": "context", "elements": list(texts)}


def header(words: str) -> Block:
    return {"type": "header", "text": plain(line(words, 140) or "–")}


def actions(block_id: str, *elements: Block) -> Block:
    """A row of what can be pressed."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def button(action_id: str, label: str, value: str, *, primary: bool = False) -> Block:
    style = {"style": "primary"} if primary else {}
    return {"type": "button", "action_id": action_id, "text": plain(label, emoji=True), "value": value, **style}


def _seconds(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp())
