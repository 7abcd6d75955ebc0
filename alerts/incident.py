"""What an incident has to say: how many complain of what, since when, and how their cases stand."""

from datetime import timedelta

from alerts.base import Incident
from alerts.story import Bold, Line, Part
from alerts.words import duration, line

TALLEST = 16
"""Signs of the longest bar."""


def subject(incident: Incident) -> str:
    """Whose customers complain, and of what."""
    topic = line(incident.topic, 40) if incident.topic != "other" else ""
    return f"{line(incident.brand, 60)} · {topic}" if topic else line(incident.brand, 60)


def headline(incident: Incident) -> Line:
    """The storm in one line, with its counter."""
    people = _count(incident.complaints, "complaint")
    if incident.ended_at is None:
        return ("⛈️ ", Bold(f"Storm: {subject(incident)}"), f" · {people} since ", Bold(incident.started_at))
    took = duration(incident.ended_at - incident.started_at)
    return ("🌤️ ", Bold(f"Storm over: {subject(incident)}"), f" · {people} in {took}")


def figures(incident: Incident) -> Line:
    """How the cases of the storm stand, and how long there is for the first of those that wait."""
    parts: list[Part] = [Bold(f"{incident.waiting} waiting") if incident.waiting else Bold("nobody is waiting")]
    parts += [f" · {incident.answered} answered"] if incident.answered else []
    parts += [f" · {incident.late} past the target"] if incident.late else []
    if incident.respond_by and incident.respond_by > incident.now:
        parts += [" · first answer due ", Bold(incident.respond_by)]
    return tuple(parts)


def bars(incident: Incident) -> list[Line]:
    """When they complained: a bar for each stretch of time, the longest never longer than fits a phone."""
    most = max((count for _, count in incident.counts), default=0)
    return [(at, f"  {_bar(count, most)}{count or '·'}") for at, count in incident.counts]


def usual(incident: Incident) -> str:
    """What the bars are to be compared with."""
    each = f"a bar for each {duration(incident.stretch)}"
    if incident.usual < 1:
        return f"{each}; usual at this hour: less than one an hour"
    return f"{each}; usual at this hour: about {incident.usual:.0f} an hour"


def footer(incident: Incident) -> str:
    """Where the cases are."""
    where = f"Storm {incident.id} · each case keeps its own clock and reminders"
    if not incident.apart:
        return f"{where} · all are in the thread"
    shown = ", ".join(str(number) for number in incident.apart[:10])
    more = f" and {len(incident.apart) - 10} more" if len(incident.apart) > 10 else ""
    own = "a message of its own" if len(incident.apart) == 1 else "messages of their own"
    rest = " · the others are in the thread" if len(incident.apart) < incident.complaints else ""
    return f"{where} · {own}: case {shown}{more}{rest}"


def ending(incident: Incident) -> Line:
    """The last word in the thread."""
    most = max((count for _, count in incident.counts), default=0)
    calm: Line = (Bold("The storm is over"), ": for half an hour it has been nearly as usual")
    return (*calm, f" · at most {most} in {duration(incident.stretch)} · ", *figures(incident))


def stretches(since_until: timedelta) -> timedelta:
    """How much time a bar stands for, so that there are not many of them."""
    for minutes in (5, 10, 15, 30, 60, 120, 240):
        if since_until <= timedelta(minutes=8 * minutes):
            return timedelta(minutes=minutes)
    return timedelta(minutes=480)


def _bar(count: int, most: int) -> str:
    signs = max(1, round(count * min(TALLEST, most) / most)) if count else 0
    return "▇" * signs + (" " if signs else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
