"""Says days, times and names as a digest does, by the brand's own clock; its catalogues are the .po files beside it."""

from datetime import date, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_day_names

from alerts import voice

Language = Literal["en", "et"]
LANGUAGES: tuple[Language, ...] = ("en", "et")

CATALOGUES = Path(__file__).parent / "locale"


class Voice(voice.Voice):
    """A voice that knows the digest's own sentences and the brand's clock."""

    def __init__(self, language: Language, zone: ZoneInfo) -> None:
        super().__init__(language, CATALOGUES)
        self.zone = zone

    def days(self, first: date, last: date) -> str:
        """Such as 16–22 November 2026."""
        if (first.year, first.month) == (last.year, last.month):
            start, between = self._date(first, "d"), "–"
        else:
            start, between = self._date(first, "d MMMM" if first.year == last.year else "d MMMM y"), " – "
        return f"{start}{between}{self._date(last, 'd MMMM y')}"

    def _date(self, day: date, pattern: str) -> str:
        """Estonians write a point after the day."""
        pattern = pattern if self.language == "en" else pattern.replace("d", "d.", 1)
        return str(format_date(day, pattern, locale=self.locale))

    def moment(self, at: datetime) -> str:
        """Such as Tue 17 Nov, 14:05, on the brand's clock."""
        pattern = "EEE d MMM, HH:mm" if self.language == "en" else "EEE d. MMM, HH:mm"
        return format_datetime(at.astimezone(self.zone), pattern, locale=self.locale)

    def weekdays(self, width: Literal["abbreviated", "wide"] = "abbreviated") -> list[str]:
        """From Monday on."""
        names = get_day_names(width, locale=self.locale)
        return [str(names[day]) for day in range(7)]

    def tongue(self, code: str | None) -> str:
        """A language's own name in this one."""
        return super().tongue(code) or code or self("unknown")
