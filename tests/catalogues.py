"""All that the program can say, and what its catalogues know of it.

python -m tests.catalogues brings the catalogues up to what is said now: what is new stands in them untranslated.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.pofile import read_po, write_po

from alerts import voice
from monitor.digest import language as digest

Said = str | tuple[str, ...]

KEYWORDS: Mapping[str, tuple[int, ...] | None] = {"say": None, "self": None, "sentence": None, "many": (1, 2)}
METHODS = [("**.py", "python"), ("**/templates/*.html", "jinja2"), ("**/templates/*.txt", "jinja2")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What is said in some places, and where its translations are."""

    places: Sequence[str]
    catalogues: Path
    languages: Sequence[str]

    def said(self) -> dict[Said, str]:
        """Every message, and one place where it is said."""
        found: dict[Said, str] = {}
        for place in map(Path, self.places):
            if place.is_file():
                rows = extract_from_file("python", place, keywords=KEYWORDS)
                found |= {message: f"{place}:{row}" for row, message, _, _ in rows}
            else:
                files = extract_from_dir(str(place), METHODS, keywords=KEYWORDS)
                found |= {message: f"{place}/{file}:{row}" for file, row, message, _, _ in files}
        return found

    def file(self, language: str) -> Path:
        return self.catalogues / f"{language}.po"

    def catalogue(self, language: str) -> Catalog:
        with self.file(language).open("rb") as file:
            return read_po(file, language, abort_invalid=True)


DESK = Speech(
    places=("alerts", "monitor/desk", "monitor/openings.py"),
    catalogues=voice.CATALOGUES,
    languages=[language for language in voice.LANGUAGES if language != "en"],
)
DIGEST = Speech(
    places=("monitor/digest",),
    catalogues=digest.CATALOGUES,
    languages=[language for language in digest.LANGUAGES if language != "en"],
)
SPEECHES = (DESK, DIGEST)


def renew(speech: Speech, language: str) -> int:
    """Writes the catalogue anew; how many messages have no translation."""
    catalogue, missing = speech.catalogue(language), 0
    known = {message.id: message for message in catalogue if message.id}
    for message in known:
        catalogue.delete(message)
    for said in speech.said():
        old = known.get(said)
        missing += old is None
        catalogue.add(said, old.string if old else "", flags=old.flags if old else ())
    with speech.file(language).open("wb") as file:
        write_po(file, catalogue, width=118, ignore_obsolete=True)
    return missing


if __name__ == "__main__":
    for speech in SPEECHES:
        for language in speech.languages:
            sys.stdout.write(f"{speech.file(language)}: {renew(speech, language)} without a translation\n")
