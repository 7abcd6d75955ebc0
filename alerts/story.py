"""How a case stands and what is asked of its readers, in the order of its weight, before a channel gives it a form."""

from datetime import datetime

from alerts.base import Alert
from alerts.case import CALLS, Case, Dismissal, Event, State, Stop, dismissal
from alerts.facts import author, urgent
from alerts.sentence import Bold, Line, Who
from alerts.voice import Voice
from alerts.words import handle, line


def title(case: Case, say: Voice) -> str:
    return say("{brand} on {platform}", brand=line(case.brand, 60), platform=say.platform(case.platform))


def mark(alert: Alert) -> str:
    """One sign for the case's state, to be told apart at a glance while scrolling."""
    match alert.case.state:
        case State.ANSWERED:
            return "✅"
        case State.DISMISSED | State.WITHDRAWN:
            return "⚪"
        case State.CLAIMED if not alert.late:
            return "🔵"
        case _:
            return "🔴" if alert.late else "🟠"


def headline(alert: Alert, say: Voice) -> Line:
    """The case in one line: whose, where, and how urgent or how it ended; nothing in it ever goes stale."""
    return (f"{mark(alert)} ", Bold(title(alert.case, say)), " · ", *_outcome(alert, say))


def short(alert: Alert, say: Voice) -> Line:
    """The case in one line where its brand and topic are plain: who, where, and how urgent or how it ended."""
    number = say("Case {number}", number=alert.case.id)
    who = " · ".join(part for part in (author(alert), say.platform(alert.case.platform)) if part)
    return (f"{mark(alert)} {number} · ", Bold(who), " · ", *_outcome(alert, say))


def which(alert: Alert, say: Voice) -> Line:
    """Which case is meant, where there are several in one thread; empty elsewhere."""
    if not alert.incident or not author(alert):
        return ()
    return (say("Case {number}", number=alert.case.id), " · ", Bold(author(alert)), " · ")


def status(alert: Alert, say: Voice) -> Line:
    """Who has it in hand, for a case that waits; empty when nobody has."""
    held = _holder(alert, say)
    until = alert.case.snoozed_until
    if not alert.case.waiting or until is None or until <= alert.now:
        return held
    snoozed = _last(alert, "snoozed")
    who = Who(snoozed.actor) if snoozed and snoozed.actor else None
    if who is None:
        said = say.sentence("snoozed until {when}", when=until)
    else:
        said = say.sentence("snoozed until {when} by {who}", when=until, who=who)
    return (*held, " · ", *said) if held else _capital(said)


def held(alert: Alert, say: Voice) -> Line:
    """The status, said even when it is that nobody has the case in hand."""
    return status(alert, say) or (say("Nobody has claimed it"),)


def call(alert: Alert, say: Voice) -> Line:
    """What the due step asks of its readers."""
    case, due = alert.case, Bold(alert.case.respond_by)
    if not case.waiting:
        return headline(alert, say)
    if alert.late:
        return say.sentence("*Target missed*, due {when}", when=due)
    if case.urgent and alert.number == case.urgent_from > 0:
        return say.sentence("*The customer's case is urgent now* · answer by {when}", when=due)
    if alert.number == 0 and case.round > 1:
        return say.sentence("*The customer complains again* · answer by {when}", when=due)
    if alert.number == 0:
        return say.sentence("*A new complaint* · answer by {when}", when=due)
    return say.sentence("*Still no answer* · due {when}", when=due)


def summons(alert: Alert, say: Voice) -> tuple[str, Line]:
    """Whom the `number`th event that calls the case's assignee calls, and what to tell her."""
    event = [event for event in alert.timeline if event.kind in CALLS][alert.number]
    whom = str(event.detail["to"])
    outcome = _outcome(alert, say)
    due = (" · ", *outcome) if alert.case.waiting else say.sentence("; by now: {outcome}", outcome=outcome)
    if event.kind == "reminded":
        until = Bold(datetime.fromisoformat(event.detail["until"]))
        asked = say.sentence("*Are you still on it?* Answer or snooze; at {when} it goes on without you", when=until)
        return whom, (*asked, *due)
    if event.actor:
        return whom, (*say.sentence("*You have been given this case* by {who}", who=Who(event.actor)), *due)
    return whom, (*say.sentence("*You have been given this case*"), *due)


