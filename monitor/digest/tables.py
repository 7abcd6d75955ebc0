"""Sets the parts of a week out in tables: departments, topics, platforms, languages and tiers of customers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from alerts.words import line
from monitor.digest.behind import Behind
from monitor.digest.language import Voice
from monitor.digest.parts import Part
from monitor.digest.review import Review
from monitor.metrics import Replies


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    text: str
    place: str = ""
    """Where the cases behind it are listed; "": nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    heading: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def lines(self) -> list[str]:
        """Its rows where there is no room for columns."""
        return [f"{row[0].text}: {', '.join(self._named(row))}" for row in self.rows]

    def _named(self, row: Sequence[Cell]) -> list[str]:
        named = zip(self.heads[1:], row[1:], strict=True)
        return [f"{head.lower()} {cell.text}".strip() for head, cell in named if cell.text]


def tables(review: Review, say: Voice, behind: Behind) -> tuple[Table, ...]:
    """Those that have something to show."""
    kinds: tuple[tuple[str, str, Sequence[Part], Callable[[str], str]], ...] = (
        (say("Departments"), say("Department"), review.departments, str),
        (say("Platforms"), say("Platform"), review.platforms, say.platform),
        (say("Languages"), say("Language"), review.languages, say.tongue),
        (say("Customers by tier"), say("Tier"), review.tiers, lambda name: name or say("not on the list")),
    )
    found = [_parts(heading, head, parts, named, say, behind) for heading, head, parts, named in kinds if parts]
    return (*([_topics(review, say, behind)] if review.topics else []), *found)


def time(replies: Replies, share: float, say: Voice) -> str:
    """The time within which this share of customers had an answer."""
    span = replies.within(share)
    if span is None:
        return say("not yet") if replies.waits else "–"
    return say.duration(span)


def _topics(review: Review, say: Voice, behind: Behind) -> Table:
    def rows() -> Iterator[tuple[Cell, ...]]:
        for topic in review.topics:
            name = line(say.topic(topic.name), 40)
            change = say("▲ rising") if topic.rising else say("▼ falling") if topic.falling else ""
            usual = say.number(round(topic.usual.mean, 1)) if topic.usual else "–"
            number = Cell(text=say.number(len(topic.cases)), place=behind(f"{say('Topic')}: {name}", topic.cases))
            yield Cell(text=name), number, Cell(text=usual), Cell(text=change)

    return Table(heading=say("Topics"), heads=(say("Topic"), say("Complaints"), say("Usual"), ""), rows=tuple(rows()))


def _parts(
    heading: str, head: str, parts: Sequence[Part], named: Callable[[str], str], say: Voice, behind: Behind
) -> Table:
    posts = [say("Posts")] if parts[0].posts is not None else []
    heads = (head, *posts, say("Complaints"), say("Answered in time"), say("Missed"), say("Half answered within"))

    def rows() -> Iterator[tuple[Cell, ...]]:
        for part in parts:
            name, target = line(named(part.name), 40), part.target
            label = f"{head}: {name}"
            yield (
                Cell(text=name),
                *([Cell(text=say.number(part.posts.posts))] if part.posts is not None else []),
                Cell(text=say.number(len(target.all)), place=behind(label, target.all)),
                Cell(
                    text=say.percent(target.share.value),
                    place=behind(f"{label}, {say('Answered in time')}", target.in_time),
                ),
                Cell(text=say.number(len(target.missed)), place=behind(f"{label}, {say('Missed')}", target.missed)),
                Cell(text=time(part.replies, 0.5, say)),
            )

    return Table(heading=heading, heads=heads, rows=tuple(rows()))
