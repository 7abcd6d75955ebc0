"""A sentence in parts: its moments and people stay what they are, for each channel to show in its own way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Formatter


@dataclass(frozen=True, slots=True)
class Bold:
    """What the eye shall find first."""

    part: "str | datetime"


@dataclass(frozen=True, slots=True)
class Who:
    """A colleague, by name or by the channel's own id."""

    name: str


Part = str | datetime | Bold | Who
Line = tuple[Part, ...]


def fill(template: str, facts: Mapping[str, Part | Line]) -> Line:
    """The template with facts in the places of their names; what it has between asterisks is bold.

    Braces and asterisks in the facts themselves mean nothing.
    """
    found: list[Part] = []
    for part in _parts(template, facts):
        if found and isinstance(part, str) and isinstance(found[-1], str):
            found[-1] += part
        elif found and (joined := _both_bold(found[-1], part)):
            found[-1] = joined
        elif part not in ("", Bold("")):
            found.append(part)
    return tuple(found)


def _parts(template: str, facts: Mapping[str, Part | Line]) -> Iterator[Part]:
    bold = False
    for words, name, _, _ in Formatter().parse(template):
        for index, piece in enumerate(words.split("*")):
            bold = bold != (index > 0)
            yield Bold(piece) if bold else piece
        if name is not None:
            fact = facts[name]
            for part in fact if isinstance(fact, tuple) else (fact,):
                yield Bold(part) if bold and isinstance(part, str | datetime) else part


def _both_bold(one: Part, other: Part) -> Bold | None:
    match one, other:
        case Bold(str(first)), Bold(str(second)):
            return Bold(first + second)
        case _:
            return None
