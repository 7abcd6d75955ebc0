"""What an alert tells of the complaint itself: the customer's words, who she is, what it is about, where to answer."""

from collections.abc import Sequence

from alerts.base import Alert, Answer, Complaint, Customer
from alerts.case import State
from alerts.sentence import Bold, Line
from alerts.voice import Voice
from alerts.words import handle, line, safe_url, shorten
from classifiers.base import Sentiment, Verdict

MAX_THREADS = 5
"""Of one case, that are linked to."""


def customer(alert: Alert, say: Voice) -> str:
    """Who wrote, how many will read it, in which language and mood; only who, once settled; "" once deleted."""
    posts = living(alert)
    if not posts:
        return ""
    if not alert.case.waiting:
        return author(alert)
    names = dict.fromkeys(handle(c.mention.platform, c.mention.author) for c, _ in _threads(alert, say))
    followers = next((c.mention.followers for c in reversed(posts) if c.mention.followers is not None), None)
    facts = [
        ", ".join(name for name in list(names)[:MAX_THREADS] if name),
        "" if followers is None else _followers(followers, say),
        next((name for c in reversed(posts) if (name := say.tongue(c.verdict.language or c.mention.lang))), ""),
        _mood(_surest(posts).sentiment, say),
    ]
    return " · ".join(fact for fact in facts if fact)


def about(alert: Alert, say: Voice) -> str:
    """What the complaint is about and the customer's words that made it one; "" when settled or not known."""
    posts = living(alert) if alert.case.waiting else []
    if not posts:
        return ""
    verdict = _surest(posts)
    topic = say.topic(verdict.topic) if verdict.topic and verdict.topic != "other" else ""
    why = ", ".join(say("“{words}”", words=line(words, 60)) for words in verdict.why[:3])
    parts = (topic[:1].upper() + topic[1:], say("flagged for {words}", words=why) if why else "")
    return " · ".join(part for part in parts if part)


def value(who: Customer | None, complaints: Sequence[Complaint], say: Voice) -> str:
    """Her tier, such as "gold customer", and whether the brand may lose her; "" for one of no special value."""
    posts = [complaint for complaint in complaints if not complaint.deleted]
    if who is None or who.rank is None or not posts:
        return ""
    tier = line(who.tier, 40)
    if _surest(posts).sentiment == "negative":
        return say("{tier} customer at risk", tier=tier)
    return say("{tier} customer", tier=tier)


def known(alert: Alert, say: Voice) -> Line:
    """What the brand's own list says of the customer; empty when settled or not known."""
    who = alert.customer
    if who is None or not alert.case.waiting or not living(alert):
        return ()
    worth = value(who, alert.complaints, say)
    lead = Bold(f"{worth[:1].upper()}{worth[1:]}") if worth else say("Known customer")
    said = [line(part, limit) for part, limit in ((who.name, 80), (who.note, 200)) if part.strip()]
    return ("⭐ " if worth else "", lead, *(f" · {part}" for part in said))


def suggestion(answer: Answer, say: Voice) -> Line:
    """What stands above a prepared answer."""
    if answer.person_decides:
        return say.sentence("*A person decides* · neutral words for now, promise nothing")
    facts = " · ".join(fact for fact in (say.tongue(answer.language), say.topic(answer.topic)) if fact)
    return say.sentence("*Prepared answer* · {facts} · check it, sign it", facts=facts)


def prepared(answer: Answer, say: Voice) -> str:
    """The words to copy."""
    return shorten(answer.text, 2500, lines=40) or say("(no text)")


def urgent(alert: Alert) -> bool:
    """Somebody's safety or money, the law or the press is at stake in one of the posts."""
    return any(complaint.verdict.severity == "urgent" for complaint in living(alert))


def words(alert: Alert, say: Voice) -> list[str]:
    """What the customer wrote: the oldest post and the latest. Only the oldest, and less of it, once settled."""
    texts = [complaint.mention.text for complaint in living(alert)]
    nothing = say("(no text)")
    if not alert.case.waiting:
        return [shorten(text, 120, lines=1) or nothing for text in texts[:1]]
    limit, lines = (900, 12) if len(texts) == 1 else (450, 6)
    return [shorten(text, limit, lines) or nothing for text in (*texts[:1], *texts[1:][-1:])]


