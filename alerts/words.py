"""Makes what strangers wrote safe to show: texts, names and addresses."""

import re
import unicodedata
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

LANGUAGES = {
    "da": "Danish", "de": "German", "en": "English", "es": "Spanish", "et": "Estonian", "fi": "Finnish",
    "fr": "French", "it": "Italian", "lt": "Lithuanian", "lv": "Latvian", "nb": "Norwegian", "no": "Norwegian",
    "pl": "Polish", "pt": "Portuguese", "ru": "Russian", "sv": "Swedish", "uk": "Ukrainian",
}  # fmt: skip
PLATFORMS = {"youtube": "YouTube", "rss": "RSS", "imap": "e-mail"}

MAX_URL = 3000

_ORDINARY = re.compile("[\n -~\u00a1-\u00ac\u00ae-\u02ff\u0400-\u0482\u048a-\u052f]*")
"""Texts of nothing but Latin and Cyrillic letters and common signs, which need no closer look."""
_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"(?: ?\n){3,}")
_REPEATED_JOINERS = re.compile("[\u200c\u200d\ufe0e\ufe0f]{2,}")
_SEEN = re.compile("[^\\s\u200c\u200d\ufe0e\ufe0f]")
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")  # emoji and some scripts need them, one at a time
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters that show nothing
_MARKS = 3
"""Accents kept on one letter; Vietnamese needs two."""
_LOOK_AT = 20
"""Characters looked at for each one shown: enough to fold floods of empty space, never the whole of a huge post."""


def clean(text: str) -> str:
    """The text without what could harm the reader: control and direction characters, floods of accents and of
    empty space. Line ends stay, at most one empty line at a time; a clean text stays as it is."""
    text = _LINE_END.sub("\n", text)
    if not _ORDINARY.fullmatch(text):
        text = _REPEATED_JOINERS.sub(_first_of_each, "".join(_harmless(text)))
    if not _SEEN.search(text):
        return ""
    return _BLANK_LINES.sub("\n\n", _SPACES.sub(" ", text)).replace(" \n", "\n").strip()


def _harmless(text: str) -> list[str]:
    kept: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") and char not in _JOINERS else 0
        if char == "\n" or char in _JOINERS:
            kept.append(char)
        elif char == "\t" or char in _FILLERS:
            kept.append(" ")
        elif category == "Cs":
            kept.append("\ufffd")
        elif category not in ("Cc", "Cf") and marks <= _MARKS:
            kept.append(char)
    return kept


def line(text: str, limit: int = 200) -> str:
    """The text, clean, on one line of at most `limit` characters."""
    return shorten(text, limit, lines=1)


def shorten(text: str, limit: int, lines: int) -> str:
    """The text, clean and cut with an ellipsis to `limit` characters and `lines` lines, between words if it can be.

    One line takes in the others, joined by spaces.
    """
    rest = text[limit * _LOOK_AT :]
    text = clean(text[: limit * _LOOK_AT])
    if lines == 1:
        text = " ".join(text.split())
    rows = text.split("\n")
    cut = "\n".join(rows[:lines])
    if len(cut) <= limit and len(rows) <= lines and not rest:
        return cut
    if len(cut) >= limit:
        cut = cut[: limit - 1]
        word_end = max(cut.rfind(" "), cut.rfind("\n"))
        cut = cut[:word_end] if word_end > limit * 0.8 else _whole(cut, text)
    return cut.rstrip(" ,;:.…\n") + "…"


def same_day(at: datetime, near: datetime) -> bool:
    """An hour of the day alone tells which of the two days is meant."""
    return abs(at - near) < timedelta(hours=12)


def platform(name: str) -> str:
    """A platform as people write it; one not known here gets a capital letter."""
    return PLATFORMS.get(name) or line(name.replace("_", " ").title(), 40)


def handle(platform_name: str, author: str) -> str:
    """An author as people write him on that platform; "" for none."""
    name = line(author, 60)
    return f"{'u/' if platform_name == 'reddit' else '@'}{name}" if name else ""


def safe_url(url: str) -> str | None:
    """The address when it is a plain web link that a client can open, percent-encoded; None when it is not."""
    if re.search(r"[\s\x00-\x1f\x7f<>\"|\\^`{}]", url):
        return None
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", host):
        return None
    rest = quote(parts.path + (f"?{parts.query}" if parts.query else ""), safe="/?%:@!$&'()*+,;=~-._")
    anchor = "#" + quote(parts.fragment, safe="/?%:@!$&'()*+,;=~-._") if parts.fragment else ""
    safe = f"{parts.scheme}://{host}{port}{rest}{anchor}"
    return safe if len(safe) <= MAX_URL else None


def _first_of_each(run: re.Match[str]) -> str:
    """Of a run of joiners the variation selector and the joiner that an emoji may need."""
    selector = next((char for char in run.group() if char in "\ufe0e\ufe0f"), "")
    joiner = next((char for char in run.group() if char in "\u200c\u200d"), "")
    return selector + joiner


def _whole(cut: str, text: str) -> str:
    """The cut text without a last character that would be torn from its accents or emoji parts."""
    while cut and (_leans(text[len(cut)]) or cut[-1] in _JOINERS):
        cut = cut[:-1]
    return cut


def _leans(char: str) -> bool:
    return char in _JOINERS or unicodedata.combining(char) > 0 or "\U0001f3fb" <= char <= "\U0001f3ff"
