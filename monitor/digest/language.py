"""Says sentences, numbers and times in the digest's language; the catalogues are the .po files beside it."""

import gettext
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, get_day_names
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from alerts.words import platform

Language = Literal["en", "et"]
LANGUAGES: tuple[Language, ...] = ("en", "et")

CATALOGUES = Path(__file__).parent / "locale"


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """English is what the program itself says."""
    if language == "en":
        return gettext.NullTranslations()
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


class Voice:
    """Calling it gives a text in the language, with the facts put in."""

    def __init__(self, language: Language, zone: ZoneInfo) -> None:
        self.language, self.zone = language, zone
        self.locale = Locale.parse("en_GB" if language == "en" else language)
        self._catalogue = _catalogue(language)

    def __call__(self, text: str, **facts: Any) -> str:
        return self._catalogue.gettext(text).format(**facts)

    def many(self, one: str, several: str, number: int, **facts: Any) -> str:
        """The form that the number asks for; `{number}` in it is the number."""
        chosen = self._catalogue.ngettext(one, several, number)
        return chosen.format(number=self.number(number), **facts)

    def number(self, number: float) -> str:
        return format_decimal(number, format="#,##0.#", locale=self.locale)

    def percent(self, share: float | None) -> str:
        """A whole percentage, "–" for none; never 100% or 0% of what is not quite that."""
        if share is None:
            return "–"
        whole = round(share * 100)
        whole = min(whole, 99) if share < 1 else whole
        whole = max(whole, 1) if share > 0 else whole
        return format_percent(whole / 100, locale=self.locale)

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

    def duration(self, span: timedelta) -> str:
        """Such as 38 min, 1 h 40 min, 2 d 3 h; less than a minute counts as one."""
        minutes = max(1, round(span / timedelta(minutes=1)))
        days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
        if days:
            minutes = 0
        parts = [
            self("{number} d", number=self.number(days)) if days else "",
            self("{number} h", number=hours) if hours else "",
            self("{number} min", number=minutes) if minutes else "",
        ]
        return " ".join(part for part in parts if part)

    def list(self, words: Sequence[str]) -> str:
        return format_list(list(words), locale=self.locale)

    def tongue(self, code: str) -> str:
        """A language's own name in this one."""
        return str(self.locale.languages.get(code) or code or self("unknown"))

    def platform(self, name: str) -> str:
        return self("e-mail") if name == "imap" else platform(name)

    def topic(self, name: str) -> str:
        """A topic as people say it; one of the brand's own as it is."""
        known = {
            "delivery": self("delivery"),
            "billing": self("billing"),
            "refund": self("refunds"),
            "quality": self("quality"),
            "outage": self("outages"),
            "staff": self("staff"),
            "app": self("app and website"),
            "price": self("prices"),
            "account": self("accounts"),
            "other": self("other"),
        }
        return known.get(name, name)
