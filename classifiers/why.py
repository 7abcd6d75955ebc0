"""Finds the words that drove a verdict, from what each stretch of a text added to it."""

import re
from collections.abc import Sequence

MOST = 3
"""Phrases that are named."""
WEAKEST = 0.4
"""A phrase that adds less than this part of the strongest one is not named."""
LONGEST = 60
"""Characters of a phrase."""
CUT = "…"
"""Where a longer one goes on."""
SHORT = 3
"""Letters of a word that tells nothing alone."""
_WORD = re.compile(r"\S+")
_SILENT = re.compile(r"@[\w.-]+|https?\S*|[\W_]+")

Span = tuple[int, int]


def why(text: str, spans: Sequence[Span], shares: Sequence[float]) -> tuple[str, ...]:
    """The phrases of `text` that added most, the strongest first; handles, links and signs are never named.

    `spans` are the stretches, from character to character and in order; `shares` is what each added. A stretch that
    cuts a word takes the whole of it, and stretches that then touch are one phrase.
    """
    words = [match.span() for match in _WORD.finditer(text) if not _SILENT.fullmatch(match.group())]
    strongest = max(shares, default=0.0)
    phrases: list[tuple[Span, float]] = []
    for (start, end), share in zip(spans, shares, strict=True):
        here = [word for word in words if word[0] < end and word[1] > start]
        if share <= 0 or share < WEAKEST * strongest or not here:
            continue
        phrase = (here[0][0], here[-1][1])
        if phrases and phrase[0] <= phrases[-1][0][1] + 1:
            (begun, _), most = phrases.pop()
            phrase, share = (begun, phrase[1]), max(most, share)
        phrases.append((phrase, share))
    telling = [each for each in phrases if len(text[slice(*each[0])].strip(".,:;!?")) > SHORT] or phrases
    best = sorted(telling, key=lambda each: -each[1])[:MOST]
    return tuple(_short(text[start:end]) for (start, end), _share in best)


def _short(phrase: str) -> str:
    return phrase if len(phrase) <= LONGEST else phrase[: LONGEST - 1].rstrip() + CUT
