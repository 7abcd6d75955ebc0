"""Mistakes in the configuration: each names the file, the line and the likely fix."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

Where = tuple[str | int, ...]
"""The way to a value in the document: keys and positions from the top."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake, on one line."""

    line: int
    where: str
    what: str
    file: str = ""
    """Where the line is, when that is not the configuration itself."""


class ConfigError(Exception):
    """The configuration can't be used. Its text has one line a mistake, `file:line: where: what`."""

    def __init__(self, file: Path, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(self._line, self.problems)))

    def _line(self, problem: Problem) -> str:
        where = f"{problem.where}: " if problem.where else ""
        said = f"{problem.file or self.file}:{problem.line}: {where}{problem.what}"
        return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in said)


def suggest(wrong: str, known: Sequence[str]) -> str:
    """«did you mean …?», or what there is to choose from."""
    close = get_close_matches(wrong, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(sorted(known))}" if known else "there are none"
