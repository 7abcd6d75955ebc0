"""The digest's languages: how it counts, and how it writes numbers and days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.digest.language import Voice

TALLINN = ZoneInfo("Europe/Tallinn")


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
