"""What an alert has to say, in the order of its weight, before a channel gives it a form."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from alerts.base import Alert, Answer, Complaint, Customer
from alerts.case import CALLS, Case, Event, State, Stop, dismissal
from alerts.words import count, duration, language, line, moment, platform, shorten
from classifiers.base import Verdict

MAX_URL = 3000
MAX_THREADS = 5
"""Of one case, that are linked to."""


@dataclass(frozen=True, slots=True)
class Bold:
    """What the eye shall find first."""

    part: "str | datetime"


@dataclass(frozen=True, slots=True)
class Who:
    """A colleague, by name or by the channel's own id."""

    name: str


Part = str | datetime | Bold | Who
Line = tuple[Part, ...]
"""A sentence whose moments and people each channel shows in its own way."""


def title(case: Case) -> str:
    return f"{line(case.brand, 60)} on {platform(case.platform)}"


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


def headline(alert: Alert) -> Line:
    """The case in one line: whose, where, and how urgent or how it ended; nothing in it ever goes stale."""
    return (f"{mark(alert)} ", Bold(title(alert.case)), " · ", *_outcome(alert))


def short(alert: Alert) -> Line:
    """The case in one line where its brand and topic are plain: who, where, and how urgent or how it ended."""
    who = " · ".join(part for part in (_who(alert), platform(alert.case.platform)) if part)
    return (f"{mark(alert)} Case {alert.case.id} · ", Bold(who), " · ", *_outcome(alert))


def which(alert: Alert) -> Line:
    """Which case is meant, where there are several in one thread; empty elsewhere."""
    return (f"Case {alert.case.id} · ", Bold(_who(alert)), " · ") if alert.incident and _who(alert) else ()


def beginning(alert: Alert) -> list[str]:
    """The first words of the oldest post, for a case that waits."""
    return [shorten(said, 160, lines=2) for said in words(alert)[:1]] if alert.case.waiting else []


def status(alert: Alert) -> Line:
    """Who has it in hand, for a case that waits; empty when nobody has."""
    case, parts = alert.case, [*_holder(alert)]
    if case.waiting and case.snoozed_until and case.snoozed_until > alert.now:
        snoozed = _last(alert, "snoozed")
        parts += [" · snoozed until " if parts else "Snoozed until ", case.snoozed_until]
        parts += [" by ", Who(snoozed.actor)] if snoozed and snoozed.actor else []
    return tuple(parts)


def held(alert: Alert) -> Line:
    """The status, said even when it is that nobody has the case in hand."""
    return status(alert) or ("Nobody has claimed it",)


def call(alert: Alert) -> Line:
    """What the due step asks of its readers."""
    case = alert.case
    if not case.waiting:
        return headline(alert)
    if alert.late:
        return (Bold("Target missed"), ", due ", Bold(case.respond_by))
    if case.urgent and alert.number == case.urgent_from > 0:
        return (Bold("The customer's case is urgent now"), " · answer by ", Bold(case.respond_by))
    if alert.number == 0:
        news = "The customer complains again" if case.round > 1 else "A new complaint"
        return (Bold(news), " · answer by ", Bold(case.respond_by))
    return (Bold("Still no answer"), " · due ", Bold(case.respond_by))


def summons(alert: Alert) -> tuple[str, Line]:
    """Whom the `number`th event that calls the case's assignee calls, and what to tell her."""
    event = [event for event in alert.timeline if event.kind in CALLS][alert.number]
    whom = str(event.detail["to"])
    due: Line = (" · ", *_outcome(alert)) if alert.case.waiting else ("; by now: ", *_outcome(alert))
    if event.kind == "reminded":
        until = datetime.fromisoformat(event.detail["until"])
        return whom, (
            Bold("Are you still on it?"),
            " Answer or snooze; at ",
            Bold(until),
            " it goes on without you",
            *due,
        )
    by: Line = (" by ", Who(event.actor)) if event.actor else ()
    return whom, (Bold("You have been given this case"), *by, *due)


def customer(alert: Alert) -> str:
    """Who wrote, how many will read it, in which language and mood; only who, once settled; "" once deleted."""
    posts = living(alert)
    if not posts:
        return ""
    latest = posts[-1].mention
    if not alert.case.waiting:
        return handle(latest.platform, latest.author)
    names = dict.fromkeys(handle(c.mention.platform, c.mention.author) for c, _ in _threads(alert))
    followers = next((c.mention.followers for c in reversed(posts) if c.mention.followers is not None), None)
    facts = [
        ", ".join(name for name in list(names)[:MAX_THREADS] if name),
        "" if followers is None else f"{count(followers)} {'follower' if followers == 1 else 'followers'}",
        next((name for c in reversed(posts) if (name := language(c.verdict.language or c.mention.lang))), ""),
        _surest(posts).sentiment,
    ]
    return " · ".join(fact for fact in facts if fact)


