"""Tells copies of a text from texts that are only alike, and gives texts fingerprints by which copies are found."""

import re
from functools import cache
from hashlib import blake2b

from alerts.beginnings import without_accents
from monitor.relevance import complaining, is_retweet, without_retweet

SHORTEST = 8
"""A text of fewer words is no copy: many customers write «where is my parcel» in the same words."""
ALIKE = 0.8
"""The share of their words that a text and its copy have in common, at least."""
ADDED = 0.1
"""The share of a copy's words that are not in the original, at most."""
BANDS, ROWS = 8, 4
"""Of two texts that share 80 % of their words 98 % share a band, of texts that share 10 % one in a thousand."""
LONGEST = 1000
"""Words that a fingerprint looks at."""

_NOISE = re.compile(r"(?<!\w)@[\w.-]+|\bhttps?\b(?:://\S*)?|\bwww\.\S+")


def is_copy(text: str, original: str) -> bool:
    """The text says what the original says and adds nothing: handles, links, case, accents and emoji don't count.

    A number of its own, such as another order's, or a word that a complaint may have makes it a post of its own.
    What passes on a post is a copy however short it is; who wrote something first never copies those who pass it on.
    """
    passed_on = is_retweet(text)
    if is_retweet(original) and not passed_on:
        return False
    said, first = words(text), words(original)
    if len(said) < SHORTEST and not passed_on:
        return False
    ours, theirs = set(said), set(first)
    if not ours or _numbers(ours) != _numbers(theirs):
        return False
    added = [word for word in said if word not in theirs]
    alike = len(ours & theirs) >= ALIKE * len(ours | theirs)
    return alike and len(added) <= ADDED * len(said) and not complaining(" ".join(added))


def fingerprint(text: str, scope: str) -> tuple[int, ...]:
    """Numbers of which texts of the same scope share one when they are copies, and hardly ever otherwise."""
    hashes = [digest(word) for word in set(words(text)[:LONGEST])]
    if not hashes:
        return ()
    least = [min(map(mask.__xor__, hashes)) for mask in _masks()]
    bands = zip(*[iter(least)] * ROWS, strict=True)
    return tuple(digest(f"{scope} {number} {band}") for number, band in enumerate(bands))


def words(text: str) -> list[str]:
    """The words that count."""
    return re.findall(r"\w+", without_accents(_NOISE.sub(" ", without_retweet(text)).casefold()))


def _numbers(said: set[str]) -> set[str]:
    return {word for word in said if any(sign.isdigit() for sign in word)}


@cache
def _masks() -> tuple[int, ...]:
    """Each puts the hashes of words into another order, in which texts that share words often begin with the same."""
    return tuple(digest(f"mask {number}") for number in range(BANDS * ROWS))


def digest(text: str) -> int:
    """63 bits, the same for ever: they are stored."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) >> 1