def between(alert: Alert, say: Voice) -> Line:
    """What stands between the oldest and the latest post."""
    posts = living(alert)
    when = posts[-1].mention.posted_at
    if len(posts) <= 2:
        return say.sentence("… then at {when}", when=when)
    more = say.many("{number} more", "{number} more", len(posts) - 2)
    return say.sentence("… {more}, then at {when}", more=more, when=when)


def links(alert: Alert, say: Voice) -> list[tuple[str, str]]:
    """Addresses with their words: the customer's latest post in each thread, and the team's own message."""

    def words(where: str) -> str:
        if alert.case.waiting:
            return say("Answer on {platform}", platform=where)
        return say("See it on {platform}", platform=where)

    found = [
        *((safe_url(post.mention.url), words(where)) for post, where in _threads(alert, say)[:MAX_THREADS]),
        (safe_url(alert.elsewhere) if alert.elsewhere else None, say("Open the team's thread")),
    ]
    return [(url, text) for url, text in found if url]


def footer(alert: Alert, say: Voice) -> Line:
    """What is asked for seldom: the case's number, its first moments, what the classifier thought."""
    case, posts = alert.case, living(alert)
    parts = [say.sentence("Case {number} · posted {when}", number=str(case.id), when=case.posted_at)]
    if case.waiting:
        parts.append(say.sentence("found {when}", when=case.detected_at))
        if posts:
            parts.append((say("{percent} sure", percent=say.probability(_surest(posts).complaint)),))
    if case.round > 1:
        parts.append((say("complaint no. {number}", number=case.round),))
    return tuple(part for index, said in enumerate(parts) for part in ((" · ", *said) if index else said))


def living(alert: Alert) -> list[Complaint]:
    """The posts that may still be shown."""
    if alert.case.state is State.WITHDRAWN:
        return []
    return [complaint for complaint in alert.complaints if not complaint.deleted]


def beginning(alert: Alert, say: Voice) -> list[str]:
    """The first words of the oldest post, for a case that waits."""
    return [shorten(said, 160, lines=2) for said in words(alert, say)[:1]] if alert.case.waiting else []


def author(alert: Alert) -> str:
    """Who wrote the latest post; "" once it is deleted."""
    posts = living(alert)
    return handle(posts[-1].mention.platform, posts[-1].mention.author) if posts else ""


def joined(alert: Alert, say: Voice) -> list[tuple[int, str]]:
    """The threads that can be split off the case: the number of the latest post of each, and where it is."""
    own = (alert.case.platform, alert.case.thread_id)
    return [(c.id, where) for c, where in _threads(alert, say) if (c.mention.platform, c.mention.thread_id) != own]


def _threads(alert: Alert, say: Voice) -> list[tuple[Complaint, str]]:
    """The latest post of each thread of the case, the latest thread first, with where it is; numbered where needed."""
    latest = {(c.mention.platform, c.mention.thread_id): c for c in living(alert)}
    found: list[tuple[Complaint, str]] = []
    for post in sorted(latest.values(), key=lambda c: c.mention.posted_at, reverse=True):
        same = sum(earlier.mention.platform == post.mention.platform for earlier, _ in found)
        where = say.platform(post.mention.platform)
        found.append((post, f"{where} ({same + 1})" if same else where))
    return found


def _followers(number: int, say: Voice) -> str:
    """In the form that goes with the number as it is written: 12.4K is thousands, whatever its last digit."""
    asks = number if number < 1000 else 1000
    return say.many("{count} follower", "{count} followers", asks, count=say.count(number))


def _mood(sentiment: Sentiment, say: Voice) -> str:
    return {"negative": say("negative"), "neutral": say("neutral"), "positive": say("positive")}[sentiment]


def _surest(posts: Sequence[Complaint]) -> Verdict:
    return max((complaint.verdict for complaint in posts), key=lambda verdict: verdict.complaint)
