"""Writes the digest as a web page of one file, as the HTML of a mail, and as plain text."""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from alerts.base import Picture
from monitor.digest.behind import MOST_CASES, case_address
from monitor.digest.language import Voice
from monitor.digest.sheet import Sheet

TEMPLATES = Path(__file__).parent / "templates"


def page(sheet: Sheet, light: Sequence[Picture], dark: Sequence[Picture], say: Voice) -> str:
    """A whole document that asks nobody for anything: its pictures are in it, and no script can run in it."""
    pictures = {"light": _inline(light), "dark": _inline(dark)}
    return _write("page.html", sheet, light, say, **pictures)


def mail(sheet: Sheet, pictures: Sequence[Picture], say: Voice) -> str:
    """A document whose pictures are at `cid:` and their names."""
    return _write("mail.html", sheet, pictures, say)


def text(sheet: Sheet, pictures: Sequence[Picture], say: Voice) -> str:
    return _write("mail.txt", sheet, pictures, say)


def _write(name: str, sheet: Sheet, pictures: Sequence[Picture], say: Voice, **more: Any) -> str:
    written = _environment().get_template(name).render(sheet=sheet, pictures=pictures, say=say, most=MOST_CASES, **more)
    return written.strip() + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(["html"]), undefined=StrictUndefined
    )
    environment.filters["address"] = case_address
    environment.filters["lines"] = lambda words: Markup("<br>").join(escape(row) for row in words.split("\n"))
    return environment


def _inline(pictures: Sequence[Picture]) -> dict[str, str]:
    return {picture.name: f"data:image/png;base64,{b64encode(picture.png).decode()}" for picture in pictures}
