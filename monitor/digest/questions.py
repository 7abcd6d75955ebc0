"""Finds the questions that several customers ask in other words, and that want an entry among the answers."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from monitor.measures import Period, of_topics
from monitor.schema import mentions, verdicts

MOST_READ = 2000
ASKERS = 3
"""Customers who must have asked alike."""
ALIKE = 0.5
"""The share of the shorter question's words that the other has too."""
_STEM = 5
"""Letters by which words are compared, so that their endings do not part them."""

_WORD = re.compile(r"[^\W\d_]{4,}")
_LINK = re.compile(r"https?://\S+|(?<!\w)@\w[\w.\-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One customer's question."""

    mention_id: int
    author: str
    text: str
    url: str
    language: str
    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """Questions alike, the one that is most like all others first."""

    askers: int
    questions: tuple[Asked, ...]


def asked(connection: Connection, period: Period) -> list[Asked]:
    """The period's questions whose words are still kept, the latest first, as many as are read."""
    statement = (
        select(
            mentions.c.id, mentions.c.author, mentions.c.text, mentions.c.url, verdicts.c.language, verdicts.c.topic
        )
        .join(verdicts, verdicts.c.mention_id == mentions.c.id)
        .where(
            mentions.c.brand == period.brand, mentions.c.posted_at >= period.since, mentions.c.posted_at < period.until,
            verdicts.c.intent == "question", ~mentions.c.by_brand, mentions.c.skipped.is_(None),
            mentions.c.erased_at.is_(None), *of_topics(verdicts, period.topics),
        )
        .order_by(mentions.c.posted_at.desc(), mentions.c.id.desc())
        .limit(MOST_READ)
    )  # fmt: skip
    return [
        Asked(mention_id=row.id, author=row.author, text=row.text, url=row.url, language=row.language or "",
              topic=row.topic or "other")
        for row in connection.execute(statement)
    ]  # fmt: skip


def recurring(questions: Iterable[Asked], known: Sequence[str]) -> list[Recurring]:
    """Questions in one language that at least ASKERS customers asked alike, the commonest first. `known` are words
    that are in every question and tell nothing, such as the brand's name."""
    nothing = {word for text in known for word in _stems(text)}
    groups: list[list[tuple[Asked, frozenset[str]]]] = []
    having: dict[tuple[str, str], list[int]] = {}
    for question in questions:
        words = _stems(question.text) - nothing
        if len(words) < 2:
            continue
        shared = Counter(number for word in words for number in having.get((question.language, word), ()))
        for number in sorted(shared):
            if shared[number] >= ALIKE * min(len(words), len(groups[number][0][1])):
                groups[number].append((question, words))
                break
        else:
            for word in words:
                having.setdefault((question.language, word), []).append(len(groups))
            groups.append([(question, words)])
    found = (Recurring(askers=len({each.author for each, _ in group}), questions=_central(group)) for group in groups)
    return sorted((each for each in found if each.askers >= ASKERS), key=lambda each: -each.askers)


def _central(group: Sequence[tuple[Asked, frozenset[str]]]) -> tuple[Asked, ...]:
    """Those most like all the others first; words are counted by length, so the cost grows with their number alone."""
    counted: dict[int, Counter[str]] = {}
    for _, words in group:
        counted.setdefault(len(words), Counter()).update(words)

    def closeness(item: tuple[Asked, frozenset[str]]) -> tuple[float, int]:
        asked, words = item
        alike = (sum(having[word] for word in words) / min(len(words), size) for size, having in counted.items())
        return -round(sum(alike), 6), asked.mention_id

    return tuple(question for question, _ in sorted(group, key=closeness))


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in _WORD.findall(_LINK.sub(" ", text[:1000]).lower()))
