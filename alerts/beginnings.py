"""Finds words by their beginnings, however carelessly people type them."""

import re
import unicodedata

_ACCENT = re.compile("[\u0300-\u036f]")


def without_accents(text: str) -> str:
    """The text as people type it who can't be bothered: `öö` as `oo`, `й` as `и`."""
    return _ACCENT.sub("", unicodedata.normalize("NFKD", text))


def begins(plain: str, word: str) -> bool:
    """A word of the text, which is in small letters and without accents, begins so."""
    return bool(re.search(rf"(?<!\w){re.escape(without_accents(word.casefold()))}", plain))
