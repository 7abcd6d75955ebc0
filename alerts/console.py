"""Prints alerts as small cards: for a first look, for a terminal beside the work, and for logs."""

import sys
from collections.abc import Iterable
from datetime import datetime

from alerts import incident, story
from alerts.base import Alert, Channel, Digest, Incident, Message, Notice
from alerts.story import Line
from alerts.words import line, shorten

_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


class Console(Channel):
    """Writes to standard output, with bold and dim letters where that is a terminal. A print that broke off can't be
    looked for, so `find` knows nothing and the card is printed again."""

    def send(self, message: Message) -> str:
        if isinstance(message, Digest):
            self._print([f"📊 {line(message.title)}"], message.sentences)
        elif isinstance(message, Notice):
            self._print([f"{message.sign}  {line(message.title)}"], message.lines)
        elif isinstance(message, Incident):
            said = incident.ending(message) if message.root else incident.headline(message)
            self._print([_said(said, message)], () if message.root else self._storm(message))
        elif message.incident is not None and message.root is None:
            self._print([_said(story.short(message), message)], story.beginning(message))
        elif message.root is not None and message.step is not None:
            self._print([f"⏰ case {message.case.id} · {_said(story.call(message), message)}{_called(message)}"])
        elif message.root is not None:
            whom, said = story.summons(message)
            self._print([f"👉 case {message.case.id} · @{line(whom, 80)} {_said(said, message)}"])
        else:
            head = [f"{_said(story.headline(message), message)}{_called(message)}"]
            if held := story.status(message):
                head.append(_said(held, message))
            if known := story.known(message):
                head.append(_said(known, message))
            facts = (story.customer(message), story.about(message), _said(story.footer(message), message))
            links = (url for url, _ in story.links(message))
            small = (*(fact for fact in facts if fact), *links, *_answer(message))
            self._print(head, _quoted(message), small)
        return message.key

    def update(self, shown: Alert | Incident) -> None:
        if isinstance(shown, Incident):
            return self._print([_said(incident.headline(shown), shown), _said(incident.figures(shown), shown)])
        held = story.status(shown)
        head = f"case {shown.case.id} · {_said(story.headline(shown), shown)}"
        return self._print([head], [_said(held, shown)] if held else [])

    def find(self, message: Message, since: datetime) -> str | None:
        return None

    def login(self) -> str:
        return "prints to standard output"

    def _storm(self, storm: Incident) -> list[str]:
        chart = [_said(bar, storm) for bar in incident.bars(storm)]
        return [_said(incident.figures(storm), storm), *chart, incident.usual(storm), incident.footer(storm)]

    def _print(self, head: Iterable[str], body: Iterable[str] = (), small: Iterable[str] = ()) -> None:
        colours = sys.stdout.isatty()
        bold, dim, plain = (_BOLD, _DIM, _PLAIN) if colours else ("", "", "")
        first, *rest = head
        rows = [f"{bold}{first}{plain}", *(f"   {row}" for row in rest)]
        rows += [f"   {row}" for text in body for row in shorten(text, 2000, lines=40).split("\n")]
        rows += [f"   {dim}{row}{plain}" for row in small]
        sys.stdout.write("\n".join(rows) + "\n\n")
        sys.stdout.flush()


def _quoted(alert: Alert) -> list[str]:
    words = ["\n".join(f"│ {row}" for row in text.split("\n")) for text in story.words(alert)]
    return [*words[:1], _said(story.between(alert), alert), *words[1:]] if len(words) > 1 else words


def _answer(alert: Alert) -> list[str]:
    """The prepared answer, to be copied from the terminal."""
    if alert.answer is None:
        return []
    return [_said(story.suggestion(alert.answer), alert), *story.prepared(alert.answer).split("\n")]


def _called(alert: Alert) -> str:
    names = [f"@{line(name.removeprefix('@'), 80)}" for name in alert.step.mention] if alert.step else []
    return f" · {' '.join(names)}" if names else ""


def _said(said: Line, alert: Alert | Incident) -> str:
    return story.plain(said, alert.near)
