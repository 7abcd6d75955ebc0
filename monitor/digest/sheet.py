"""Puts a review into the words and numbers of one language, ready for any form."""

from dataclasses import dataclass
from datetime import timedelta

from alerts.words import handle, line, safe_url, shorten
from monitor.digest.language import Voice
from monitor.digest.review import Past, Platform, Review, Topic
from monitor.digest.sentences import EXPECT_AN_HOUR, GO_UNANSWERED, five
from monitor.digest.stories import Told
from monitor.digest.storms import Storm
from monitor.metrics import Ids

EXAMPLES = 2
"""Questions shown of each kind that recurs."""
MOST_CASES = 12
"""Case numbers shown behind one figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of the table at the top."""

    label: str
    value: str
    note: str
    cases: str = ""
    """The numbers of the cases behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case as it is told: safe to show anywhere once the form's own marks are escaped."""

    head: str
    words: str
    url: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    language: str
    title: str
    subtitle: str
    sentences: tuple[str, ...]
    figures: tuple[Figure, ...]
    misses: tuple[Case, ...]
    saves: tuple[Case, ...]
    topics: tuple[tuple[str, ...], ...]
    platforms: tuple[tuple[str, ...], ...]
    questions: tuple[Case, ...]
    silences: tuple[str, ...]
    storms: tuple[str, ...]
    forecast: str
    benchmarks: tuple[str, ...]


def sheet(review: Review, say: Voice) -> Sheet:
    about = review.about
    brand = line(about.brand, 60)
    return Sheet(
        language=say.language,
        title=say("{brand}: complaints in week {number}", brand=brand, number=about.week.number),
        subtitle=say(
            "{days} · as the cases stood on {now}",
            days=say.days(about.week.monday, about.week.sunday),
            now=say.moment(review.now),
        ),
        sentences=five(review, say),
        figures=(*_customers(review, say), *_monitor(review, say)),
        misses=tuple(_miss(told, say) for told in review.misses),
        saves=tuple(_save(told, say) for told in review.saves),
        topics=tuple(_topic(topic, say) for topic in review.topics),
        platforms=tuple(_platform(part, say) for part in review.platforms),
        questions=tuple(_questions(review, say)),
        silences=tuple(
            say(
                "{source}: nothing was heard from {since} to {until}",
                source=line(each.source, 60) if each.source else say("the monitor itself"),
                since=say.moment(each.since),
                until=say.moment(each.until),
            )
            for each in review.silences
        ),
        storms=tuple(_storm(storm, say) for storm in review.storms),
        forecast=_forecast(review, say),
        benchmarks=(
            say(
                "{share} of those who complain in public expect an answer within the hour.",
                share=say.percent(EXPECT_AN_HOUR),
            ),
            say("About {share} of complaints on Twitter went unanswered.", share=say.percent(GO_UNANSWERED)),
        ),
    )


def _storm(storm: Storm, say: Voice) -> str:
    topic = say.topic(line(storm.topic, 40) or "other")
    if storm.until is None:
        said = say("“{topic}”: since {since}, not over yet", topic=topic, since=say.moment(storm.since))
    else:
        lasted = say.duration(storm.until - storm.since)
        said = say("“{topic}”: {since}, over after {length}", topic=topic, since=say.moment(storm.since), length=lasted)
    many = say.many("one complaint", "{number} complaints", len(storm.cases))
    missed = say.many("one missed the target", "{number} missed the target", len(storm.missed))
    parts = (said, many, missed if storm.missed else "", _behind(storm.cases, say))
    return " · ".join(part for part in parts if part)


def _customers(review: Review, say: Voice) -> list[Figure]:
    """What customers met with, this week and the one before."""
    target, before = review.this.target, review.before
    labels: list[tuple[str, Ids]] = [
        (say("Complaints"), target.all),
        (say("Answered in time"), target.in_time),
        (say("Missed the target"), target.missed),
        (say("Half answered within"), ()),
        (say("Nine in ten answered within"), ()),
        (say("Complaint rate"), ()),
    ]
    now = _values(review.this, say)
    earlier = _values(before, say) if before else [""] * len(labels)
    return [
        *(_figure(*label, *values, say=say) for label, *values in zip(labels, now, earlier, strict=True)),
        _figure(say("Waiting when the week ended"), review.backlog, say.number(len(review.backlog)), say=say),
        _figure(say("Answer did not hold"), review.reopened.part, say.number(len(review.reopened.part)), say=say),
    ]


