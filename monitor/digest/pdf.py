"""Writes the digest as a PDF of A4 pages."""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path

import matplotlib
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace
from PIL import Image

from alerts.base import Picture
from monitor.digest.behind import few
from monitor.digest.language import Voice
from monitor.digest.sheet import Case, Figure, Sheet
from monitor.digest.tables import Table

INK, FAINT, BLUE, LINE = (31, 35, 40), (89, 99, 110), (0, 104, 166), (216, 222, 228)
COLUMNS = 4
"""Figures beside each other."""
_FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
"""DejaVu, which comes with matplotlib and knows every letter of the Baltics."""
_MARGIN = 17.0


def pdf(sheet: Sheet, pictures: Sequence[Picture], say: Voice, now: datetime) -> bytes:
    paper = _Paper(sheet.title, sheet.language, now)
    paper.heading(sheet.title, sheet.subtitle)
    for sentence in sheet.sentences:
        paper.words(sentence, 11)
    if sheet.silences:
        paper.section(say("What was not heard"))
        for each in sheet.silences:
            paper.words(f"• {each}", 9.5)
    paper.section(say("The week in figures"))
    paper.figures(sheet.figures)
    paper.picture(pictures[0])
    paper.words(sheet.forecast, 9.5, FAINT)
    for picture in pictures[1:]:
        paper.picture(picture)
    for each in sheet.benchmarks:
        paper.words(each, 9.5, FAINT)
    if sheet.storms:
        paper.section(say("Storms"))
        for storm in sheet.storms:
            paper.words(f"• {storm.text}", 9.5)
    for heading, found in (
        (say("Unhappy customers of special value"), sheet.unhappy),
        (say("Worst misses"), sheet.misses),
        (say("Best saves"), sheet.saves),
        (say("Questions that want an answer in the FAQ"), sheet.questions),
    ):
        paper.cases(heading, found)
    for table in sheet.tables:
        paper.rows(table)
    paper.section(say("The cases behind the figures"))
    for behind in sheet.behind:
        paper.words(f"{behind.label}: {few(behind.ids, say)}", 7.5, FAINT)
    return bytes(paper.output())


class _Paper(FPDF):
    """Text is never taken for markup; what its letters lack is left out."""

    def __init__(self, title: str, language: str, now: datetime) -> None:
        super().__init__(format="A4")
        self.add_font("DejaVu", "", _FONTS / "DejaVuSans.ttf")
        self.add_font("DejaVu", "B", _FONTS / "DejaVuSans-Bold.ttf")
        self._known = set(TTFont(_FONTS / "DejaVuSans.ttf").getBestCmap())
        self.set_margins(_MARGIN, 15, _MARGIN)
        self.set_auto_page_break(True, 17)
        self.set_title(self._legible(title))
        self.set_lang(language)
        self.set_creation_date(now)
        self._foot = self._legible(title)
        self.add_page()

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font("DejaVu", "", 7.5)
        self.set_text_color(*FAINT)
        self.cell(self.epw / 2, 5, self._foot)
        self.cell(self.epw / 2, 5, f"{self.page_no()}", align="R")

    def heading(self, title: str, subtitle: str) -> None:
        self.words(title, 19, bold=True)
        self.words(subtitle, 9.5, FAINT)
        self.ln(2)

    def section(self, title: str) -> None:
        if self.will_page_break(32):
            self.add_page()
        self.ln(4)
        self.words(title, 13, bold=True)

    def words(
        self, text: str, size: float, colour: tuple[int, int, int] = INK, *, bold: bool = False, link: str = ""
    ) -> None:
        self.set_font("DejaVu", "B" if bold else "", size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.52, self._legible(text), align="L", link=link, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(size * 0.09)

    def figures(self, found: Sequence[Figure]) -> None:
        width = self.epw / COLUMNS
        for start in range(0, len(found), COLUMNS):
            row = found[start : start + COLUMNS]
            if self.will_page_break(18):
                self.add_page()
            for texts, size, colour, style in (
                ([figure.label for figure in row], 7.5, FAINT, ""),
                ([figure.value for figure in row], 14, INK, "B"),
                ([figure.note for figure in row], 7.5, FAINT, ""),
            ):
                self.set_font("DejaVu", style, size)
                self.set_text_color(*colour)
                for text in texts:
                    self.cell(width, size * 0.48, self._legible(text))
                self.ln(size * 0.48)
            self.ln(2.5)

    def picture(self, picture: Picture) -> None:
        with Image.open(BytesIO(picture.png)) as shown:
            height = self.epw * 0.86 * shown.height / shown.width
        if self.will_page_break(height + 4):
            self.add_page()
        self.image(BytesIO(picture.png), w=self.epw * 0.86, alt_text=self._legible(f"{picture.title}. {picture.words}"))
        self.ln(4)

    def cases(self, heading: str, found: Sequence[Case]) -> None:
        if not found:
            return
        self.section(heading)
        for case in found:
            if self.will_page_break(24):
                self.add_page()
            self.words(case.head, 8.5, FAINT)
            if case.words:
                self.words(case.words, 10)
            self.set_text_color(*BLUE)
            for words, address in case.links:
                self.set_font("DejaVu", "", 8.5)
                self.write(4.5, f"{self._legible(words)}   ", link=address)
            self.ln(4.5)
            self.ln(2)

    def rows(self, shown: Table) -> None:
        self.section(shown.heading)
        self.set_font("DejaVu", "", 9)
        self.set_text_color(*INK)
        self.set_draw_color(*LINE)
        bold = FontFace(emphasis="BOLD", color=FAINT)
        with self.table(
            borders_layout="HORIZONTAL_LINES", headings_style=bold, line_height=6, text_align="LEFT"
        ) as table:
            for row in (shown.heads, *([cell.text for cell in cells] for cells in shown.rows)):
                table.row([self._legible(cell) for cell in row])

    def _legible(self, text: str) -> str:
        return "".join(char for char in text if ord(char) in self._known or char == "\n") or " "
