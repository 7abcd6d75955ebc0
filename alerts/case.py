"""The case: one customer's complaint in one thread, its states, and the moves between them.

    OPEN ──claim──▶ CLAIMED ──answer──▶ ANSWERED ──another complaint──▶ OPEN, a new round
      ├─────────────answer────────────▶ ANSWERED
      ├──dismiss (from CLAIMED too)───▶ DISMISSED          every complaint deleted ──▶ WITHDRAWN
      └──assign (from CLAIMED too)────▶ CLAIMED, by somebody else        CLAIMED ──hand_on──▶ OPEN, by silence

Every move is a pure function from a case to its next self; the caller stores both the case and what happened.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any


class State(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    ANSWERED = "answered"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"


WAITING = frozenset({State.OPEN, State.CLAIMED})
"""The states in which the customer is still waiting."""


class Stop(StrEnum):
    """What stopped the clock."""

    BRAND_REPLY = "brand_reply"
    PERSON = "person"
    DISMISSED = "dismissed"
    DELETED = "deleted"


class Dismissal(StrEnum):
    """Why a case is none for the team."""

    NOT_A_COMPLAINT = "not_a_complaint"
    """The model erred, and can learn from it."""
    NOT_OURS = "not_ours"
    DUPLICATE = "duplicate"
    OTHER = "other"

    @property
    def words(self) -> str:
        """As people say it; "" for OTHER."""
        return "" if self is Dismissal.OTHER else self.value.replace("_", " ")


class NotAllowed(Exception):
    """The move is not open to a case in its present state; the message says why, for the person who tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One per brand, platform, thread and author."""

    id: int
    brand: str
    platform: str
    thread_id: str
    author: str
    state: State = State.OPEN
    round: int = 1
    """Counts the times that a new complaint in the thread started the clock again."""
    level: int = 0
    """Steps of the ladder climbed in this round."""
    posted_at: datetime
    """The customer's own clock: when the complaint that this round answers to was posted."""
    detected_at: datetime
    respond_by: datetime
    """Fixed at opening, so that a later change of config doesn't move it."""
    check_at: datetime | None
    """When the ladder looks next; None: never, as things stand."""
    alerted_at: datetime | None = None
    """When the first alert of this round was delivered."""
    stopped_at: datetime | None = None
    stopped_by: Stop | None = None
    assignee: str | None = None
    snoozed_until: datetime | None = None
    silent_since: datetime | None = None
    """Since when nothing has been heard of the assignee: she got the case, or a snooze ended. In the future as long as
    it is snoozed."""
    reminded_at: datetime | None = None
    """When she was asked whether she still has it in hand."""
    hushed: bool = False
    """The step below the level was passed in silence."""
    urgent_at: datetime | None = None
    """When the customer posted what makes the case urgent; None: it is an ordinary one."""
    urgent_from: int = 0
    """The level at which it turned urgent."""
    version: int = 1

    @property
    def urgent(self) -> bool:
        return self.urgent_at is not None

    @property
    def waiting(self) -> bool:
        return self.state in WAITING

    def breached(self, now: datetime) -> bool:
        """The customer waited, or still waits, past the target."""
        return self.stopped_by not in (Stop.DISMISSED, Stop.DELETED) and (self.stopped_at or now) > self.respond_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a case's timeline."""

    at: datetime
    kind: str
    actor: str = ""
    """Who did it: a person's name, the brand's handle, "" for the monitor itself."""
    detail: dict[str, Any] = field(default_factory=dict)


Move = tuple[Case, Event]

CALLS = ("assigned", "reminded")
"""The kinds of events that call the assignee by name in the case's thread."""


def claim(case: Case, who: str, now: datetime) -> Move:
    """Someone takes the case: the nudges fall silent, the last step doesn't. Raises NotAllowed."""
    if case.state is State.CLAIMED:
        raise NotAllowed(f"case {case.id} is already claimed by {case.assignee}")
    _must_wait(case, "claimed")
    return _take(case, who, now), Event(at=now, kind="claimed", actor=who)


def assign(case: Case, who: str, now: datetime, whom: str) -> Move:
    """Somebody gives the case to a colleague, who has it from now on as if she had claimed it. Raises NotAllowed."""
    if case.state is State.CLAIMED and case.assignee == whom:
        raise NotAllowed(f"case {case.id} is already claimed by {whom}")
    _must_wait(case, "assigned")
    event = Event(at=now, kind="assigned", actor=who, detail={"to": whom})
    return _take(case, whom, now), event


def remind(case: Case, now: datetime, answer_until: datetime) -> Move:
    """The assignee has been silent for long: she is asked, and told when the case will be anybody's again."""
    event = Event(at=now, kind="reminded", detail={"to": case.assignee, "until": answer_until.isoformat()})
    return _next(case, reminded_at=now), event


def hand_on(case: Case, now: datetime) -> Move:
    """The assignee was asked and has stayed silent: the case is anybody's, and its nudges speak again."""
    event = Event(at=now, kind="handed_on", detail={"from": case.assignee})
    return _next(case, state=State.OPEN, assignee=None, **_NOT_HELD), event