def _values(past: Past, say: Voice) -> list[str]:
    waited = bool(past.replies.waits)
    return [
        say.number(past.complaints),
        say.percent(past.target.share.value),
        say.number(len(past.target.missed)),
        _time(past.replies.within(0.5), waited, say),
        _time(past.replies.within(0.9), waited, say),
        say.percent(past.posts.rate),
    ]


def _monitor(review: Review, say: Voice) -> list[Figure]:
    """How the monitor itself did."""
    found, told = review.detection.quantile(0.5), review.alert.quantile(0.5)
    gone, right = review.dismissed.part, review.precision
    wrong = tuple(sorted({*right.whole} - {*right.part}))
    return [
        _figure(say("Found after (median)"), (), _time(found, False, say), say=say),
        _figure(say("Team told after (median)"), (), _time(told, False, say), say=say),
        _figure(say("Dismissed by the team"), gone, say.number(len(gone)), say=say),
        _figure(say("Alerts that were right"), wrong, say.percent(right.value), say=say),
    ]


def _figure(label: str, ids: Ids, value: str, before: str = "", *, say: Voice) -> Figure:
    return Figure(
        label=label, value=value, note=say("before: {value}", value=before) if before else "", cases=_behind(ids, say)
    )


def _behind(ids: Ids, say: Voice) -> str:
    """The numbers of the cases behind a figure; "" when there are none."""
    shown = ", ".join(str(number) for number in ids[:MOST_CASES])
    more = say.many(" and one more", " and {number} more", len(ids) - MOST_CASES) if len(ids) > MOST_CASES else ""
    return say("cases {numbers}", numbers=shown + more) if ids else ""


def _time(span: timedelta | None, waited: bool, say: Voice) -> str:
    if span is None:
        return say("not yet") if waited else "–"
    return say.duration(span)


def _miss(told: Told, say: Voice) -> Case:
    length = say.duration(told.took)
    wait = told.wait
    said = (
        say("answered after {length}", length=length) if wait.answered else say("waiting for {length}", length=length)
    )
    return _case(told, [say("urgent")] if wait.urgent else [], said, say)


def _save(told: Told, say: Voice) -> Case:
    first = [say("urgent")] if told.wait.urgent else []
    said = say("answered in {length}", length=say.duration(told.took))
    thanks = say("the customer said thank you")
    return _case(told, first, f"{said}; {thanks}" if told.thanked else said, say)


def _case(told: Told, first: list[str], said: str, say: Voice) -> Case:
    wait = told.wait
    name = say.platform(wait.platform)
    who = handle(wait.platform, told.author)
    parts = [say("Case {number}", number=wait.case_id), *first, said, f"{who}, {name}" if who else name]
    return Case(
        head=" · ".join([*parts, say.moment(wait.posted_at)]),
        words=shorten(told.text, 220, lines=3),
        url=safe_url(told.url) or "",
        link=say("See it on {platform}", platform=name),
    )


def _topic(topic: Topic, say: Voice) -> tuple[str, ...]:
    change = say("▲ rising") if topic.rising else say("▼ falling") if topic.falling else ""
    usual = say.number(round(topic.usual.mean, 1)) if topic.usual else "–"
    return line(say.topic(topic.name), 40), say.number(len(topic.cases)), usual, change


def _platform(part: Platform, say: Voice) -> tuple[str, ...]:
    return (
        say.platform(part.name),
        say.number(part.posts.posts),
        say.number(len(part.target.all)),
        say.percent(part.target.share.value),
        _time(part.replies.within(0.5), bool(part.replies.waits), say),
    )


def _questions(review: Review, say: Voice) -> list[Case]:
    found = []
    for kind in review.questions:
        head = say.many("asked by one customer", "asked by {number} customers", kind.askers)
        first = kind.questions[0]
        words = "\n".join(f"“{shorten(each.text, 160, lines=1)}”" for each in kind.questions[:EXAMPLES])
        found.append(
            Case(
                head=" · ".join([line(say.topic(first.topic), 40), head, say.tongue(first.language)]),
                words=words,
                url=safe_url(first.url) or "",
                link=say("See one of them"),
            )
        )
    return found


def _forecast(review: Review, say: Voice) -> str:
    coming = review.forecast
    if coming is None:
        return say("Too few weeks are known to say what the next one will bring.")
    return say(
        "Next week, nine times in ten: {low} to {high} complaints, if it is like the last {weeks} weeks.",
        low=say.number(coming.low),
        high=say.number(coming.high),
        weeks=len(review.weeks),
    )
