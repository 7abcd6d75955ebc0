"""Turns a section of the document into a frozen dataclass, with every mistake in it noted at its line."""

import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import timedelta
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError, create_model
from pydantic_core import PydanticCustomError

from connectors.base import Secret
from monitor.config.document import Document, FromEnvironment
from monitor.config.problems import Where, suggest

T = TypeVar("T")

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*[smhdw]\s*)+")
_IN_PLAIN_WORDS = {
    "string_type": "must be text (quotes make it so)",
    "tuple_type": "must be a list such as [one, two]",
    "dict_type": "must be a mapping such as {key: value}",
    "mapping_type": "must be a mapping such as {key: value}",
    "model_type": "must be a mapping such as {key: value}",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
}


def read(kind: type[T], values: Any, document: Document, where: Where) -> T | None:
    """The section as an instance of the dataclass; None when it has mistakes, which the document then holds."""
    if not isinstance(values, Mapping):
        document.problem(where, f"must be a mapping with keys such as {', '.join(_names(kind)[:3])}")
        return None
    try:
        checked = _model(cast(Any, kind)).model_validate(values)
    except ValidationError as error:
        for mistake in error.errors(include_url=False, include_context=False):
            if mistake["type"] == "none_required":  # what may be left out: the other branch says what is wrong
                continue
            here = _way(values, mistake["loc"], missing=mistake["type"] == "missing")
            document.problem((*where, *here), _explain(kind, here, mistake))
        return None
    try:
        return _instance(kind, checked)
    except ValueError as error:  # what a dataclass says of its fields together
        document.problem(where, str(error))
        return None


def duration(value: Any) -> timedelta:
    """`90s`, `30m`, `1h 30m`, `2d`, `1w`. Raises ValueError."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip().lower()
    if value == 0 or (isinstance(value, str) and text == "0"):
        return timedelta()
    if not isinstance(value, str) or not _DURATION.fullmatch(text):
        raise ValueError("must be a length of time with its unit, such as 90s, 30m, 1h 30m or 2d")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+(?:\.\d+)?)\s*([smhdw])", text))
    if not math.isfinite(seconds) or seconds > timedelta(days=36500).total_seconds():
        raise ValueError("is longer than a hundred years")
    return timedelta(seconds=seconds)


def _secret(value: Any) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, FromEnvironment):
        raise PydanticCustomError("secret", "a secret comes from the environment only: write ${NAME} and export NAME")
    return Secret(str(value))


@cache
def _model(kind: type) -> type[BaseModel]:
    """A pydantic model with the dataclass's fields that takes no others."""
    hints = get_type_hints(kind)
    members: dict[str, Any] = {}
    for field in fields(kind):
        if field.default is not MISSING:
            default: Any = Field(default=field.default)
        elif field.default_factory is not MISSING:
            default = Field(default_factory=field.default_factory)
        else:
            default = ...
        members[field.name] = (_annotation(hints[field.name]), default)
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    return create_model(kind.__name__, __config__=config, **members)


def _annotation(hint: Any) -> Any:
    """The hint with our own readers of durations, secrets and nested sections in it."""
    if hint is timedelta:
        return Annotated[timedelta, BeforeValidator(duration)]
    if hint in (int, float):
        return Annotated[hint, Field(gt=0, allow_inf_nan=False)]
    if hint is Secret:
        return Annotated[Secret, PlainValidator(_secret)]
    if isinstance(hint, type) and is_dataclass(hint):
        return _model(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return Union[tuple(map(_annotation, arguments))]  # noqa: UP007 — built while running
    if origin is not None and arguments:
        return origin[tuple(_annotation(argument) for argument in arguments)]
    return hint


def _instance(kind: type[T], checked: BaseModel) -> T:
    return kind(
        **{
            name: _plain(getattr(checked, name), hint)
            for name, hint in get_type_hints(kind).items()
            if name in type(checked).model_fields
        }
    )


def _plain(value: Any, hint: Any) -> Any:
    """Nested models back into their dataclasses."""
    if isinstance(value, BaseModel):
        kinds = [kind for kind in (hint, *get_args(hint)) if isinstance(kind, type) and is_dataclass(kind)]
        return _instance(kinds[0], value)
    arguments = get_args(hint)
    if isinstance(value, tuple):
        return tuple(_plain(item, arguments[0]) for item in value)
    if isinstance(value, dict):
        return {key: _plain(item, arguments[1]) for key, item in value.items()}
    return value


def _names(kind: type) -> list[str]:
    return [field.name for field in fields(kind)]


def _way(values: Any, said: Where, *, missing: bool) -> Where:
    """The way to a mistake without the branches of unions that pydantic names in it: the document has no such place."""
    way: Where = ()
    for part in said:
        keys = range(len(values)) if isinstance(values, list) else values if isinstance(values, Mapping) else ()
        if part in keys:
            values = cast(Any, values)[part]
        elif not (missing and part == said[-1]):
            continue
        way = (*way, part)
    return way


def _explain(kind: type, where: Where, mistake: Any) -> str:
    if mistake["type"] == "extra_forbidden":
        return f"unknown key; {suggest(str(where[-1]), _known_at(kind, where[:-1]))}"
    if mistake["type"] == "missing":
        return "is missing"
    message = _IN_PLAIN_WORDS.get(mistake["type"], str(mistake["msg"]).removeprefix("Value error, "))
    message = message[0].lower() + message[1:]
    given = mistake["input"]
    hidden = mistake["type"] == "secret" or given is None or isinstance(given, FromEnvironment | Mapping)
    return message.replace("input should be", "must be") + ("" if hidden else f", not {given!r}")


def _known_at(kind: type, where: Where) -> list[str]:
    """The keys of the nested section that the way leads to."""
    for part in where:
        if isinstance(part, int):
            continue
        hint = get_type_hints(kind).get(part)
        kinds = [item for item in (hint, *get_args(hint)) if isinstance(item, type) and is_dataclass(item)]
        if kinds:
            kind = kinds[0]
    return _names(kind)
