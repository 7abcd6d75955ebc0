"""Says in five sentences what changed in the week and why it matters, each chosen and filled by the figures."""

from collections.abc import Mapping
from datetime import timedelta

from monitor.digest.gaps import length
from monitor.digest.language import Voice
from monitor.digest.review import Review, Topic
from monitor.metrics import Ids

EXPECT_AN_HOUR = 0.42
"""The share of customers who, complaining in public, expect an answer within the hour."""
GO_UNANSWERED = 0.6
"""About the share of complaints on Twitter that no brand answered."""
BLOCK = 4
"""Hours that are looked at together for when the target is missed."""


def five(review: Review, say: Voice) -> tuple[str, ...]:
    """How many, how they were answered, how long it took, what about or when, and why it matters."""
    return (
        _volume(review, say),
        _answers(review, say),
        _wait(review, say),
        _focus(review, say),
        _meaning(review, say),
    )


def _volume(review: Review, say: Voice) -> str:
    number, before, usual = review.this.complaints, review.before, review.usual
    brand = review.about.brand
    if not number:
        return say.many(
            "No complaint about {brand} was found in the one post that was read.",
            "No complaint about {brand} was found in the {number} posts that were read.",
            review.this.posts.posts,
            brand=brand,
        )
    facts = {"brand": brand}
    said = say.many("{brand} had one complaint", "{brand} had {number} complaints", number, **facts)
    if before is not None:
        change = number - before.complaints
        said += _change(change, say)
    if usual is not None:
        low, high = say.number(usual.low), say.number(usual.high)
        if number in usual:
            said += say(": within the {low} to {high} that are usual", low=low, high=high)
        else:
            said += say(": not chance, for {low} to {high} are usual", low=low, high=high)
    return said + "."


def _change(change: int, say: Voice) -> str:
    if change > 0:
        return say.many(", one more than the week before", ", {number} more than the week before", change)
    if change < 0:
        return say.many(", one fewer than the week before", ", {number} fewer than the week before", -change)
    return say(", as many as the week before")


def _answers(review: Review, say: Voice) -> str:
    target, before = review.this.target, review.before
    hour = say.duration(review.about.target)
    if not target.all:
        return say("Nobody had to be answered within the target of {target}.", target=hour)
    if len(target.in_time) == len(target.all):
        return say("All of them were answered within the target of {target}.", target=hour)
    said = say(
        "{share} were answered within the target of {target}", share=say.percent(target.share.value), target=hour
    )
    if before is not None and before.target.all:
        said += say(", against {share} the week before", share=say.percent(before.target.share.value))
    parts = [
        (len(target.late), say.many("one was answered late", "{number} were answered late", len(target.late))),
        (
            len(target.overdue),
            say.many("one is overdue without an answer", "{number} are overdue without an answer", len(target.overdue)),
        ),
        (len(target.pending), say.many("one still has time", "{number} still have time", len(target.pending))),
    ]
    return f"{said}; {say.list([words for number, words in parts if number])}."


def _wait(review: Review, say: Voice) -> str:
    replies = review.this.replies
    median, slow = replies.within(0.5), replies.within(0.9)
    if not replies.waits:
        return say("So there is no waiting time to speak of.")
    if median is None:
        return say("More than half of the customers have had no answer to this day.")
    said = say("Half of the customers had an answer within {median}", median=say.duration(median))
    before = review.before.replies.within(0.5) if review.before else None
    if before is not None and _far(median, before):
        said += say(" ({before} the week before)", before=say.duration(before))
    if slow is None:
        return said + say("; more than one in ten have had none to this day.")
    return said + say("; one in ten waited longer than {slow}.", slow=say.duration(slow))


def _far(one: timedelta, other: timedelta) -> bool:
    """A difference that is worth a word: a fifth of the longer one, and more than a minute."""
    return abs(one - other) > max(max(one, other) / 5, timedelta(minutes=1))