def _holder(alert: Alert, say: Voice) -> Line:
    """Who took or gave the case last, and when."""
    case, last = alert.case, _last(alert, "claimed", "assigned", "handed_on", "reopened", "complained_again")
    if case.state is State.OPEN and last and last.kind == "handed_on":
        who = Who(str(last.detail["from"]))
        return say.sentence("Nobody has claimed it: {who} had it and was not heard of", who=who)
    if case.state is State.OPEN and last and last.kind == "reopened":
        who, when = Who(last.actor), last.at
        return say.sentence("Reopened by {who} at {when} · nobody has claimed it since", who=who, when=when)
    if case.state is not State.CLAIMED or not case.assignee:
        return ()
    if last and last.kind == "assigned" and last.actor != case.assignee:
        whom, who = Who(case.assignee), Who(last.actor)
        return say.sentence("Given to {whom} by {who} at {when}", whom=whom, who=who, when=last.at)
    if last:
        return say.sentence("Claimed by {who} at {when}", who=Who(case.assignee), when=last.at)
    return say.sentence("Claimed by {who}", who=Who(case.assignee))


def _outcome(alert: Alert, say: Voice) -> Line:
    match alert.case.state:
        case State.ANSWERED:
            return _answered(alert, say)
        case State.DISMISSED:
            return _dismissed(alert, say)
        case State.WITHDRAWN:
            return say.sentence("*deleted by the customer*")
        case _:
            first: Line = (Bold(say("urgent")), " · ") if urgent(alert) else ()
            due = Bold(alert.case.respond_by)
            if alert.late:
                return (*first, *say.sentence("*target missed*, due {when}", when=due))
            return (*first, *say.sentence("answer by {when}", when=due))


def _dismissed(alert: Alert, say: Voice) -> Line:
    event = _last(alert, "dismissed")
    if event is None:
        return say.sentence("*dismissed*")
    kind = {
        Dismissal.NOT_A_COMPLAINT: say("not a complaint"),
        Dismissal.NOT_OURS: say("not ours"),
        Dismissal.DUPLICATE: say("duplicate"),
        Dismissal.OTHER: "",
    }[dismissal(event)]
    reason = line(str(event.detail.get("reason", "")), 150)
    why: Line = (f": {reason}",) if reason else ()
    if not event.actor:
        return (*(say.sentence("*dismissed* as {kind}", kind=kind) if kind else say.sentence("*dismissed*")), *why)
    who, when = Who(event.actor), event.at
    if kind:
        return (*say.sentence("*dismissed* as {kind} by {who} at {when}", kind=kind, who=who, when=when), *why)
    return (*say.sentence("*dismissed* by {who} at {when}", who=who, when=when), *why)


def _answered(alert: Alert, say: Voice) -> Line:
    case, stopped = alert.case, alert.case.stopped_at or alert.now
    time = say.duration(stopped - case.posted_at)
    late = say.duration(stopped - case.respond_by)
    timely = say(" · {time} late", time=late) if alert.late else say(" · in time")
    if case.stopped_by is Stop.BRAND_REPLY:
        event = _last(alert, "brand_reply")
        who = handle(case.platform, event.actor) if event and event.actor else say("the brand")
        return (*say.sentence("*answered in {time}* by {who}", time=time, who=who), timely)
    if (event := _last(alert, "answered")) and event.actor:
        return (*say.sentence("*answered in {time}*, says {who}", time=time, who=Who(event.actor)), timely)
    return (*say.sentence("*answered in {time}*", time=time), timely)


def _last(alert: Alert, *kinds: str) -> Event | None:
    return next((event for event in reversed(alert.timeline) if event.kind in kinds), None)


def _capital(said: Line) -> Line:
    """The line as a sentence of its own."""
    first, *rest = said
    return (first[:1].upper() + first[1:] if isinstance(first, str) else first, *rest)
