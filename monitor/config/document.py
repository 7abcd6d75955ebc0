"""The YAML document: plain values with `${ENV}` filled in, and the line that each of them stands on."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from monitor.config.problems import ConfigError, Problem, Where

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class FromEnvironment(str):
    """A text that was filled in from the environment."""

    __slots__ = ()


class Document:
    """A configuration file's values, and where each stands."""

    def __init__(self, file: Path, environment: Mapping[str, str] = os.environ) -> None:
        """Raises ConfigError for a file that can't be read, isn't YAML, or names variables that are not set."""
        self.file = file
        self.problems: list[Problem] = []
        self._environment = environment
        self._lines: dict[Where, int] = {(): 1}
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ConfigError(file, [Problem(1, "", "there is no such file; name another with --config")]) from None
        except UnicodeDecodeError as error:
            raise ConfigError(file, [Problem(1, "", f"is not UTF-8 text (byte {error.start})")]) from None
        except OSError as error:
            raise ConfigError(file, [Problem(1, "", f"can't be read: {error.strerror}")]) from None
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
        """Notes a mistake at the nearest line that is known."""
        near = where
        while near not in self._lines:
            near = near[:-1]
        self.problems.append(Problem(self._lines[near], ".".join(map(str, where)), what))

    def raise_problems(self) -> None:
        if self.problems:
            raise ConfigError(self.file, self.problems)

    def _build(self, node: yaml.Node, where: Where) -> Any:
        self._lines.setdefault(where, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self._build(child, (*where, index)) for index, child in enumerate(node.value)]
        value = yaml.SafeLoader("").construct_object(node, deep=True)
        return self._fill(value, where) if isinstance(value, str) else value

    def _mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, child in node.value:
            key = str(key_node.value)
            here = (*where, key)
            if key in values:
                self.problem(here, f"stands here a second time, first on line {self._lines[here]}")
            self._lines[here] = key_node.start_mark.line + 1
            values[key] = self._build(child, here)
        return values

    def _fill(self, text: str, where: Where) -> str:
        if not _VARIABLE.search(text):
            return text
        missing = []

        def value(match: re.Match[str]) -> str:
            name, default = match.groups()
            found = self._environment.get(name) or default
            if found is None:
                missing.append(name)
            return found or ""

        filled = FromEnvironment(_VARIABLE.sub(value, text))
        for name in missing:
            self.problem(where, f"the environment variable {name} is not set: export it, or write ${{{name}:-default}}")
        return filled


def _syntax(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error)
    return Problem(mark.line + 1 if mark else 1, "", f"is not valid YAML: {what}")
