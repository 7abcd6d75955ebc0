"""Draws what can be pressed in Slack: the buttons under a case, and the forms that ask for a reason or a name.

What a button means travels with it as a `Wish`, and where it stands as a `Place`; whoever hears of the click reads them
from there.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alerts import story
from alerts.base import Alert
from alerts.case import Case, State
from alerts.words import line

Block = dict[str, Any]

MOST_JOINED = 2
"""Threads that can be split off by a press: Slack shows five choices behind three dots."""


class Act(StrEnum):
    CLAIM = "claim"
    ANSWER = "answer"
    DISMISS = "dismiss"
    SNOOZE = "snooze"
    ASSIGN = "assign"
    REOPEN = "reopen"
    SPLIT = "split"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a press asks for, and of which round of which case."""

    act: Act
    case_id: int
    round: int
    minutes: int = 0
    """How long to snooze."""
    post: int = 0
    """The post whose thread is to be split off."""

    def __str__(self) -> str:
        return f"{self.act}:{self.case_id}:{self.round}:{self.post or self.minutes}"

    @classmethod
    def read(cls, written: str) -> "Wish":
        """The wish as `str` wrote it. Raises ValueError."""
        act, *numbers = written.split(":")
        case_id, round_, number = (int(number) for number in numbers)
        more = {"post" if act == Act.SPLIT else "minutes": number}
        return cls(act=Act(act), case_id=case_id, round=round_, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list of cases: what somebody wrote to see it, on one line, and how many cases she has leafed past."""

    words: str = ""
    skip: int = 0

    def __str__(self) -> str:
        return f"{self.skip} {self.words}"

    @classmethod
    def read(cls, written: str) -> "Listing":
        """The listing as `str` wrote it. Raises ValueError."""
        skip, _, words = written.partition(" ")
        return cls(words=words, skip=max(0, int(skip)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is pressed or asked, and so where the answer belongs."""

    channel: str = ""
    """Slack id; "" in the App Home."""
    address: str = ""
    """At which Slack takes answers that one person sees; "" where none is wanted."""
    listing: Listing | None = None
    """The list in which the button stands; None: it stands under the case's own message, or in the App Home."""

    @property
    def home(self) -> bool:
        return not self.channel


def buttons(case: Case, listing: Listing | None = None, joined: Sequence[tuple[int, str]] = ()) -> list[Block]:
    """The row of what may be done with a case as it stands, the likeliest first; none for a withdrawn one.

    `joined` tells of threads that can be split off it: a post of each, and where it is.
    """
    block_id = f"case:{case.id}" if listing is None else f"case:{case.id}:{listing}"
    if case.state is State.WITHDRAWN:
        return []
    if not case.waiting:
        return [_row(block_id, _button(case, Act.REOPEN, "Reopen"))]
    claim = [_button(case, Act.CLAIM, "Claim", primary=True)] if case.state is State.OPEN else []
    return [
        _row(
            block_id,
            *claim,
            _button(case, Act.ANSWER, "Answered", primary=not claim),
            _button(case, Act.DISMISS, "Not a complaint"),
            _more(case, joined[:MOST_JOINED]),
        )
    ]


def form(wish: Wish, alert: Alert, place: Place) -> Block:
    """The modal that a wish needs before it can be done; `place` is where the button stands."""
    title, submit, asked = _FORMS[wish.act]
    facts = " · ".join(fact for fact in (story.title(alert.case), story.customer(alert)) if fact)
    about = [{"type": "context", "elements": [_plain(facts, emoji=False)]}]
    quote = [{"type": "section", "text": _plain(words, emoji=False)} for words in story.words(alert)[:1]]
    return {
        "type": "modal",
        "callback_id": wish.act,
        "private_metadata": json.dumps(
            {
                "wish": str(wish),
                "channel": place.channel,
                "address": place.address,
                "listing": None if place.listing is None else str(place.listing),
            }
        ),
        "title": _plain(title),
        "submit": _plain(submit),
        "close": _plain("Cancel"),
        "blocks": [*about, *quote, *asked],
    }


def listing_of(block_id: str) -> Listing | None:
    """The list in which a row of buttons stands, by the row's id. Raises ValueError."""
    _, _, written = block_id.removeprefix("case:").partition(":")
    return Listing.read(written) if written else None


def asked_in(form: Block) -> tuple[Wish, Place]:
    """What a form is about and where its button stands. Raises ValueError, LookupError or TypeError."""
    written = json.loads(form["private_metadata"])
    listing = None if written["listing"] is None else Listing.read(written["listing"])
    return Wish.read(written["wish"]), Place(channel=written["channel"], address=written["address"], listing=listing)


def _row(block_id: str, *elements: Block) -> Block:
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def _button(case: Case, act: Act, label: str, *, primary: bool = False) -> Block:
    value = str(Wish(act=act, case_id=case.id, round=case.round))
    style = {"style": "primary"} if primary else {}
    return {"type": "button", "action_id": act, "text": _plain(label), "value": value, **style}


def _more(case: Case, joined: Sequence[tuple[int, str]]) -> Block:
    """What is asked for seldom, behind three dots."""
    choices = [
        ("Assign to…", Wish(act=Act.ASSIGN, case_id=case.id, round=case.round)),
        ("Snooze for 15 minutes", Wish(act=Act.SNOOZE, case_id=case.id, round=case.round, minutes=15)),
        ("Snooze for 1 hour", Wish(act=Act.SNOOZE, case_id=case.id, round=case.round, minutes=60)),
        *(
            (
                f"Another matter: split off {line(where, 40)}",
                Wish(act=Act.SPLIT, case_id=case.id, round=case.round, post=post),
            )
            for post, where in joined
        ),
    ]
    options = [{"text": _plain(label), "value": str(wish)} for label, wish in choices]
    return {"type": "overflow", "action_id": "more", "options": options}


def _plain(words: str, *, emoji: bool = True) -> Block:
    return {"type": "plain_text", "text": words, "emoji": emoji}


def _option(value: str, label: str) -> Block:
    return {"text": _plain(label), "value": value}


_KINDS = [
    _option("not_a_complaint", "It is no complaint"),
    _option("not_ours", "A complaint, but not about us"),
    _option("duplicate", "We have it already"),
    _option("other", "Something else"),
]
_KIND: Block = {
    "type": "input",
    "block_id": "kind",
    "label": _plain("Why does nobody need to answer?"),
    "element": {
        "type": "radio_buttons",
        "action_id": "kind",
        "options": _KINDS,
        "initial_option": _KINDS[0],
    },
}
_REASON: Block = {
    "type": "input",
    "block_id": "reason",
    "optional": True,
    "label": _plain("In your words"),
    "element": {
        "type": "plain_text_input",
        "action_id": "reason",
        "max_length": 150,
        "placeholder": _plain("For those who look at it later"),
    },
}
_WHOM: Block = {
    "type": "input",
    "block_id": "whom",
    "label": _plain("Who shall answer?"),
    "hint": _plain("Will be called by name in the thread, and has the case from then on."),
    "element": {
        "type": "users_select",
        "action_id": "whom",
        "focus_on_load": True,
        "placeholder": _plain("Choose a colleague"),
    },
}
_FORMS: dict[Act, tuple[str, str, list[Block]]] = {
    Act.DISMISS: ("Not a complaint", "Dismiss", [_KIND, _REASON]),
    Act.ASSIGN: ("Assign to…", "Assign", [_WHOM]),
}
"""Of each act that asks first: the form's title, its button, its fields."""
ASKS_FIRST = frozenset(_FORMS)
