"""How things look on a page: templates, times, and what strangers wrote, made harmless."""

import re
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from alerts.base import Complaint
from alerts.case import Case, Event, State
from alerts.voice import ENGLISH
from alerts.words import LANGUAGES, clean, handle, line, platform, safe_url, shorten
from classifiers.base import Topic
from classifiers.why import CUT
from monitor.inbox import Entry
from monitor.views import describe

HERE = Path(__file__).parent
LONGEST_POST = 6000
"""Characters of one post that a page shows."""
LONGEST_LEAD = 300
TOPICS = get_args(Topic)


def page(template: str, status: int = 200, /, **facts: Any) -> HTMLResponse:
    return HTMLResponse(_TEMPLATES.get_template(template).render(facts), status)


def lead(entry: Entry) -> str:
    """What the customer wrote last that is a complaint, in some lines; "" once deleted."""
    living = [complaint for complaint in entry.complaints if not complaint.deleted]
    said = [complaint.mention.text for complaint in living if complaint.verdict.is_complaint]
    return shorten(said[-1], LONGEST_LEAD, lines=3) if said else ""


def tags(entry: Entry) -> list[str]:
    """What the complaints are about, and whether they are urgent."""
    verdicts = [item.verdict for item in entry.complaints if item.verdict.is_complaint and not item.deleted]
    topics = dict.fromkeys(verdict.topic for verdict in verdicts if verdict.topic and verdict.topic != "other")
    urgent = ["urgent"] if any(verdict.severity == "urgent" for verdict in verdicts) else []
    return urgent + [line(topic, 40) for topic in topics]


def spoken(entry: Entry) -> str:
    """The language's name; "" when not known."""
    return next((name for item in entry.complaints if (name := ENGLISH.tongue(_language(item)))), "")


def followers(entry: Entry) -> str:
    known = [item.mention.followers for item in entry.complaints if item.mention.followers is not None]
    return ENGLISH.count(known[-1]) if known else ""


def tone(case: Case, now: datetime) -> str:
    """How much it presses: late, soon, calm; or how it ended: good, missed, gone."""
    if case.waiting:
        if case.breached(now):
            return "late"
        return "soon" if now - case.posted_at > (case.respond_by - case.posted_at) / 2 else "calm"
    if case.state is not State.ANSWERED:
        return "gone"
    return "missed" if case.breached(now) else "good"


def clock(case: Case, now: datetime) -> str:
    """What time is left, or how long it took."""
    if case.stopped_at is not None:
        return ENGLISH.duration(case.stopped_at - case.posted_at)
    return f"{ENGLISH.duration(case.respond_by - now)} {'late' if now > case.respond_by else 'left'}"


def marked(text: str, why: tuple[str, ...]) -> Markup:
    """A post with the words that drove its verdict marked; everything in it is only text."""
    shown = shorten(text, LONGEST_POST, lines=200)
    words = sorted({clean(word).strip() for word in why} - {"", CUT}, key=len, reverse=True)
    if not words:
        return escape(shown)
    ways = (re.escape(word.removesuffix(CUT)) + ("" if word.endswith(CUT) else r"(?!\w)") for word in words)
    parts = re.split(rf"(?<!\w)({'|'.join(ways)})", shown)
    return Markup("").join(
        Markup("<mark>{}</mark>").format(part) if index % 2 else part for index, part in enumerate(parts)
    )


def told(event: Event) -> str:
    """One line of the timeline, with the way to the other case that it tells of."""
    words, number = line(describe(event), 300), event.detail.get("case")
    before, other, after = words.rpartition(f"case {number}")
    if number is None or not other:
        return escape(words)
    return Markup('{}<a href="/cases/{}">{}</a>{}').format(before, number, other, after)


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _language(item: Complaint) -> str | None:
    return item.verdict.language or item.mention.lang


def _version() -> str:
    """Changes when a static file does, so that no browser shows a page with yesterday's looks."""
    files = sorted((HERE / "static").iterdir())
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
_TEMPLATES.globals |= {
    "LANGUAGES": LANGUAGES, "TOPICS": TOPICS, "version": _version(), "lead": lead, "tags": tags, "spoken": spoken,
    "followers": followers, "tone": tone, "clock": clock, "marked": marked, "told": told, "handle": handle,
}  # fmt: skip
_TEMPLATES.filters |= {
    "iso": iso, "line": line, "percent": ENGLISH.probability, "platform": platform, "web": safe_url,
    "language": ENGLISH.tongue, "duration": ENGLISH.duration, "tidy": clean,
}  # fmt: skip
