"""The ladder: which steps of a case are due at a moment, and when to look again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.case import Case, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rung: what is said where, so long after the customer posted."""

    after: timedelta
    channel: str
    mention: tuple[str, ...] = ()
    """Who is called by name: Slack ids such as U012AB3CD, S012AB3CD (a group), or plain names elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Steps in the order of their times; the last one is never silenced."""

    target: timedelta
    """The time in which a customer shall have an answer."""
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the ladder says of a case at a moment."""

    fire: tuple[int, ...] = ()
    """Indexes of the steps to send now, in order."""
    silenced: tuple[int, ...] = ()
    """Indexes of the nudges that are passed over because someone has claimed the case."""
    level: int
    check_at: datetime | None
    reason: str


def decide(case: Case, ladder: Ladder, now: datetime) -> Decision:
    """Climbs from the case's level over every step that is due; never skips, repeats or reorders one.

    A claimed case passes its nudges in silence, a snoozed one holds them back until the snooze ends; the last step
    comes at its time all the same, because acknowledged and forgotten is the commonest failure.
    """
    if not case.waiting:
        return Decision(level=case.level, check_at=None, reason=f"the case is {case.state}")
    fire: list[int] = []
    silenced: list[int] = []
    last = len(ladder.steps) - 1
    for index in range(case.level, len(ladder.steps)):
        due = due_at(case, ladder, index)
        if due > now:
            return Decision(
                fire=tuple(fire),
                silenced=tuple(silenced),
                level=index,
                check_at=due,
                reason=f"step {index + 1} of {len(ladder.steps)} is due {due.isoformat()}",
            )
        quiet = case.state is State.CLAIMED and index != last
        (silenced if quiet else fire).append(index)
    return Decision(
        fire=tuple(fire),
        silenced=tuple(silenced),
        level=max(case.level, len(ladder.steps)),
        check_at=None,
        reason="the ladder is climbed to its end",
    )


def due_at(case: Case, ladder: Ladder, index: int) -> datetime:
    """When a step of the present round is due, a snooze counted in.

    A snooze holds a nudge back until it ends, but never past the last step.
    """
    planned = case.posted_at + ladder.steps[index].after
    last = case.posted_at + ladder.steps[-1].after
    if case.snoozed_until is None or index == len(ladder.steps) - 1:
        return planned
    return max(planned, min(case.snoozed_until, last))