def about(alert: Alert) -> str:
    """What the complaint is about and the customer's words that made it one; "" when settled or not known."""
    posts = living(alert) if alert.case.waiting else []
    if not posts:
        return ""
    verdict = _surest(posts)
    topic = line(verdict.topic or "", 40) if verdict.topic != "other" else ""
    why = ", ".join(f"“{line(words, 60)}”" for words in verdict.why[:3])
    return " · ".join(part for part in (topic.capitalize(), f"flagged for {why}" if why else "") if part)


def value(who: Customer | None, complaints: Sequence[Complaint]) -> str:
    """Her tier, such as "gold customer", and whether the brand may lose her; "" for one of no special value."""
    posts = [complaint for complaint in complaints if not complaint.deleted]
    if who is None or who.rank is None or not posts:
        return ""
    return f"{line(who.tier, 40)} customer{' at risk' if _surest(posts).sentiment == 'negative' else ''}"


def known(alert: Alert) -> Line:
    """What the brand's own list says of the customer; empty when settled or not known."""
    who = alert.customer
    if who is None or not alert.case.waiting or not living(alert):
        return ()
    worth = value(who, alert.complaints)
    lead = Bold(f"{worth[:1].upper()}{worth[1:]}") if worth else "Known customer"
    said = [line(part, limit) for part, limit in ((who.name, 80), (who.note, 200)) if part.strip()]
    return ("⭐ " if worth else "", lead, *(f" · {part}" for part in said))


def suggestion(answer: Answer) -> Line:
    """What stands above a prepared answer."""
    if answer.person_decides:
        return (Bold("A person decides"), " · neutral words for now, promise nothing")
    facts = " · ".join(fact for fact in (language(answer.language), answer.topic) if fact)
    return (Bold("Prepared answer"), f" · {facts} · check it, sign it")


def prepared(answer: Answer) -> str:
    """The words to copy."""
    return shorten(answer.text, 2500, lines=40) or "(no text)"


def urgent(alert: Alert) -> bool:
    """Somebody's safety or money, the law or the press is at stake in one of the posts."""
    return any(complaint.verdict.severity == "urgent" for complaint in living(alert))


def handle(platform_name: str, author: str) -> str:
    name = line(author, 60)
    return f"{'u/' if platform_name == 'reddit' else '@'}{name}" if name else ""


def words(alert: Alert) -> list[str]:
    """What the customer wrote: the oldest post and the latest. Only the oldest, and less of it, once settled."""
    texts = [complaint.mention.text for complaint in living(alert)]
    if not alert.case.waiting:
        return [shorten(text, 120, lines=1) or "(no text)" for text in texts[:1]]
    limit, lines = (900, 12) if len(texts) == 1 else (450, 6)
    return [shorten(text, limit, lines) or "(no text)" for text in (*texts[:1], *texts[1:][-1:])]


def between(alert: Alert) -> Line:
    """What stands between the oldest and the latest post."""
    posts = living(alert)
    left_out = f"{len(posts) - 2} more, " if len(posts) > 2 else ""
    return (f"… {left_out}then at ", posts[-1].mention.posted_at)


def links(alert: Alert) -> list[tuple[str, str]]:
    """Addresses with their words: the customer's latest post in each thread, and the team's own message."""
    verb = "Answer" if alert.case.waiting else "See it"
    found = [
        *((safe_url(post.mention.url), f"{verb} on {where}") for post, where in _threads(alert)[:MAX_THREADS]),
        (safe_url(alert.elsewhere) if alert.elsewhere else None, "Open the team's thread"),
    ]
    return [(url, text) for url, text in found if url]


def footer(alert: Alert) -> Line:
    """What is asked for seldom: the case's number, its first moments, what the classifier thought."""
    case = alert.case
    parts: list[Part] = [f"Case {case.id} · posted ", case.posted_at]
    if case.waiting:
        parts += [" · found ", case.detected_at]
        if posts := living(alert):
            parts.append(f" · {percent(_surest(posts).complaint)} sure")
    if case.round > 1:
        parts.append(f" · complaint no. {case.round}")
    return tuple(parts)


def living(alert: Alert) -> list[Complaint]:
    """The posts that may still be shown."""
    if alert.case.state is State.WITHDRAWN:
        return []
    return [complaint for complaint in alert.complaints if not complaint.deleted]


def plain(said: Line, near: datetime) -> str:
    """A line as plain text, its moments in UTC."""
    return "".join(_plain(part, near) for part in said)


def percent(probability: float) -> str:
    """Rounded down, so that nothing is ever said to be quite sure."""
    return f"{int(round(min(max(probability, 0.0), 0.99) * 100, 6))}%"