def turn_urgent(case: Case, posted_at: datetime, respond_by: datetime, now: datetime) -> Move:
    """A post of the customer's makes a waiting case urgent; the target moves only if it comes sooner."""
    turned = _next(
        case,
        urgent_at=max(posted_at, case.posted_at),
        urgent_from=case.level,
        respond_by=min(respond_by, case.respond_by),
        check_at=now,
    )
    return turned, Event(at=now, kind="turned_urgent", actor=case.author)


def answer(case: Case, who: str, now: datetime, *, by: Stop = Stop.PERSON) -> Move:
    """The customer has an answer, given at `now`: the clock stops. Raises NotAllowed."""
    _must_wait(case, "answered")
    kind = "brand_reply" if by is Stop.BRAND_REPLY else "answered"
    return _stop(case, State.ANSWERED, by, now), Event(at=now, kind=kind, actor=who)


def dismiss(case: Case, who: str, now: datetime, reason: str = "", kind: Dismissal = Dismissal.OTHER) -> Move:
    """It is no complaint, or none for this team. Raises NotAllowed."""
    _must_wait(case, "dismissed")
    detail = ({} if kind is Dismissal.OTHER else {"kind": kind}) | ({"reason": reason} if reason else {})
    return _stop(case, State.DISMISSED, Stop.DISMISSED, now), Event(at=now, kind="dismissed", actor=who, detail=detail)


def dismissal(event: Event) -> Dismissal:
    """Why a case was dismissed, by the event of its dismissal."""
    return Dismissal(event.detail.get("kind", Dismissal.OTHER))


def withdraw(case: Case, now: datetime) -> Move:
    """The customer deleted every complaint of the case."""
    return _stop(case, State.WITHDRAWN, Stop.DELETED, now), Event(at=now, kind="withdrawn")


def snooze(case: Case, who: str, now: datetime, until: datetime) -> Move:
    """Nudges wait until then; the last step does not. Raises NotAllowed."""
    _must_wait(case, "snoozed")
    if until <= now:
        raise NotAllowed("a snooze must end in the future")
    return (
        _next(case, snoozed_until=until, silent_since=case.silent_since and until, reminded_at=None, check_at=now),
        Event(at=now, kind="snoozed", actor=who, detail={"until": until.isoformat()}),
    )


def reopen(case: Case, who: str, now: datetime) -> Move:
    """A person takes back an answer or a dismissal: the clock goes on as if it had never stopped. Raises NotAllowed."""
    if case.waiting:
        raise NotAllowed(f"case {case.id} is still {case.state}")
    if case.state is State.WITHDRAWN:
        raise NotAllowed(f"case {case.id} was deleted by the customer")
    return (
        _next(case, state=State.OPEN, stopped_at=None, stopped_by=None, assignee=None, check_at=now, **_NOT_HELD),
        Event(at=now, kind="reopened", actor=who),
    )


def complain_again(
    case: Case, posted_at: datetime, detected_at: datetime, respond_by: datetime, *, urgent: bool = False
) -> Move:
    """A new complaint in a thread that was settled: another round, with a clock and a ladder of its own."""
    again = _next(
        case,
        state=State.OPEN,
        round=case.round + 1,
        level=0,
        posted_at=posted_at,
        detected_at=detected_at,
        respond_by=respond_by,
        check_at=detected_at,
        alerted_at=None,
        stopped_at=None,
        stopped_by=None,
        assignee=None,
        snoozed_until=None,
        hushed=False,
        urgent_at=posted_at if urgent else None,
        urgent_from=0,
        **_NOT_HELD,
    )
    return again, Event(at=detected_at, kind="complained_again", actor=case.author)


def recount(case: Case, posted_at: datetime, respond_by: datetime, now: datetime) -> Case:
    """Complaints have come to the case or left it: the clock of its first round counts from the earliest it now has.

    A case that turned urgent under way keeps its clock, or steps that it has climbed would be others.
    """
    turned = case.urgent_at is not None and case.urgent_at > case.posted_at
    if case.round > 1 or posted_at == case.posted_at or turned:
        return _next(case)
    urgent_at = posted_at if case.urgent else None
    check_at = now if case.waiting else None
    return _next(case, posted_at=posted_at, respond_by=respond_by, check_at=check_at, urgent_at=urgent_at)


_NOT_HELD = {"silent_since": None, "reminded_at": None}
"""Nobody has the case, so nobody can fall silent about it."""


def _take(case: Case, who: str, now: datetime) -> Case:
    heard = max(now, case.snoozed_until or now)
    return _next(case, state=State.CLAIMED, assignee=who, silent_since=heard, reminded_at=None, check_at=now)


def _must_wait(case: Case, done: str) -> None:
    if not case.waiting:
        raise NotAllowed(f"case {case.id} is {case.state} and can't be {done}; reopen it first")


def _stop(case: Case, state: State, by: Stop, at: datetime) -> Case:
    return _next(case, state=state, stopped_at=at, stopped_by=by, check_at=None, snoozed_until=None)


def _next(case: Case, **changes: Any) -> Case:
    return replace(case, version=case.version + 1, **changes)
