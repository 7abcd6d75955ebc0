"""Tells from the names of a model's labels which of them mean a complaint."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from classifiers.base import BadModel

Meaning = Literal["complaint", "other", "negative", "neutral", "positive"]
"""What a model's label can mean; `other` is whatever is no complaint."""

_KNOWN = get_args(Meaning)
_NOT = {"no", "not", "non", "isn", "without", "ei", "mitte", "nav", "ne", "не", "нет"}
_GLUED = re.compile(r"\b(no|not|non)(?=complain|negat|posit)")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NUMBER = re.compile(r"(?:label[ _-]?)?(-?\d+)(?:[ _-]?stars?)?", re.IGNORECASE)
_WORDS: dict[Meaning, re.Pattern[str]] = {
    "complaint": re.compile(r"complain\w*|kaebus\w*|жалоб\w*|sūdzīb\w*|valitus\w*|skund\w*"),
    "negative": re.compile(
        r"neg|nega\w*|neigiam\w*|негат\w*|отриц\w*|bad|anger|angry|annoy\w*|disappoint\w*|disapproval|disgust\w*"
        r"|dissatisfied|embarrassment|fear|frustrat\w*|grief|nervousness|pessimism|remorse|sad|sadness|unhappy"
        r"|unsatisfied|worry"
    ),
    "neutral": re.compile(
        r"neu|neutr\w*|neitr\w*|нейтр\w*|mixed|vastuoluline|anticipation|confusion|curiosity|desire|realization|surprise"
    ),
    "positive": re.compile(
        r"pos|posit\w*|pozit\w*|teigiam\w*|позит\w*|полож\w*|good|admiration|amusement|approval|caring|enthusiasm"
        r"|excitement|fun|gratitude|happ(y|iness)|joy|love|optimism|praise|pride|relief|satisfied|trust"
    ),
    "other": re.compile(r"others?"),
}
"""Sentiments in the languages that models are labelled in, and the emotions of the common data sets."""
_RISING: dict[int, tuple[Meaning, ...]] = {
    3: ("negative", "neutral", "positive"),
    5: ("negative", "negative", "neutral", "positive", "positive"),
}
"""What numbers mean, from the lowest: of two it can't be told, they may be sentiments or answers to any question."""
_OPPOSITE: dict[Meaning, Meaning] = {
    "complaint": "other",
    "other": "complaint",
    "negative": "positive",
    "positive": "negative",
}


def meanings(labels: Sequence[str], told: Mapping[str, Meaning] | None = None) -> tuple[Meaning, ...]:
    """What each of a model's labels means: as told, else by its name.

    Known are complaints, sentiments and emotions by their words, and three or five numbers or stars from the worst to
    the best. A label beside one that means a complaint is `other` unless its name says more. A model of one label
    gets two meanings: when it does not hold, and when it does.
    Raises BadModel, with a line to paste into the configuration, when the names say too little.
    """
    by_name: Sequence[Meaning | None] = _by_number(labels) or [_by_word(label) for label in labels]
    if told is not None:
        by_name = _as_told(labels, by_name, told)
    elif "complaint" in by_name:
        by_name = [meaning or "other" for meaning in by_name]
    found = tuple(meaning for meaning in by_name if meaning)
    if len(labels) == 1 and found and found[0] in _OPPOSITE:
        found = (_OPPOSITE[found[0]], found[0])
    if len(found) < len(labels) or {"complaint", "negative"}.isdisjoint(found):
        raise BadModel(_question(labels, by_name))
    return found


def _by_number(labels: Sequence[str]) -> list[Meaning | None] | None:
    matches = [_NUMBER.fullmatch(label.strip()) for label in labels]
    numbers = [int(match[1]) for match in matches if match]
    if len(numbers) < len(labels) or len(set(numbers)) < len(numbers) or len(numbers) not in _RISING:
        return None
    order = sorted(numbers)
    return [_RISING[len(order)][order.index(number)] for number in numbers]


def _by_word(label: str) -> Meaning | None:
    name = _CAMEL.sub(" ", unicodedata.normalize("NFKC", label)).casefold()
    words = re.findall(r"[^\W\d_]+", _GLUED.sub(r"\1 ", name))
    found = {meaning for meaning, known in _WORDS.items() if any(known.fullmatch(word) for word in words)}
    if found and not _NOT.isdisjoint(words):
        return "other"
    return "complaint" if "complaint" in found else found.pop() if len(found) == 1 else None


def _as_told(
    labels: Sequence[str], by_name: Sequence[Meaning | None], told: Mapping[str, Meaning]
) -> Sequence[Meaning | None]:
    """What is not told goes by its name, or is no complaint."""
    if wrong := [meaning for meaning in told.values() if meaning not in _KNOWN]:
        raise BadModel(f"classifier.label_map says {wrong[0]!r}; a label means one of {', '.join(_KNOWN)}")
    if strange := [label for label in told if label not in labels]:
        raise BadModel(f"classifier.label_map names {strange[0]!r}; the model's labels are {', '.join(labels)}")
    found = [told.get(label, meaning or "other") for label, meaning in zip(labels, by_name, strict=True)]
    if len(labels) > 1 and {"complaint", "negative"}.isdisjoint(found):
        raise BadModel("classifier.label_map names no label that means complaint or negative")
    return found


def _question(labels: Sequence[str], by_name: Sequence[Meaning | None]) -> str:
    """Asks for a label_map, with one that is right if the last label of unknown meaning is the complaint."""
    unknown = [number for number, meaning in enumerate(by_name) if not meaning]
    last = unknown[-1] if unknown else len(labels) - 1
    guess = {label: meaning or "other" for label, meaning in zip(labels, by_name, strict=True)}
    guess |= {labels[last]: "complaint"}
    line = ", ".join(f"{json.dumps(label, ensure_ascii=False)}: {meaning}" for label, meaning in guess.items())
    return (
        f"which of the model's labels ({', '.join(labels)}) means a complaint can't be told: say it in `classifier:`, "
        f"if it is {labels[last]!r} by the line label_map: {{{line}}} (a label means one of {', '.join(_KNOWN)})"
    )