def safe_url(url: str) -> str | None:
    """The address when it is a plain web link that a client can open, percent-encoded; None when it is not."""
    if re.search(r"[\s\x00-\x1f\x7f<>\"|\\^`{}]", url):
        return None
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", host):
        return None
    rest = quote(parts.path + (f"?{parts.query}" if parts.query else ""), safe="/?%:@!$&'()*+,;=~-._")
    anchor = "#" + quote(parts.fragment, safe="/?%:@!$&'()*+,;=~-._") if parts.fragment else ""
    safe = f"{parts.scheme}://{host}{port}{rest}{anchor}"
    return safe if len(safe) <= MAX_URL else None


def _threads(alert: Alert) -> list[tuple[Complaint, str]]:
    """The latest post of each thread of the case, the latest thread first, with where it is; numbered where needed."""
    latest = {(c.mention.platform, c.mention.thread_id): c for c in living(alert)}
    found: list[tuple[Complaint, str]] = []
    for post in sorted(latest.values(), key=lambda c: c.mention.posted_at, reverse=True):
        same = sum(earlier.mention.platform == post.mention.platform for earlier, _ in found)
        where = platform(post.mention.platform)
        found.append((post, f"{where} ({same + 1})" if same else where))
    return found


def joined(alert: Alert) -> list[tuple[int, str]]:
    """The threads that can be split off the case: the number of the latest post of each, and where it is."""
    own = (alert.case.platform, alert.case.thread_id)
    return [(c.id, where) for c, where in _threads(alert) if (c.mention.platform, c.mention.thread_id) != own]


def _who(alert: Alert) -> str:
    posts = living(alert)
    return handle(posts[-1].mention.platform, posts[-1].mention.author) if posts else ""


def _holder(alert: Alert) -> Line:
    """Who took or gave the case last, and when."""
    case, last = alert.case, _last(alert, "claimed", "assigned", "handed_on", "reopened", "complained_again")
    if case.state is State.OPEN and last and last.kind == "handed_on":
        return ("Nobody has claimed it: ", Who(str(last.detail["from"])), " had it and was not heard of")
    if case.state is State.OPEN and last and last.kind == "reopened":
        return ("Reopened by ", Who(last.actor), " at ", last.at, " · nobody has claimed it since")
    if case.state is not State.CLAIMED or not case.assignee:
        return ()
    at: Line = (" at ", last.at) if last else ()
    if last and last.kind == "assigned" and last.actor != case.assignee:
        return ("Given to ", Who(case.assignee), " by ", Who(last.actor), *at)
    return ("Claimed by ", Who(case.assignee), *at)


def _outcome(alert: Alert) -> Line:
    case = alert.case
    match case.state:
        case State.ANSWERED:
            return _answered(alert)
        case State.DISMISSED:
            event = _last(alert, "dismissed")
            reason = line(str(event.detail.get("reason", "")), 150) if event else ""
            kind = dismissal(event).words if event else ""
            by: Line = (" by ", Who(event.actor), " at ", event.at) if event and event.actor else ()
            return (Bold("dismissed"), f" as {kind}" if kind else "", *by, f": {reason}" if reason else "")
        case State.WITHDRAWN:
            return (Bold("deleted by the customer"),)
        case _:
            first: Line = (Bold("urgent"), " · ") if urgent(alert) else ()
            before: Line = (Bold("target missed"), ", due ") if alert.late else ("answer by ",)
            return (*first, *before, Bold(case.respond_by))


def _answered(alert: Alert) -> Line:
    case = alert.case
    parts: list[Part] = [Bold("answered")]
    if case.stopped_at:
        parts = [Bold(f"answered in {duration(case.stopped_at - case.posted_at)}")]
    if case.stopped_by is Stop.BRAND_REPLY:
        event = _last(alert, "brand_reply")
        parts.append(f" by {handle(case.platform, event.actor)}" if event and event.actor else " by the brand")
    elif (event := _last(alert, "answered")) and event.actor:
        parts += [", says ", Who(event.actor)]
    if case.stopped_at and alert.late:
        parts.append(f" · {duration(case.stopped_at - case.respond_by)} late")
    elif case.stopped_at:
        parts.append(" · in time")
    return tuple(parts)


def _last(alert: Alert, *kinds: str) -> Event | None:
    return next((event for event in reversed(alert.timeline) if event.kind in kinds), None)


def _surest(posts: Sequence[Complaint]) -> Verdict:
    return max((complaint.verdict for complaint in posts), key=lambda verdict: verdict.complaint)


def _plain(part: Part, near: datetime) -> str:
    match part:
        case Bold(inner):
            return _plain(inner, near)
        case datetime():
            return moment(part, near)
        case Who(name):
            return line(name, 80)
        case str():
            return part
