"""Makes any text fit for a tokenizer: valid, bounded, without markup and invisible characters."""

import html
import re

_SPACE = re.compile(r"[\s\x00-\x1f\x7f\u200b-\u200f\ufeff]+")


def readable(text: str, most: int | None = None) -> str:
    """HTML entities undone, control characters and runs of space one space, broken surrogates `?`.

    Only the first `most` characters are looked at, so that the work is bounded whatever the length.
    """
    valid = text[:most].encode("utf-8", "replace").decode("utf-8")
    return _SPACE.sub(" ", html.unescape(valid)).strip()
