"""Prepares answers: picks the template of a topic and language, and fills in what is known. A person sends them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

from alerts.base import Answer, Complaint
from alerts.case import Case
from alerts.caution import about_money, grave
from alerts.words import handle, safe_url
from classifiers.base import Topic

SHIPPED = Path(__file__).parent / "templates"
MONEY = ("billing", "refund")
URGENT, QUESTION, OTHER = "urgent", "question", "other"
"""Templates that are no topic: of an urgent case, of a question with an FAQ entry, and of what has none of its own."""
FILLED = ("customer", "brand", "link")
"""What every template may name."""
FAQ = "faq"
"""What only the template of a question may name."""
TOPICS = (*get_args(Topic), URGENT, QUESTION)
FALLBACK = "en"
LARGEST = 10_000

_NAME = re.compile(r"\{([^{}\n]*)\}")
_NO_CUSTOMER = re.compile(r",?[^\S\n]*\{customer\}")


@dataclass(frozen=True, slots=True)
class Template:
    """One file: `et/delivery.md` answers complaints about deliveries in Estonian."""

    file: Path
    text: str

    @property
    def question(self) -> bool:
        return self.file.stem == QUESTION

    def names(self) -> Iterator[tuple[int, str]]:
        """What it wants filled in, each with its line; "" for a brace that belongs to nothing."""
        for number, line in enumerate(self.text.split("\n"), 1):
            for match in _NAME.finditer(line):
                yield number, match[1]
            if re.search("[{}]", _NAME.sub("", line)):
                yield number, ""

    def fill(self, facts: Mapping[str, str]) -> str:
        """The text with the facts in it; an unknown customer is not addressed."""
        text = self.text if facts.get("customer") else _NO_CUSTOMER.sub("", self.text)
        return _NAME.sub(lambda match: facts.get(match[1], ""), text).strip()


Templates = Mapping[tuple[str, str], Template]
"""By language and topic."""


def read(folder: Path) -> Templates:
    """The templates of a folder with one folder a language in it. Raises OSError, and ValueError naming the file."""
    found: dict[tuple[str, str], Template] = {}
    for file in sorted(folder.glob("*/*.md")):
        raw = file.read_bytes()[: LARGEST + 1]
        try:
            text = raw.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise ValueError(f"{file}: is not UTF-8 text (byte {error.start})") from None
        if len(raw) > LARGEST:
            raise ValueError(f"{file}: is longer than 10,000 bytes, which no answer is")
        if not text.strip():
            raise ValueError(f"{file}: is empty; leave it out, and the shipped one is taken")
        found[file.parent.name, file.stem] = Template(file, text)
    return found


@cache
def shipped() -> Templates:
    return read(SHIPPED)


def prepare(
    case: Case,
    complaints: Sequence[Complaint],
    templates: Templates,
    facts: Mapping[str, str],
    faq: str | None = None,
) -> Answer | None:
    """What could be answered to a case that waits; None when it doesn't, or nothing of it is left.

    `faq` is a link that answers what the customer asked, if there is one; it is left out where a person decides.
    """
    posts = [complaint for complaint in complaints if not complaint.deleted]
    if not case.waiting or not posts:
        return None
    decided = _person_decides(posts)
    topic = decided or (QUESTION if faq else _surest(posts).verdict.topic) or OTHER
    template = _template(_languages(posts), topic, templates)
    latest = posts[-1].mention
    filled = {
        **facts,
        "customer": handle(case.platform, latest.author),
        "brand": case.brand,
        "link": safe_url(latest.url) or "",
        FAQ: faq or "",
    }
    return Answer(
        text=template.fill(filled),
        language=template.file.parent.name,
        topic=template.file.stem,
        person_decides=decided is not None,
    )


def _person_decides(posts: Sequence[Complaint]) -> str | None:
    """The neutral template, where it is about money, the law, the press, health or safety, by model or by words."""
    if any(post.verdict.severity == "urgent" or grave(post.mention.text) for post in posts):
        return URGENT
    money = [post.verdict.topic for post in posts if post.verdict.topic in MONEY]
    return money[-1] if money else "refund" if any(about_money(post.mention.text) for post in posts) else None


def _surest(posts: Sequence[Complaint]) -> Complaint:
    return max(posts, key=lambda post: post.verdict.complaint)


def _languages(posts: Sequence[Complaint]) -> list[str]:
    """The customer's languages, the latest first, by the model or else by the platform; English when all fail."""
    said = ((post.verdict.language or post.mention.lang or "").partition("-")[0].lower() for post in reversed(posts))
    return [*filter(None, said), FALLBACK]


def _template(languages: Sequence[str], topic: str, templates: Templates) -> Template:
    """In the first language that has templates at all: the topic's own, or the one for everything."""
    language = next(language for language in languages if (language, OTHER) in templates)
    return templates.get((language, topic)) or templates[language, OTHER]
