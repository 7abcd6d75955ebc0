"""Puts a review into the words and numbers of one language, ready for any form."""

from dataclasses import dataclass

from alerts.words import handle, line, safe_url, shorten
from monitor.digest.behind import Behind, Cases, case_address
from monitor.digest.language import Voice
from monitor.digest.review import Past, Review
from monitor.digest.sentences import EXPECT_AN_HOUR, GO_UNANSWERED, five
from monitor.digest.stories import Told
from monitor.digest.storms import Storm
from monitor.digest.tables import Cell, Table, tables, time
from monitor.metrics import Ids

EXAMPLES = 2
"""Questions shown of each kind that recurs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of the table at the top."""

    label: str
    value: str
    note: str
    place: str = ""
    """Where the cases behind it are listed; "": nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case as it is told: safe to show anywhere once the form's own marks are escaped."""

    head: str
    words: str
    links: tuple[tuple[str, str], ...]
    """Where it can be seen: words and an address, the platform's first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    language: str
    title: str
    subtitle: str
    sentences: tuple[str, ...]
    figures: tuple[Figure, ...]
    misses: tuple[Case, ...]
    saves: tuple[Case, ...]
    unhappy: tuple[Case, ...]
    tables: tuple[Table, ...]
    questions: tuple[Case, ...]
    silences: tuple[str, ...]
    storms: tuple[Cell, ...]
    forecast: str
    benchmarks: tuple[str, ...]
    behind: tuple[Cases, ...]
    inbox: str
    """The web address of the inbox, if it has one."""


def sheet(review: Review, say: Voice, inbox: str = "") -> Sheet:
    """`inbox` is the web address at which the inbox can be reached, if it can."""
    about, behind = review.about, Behind()
    brand = line(about.brand, 60)
    if about.department:
        brand = f"{brand}, {line(about.department, 60)}"
    figures = (*_customers(review, say, behind), *_apart(review, say, behind), *_monitor(review, say, behind))
    return Sheet(
        language=say.language,
        title=say("{brand}: complaints in week {number}", brand=brand, number=about.week.number),
        subtitle=say(
            "{days} · as the cases stood on {now}",
            days=say.days(about.week.monday, about.week.sunday),
            now=say.moment(review.now),
        ),
        sentences=five(review, say),
        figures=figures,
        misses=tuple(_miss(told, say, inbox) for told in review.misses),
        saves=tuple(_save(told, say, inbox) for told in review.saves),
        unhappy=tuple(_miss(told, say, inbox) for told in review.unhappy),
        tables=tables(review, say, behind),
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
        storms=tuple(_storm(storm, say, behind) for storm in review.storms),
        forecast=_forecast(review, say),
        benchmarks=(
            say(
                "{share} of those who complain in public expect an answer within the hour.",
                share=say.percent(EXPECT_AN_HOUR),
            ),
            say("About {share} of complaints on Twitter went unanswered.", share=say.percent(GO_UNANSWERED)),
        ),
        behind=tuple(behind.found),
        inbox=inbox,
    )


def _storm(storm: Storm, say: Voice, behind: Behind) -> Cell:
    topic = say.topic(line(storm.topic, 40) or "other")
    if storm.until is None:
        said = say("“{topic}”: since {since}, not over yet", topic=topic, since=say.moment(storm.since))
    else:
        lasted = say.duration(storm.until - storm.since)
        said = say("“{topic}”: {since}, over after {length}", topic=topic, since=say.moment(storm.since), length=lasted)
    many = say.many("one complaint", "{number} complaints", len(storm.cases))
    missed = say.many("one missed the target", "{number} missed the target", len(storm.missed)) if storm.missed else ""
    text = " · ".join(part for part in (said, many, missed) if part)
    return Cell(text=text, place=behind(f"{say('Storms')}: {topic}", storm.cases))


def _customers(review: Review, say: Voice, behind: Behind) -> list[Figure]:
    """What customers met with, this week and the one before."""
    target, before = review.this.target, review.before
    labels: list[tuple[str, Ids]] = [
        (say("Complaints"), target.all),
        (say("Answered in time"), target.in_time),
        (say("Missed the target"), target.missed),
        (say("Half answered within"), review.this.replies.cases),
        (say("Nine in ten answered within"), review.this.replies.cases),
        (say("Complaint rate"), ()),
    ]
    now = _values(review.this, say)
    earlier = _values(before, say) if before else [""] * len(labels)
    notes = [say("before: {value}", value=value) if value else "" for value in earlier]
    return [
        *(_figure(*each, behind) for each in zip(labels, now, notes, strict=True)),
        _count(say("Waiting when the week ended"), review.backlog, say, behind),
        _count(say("Answer did not hold"), review.reopened.part, say, behind),
    ]


def _values(past: Past, say: Voice) -> list[str]:
    return [
        say.number(past.complaints),
        say.percent(past.target.share.value),
        say.number(len(past.target.missed)),
        time(past.replies, 0.5, say),
        time(past.replies, 0.9, say),
        say.percent(past.posts.rate),
    ]


def _apart(review: Review, say: Voice, behind: Behind) -> list[Figure]:
    """The answers by the team's working time, and by the customer's."""
    both = review.apart
    if both is None:
        return []
    target = say.duration(review.about.target)
    whole, open_time = say("round the clock"), say("in opening hours")
    shares = [(both.at_work, open_time), (both.round_the_clock, whole)]
    within, cases = say("Answered within {target}", target=target), both.at_work_replies.cases
    half, most = say("Half answered within"), say("Nine in ten answered within")
    rows = [
        *((within, by.in_time, say.percent(by.share.value), how) for by, how in shares),
        (half, cases, time(both.at_work_replies, 0.5, say), open_time),
        (most, cases, time(both.at_work_replies, 0.9, say), open_time),
    ]
    return [
        *(
            Figure(label=label, value=value, note=how, place=behind(f"{label}, {how}", ids))
            for label, ids, value, how in rows
        ),
        _count(say("Posted while closed"), both.closed.part, say, behind),
    ]


def _monitor(review: Review, say: Voice, behind: Behind) -> list[Figure]:
    """How the monitor itself did."""
    right = review.precision
    wrong = tuple(sorted({*right.whole} - {*right.part}))
    lags = ((say("Found after (median)"), review.detection), (say("Team told after (median)"), review.alert))
    return [
        *(
            _figure((label, lag.cases), say.duration(median) if median is not None else "–", "", behind)
            for label, lag in lags
            for median in [lag.quantile(0.5)]
        ),
        _count(say("Dismissed by the team"), review.dismissed.part, say, behind),
        _figure((say("Alerts that were right"), right.whole), say.percent(right.value),
                say.many("one was wrong", "{number} were wrong", len(wrong)) if wrong else "", behind),
    ]  # fmt: skip


def _count(label: str, ids: Ids, say: Voice, behind: Behind) -> Figure:
    return _figure((label, ids), say.number(len(ids)), "", behind)


def _figure(label: tuple[str, Ids], value: str, note: str, behind: Behind) -> Figure:
    name, ids = label
    return Figure(label=name, value=value, note=note, place=behind(name, ids))


def _miss(told: Told, say: Voice, inbox: str) -> Case:
    length = say.duration(told.took)
    wait = told.wait
    said = (
        say("answered after {length}", length=length) if wait.answered else say("waiting for {length}", length=length)
    )
    first = [say("urgent")] if wait.urgent else []
    if (who := told.customer) is not None:
        first = [*(line(word, 60) for word in (who.name, who.tier) if word), *first]
    return _case(told, first, said, say, inbox)


def _save(told: Told, say: Voice, inbox: str) -> Case:
    first = [say("urgent")] if told.wait.urgent else []
    said = say("answered in {length}", length=say.duration(told.took))
    thanks = say("the customer said thank you")
    return _case(told, first, f"{said}; {thanks}" if told.thanked else said, say, inbox)


def _case(told: Told, first: list[str], said: str, say: Voice, inbox: str) -> Case:
    wait = told.wait
    name = say.platform(wait.platform)
    who = handle(wait.platform, told.author)
    parts = [say("Case {number}", number=wait.case_id), *first, said, f"{who}, {name}" if who else name]
    return Case(
        head=" · ".join([*parts, say.moment(wait.posted_at)]),
        words=shorten(told.text, 220, lines=3),
        links=_links(
            (say("See it on {platform}", platform=name), safe_url(told.url)),
            (say("Open it in the inbox"), case_address(inbox, wait.case_id)),
        ),
    )


def _links(*found: tuple[str, str | None]) -> tuple[tuple[str, str], ...]:
    return tuple((words, address) for words, address in found if address)


def _questions(review: Review, say: Voice) -> list[Case]:
    found = []
    for kind in review.questions:
        head = say.many("asked by one customer", "asked by {number} customers", kind.askers)
        first = kind.questions[0]
        words = "\n".join(
            say("“{words}”", words=shorten(each.text, 160, lines=1)) for each in kind.questions[:EXAMPLES]
        )
        found.append(
            Case(
                head=" · ".join([line(say.topic(first.topic), 40), head, say.tongue(first.language)]),
                words=words,
                links=_links((say("See one of them"), safe_url(first.url))),
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
