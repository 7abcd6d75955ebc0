"""Prints alerts as small cards: for a first look, for a terminal beside the work, and for logs."""

import sys
from collections.abc import Iterable
from datetime import datetime

from alerts import facts, incident, story
from alerts.base import Alert, Channel, Digest, Incident, Message, Notice
from alerts.sentence import Line
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
            self._storm(message)
        elif message.incident is not None and message.root is None:
            said = self._said(story.short(message, self.say), message)
            self._print([said], facts.beginning(message, self.say))
        elif message.root is not None and message.step is not None:
            said = self._said(story.call(message, self.say), message)
            self._print([f"⏰ {self._case(message)} · {said}{_called(message)}"])
        elif message.root is not None:
            whom, asked = story.summons(message, self.say)
            self._print([f"👉 {self._case(message)} · @{line(whom, 80)} {self._said(asked, message)}"])
        else:
            self._card(message)
        return message.key

    def update(self, shown: Alert | Incident) -> None:
        if isinstance(shown, Incident):
            rows = incident.headline(shown, self.say), incident.figures(shown, self.say)
            return self._print([self._said(row, shown) for row in rows])
        held = story.status(shown, self.say)
        head = f"{self._case(shown)} · {self._said(story.headline(shown, self.say), shown)}"
        return self._print([head], [self._said(held, shown)] if held else [])

    def find(self, message: Message, since: datetime) -> str | None:
        return None

    def login(self) -> str:
        return "prints to standard output"

    def _card(self, alert: Alert) -> None:
        say = self.say
        head = [f"{self._said(story.headline(alert, say), alert)}{_called(alert)}"]
        head += [self._said(row, alert) for row in (story.status(alert, say), facts.known(alert, say)) if row]
        small = [facts.customer(alert, say), facts.about(alert, say), self._said(facts.footer(alert, say), alert)]
        small = [*filter(None, small), *(url for url, _ in facts.links(alert, say))]
        if alert.answer is not None:  # to be copied from the terminal
            small += [self._said(facts.suggestion(alert.answer, say), alert)]
            small += facts.prepared(alert.answer, say).split("\n")
        self._print(head, self._quoted(alert), small)

    def _storm(self, storm: Incident) -> None:
        if storm.root:
            return self._print([self._said(incident.ending(storm, self.say), storm)])
        head = [self._said(incident.headline(storm, self.say), storm)]
        rows = [incident.figures(storm, self.say), *incident.bars(storm)]
        small = incident.usual(storm, self.say), incident.footer(storm, self.say)
        return self._print(head, [*(self._said(row, storm) for row in rows), *small])

    def _quoted(self, alert: Alert) -> list[str]:
        words = ["\n".join(f"│ {row}" for row in text.split("\n")) for text in facts.words(alert, self.say)]
        if len(words) < 2:
            return words
        return [*words[:1], self._said(facts.between(alert, self.say), alert), *words[1:]]

    def _case(self, alert: Alert) -> str:
        return self.say("case {number}", number=alert.case.id)

    def _said(self, said: Line, shown: Alert | Incident) -> str:
        return self.say.plain(said, shown.near)

    def _print(self, head: Iterable[str], body: Iterable[str] = (), small: Iterable[str] = ()) -> None:
        colours = sys.stdout.isatty()
        bold, dim, plain = (_BOLD, _DIM, _PLAIN) if colours else ("", "", "")
        first, *rest = head
        rows = [f"{bold}{first}{plain}", *(f"   {row}" for row in rest)]
        rows += [f"   {row}" for text in body for row in shorten(text, 2000, lines=40).split("\n")]
        rows += [f"   {dim}{row}{plain}" for row in small]
        sys.stdout.write("\n".join(rows) + "\n\n")
        sys.stdout.flush()


def _called(alert: Alert) -> str:
    names = [f"@{line(name.removeprefix('@'), 80)}" for name in alert.step.mention] if alert.step else []
    return f" · {' '.join(names)}" if names else ""
