"""Decides from its words that a complaint is about a topic of the brand's own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from alerts.beginnings import begins, without_accents
from classifiers.base import Verdict

Topics = Mapping[str, Sequence[str]]
"""Topics, each with beginnings of words; the first topic that a text speaks of is the one."""


def with_topic(verdict: Verdict, text: str, topics: Topics) -> Verdict:
    """The verdict of a complaint with the topic that the text's words tell, if they tell one."""
    if not topics or not verdict.is_complaint:
        return verdict
    plain = without_accents(text.casefold())
    found = next((topic for topic, words in topics.items() if begins(plain, *words)), None)
    return verdict if found is None else replace(verdict, topic=found)


def no_topics(brand: str) -> Topics:
    return {}
