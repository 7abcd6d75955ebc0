"""Checks what answers are prepared from: the templates' files, and what brands say of themselves."""

import re
from collections.abc import Mapping
from pathlib import Path

from alerts import answers
from alerts.answers import FAQ, FILLED, OTHER, TOPICS, Template, Templates, shipped
from alerts.words import safe_url
from monitor.config import sections
from monitor.config.document import Document
from monitor.config.model import Answers, Brand
from monitor.config.problems import Problem, Where, suggest


def read_templates(document: Document, brands: Mapping[str, Brand]) -> Templates:
    """The shipped templates with the operator's in their place or beside them; each mistake at the file's own line."""
    where = ("answers",)
    section = sections.read(Answers, document.values.get("answers") or {}, document, where)
    if section is None or not section.folder:
        return shipped()
    folder = Path(section.folder)
    if not folder.is_dir():
        document.problem((*where, "folder"), f"there is no folder {section.folder!r}")
        return shipped()
    try:
        own = answers.read(folder)
    except (OSError, ValueError) as error:
        document.problem((*where, "folder"), str(error))
        return shipped()
    if not own:
        document.problem((*where, "folder"), "holds no templates; they are named such as et/delivery.md")
    topics = [*TOPICS, *(topic for brand in brands.values() for topic in brand.topics)]
    together = {**shipped(), **own}
    for template in own.values():
        for line, what in _mistakes(template, topics, brands, together):
            document.problems.append(Problem(line, "", what, str(template.file)))
    return together


def check_knowledge(document: Document, where: Where, brand: Brand) -> None:
    """The facts and FAQ entries of a brand."""
    for name in brand.facts:
        if name in (*FILLED, FAQ) or not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
            what = "is always there" if name in (*FILLED, FAQ) else "a fact's name has small letters, digits and _"
            document.problem((*where, "facts", name), what)
    for index, entry in enumerate(brand.faq):
        here = (*where, "faq", index)
        if not entry.words or not all(map(str.strip, entry.words)):
            document.problem((*here, "words"), "needs beginnings of words that tell it, such as [track, parcel]")
        if safe_url(entry.link) is None:
            document.problem(
                (*here, "link"), f"must be a web address such as https://example.com/faq, not {entry.link!r}"
            )


def _mistakes(
    template: Template, topics: list[str], brands: Mapping[str, Brand], together: Templates
) -> list[tuple[int, str]]:
    found = []
    language, topic = template.file.parent.name, template.file.stem
    if not re.fullmatch(r"[a-z]{2,3}", language):
        found.append((1, f"the folder {language!r} is no language such as et"))
    elif (language, OTHER) not in together:
        found.append((1, f"the language {language} needs {language}/{OTHER}.md too, for topics without a template"))
    if topic not in topics:
        found.append((1, f"there is no topic {topic!r}; {suggest(topic, topics)}"))
    always = (*FILLED, FAQ) if template.question else FILLED
    for line, name in template.names():
        lacking = [brand.name for brand in brands.values() if name not in (*always, *brand.facts)]
        if not name:
            found.append((line, "has a brace that belongs to no {name}"))
        elif lacking:
            known = [*always, *{fact for brand in brands.values() for fact in brand.facts}]
            found.append((line, f"{lacking[0]} has no fact {name!r}; {suggest(name, known)}"))
    return found
