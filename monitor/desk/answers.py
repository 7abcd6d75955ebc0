"""Finds the cases that somebody asks to see, and has them drawn for her: the slash command's answers, the App Home."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerts import queue
from alerts.base import Alert
from alerts.buttons import Listing
from alerts.queue import Drawn
from alerts.slack import Slack
from connectors.base import Permanent, Transient
from monitor.app import App
from monitor.desk.questions import Question
from monitor.queries import Story, first_messages, look_up, story
from monitor.week import week

PAGE = 5
"""Cases of one answer: what a phone shows without losing the thread."""
HOME = 12
"""Cases of an App Home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What one Slack app may show: the cases of the brands whose ladders lead into its channels."""

    app: App
    channels: Sequence[Slack]
    brands: Collection[str] | None = None
    """None: of every brand."""

    def alert(self, case_id: int) -> Alert | None:
        """The case as it stands, whichever brand's; None when there is none."""
        found = story(self.app.store, case_id)
        return None if found is None else self.alerts([found])[0]

    def alerts(self, stories: Iterable[Story]) -> list[Alert]:
        """The cases as they stand, each with a link to its message in Slack."""
        found = list(stories)
        messages = first_messages(self.app.store, [each.case.id for each in found])
        return [
            Alert(
                key=f"case:{each.case.id}",
                now=self.app.clock(),
                case=each.case,
                complaints=each.complaints,
                timeline=each.timeline,
                step=None,
                number=0,
                root=None,
                elsewhere=self._link(*messages[each.case.id]) if each.case.id in messages else None,
            )
            for each in found
        ]

    def _link(self, channel: str, reference: str) -> str | None:
        slack = next((each for each in self.channels if each.name == channel), None)
        try:
            return slack.link(reference) if slack else None
        except (Transient, Permanent):
            return None


Answer = Callable[[Records, Question, str, str], Drawn]
"""Answers a question by the words after the subcommand; the last argument is what came of the last press, in mrkdwn."""


@dataclass(frozen=True, slots=True)
class Subcommand:
    """What may stand after the slash command."""

    usage: str
    says: str
    answer: Answer


def answer(records: Records, question: Question, lead: str = "") -> Drawn:
    """What somebody asked to see, drawn for her alone."""
    name, _, rest = question.listing.words.partition(" ")
    number = name.removeprefix("#")
    if number.isdecimal() and not rest.strip():
        return _case(records, question, number, lead)
    known = SUBCOMMANDS.get(name.lower())
    return known.answer(records, question, rest.strip(), lead) if known else _help(records, question, name, lead)


def home(records: Records, who: str, lead: str = "") -> dict[str, Any]:
    """Somebody's App Home."""
    now = records.app.clock()
    mine, _ = look_up(records.app.store, brands=records.brands, assignee=who, limit=HOME)
    found, count = look_up(records.app.store, brands=records.brands, limit=HOME + len(mine))
    others = [each for each in found if each.case.assignee != who][: HOME - len(mine)]
    return queue.home(
        records.alerts(mine),
        records.alerts(others),
        more=count - len(mine) - len(others),
        figures=week(records.app.store, now, records.brands),
        now=now,
        lead=lead,
    )


def _queue(records: Records, question: Question, _: str, lead: str) -> Drawn:
    return _listed(records, question, lead, queue.waiting)


def _mine(records: Records, question: Question, _: str, lead: str) -> Drawn:
    return _listed(records, question, lead, lambda n: f"{queue.waiting(n)} for you", assignee=question.who)


def _search(records: Records, question: Question, words: str, lead: str) -> Drawn:
    if not words:
        return _help(records, question, "", lead)
    return _listed(records, question, lead, lambda n: f"{n or 'No'} case{'s' * (n != 1)} with “{words}”", words=words)


def _listed(
    records: Records, question: Question, lead: str, title: Callable[[int], str], assignee: str = "", words: str = ""
) -> Drawn:
    """A page of a list; the last one when somebody has leafed past what is still there."""

    def page(skip: int) -> tuple[list[Story], int]:
        store, brands = records.app.store, records.brands
        return look_up(store, brands=brands, assignee=assignee, words=words, skip=skip, limit=PAGE)

    skip = question.listing.skip
    found, count = page(skip)
    if not found and skip:
        skip = max(0, (count - 1) // PAGE * PAGE)
        found, count = page(skip)
    listing = Listing(words=question.listing.words, skip=skip)
    return queue.answer(title(count), records.alerts(found), listing, more=count - skip - len(found), lead=lead)


def _case(records: Records, question: Question, number: str, lead: str) -> Drawn:
    found = records.alert(int(number)) if len(number) < 10 else None
    if found is None or (records.brands is not None and found.case.brand not in records.brands):
        return queue.told(f"There is no case {number}", [])
    return queue.one(found, question.listing, lead=lead)


def _help(_: Records, question: Question, wrong: str, lead: str) -> Drawn:
    command = question.command
    lines = [f"`{f'{command} {each.usage}'.strip()}`  {each.says}" for each in SUBCOMMANDS.values()]
    lines.append(f"`{command} 17`  Case 17")
    asked = wrong and wrong.lower() not in SUBCOMMANDS
    return queue.told(f"There is no “{wrong}”; there is:" if asked else "What you can ask", lines)


SUBCOMMANDS: Mapping[str, Subcommand] = {
    "": Subcommand("", "Who waits, the one with the least time left on top", _queue),
    "mine": Subcommand("mine", "The cases that you have in hand", _mine),
    "search": Subcommand("search parcel", "Cases in whose posts these words stand, settled ones too", _search),
    "help": Subcommand("help", "This", _help),
}
