"""Says sentences, names, numbers and times in a language; the catalogues are the .po files of the folder `locale`."""

import gettext
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

from babel import Locale
from babel.dates import format_datetime
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_compact_decimal, format_decimal, format_percent

from alerts.sentence import Bold, Line, Part, Who, fill
from alerts.words import line, platform, same_day

Language = Literal["et", "en", "ru", "lv"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

CATALOGUES = Path(__file__).parent / "locale"

_DAY_WITH_POINT = ("et", "lv")
"""Languages that write a point after the number of a day."""


class Voice:
    """Calling it gives a text in the language, with the facts put in."""

    def __init__(self, language: str, *more: Path) -> None:
        """`more` are folders with catalogues of their own, asked before the common ones."""
        self.language = language
        self.locale = Locale.parse("en_GB" if language == "en" else language)
        self._catalogue = _catalogue(language, *more, CATALOGUES)

    def __call__(self, text: str, **facts: Any) -> str:
        return self._catalogue.gettext(text).format(**facts)

    def many(self, one: str, several: str, number: int, **facts: Any) -> str:
        """The form that the number asks for; `{number}` in it is the number."""
        chosen = self._catalogue.ngettext(one, several, number)
        return chosen.format(number=self.number(number), **facts)

    def sentence(self, text: str, **facts: Part | Line) -> Line:
        """A sentence of which moments and people stay parts; what the text has between asterisks is bold."""
        return fill(self._catalogue.gettext(text), facts)

    def plain(self, said: Line, near: datetime) -> str:
        """A sentence as plain text, its moments in UTC and as far from `near` as they are."""
        return "".join(self._plain(part, near) for part in said)

    def number(self, number: float) -> str:
        return format_decimal(number, format="#,##0.#", locale=self.locale)

    def count(self, number: int) -> str:
        """A number that may be large, in short: 840, 12.4K, 3.1M; rounded down."""
        for size in (1_000_000_000, 1_000_000, 1_000):
            if number >= size:
                number -= number % (size // 10 if number < 100 * size else size)
                break
        return format_compact_decimal(number, locale=self.locale, fraction_digits=1)

    def percent(self, share: float | None) -> str:
        """A whole percentage, "–" for none; never 100% or 0% of what is not quite that."""
        if share is None:
            return "–"
        whole = round(share * 100)
        whole = min(whole, 99) if share < 1 else whole
        whole = max(whole, 1) if share > 0 else whole
        return format_percent(whole / 100, locale=self.locale)

    def probability(self, probability: float) -> str:
        """A whole percentage, rounded down, so that nothing is ever said to be quite sure."""
        return format_percent(int(round(min(max(probability, 0.0), 0.99) * 100, 6)) / 100, locale=self.locale)

    def duration(self, span: timedelta) -> str:
        """Such as 38 min, 1 h 40 min, 2 d 3 h; less than a minute counts as one."""
        minutes = max(1, round(abs(span) / timedelta(minutes=1)))
        days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
        if days:
            minutes = 0
        parts = [
            self("{number} d", number=self.number(days)) if days else "",
            self("{number} h", number=hours) if hours else "",
            self("{number} min", number=minutes) if minutes else "",
        ]
        return " ".join(part for part in parts if part)

    def when(self, at: datetime, near: datetime) -> str:
        """Such as 14:05 UTC, with the date when that is not plain from `near`, a moment close to when it is read."""
        day = "d. MMM" if self.language in _DAY_WITH_POINT else "d MMM"
        pattern = "HH:mm" if same_day(at, near) else f"{day} HH:mm"
        return f"{format_datetime(at.astimezone(UTC), pattern, locale=self.locale)} UTC"

    def list(self, words: Sequence[str]) -> str:
        return format_list(list(words), locale=self.locale)

    def either(self, words: Sequence[str]) -> str:
        """Such as one, two or three."""
        return format_list(list(words), style="or", locale=self.locale)

    def tongue(self, code: str | None) -> str:
        """What a language is called in this one, by its BCP 47 tag; "" when not known, as for `und`."""
        name = (code or "").partition("-")[0].lower()
        return str(self.locale.languages.get(name, "")) if len(name) == 2 else ""

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
            "question": self("question"),
            "other": self("other"),
        }
        return known.get(name) or line(name, 40)

    def _plain(self, part: Part, near: datetime) -> str:
        match part:
            case Bold(inner):
                return self._plain(inner, near)
            case datetime():
                return self.when(part, near)
            case Who(name):
                return line(name, 80)
            case str():
                return part


@cache
def _catalogue(language: str, *folders: Path) -> gettext.NullTranslations:
    """English is what the program itself says. What the first folder's catalogue lacks, the next one may have."""
    found = [] if language == "en" else [_read(folder / f"{language}.po", language) for folder in folders]
    for catalogue, next_ in pairwise(found):
        catalogue.add_fallback(next_)
    return found[0] if found else gettext.NullTranslations()


def _read(file: Path, language: str) -> gettext.GNUTranslations:
    with file.open("rb") as written:
        catalogue = read_po(written, language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


ENGLISH = Voice("en")
"""What is said where nobody has chosen a language: on the command line and in the inbox."""
