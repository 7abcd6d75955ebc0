"""Makes a review into what is read: a page, a PDF, plain text, and the message for a channel."""

from dataclasses import dataclass
from functools import cached_property

from alerts.base import Digest, Picture
from monitor.digest.charts import DARK, charts
from monitor.digest.language import Language, Voice
from monitor.digest.page import mail, page, text
from monitor.digest.pdf import pdf
from monitor.digest.review import Review
from monitor.digest.sheet import Sheet, sheet


@dataclass(frozen=True, kw_only=True)
class Edition:
    """A review in one language, with its charts."""

    review: Review
    say: Voice
    sheet: Sheet
    pictures: tuple[Picture, ...]

    @property
    def file(self) -> str:
        """A name for its files, without an ending."""
        about = self.review.about
        whose = f"{about.brand} {about.department}".strip().lower()
        brand = "".join(char if char.isalnum() else "-" for char in whose)
        return f"{brand[:80]}-{self.review.about.week.name}"

    def page(self) -> str:
        """The web page, with charts for dark screens too."""
        return page(self.sheet, self.pictures, charts(self.review, self.say, DARK), self.say)

    @cached_property
    def pdf(self) -> bytes:
        return pdf(self.sheet, self.pictures, self.say, self.review.now)

    def text(self) -> str:
        return text(self.sheet, self.pictures, self.say)

    def message(self, key: str, address: str = "") -> Digest:
        """What is sent; `address` is where the page can be read, if anywhere."""
        whole = [(address, self.say("The whole digest"))] if address else []
        cases = [*self.sheet.misses[:3], *self.sheet.saves[:1]]
        return Digest(
            key=key,
            now=self.review.now,
            title=self.sheet.title,
            sentences=self.sheet.sentences,
            figures=tuple((each.label, each.value, each.note) for each in self.sheet.figures[:6]),
            links=(*whole, *((case.links[-1][1], case.head) for case in cases if case.links)),
            pictures=self.pictures,
            text=self.text(),
            html=mail(self.sheet, self.pictures, self.say),
            pdf=self.pdf,
            file=self.file,
        )


def edit(review: Review, language: Language, inbox: str = "") -> Edition:
    """`inbox` is the web address at which the inbox can be reached, if it can."""
    say = Voice(language, review.about.zone)
    return Edition(review=review, say=say, sheet=sheet(review, say, inbox), pictures=charts(review, say))
