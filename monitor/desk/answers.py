"""Finds the cases that somebody asks to see, and has them drawn for her: the slash command's answers, the App Home."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from alerts import queue
from alerts.buttons import Listing
from alerts.queue import Drawn
from alerts.voice import Voice
from monitor.desk.figures import last_days
from monitor.desk.on_call import on_call
from monitor.desk.records import Asked
from monitor.queries import Story

PAGE = 5
"""Cases of one answer: what a phone shows without losing the thread."""
HOME = 12
"""Cases of an App Home."""


@dataclass(frozen=True, slots=True)
class Subcommand:
    """What may stand after the slash command."""

    usage: Callable[[Voice], str]
    says: Callable[[Voice], str]
    answer: Callable[[Asked, str], Drawn]
    """Answers a question by the words after the subcommand."""


def answer(asked: Asked) -> Drawn:
    """What somebody asked to see, drawn for her alone."""
    name, _, rest = asked.question.listing.words.partition(" ")
    number = name.removeprefix("#")
    if number.isdecimal() and not rest.strip():
        return _case(asked, number)
    known = SUBCOMMANDS.get(name.lower())
    return known.answer(asked, rest.strip()) if known else _help(asked, name)


def home(asked: Asked) -> dict[str, Any]:
    """Somebody's App Home."""
    records, who = asked.records, asked.question.who
    now = records.app.clock()
    mine, _ = records.look_up(assignee=who, limit=HOME)
    found, count = records.look_up(limit=HOME + len(mine))
    others = [each for each in found if each.case.assignee != who][: HOME - len(mine)]
    return queue.home(
        records.alerts(mine),
        records.alerts(others),
        asked.say,
        more=count - len(mine) - len(others),
        figures=last_days(records.app.store, now, records.brands),
        now=now,
        lead=asked.lead,
    )


def _queue(asked: Asked, _: str) -> Drawn:
    return _listed(asked, lambda number: queue.waiting(number, asked.say))


def _mine(asked: Asked, _: str) -> Drawn:
    say = asked.say

    def title(number: int) -> str:
        if not number:
            return say("Nobody is waiting for you")
        return say.many("{number} customer waits for you", "{number} customers wait for you", number)

    return _listed(asked, title, assignee=asked.question.who)


def _search(asked: Asked, words: str) -> Drawn:
    say, quoted = asked.say, asked.say("“{words}”", words=words)

    def title(number: int) -> str:
        if not number:
            return say("No cases with {words}", words=quoted)
        return say.many("{number} case with {words}", "{number} cases with {words}", number, words=quoted)

    return _listed(asked, title, words=words) if words else _help(asked, "")


def _listed(asked: Asked, title: Callable[[int], str], assignee: str = "", words: str = "") -> Drawn:
    """A page of a list; the last one when somebody has leafed past what is still there."""

    def page(skip: int) -> tuple[list[Story], int]:
        return asked.records.look_up(assignee=assignee, words=words, skip=skip, limit=PAGE)

    skip = asked.question.listing.skip
    found, count = page(skip)
    if not found and skip:
        skip = max(0, (count - 1) // PAGE * PAGE)
        found, count = page(skip)
    listing = Listing(words=asked.question.listing.words, skip=skip)
    alerts, more = asked.records.alerts(found), count - skip - len(found)
    return queue.answer(title(count), alerts, listing, asked.say, more=more, lead=asked.lead)


def _case(asked: Asked, number: str) -> Drawn:
    brands = asked.records.brands
    found = asked.records.alert(int(number)) if len(number) < 10 else None
    if found is None or (brands is not None and found.case.brand not in brands):
        return queue.told(asked.say("There is no case {number}", number=number), [])
    return queue.one(found, asked.question.listing, asked.say, lead=asked.lead)


def _help(asked: Asked, wrong: str) -> Drawn:
    command, say = asked.question.command, asked.say
    lines = [f"`{f'{command} {each.usage(say)}'.strip()}`  {each.says(say)}" for each in SUBCOMMANDS.values()]
    lines.append(" ".join((f"`{command} 17` ", say("Case {number}", number=17))))
    if wrong and wrong.lower() not in SUBCOMMANDS:
        quoted = say("“{words}”", words=wrong)
        return queue.told(say("There is no {words}; there is:", words=quoted), lines)
    return queue.told(say("What you can ask"), lines)


SUBCOMMANDS: Mapping[str, Subcommand] = {
    "": Subcommand(lambda say: "", lambda say: say("Who waits, the one with the least time left on top"), _queue),
    "mine": Subcommand(lambda say: "mine", lambda say: say("The cases that you have in hand"), _mine),
    "search": Subcommand(
        lambda say: " ".join(("search", say("parcel"))),
        lambda say: say("Cases in whose posts these words stand, settled ones too"),
        _search,
    ),
    "on-call": Subcommand(
        lambda say: say("on-call [@… until 18:00]"),
        lambda say: say("Who is on call, or somebody else until then"),
        on_call,
    ),
    "help": Subcommand(lambda say: "help", lambda say: say("This"), _help),
}
