"""The digest's languages: nothing left untranslated, nothing translated that is no longer said, every fact kept."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from monitor.digest.language import CATALOGUES, LANGUAGES, Voice

Said = str | tuple[str, ...]
TALLINN = ZoneInfo("Europe/Tallinn")
OTHERS = [language for language in LANGUAGES if language != "en"]


def said() -> dict[Said, str]:
    """All that the program can say, and where."""
    keywords = {"say": None, "self": None, "many": (1, 2)}
    methods = [("**.py", "python"), ("**/templates/*", "jinja2")]
    return {
        message: f"{file}:{line}"
        for file, line, message, _, _ in extract_from_dir("monitor/digest", methods, keywords=keywords)
    }


def catalogue(language: str) -> Catalog:
    with Path(CATALOGUES, f"{language}.po").open("rb") as file:
        return read_po(file, language, abort_invalid=True)


def key(message: Said) -> Said:
    return message if isinstance(message, str) else tuple(message)


@pytest.mark.parametrize("language", OTHERS)
def test_all_that_is_said_is_translated_and_nothing_else(language: str) -> None:
    known = {key(message.id): message for message in catalogue(language) if message.id}
    assert known.keys() == said().keys()
    assert [message for message, entry in known.items() if not entry.string or not all(entry.string)] == []
    assert [message for message, entry in known.items() if entry.fuzzy] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_tells_the_same_facts(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        several = isinstance(message.id, tuple)
        facts = set(re.findall(r"{\w+}", message.id[-1] if several else message.id))
        for form in message.string if several else (message.string,):
            assert set(re.findall(r"{\w+}", form)) | {"{number}"} == facts | {"{number}"}, form


def test_estonian_counts_as_estonians_do() -> None:
    say = Voice("et", TALLINN)
    one, more = ("{brand} had one complaint", "{brand} had {number} complaints")
    assert say.many(one, more, 1, brand="Lainepost") == "Lainepost sai ühe kaebuse"
    assert say.many(one, more, 2, brand="Lainepost") == "Lainepost sai 2 kaebust"
    assert say.many(one, more, 1234, brand="Lainepost") == "Lainepost sai 1\xa0234 kaebust"


def test_numbers_and_days_are_written_as_in_the_language() -> None:
    english, estonian = Voice("en", TALLINN), Voice("et", TALLINN)
    assert (english.number(12345.6), estonian.number(12345.6)) == ("12,345.6", "12\xa0345,6")
    assert english.days(date(2026, 11, 16), date(2026, 11, 22)) == "16–22 November 2026"
    assert estonian.days(date(2026, 11, 16), date(2026, 11, 22)) == "16.–22. november 2026"
    assert english.days(date(2026, 11, 30), date(2026, 12, 6)) == "30 November – 6 December 2026"
    assert estonian.days(date(2025, 12, 29), date(2026, 1, 4)) == "29. detsember 2025 – 4. jaanuar 2026"
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert (english.moment(noon), estonian.moment(noon)) == ("Sun 22 Nov, 14:00", "P 22. nov, 14:00")


@pytest.mark.parametrize(
    ("minutes", "words"), [(0.2, "1 min"), (38, "38 min"), (60, "1 h"), (100, "1 h 40 min"), (3065, "2 d 3 h")]
)
def test_a_length_of_time_is_said_as_people_do(minutes: float, words: str) -> None:
    assert Voice("en", TALLINN).duration(timedelta(minutes=minutes)) == words


def test_a_share_that_is_not_quite_all_is_never_called_all() -> None:
    say = Voice("en", TALLINN)
    assert [say.percent(share) for share in (0, 0.001, 0.5, 0.999, 1, None)] == ["0%", "1%", "50%", "99%", "100%", "–"]
