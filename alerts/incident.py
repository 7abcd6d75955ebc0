"""What an incident has to say: how many complain of what, since when, and how their cases stand."""

from datetime import timedelta

from alerts.base import Incident
from alerts.sentence import Bold, Line, Part
from alerts.voice import Voice
from alerts.words import line

TALLEST = 16
"""Signs of the longest bar."""
NAMED = 10
"""Cases with messages of their own whose numbers are given."""


def subject(incident: Incident, say: Voice) -> str:
    """Whose customers complain, and of what."""
    topic = say.topic(incident.topic) if incident.topic and incident.topic != "other" else ""
    return " · ".join(part for part in (line(incident.brand, 60), topic) if part)


def headline(incident: Incident, say: Voice) -> Line:
    """The storm in one line, with its counter."""
    people = say.many("{number} complaint", "{number} complaints", incident.complaints)
    about = subject(incident, say)
    if incident.ended_at is None:
        since = Bold(incident.started_at)
        return ("⛈️ ", *say.sentence("*Storm: {about}* · {people} since {when}", about=about, people=people, when=since))
    took = say.duration(incident.ended_at - incident.started_at)
    return ("🌤️ ", *say.sentence("*Storm over: {about}* · {people} in {time}", about=about, people=people, time=took))


def figures(incident: Incident, say: Voice) -> Line:
    """How the cases of the storm stand, and how long there is for the first of those that wait."""
    waiting = say.many("{number} waiting", "{number} waiting", incident.waiting)
    parts: list[Part] = [Bold(waiting if incident.waiting else say("nobody is waiting"))]
    if incident.answered:
        parts.append(say.many(" · {number} answered", " · {number} answered", incident.answered))
    if incident.late:
        parts.append(say.many(" · {number} past the target", " · {number} past the target", incident.late))
    if incident.respond_by and incident.respond_by > incident.now:
        parts += say.sentence(" · first answer due {when}", when=Bold(incident.respond_by))
    return tuple(parts)


def bars(incident: Incident) -> list[Line]:
    """When they complained: a bar for each stretch of time, the longest never longer than fits a phone."""
    most = max((count for _, count in incident.counts), default=0)
    return [(at, f"  {_bar(count, most)}{count or '·'}") for at, count in incident.counts]


def usual(incident: Incident, say: Voice) -> str:
    """What the bars are to be compared with."""
    stretch = say.duration(incident.stretch)
    if incident.usual < 1:
        return say("a bar for each {time}; usual at this hour: less than one an hour", time=stretch)
    number = say.number(round(incident.usual))
    return say("a bar for each {time}; usual at this hour: about {number} an hour", time=stretch, number=number)


def footer(incident: Incident, say: Voice) -> str:
    """Where the cases are."""
    parts = [say("Storm {number} · each case keeps its own clock and reminders", number=incident.id)]
    if not incident.apart:
        return " · ".join((*parts, say("all are in the thread")))
    number = len(incident.apart)
    cases = ", ".join(str(each) for each in incident.apart[:NAMED])
    if number > NAMED:
        cases = " ".join((cases, say.many("and {number} more", "and {number} more", number - NAMED)))
    own = say.many("a message of its own: case {cases}", "messages of their own: case {cases}", number, cases=cases)
    rest = [say("the others are in the thread")] if number < incident.complaints else []
    return " · ".join((*parts, own, *rest))


def ending(incident: Incident, say: Voice) -> Line:
    """The last word in the thread."""
    most = max((count for _, count in incident.counts), default=0)
    calm = say.sentence("*The storm is over*: for half an hour it has been nearly as usual")
    peak = say(" · at most {number} in {time} · ", number=say.number(most), time=say.duration(incident.stretch))
    return (*calm, peak, *figures(incident, say))


def stretches(since_until: timedelta) -> timedelta:
    """How much time a bar stands for, so that there are not many of them."""
    for minutes in (5, 10, 15, 30, 60, 120, 240):
        if since_until <= timedelta(minutes=8 * minutes):
            return timedelta(minutes=minutes)
    return timedelta(minutes=480)


def _bar(count: int, most: int) -> str:
    signs = max(1, round(count * min(TALLEST, most) / most)) if count else 0
    return "▇" * signs + (" " if signs else "")
