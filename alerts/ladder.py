"""The ladder: which steps of a case are due at a moment, and when to look again."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile

from alerts.case import Case, State
from alerts.hours import Hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is said where, so long after the customer posted."""

    after: timedelta
    channel: str
    mention: tuple[str, ...] = ()
    """Who is called by name: Slack ids such as U012AB3CD, S012AB3CD (a group), plain names elsewhere, or
    "on-call care" for whoever that rotation has on call when the step is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Steps in the order of their times; the last one is never silenced."""

    target: timedelta
    """The time in which a customer shall have an answer."""
    steps: tuple[Step, ...]
    hours: Hours | None = None
    """The opening hours that alone count for its times; None: it counts round the clock."""
    claim_lasts: timedelta | None = None
    """How long nothing may be heard of who claimed a case before she is reminded, and after that before it is handed
    on; None: for ever."""
    urgent: "Ladder | None" = None
    """What a brand's urgent cases climb; None: this one."""

    def chain(self, *, urgent: bool) -> "Ladder":
        """The ladder for cases of that severity."""
        return self.urgent or self if urgent else self

    def opens_after(self, case: Case, now: datetime) -> datetime | None:
        """When people are at work again after a rest; None: they always are."""
        hours = self.chain(urgent=case.urgent).hours
        return None if hours is None else hours.opens_after(now)

    def later(self, moment: datetime, amount: timedelta) -> datetime:
        """When so much of the time that counts has passed since the moment."""
        return moment + amount if self.hours is None else self.hours.add(moment, amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A step of a case and when it is due."""

    step: Step
    due: datetime
    last: bool
    """It is the last of a ladder."""
    loud: bool
    """It is said even of a case that is claimed or snoozed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the ladder says of a case at a moment."""

    fire: tuple[int, ...] = ()
    """Indexes of the rungs to send now, in order."""
    silenced: tuple[int, ...] = ()
    """Indexes of the nudges that are passed over because someone has claimed the case."""
    answer_until: datetime | None = None
    """Who claimed the case has been silent for too long: she is to be reminded, and keeps it until then."""
    hand_on: bool = False
    """She was reminded and has stayed silent: the case is anybody's again."""
    hushed: bool = False
    """The rung below the new level is one that was passed over."""
    level: int
    check_at: datetime | None
    reason: str


def decide(case: Case, ladder: Ladder, now: datetime) -> Decision:
    """Climbs from the case's level over every rung that is due; never skips, repeats or reorders one.

    A claimed case passes its nudges in silence, a snoozed one holds them back until the snooze ends; a loud rung
    comes at its time all the same, because acknowledged and forgotten is the commonest failure. When the claim ends
    because nothing was heard of the claimant, the latest nudge that was passed in silence is said after all.
    """
    if not case.waiting:
        return Decision(level=case.level, check_at=None, hushed=case.hushed, reason=f"the case is {case.state}")
    chain = rungs(case, ladder)
    strikes = _claim_strikes(case, ladder)
    struck = strikes is not None and strikes <= now
    hand_on = struck and case.reminded_at is not None
    answer_until = _claim_strikes(replace(case, reminded_at=now), ladder) if struck and not hand_on else None
    passed = list(takewhile(lambda index: chain[index].due <= now, range(case.level, len(chain))))
    fire = [index for index in passed if _is_said(case, chain[index], strikes if hand_on else None)]
    silenced = [index for index in passed if index not in fire]
    level = passed[-1] + 1 if passed else case.level
    hushed = level - 1 in silenced if passed else case.hushed
    if hand_on and hushed and level <= len(chain):
        fire, silenced, hushed = [*fire, level - 1], silenced[:-1], False
    looks = [*(rung.due for rung in chain[level : level + 1]), None if hand_on else answer_until or strikes]
    return Decision(
        fire=tuple(fire),
        silenced=tuple(silenced),
        answer_until=answer_until,
        hand_on=hand_on,
        hushed=hushed,
        level=level,
        check_at=min(filter(None, looks), default=None),
        reason=_reason(level, chain),
    )


def rungs(case: Case, ladder: Ladder) -> tuple[Rung, ...]:
    """The ladder of a case's present round, each rung when it is due.

    A snooze holds nudges back until it ends, but never past a loud rung.
    """
    planned = _planned(case, ladder)
    if case.snoozed_until is None:
        return tuple(planned)
    held: list[Rung] = []
    until = case.snoozed_until
    for rung in reversed(planned):
        until = min(until, rung.due) if rung.loud else until
        held.append(rung if rung.loud else replace(rung, due=max(rung.due, until)))
    return tuple(reversed(held))


def _planned(case: Case, ladder: Ladder) -> list[Rung]:
    """The rungs without a snooze: those of the case's severity.

    A case that turned urgent under way keeps the rungs that it has climbed. From there it climbs the urgent ladder
    from its bottom, timed from the urgent post; what would have been the last rung keeps its time if that is sooner
    than the urgent ladder's own last.
    """
    ordinary = list(_timed(ladder, case.posted_at))
    if case.urgent_at is None or ladder.urgent is None:
        return ordinary
    urgent = list(_timed(ladder.urgent, case.urgent_at))
    if case.urgent_at <= case.posted_at:
        return urgent
    climbed, ahead = ordinary[: case.urgent_from], ordinary[case.urgent_from :]
    kept = [rung for rung in ahead[-1:] if rung.due < urgent[-1].due]
    news = replace(urgent[0], loud=True)
    return [*climbed, *sorted([news, *urgent[1:], *kept], key=lambda rung: rung.due)]


def _timed(ladder: Ladder, start: datetime) -> Iterator[Rung]:
    for step in ladder.steps:
        last = step is ladder.steps[-1]
        yield Rung(step=step, due=ladder.later(start, step.after), last=last, loud=last)


def _is_said(case: Case, rung: Rung, free_from: datetime | None) -> bool:
    """A rung of a case that may be claimed, at most until it is free again."""
    return rung.loud or case.state is not State.CLAIMED or (free_from is not None and rung.due >= free_from)


def _claim_strikes(case: Case, ladder: Ladder) -> datetime | None:
    """When who claimed the case is to be reminded or, after that, when the case is handed on."""
    climbed = ladder.chain(urgent=case.urgent)
    if case.state is not State.CLAIMED or case.silent_since is None or climbed.claim_lasts is None:
        return None
    return climbed.later(case.reminded_at or case.silent_since, climbed.claim_lasts)


def _reason(level: int, chain: tuple[Rung, ...]) -> str:
    if level >= len(chain):
        return "the ladder is climbed to its end"
    return f"step {level + 1} of {len(chain)} is due {chain[level].due.isoformat()}"
