"""Decides from a post alone whether it is about the brand and for its care team, by the configuration and a table."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path

from alerts.beginnings import begins, without_accents
from connectors.base import Watch
from monitor.config.model import Relevance

TABLE = Path(__file__).with_suffix(".txt")

_FIGURES = (
    ("{percent}", re.compile(r"\d\s?(?:%|percent|protsen|процент|procent|prosen)\w*")),
    ("{price}", re.compile(r"[€$£]\s?\d+|\d\s?(?:[€$£]|eur[ao]?s?\b|евро|eiro)\w*")),
    ("{link}", re.compile(r"\bhttps?\b(?:://\S*)?|\bwww\.\S+")),
)
_WORD = re.compile(r"\{\w+\}|#?\w+(?:'\w+)*")
_RETWEET = re.compile(r"\W*RT\s+@[\w.-]+:?\s+")


@dataclass(frozen=True)
class Sieve:
    """What one brand leaves out on one platform."""

    watch: Watch
    rules: Relevance

    def reason(self, text: str, author: str, *, reply: bool) -> str | None:
        """Why the post is left out, in words that begin with the setting's name; None: it is for the care team.

        Job ads, news and advertisements are looked for only in posts that start a conversation, and a post that may
        be a complaint is none of them.
        """
        word = self.watch.excluded_by(text)
        if word:
            return f"excluded by {word!r}"
        pattern = next((known for known in self.rules.not_from if _from(author, known)), None)
        if pattern:
            return f"not_from: {pattern}"
        return self._ambiguous(text) or self._built_in(text, reply)

    def _ambiguous(self, text: str) -> str | None:
        """The common word for which the post was found, when nothing in it tells that it means the brand."""
        if not self.rules.ambiguous or self._unambiguous.wants(text):
            return None
        common = [word for word in self.rules.ambiguous if Watch(brand="", keywords=(word,)).wants(text)]
        plain = without_accents(text.casefold())
        known = any(begins(plain, *self.rules.ambiguous[word]) for word in common)
        return None if known or not common else f"ambiguous: {common[0]}"

    @cached_property
    def _unambiguous(self) -> Watch:
        """The brand by its other keywords and its handles."""
        common = {word.casefold() for word in self.rules.ambiguous}
        sure = tuple(word for word in self.watch.keywords if word.casefold() not in common)
        return Watch(brand=self.watch.brand, keywords=sure, handles=self.watch.handles)

    def _built_in(self, text: str, reply: bool) -> str | None:
        if reply:
            return None
        rule = next(self._matching(text), None)
        return None if rule is None or may_complain(text) else rule

    def _matching(self, text: str) -> Iterator[str]:
        if "retweets" in self.rules.skip and is_retweet(text):
            yield "retweet"
        for kind, _, parts in matching(text, self.rules.skip):
            yield f"{kind}: {parts}"


def is_retweet(text: str) -> bool:
    """The text is another's, `RT @user: …`, with nothing in front of it."""
    return bool(_RETWEET.match(text))


def without_retweet(text: str) -> str:
    """The text that is passed on."""
    return _RETWEET.sub("", text, count=1) if is_retweet(text) else text


def may_complain(text: str) -> bool:
    """Something in the text could be a complaint or a question: no rule of the table is stronger than that."""
    return "?" in text or complaining(text)


def complaining(text: str) -> bool:
    """The text holds one of the words that a complaint may have."""
    words = _words(text)
    both = words + without_accents(words)
    return any(needle in both for needle in _keeping())


def matching(text: str, kinds: Iterable[str]) -> Iterator[tuple[str, int, str]]:
    """The rules of these kinds that a text meets: kind, line of the table, and what of the rule was met."""
    words = _words(text)
    for rule in _rules():
        if rule.kind in kinds:
            met = rule.met(words)
            if met:
                yield rule.kind, rule.line, met


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line of the table."""

    line: int
    kind: str
    parts: tuple[tuple[str, ...], ...]
    """What must occur: of each part one of these needles, to be looked for in the result of `_words`."""

    def met(self, words: str) -> str:
        """What occurs of each part; nothing when a part has nothing that occurs."""
        found = []
        for part in self.parts:
            needle = next((needle for needle in part if needle in words), None)
            if needle is None:
                return ""
            found.append(needle.strip())
        return " + ".join(found)


@cache
def _rules() -> tuple[_Rule, ...]:
    return tuple(rule for rule in _table() if rule.kind != "keep")


@cache
def _keeping() -> tuple[str, ...]:
    """The needles that keep a post, as they are written and without their accents."""
    needles = {needle for rule in _table() if rule.kind == "keep" for needle in rule.parts[0]}
    return tuple(sorted(needles | set(map(without_accents, needles))))


def _table() -> Iterator[_Rule]:
    for number, line in enumerate(TABLE.read_text("utf-8").splitlines(), 1):
        if line and not line.startswith("#"):
            kind, _language, rule = line.split(None, 2)
            yield _Rule(number, kind, tuple(tuple(map(_needle, part.split(" / "))) for part in rule.split(" + ")))


def _needle(phrase: str) -> str:
    """What to look for in the result of `_words`: whole words, but for a `*` at the beginning or the end."""
    words = _words(phrase.strip("*"))
    return words[phrase.startswith("*") : len(words) - phrase.endswith("*")]


def _words(text: str) -> str:
    """The words of a text with one space around each, prices, percentages and links as `{price}` and so on."""
    plain = unicodedata.normalize("NFC", text).casefold().replace("’", "'")
    for name, figure in _FIGURES:
        plain = figure.sub(f" {name} ", plain)
    return f" {' '.join(_WORD.findall(plain))} "


def _from(author: str, pattern: str) -> bool:
    return fnmatchcase(author.removeprefix("@").casefold(), pattern.removeprefix("@").casefold())
