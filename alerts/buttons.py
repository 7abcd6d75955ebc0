"""Draws what can be pressed in Slack: the buttons under a case, and the forms that ask for a reason or a name.

What a button means travels with it as a `Wish`; whoever hears of the click reads it from there.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alerts import story
from alerts.base import Alert
from alerts.case import Case, State

Block = dict[str, Any]


class Act(StrEnum):
    CLAIM = "claim"
    ANSWER = "answer"
    DISMISS = "dismiss"
    SNOOZE = "snooze"
    ASSIGN = "assign"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a press asks for, and of which round of which case."""

    act: Act
    case_id: int
    round: int
    minutes: int = 0
    """How long to snooze."""

    def __str__(self) -> str:
        return f"{self.act}:{self.case_id}:{self.round}:{self.minutes}"

    @classmethod
    def read(cls, written: str) -> "Wish":
        """The wish as `str` wrote it. Raises ValueError."""
        act, *numbers = written.split(":")
        case_id, round_, minutes = (int(number) for number in numbers)
        return cls(act=Act(act), case_id=case_id, round=round_, minutes=minutes)


def buttons(case: Case) -> list[Block]:
    """The row of what may be done with a case as it stands, the likeliest first; none for a withdrawn one."""
    if case.state is State.WITHDRAWN:
        return []
    if not case.waiting:
        return [_row(case, _button(case, Act.REOPEN, "Reopen"))]
    claim = [_button(case, Act.CLAIM, "Claim", primary=True)] if case.state is State.OPEN else []
    return [
        _row(
            case,
            *claim,
            _button(case, Act.ANSWER, "Answered", primary=not claim),
            _button(case, Act.DISMISS, "Not a complaint"),
            _more(case),
        )
    ]


def form(wish: Wish, alert: Alert, channel: str) -> Block:
    """The modal that a wish needs before it can be done; `channel` is where the button stands."""
    title, submit, asked = _FORMS[wish.act]
    facts = " · ".join(fact for fact in (story.title(alert.case), story.customer(alert)) if fact)
    about = [{"type": "context", "elements": [_plain(facts, emoji=False)]}]
    quote = [{"type": "section", "text": _plain(words, emoji=False)} for words in story.words(alert)[:1]]
    return {
        "type": "modal",
        "callback_id": wish.act,
        "private_metadata": f"{wish} {channel}",
        "title": _plain(title),
        "submit": _plain(submit),
        "close": _plain("Cancel"),
        "blocks": [*about, *quote, *asked],
    }


def _row(case: Case, *elements: Block) -> Block:
    return {"type": "actions", "block_id": f"case:{case.id}", "elements": list(elements)}


def _button(case: Case, act: Act, label: str, *, primary: bool = False) -> Block:
    value = str(Wish(act=act, case_id=case.id, round=case.round))
    style = {"style": "primary"} if primary else {}
    return {"type": "button", "action_id": act, "text": _plain(label), "value": value, **style}


def _more(case: Case) -> Block:
    """What is asked for seldom, behind three dots."""
    choices = [
        ("Assign to…", Wish(act=Act.ASSIGN, case_id=case.id, round=case.round)),
        ("Snooze for 15 minutes", Wish(act=Act.SNOOZE, case_id=case.id, round=case.round, minutes=15)),
        ("Snooze for 1 hour", Wish(act=Act.SNOOZE, case_id=case.id, round=case.round, minutes=60)),
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
