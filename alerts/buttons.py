"""Draws what can be pressed in Slack: the buttons under a case, and the forms that ask for a reason or a name.

What a button means travels with it as a `Wish`, and where it stands as a `Place`; whoever hears of the click reads them
from there.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alerts import facts, story
from alerts.base import Alert
from alerts.case import Case, Dismissal, State
from alerts.markup import Block, actions, button, context, plain
from alerts.voice import Voice
from alerts.words import line

MOST_CHOICES = 5
"""Slack shows so many behind three dots; threads that are one too many are split off on the command line."""


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
    """How long to snooze; 0: until opening time."""
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


def buttons(alert: Alert, say: Voice, listing: Listing | None = None) -> list[Block]:
    """The row of what may be done with a case as it stands, the likeliest first; none for a withdrawn one."""
    case = alert.case
    block_id = f"case:{case.id}" if listing is None else f"case:{case.id}:{listing}"
    if case.state is State.WITHDRAWN:
        return []
    if not case.waiting:
        return [actions(block_id, _button(case, Act.REOPEN, say("Reopen")))]
    claim = [_button(case, Act.CLAIM, say("Claim"), primary=True)] if case.state is State.OPEN else []
    return [
        actions(
            block_id,
            *claim,
            _button(case, Act.ANSWER, say("Answered"), primary=not claim),
            _button(case, Act.DISMISS, say("Not a complaint")),
            _more(alert, say, joined=listing is None),
        )
    ]


def form(wish: Wish, alert: Alert, place: Place, say: Voice) -> Block:
    """The modal that a wish needs before it can be done; `place` is where the button stands."""
    title, submit, asked = _asked(wish.act, say)
    told = " · ".join(fact for fact in (story.title(alert.case, say), facts.customer(alert, say)) if fact)
    quoted = [{"type": "section", "text": plain(words)} for words in facts.words(alert, say)[:1]]
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
        "title": plain(title, emoji=True),
        "submit": plain(submit, emoji=True),
        "close": plain(say("Cancel"), emoji=True),
        "blocks": [context(plain(told)), *quoted, *asked],
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


def _button(case: Case, act: Act, label: str, *, primary: bool = False) -> Block:
    return button(act, label, str(Wish(act=act, case_id=case.id, round=case.round)), primary=primary)


def _more(alert: Alert, say: Voice, *, joined: bool) -> Block:
    """What is asked for seldom, behind three dots; `joined`: with the threads that can be split off."""
    about: Any = {"case_id": alert.case.id, "round": alert.case.round}
    choices = [
        (Wish(act=Act.ASSIGN, **about), say("Assign to…")),
        (Wish(act=Act.SNOOZE, minutes=15, **about), say("Snooze for 15 minutes")),
        (Wish(act=Act.SNOOZE, minutes=60, **about), say("Snooze for 1 hour")),
    ]
    if alert.opening:
        choices.append((Wish(act=Act.SNOOZE, **about), say("Snooze until opening time")))
    for post, where in facts.joined(alert, say) if joined else ():
        off = say("Another matter: split off {where}", where=line(where, 40))
        choices.append((Wish(act=Act.SPLIT, post=post, **about), off))
    options = [_option(str(wish), said) for wish, said in choices[:MOST_CHOICES]]
    return {"type": "overflow", "action_id": "more", "options": options}


def _option(value: str, label: str) -> Block:
    return {"text": plain(label, emoji=True), "value": value}


def _asked(act: Act, say: Voice) -> tuple[str, str, list[Block]]:
    """Of an act that asks first: the form's title, its button, its fields."""
    if act is Act.DISMISS:
        return say("Not a complaint"), say("Dismiss"), [_kind(say), _reason(say)]
    return say("Assign to…"), say("Assign"), [_whom(say)]


def _kind(say: Voice) -> Block:
    kinds = [
        _option(Dismissal.NOT_A_COMPLAINT, say("It is no complaint")),
        _option(Dismissal.NOT_OURS, say("A complaint, but not about us")),
        _option(Dismissal.DUPLICATE, say("We have it already")),
        _option(Dismissal.OTHER, say("Something else")),
    ]
    return {
        "type": "input",
        "block_id": "kind",
        "label": plain(say("Why does nobody need to answer?"), emoji=True),
        "element": {"type": "radio_buttons", "action_id": "kind", "options": kinds, "initial_option": kinds[0]},
    }


def _reason(say: Voice) -> Block:
    return {
        "type": "input",
        "block_id": "reason",
        "optional": True,
        "label": plain(say("In your words"), emoji=True),
        "element": {
            "type": "plain_text_input",
            "action_id": "reason",
            "max_length": 150,
            "placeholder": plain(say("For those who look at it later"), emoji=True),
        },
    }


def _whom(say: Voice) -> Block:
    hint = say("Will be called by name in the thread, and has the case from then on.")
    return {
        "type": "input",
        "block_id": "whom",
        "label": plain(say("Who shall answer?"), emoji=True),
        "hint": plain(hint, emoji=True),
        "element": {
            "type": "users_select",
            "action_id": "whom",
            "focus_on_load": True,
            "placeholder": plain(say("Choose a colleague"), emoji=True),
        },
    }


ASKS_FIRST = frozenset({Act.DISMISS, Act.ASSIGN})
