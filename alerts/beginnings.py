"""Finds words by their beginnings, however carelessly people type them."""

import re
import unicodedata
from functools import cache

_ACCENT = re.compile("[\u0300-\u036f]")


def without_accents(text: str) -> str:
    """The text as people type it who can't be bothered: `öö` as `oo`, `й` as `и`."""
    return _ACCENT.sub("", unicodedata.normalize("NFKD", text))


def begins(plain: str, *beginnings: str) -> bool:
    """A word of the text, which is in small letters and without accents, begins with one of these."""
    return bool(beginnings) and _any(beginnings).search(plain) is not None


@cache
def _any(beginnings: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(without_accents(word.casefold())) for word in beginnings)})")
