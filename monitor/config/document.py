"""The YAML document: plain values with `${ENV}` filled in, and the line that each of them stands on."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from monitor.config.problems import ConfigError, Problem, Where
from monitor.discretion import discretion

LARGEST = 1_000_000
"""Bytes of the longest configuration."""
MOST = 50_000
"""Values in it, once its aliases are unfolded."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_SHORTEST_SECRET = 6
_LONGEST_TEXT = 400


class FromEnvironment(str):
    """A text that was filled in from the environment alone."""

    __slots__ = ()


class Document:
    """A configuration file's values, and where each stands."""

    def __init__(self, file: Path, environment: Mapping[str, str] = os.environ) -> None:
        """Raises ConfigError for a file that can't be read, isn't YAML, or names variables that are not set."""
        self.file = file
        self.problems: list[Problem] = []
        self._environment = environment
        self._filled: set[str] = set()
        self._built = 0
        self._lines: dict[Where, int] = {(): 1}
        try:
            with file.open("rb") as opened:
                raw = opened.read(LARGEST + 1)
            text = raw.decode()
        except FileNotFoundError:
            raise ConfigError(file, [Problem(1, "", "there is no such file; name another with --config")]) from None
        except UnicodeDecodeError as error:
            raise ConfigError(file, [Problem(1, "", f"is not UTF-8 text (byte {error.start})")]) from None
        except OSError as error:
            raise ConfigError(file, [Problem(1, "", f"can't be read: {error.strerror}")]) from None
        if len(raw) > LARGEST:
            raise ConfigError(file, [Problem(1, "", "is larger than 1 MB, which no configuration is")])
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            self.values = self._build(node, ()) if node else {}
        except yaml.YAMLError as error:
            raise ConfigError(file, [_syntax(error)]) from None
        except RecursionError:
            raise ConfigError(file, [Problem(1, "", "is nested too deeply to be a configuration")]) from None
        if not isinstance(self.values, dict):
            raise ConfigError(file, [Problem(1, "", "is not a mapping of sections such as `brands:`")])

    def problem(self, where: Where, what: str) -> None:
        """Notes a mistake at the nearest line that is known, without the values that came from the environment."""
        near = where
        while near not in self._lines:
            near = near[:-1]
        blot = discretion(value for value in self._filled if len(value) >= _SHORTEST_SECRET)
        self.problems.append(Problem(self._lines[near], ".".join(map(str, where)), blot(what)[:_LONGEST_TEXT]))

    def raise_problems(self) -> None:
        if self.problems:
            raise ConfigError(self.file, self.problems)

    def _build(self, node: yaml.Node, where: Where) -> Any:
        self._lines.setdefault(where, node.start_mark.line + 1)
        self._built += 1
        if self._built > MOST:
            raise ConfigError(self.file, [Problem(1, "", f"holds more than {MOST:,} values, aliases unfolded")])
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self._build(child, (*where, index)) for index, child in enumerate(node.value)]
        try:
            value = yaml.SafeLoader("").construct_object(node, deep=True)
        except yaml.YAMLError:
            raise
        except Exception:  # 2026-13-45, `!!int x`, a number of 5000 digits: YAML's own readers raise anything
            self.problem(where, "looks like a date or a number but is none; put quotes around it")
            return None
        return self._fill(value, where) if isinstance(value, str) else value

    def _mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, child in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._lines.setdefault(where, key_node.start_mark.line + 1)
                self.problem(where, "has a list or a mapping for a key, where only text can stand")
                continue
            key = str(key_node.value)
            here = (*where, key)
            if key in values:
                self.problem(here, f"stands here a second time, first on line {self._lines[here]}")
            self._lines[here] = key_node.start_mark.line + 1
            values[key] = self._build(child, here)
        return values

    def _fill(self, text: str, where: Where) -> str:
        literal = not _VARIABLE.search(text)

        def value(match: re.Match[str]) -> str:
            nonlocal literal
            name, default = match.groups()
            found = self._environment.get(name)
            if found:
                self._filled.add(found)
            elif default is None:
                hint = f"export it, or write ${{{name}:-default}}"
                self.problem(where, f"the environment variable {name} is not set: {hint}")
            literal |= not found and default is not None
            return found or default or ""

        filled = _VARIABLE.sub(value, text)
        if _UNSTORABLE.search(filled):
            self.problem(where, "holds a character that can't be stored (NUL or half of a surrogate pair)")
        return filled if literal else FromEnvironment(filled)


def _syntax(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    what = " ".join((getattr(error, "problem", None) or str(error)).split())
    return Problem(mark.line + 1 if mark else 1, "", f"is not valid YAML: {what}")