def _focus(review: Review, say: Voice) -> str:
    """A topic that rose beyond chance; else the hours with most misses; else the commonest topic."""
    rising = [topic for topic in review.topics if topic.rising and topic.name != "other"]
    if rising:
        return _rising(max(rising, key=_excess), say)
    worst = worst_hours(review.missed)
    missed = len(review.this.target.missed)
    if worst and missed >= 4 and len(worst[2]) * 3 >= missed:
        weekday, hour, ids = worst
        return say.many(
            "Of the {missed} that were missed, one was posted on {day} between {since} and {until}.",
            "Of the {missed} that were missed, {number} were posted on {day} between {since} and {until}.",
            len(ids),
            missed=say.number(missed),
            day=on_day(weekday, say),
            since=f"{hour}:00",
            until=f"{hour + BLOCK}:00",
        )
    return _commonest(review, say)


def _rising(topic: Topic, say: Voice) -> str:
    return say.many(
        "What grew is “{topic}”: one complaint, when {usual} a week are usual.",
        "What grew is “{topic}”: {number} complaints, when {usual} a week are usual.",
        len(topic.cases),
        topic=say.topic(topic.name),
        usual=say.number(round(topic.usual.mean, 1) if topic.usual else 0),
    )


def _excess(topic: Topic) -> float:
    return len(topic.cases) - (topic.usual.mean if topic.usual else 0)


def _commonest(review: Review, say: Voice) -> str:
    named = [topic for topic in review.topics if topic.cases and topic.name != "other"]
    if not named:
        return say("No topic stands out.")
    return say.many(
        "The commonest topic is “{topic}”, with one of {all} complaints.",
        "The commonest topic is “{topic}”, with {number} of {all} complaints.",
        len(named[0].cases),
        topic=say.topic(named[0].name),
        all=say.number(review.this.complaints),
    )


def worst_hours(missed: Mapping[tuple[int, int], Ids]) -> tuple[int, int, Ids] | None:
    """Weekday, first hour and cases of the BLOCK hours of one day in which most complaints were missed."""
    blocks: dict[tuple[int, int], Ids] = {}
    for (weekday, hour), ids in missed.items():
        block = (weekday, hour - hour % BLOCK)
        blocks[block] = (*blocks.get(block, ()), *ids)
    if not blocks:
        return None
    (weekday, hour), ids = max(blocks.items(), key=lambda item: (len(item[1]), -item[0][0], -item[0][1]))
    return weekday, hour, tuple(sorted(ids))


def on_day(weekday: int, say: Voice) -> str:
    """A weekday (1: Monday) as it stands after "on"."""
    return (
        say("Monday"), say("Tuesday"), say("Wednesday"), say("Thursday"), say("Friday"), say("Saturday"), say("Sunday"),
    )[weekday - 1]  # fmt: skip


def _meaning(review: Review, say: Voice) -> str:
    """That figures are too low comes first; else what the answers mean to those who complain."""
    heard_nothing = length(review.silences)
    if heard_nothing >= timedelta(minutes=30):
        return say(
            "Not everything was heard: posts of {length} may be missing, so the true numbers can be higher.",
            length=say.duration(heard_nothing),
        )
    share = review.this.target.share.value
    if share is None:
        return say(
            "Elsewhere {expect} of those who complain expect an answer within the hour.",
            expect=say.percent(EXPECT_AN_HOUR),
        )
    unanswered = 1 - sum(map(len, (review.this.target.in_time, review.this.target.late))) / review.this.complaints
    return say(
        "It matters because {expect} of those who complain expect an answer within the hour and about {common} of "
        "complaints go unanswered elsewhere; here {unanswered} have no answer so far.",
        expect=say.percent(EXPECT_AN_HOUR),
        common=say.percent(GO_UNANSWERED),
        unanswered=say.percent(unanswered) if unanswered else say("none"),
    )
