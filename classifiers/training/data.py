"""Loads the labelled posts, cleans them and says which are for training, for choosing and for the final figures."""

import gzip
import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from classifiers.base import Intent, Sentiment, Severity, Topic
from classifiers.text import readable

Split = Literal["train", "validation", "test"]
CLASSES: Mapping[str, tuple[str, ...]] = {
    "complaint": ("no", "yes"),
    "sentiment": get_args(Sentiment),
    "topic": get_args(Topic),
    "severity": get_args(Severity),
    "intent": get_args(Intent),
    "language": ("en", "et", "fi", "lt", "lv", "ru"),
    "irony": ("no", "yes"),
}
"""What is asked of a text, and the answers to choose from, in the order of their numbers."""
SENTIMENTS = CLASSES["sentiment"]
OWN = Path(__file__).parents[1] / "data"
"""The project's own posts, written by hand for it, and the manifest of the external files."""
FEEDBACK = "feedback"
"""The source of what a care team has judged."""
TEST_BATCHES, VALIDATION_BATCHES = frozenset({"03", "09"}), frozenset({"05"})
"""Of every author's batches these are never trained on: a batch has its own circle of people and themes."""

OWN_KEYS = {"sentiment": "sentiment", "topic": "topic", "severity": "severity", "intent": "intent", "language": "lang"}
"""The heads that a post of our own teaches beside `complaint`, and where its answer stands."""


EVERYDAY = frozenset({"en-e", "et-f", "fi-d", "lv-e", "ru-e"})
"""Authors of the plainest posts, all for training: a source of their own, to be weighed apart from the hard ones."""
OWN_LANGUAGES = frozenset({"en", "et", "fi", "lv", "ru"})
"""What the project's own posts are written in."""


class BadData(Exception):
    """A data file is missing, damaged or malformed; the message says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One labelled text; `labels` holds a class number by head, for the heads it can teach."""

    text: str
    lang: str
    source: str
    split: Split
    labels: Mapping[str, int]
    group: str = ""
    """Its domain, or the kind of difficulty its author gave it."""

    @property
    def brand_directed(self) -> bool:
        return not self.group.startswith("random_")


def folder(given: Path | None) -> Path:
    """Where the external files lie: as told, else the environment's COMPLAINT_DATA."""
    named = given or (Path(os.environ["COMPLAINT_DATA"]) if os.environ.get("COMPLAINT_DATA") else None)
    if named is None or not named.is_dir():
        raise BadData(
            f"no folder of training data at {named}: name it with --data or COMPLAINT_DATA"
            if named
            else "no training data named: use --data DIR or COMPLAINT_DATA"
        )
    return named


def manifest() -> dict[str, dict[str, Any]]:
    """The external files by name: checksum, rows, use, licence, source."""
    listed: dict[str, dict[str, Any]] = json.loads((OWN / "manifest.json").read_text("utf-8"))
    return listed


def load(data: Path, told: Iterable[Example] = ()) -> list[Example]:
    """Every labelled example, own, external and `told`, without repeated texts; a held-apart copy wins over others."""
    found = [*own_posts(), *told]
    for name, entry in manifest().items():
        if entry["use"] == "labels":
            found += (_external(row) for row in rows(data, name))
        else:
            found += _sentences(rows(data, name))
    rank = {"test": 0, "validation": 1, "train": 2}
    unique: dict[tuple[str, str], Example] = {}
    for example in sorted(found, key=lambda each: rank[each.split]):
        unique.setdefault((_same(example.text), example.source.split("_")[0]), example)
    apart = {_same(each.text) for each in unique.values() if each.split != "train" and each.source.startswith("own")}
    return [
        each for each in unique.values() if each.labels and not (each.split == "train" and _same(each.text) in apart)
    ]


def own_posts(at: Path = OWN) -> Iterator[Example]:
    """The posts written for this project."""
    for path in sorted(at.glob("*-*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                yield Example(
                    text=readable(row["text"]),
                    lang=row["lang"],
                    source="everyday" if row["author"] in EVERYDAY else "own",
                    split=own_split(row["batch"]),
                    labels={
                        "complaint": int(row["complaint"]),
                        **{head: CLASSES[head].index(row[key]) for head, key in OWN_KEYS.items()},
                        **({"irony": 1} if row["kind"] == "sarcasm" else {}),
                    },
                    group=row["kind"],
                )
            except (ValueError, KeyError, TypeError) as error:
                raise BadData(f"{path.name}, line {number}: {error!r}") from error


def feedback(path: Path) -> Iterator[Example]:
    """Posts that a care team judged, as `python -m monitor feedback export` writes them, all for training.

    None is held apart: they are chosen by the model's own verdicts, which no measure of it may be.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadData(f"{path} can't be read: {error}") from error
    if not lines:
        raise BadData(f"{path} holds no posts")
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            text, lang = readable(row["text"]), row.get("lang") or ""
            known = {"language": CLASSES["language"].index(lang)} if lang in CLASSES["language"] else {}
            labels = {"complaint": int(row["complaint"]), **known}
            if labels["complaint"] not in (0, 1):
                raise ValueError("complaint is neither true nor false")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadData(f"{path}, line {number}: {error!r}") from error
        if text:
            yield Example(text=text, lang=lang, source=FEEDBACK, split="train", labels=labels)


def own_split(batch: str) -> Split:
    """The rule of the project's own posts: an author's batches 03 and 09 are for the figures, 05 for choosing."""
    number = batch.rsplit("-", 1)[-1]
    return "test" if number in TEST_BATCHES else "validation" if number in VALIDATION_BATCHES else "train"


def rows(data: Path, name: str) -> Iterator[dict[str, Any]]:
    """The rows of one external file, checked against the manifest."""
    path = data / f"{name}.jsonl.gz"
    if not path.is_file():
        raise BadData(f"{path} is missing; classifiers/data/manifest.json says where it is from")
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != manifest()[name]["sha256"]:
        raise BadData(f"{path} is not the file that the manifest describes: its checksum differs")
    for line in gzip.decompress(raw).decode("utf-8").splitlines():
        yield json.loads(line)


def unlabelled(data: Path) -> dict[str, list[str]]:
    """Texts by language from every file, for choosing the word pieces; nothing of a test split."""
    texts: dict[str, list[str]] = defaultdict(list)
    for example in own_posts():
        if example.split != "test":
            texts[example.lang].append(example.text)
    for name in manifest():
        for row in rows(data, name):
            if "x" in row:
                texts["en"].append(readable(row["en"]))
            if row.get("split") != "test":
                texts[row["lang"]].append(readable(row.get("text") or row["x"]))
    return texts


def _sentences(rows: Iterable[Mapping[str, Any]]) -> Iterator[Example]:
    """Every twentieth sentence, to tell languages by."""
    for row in rows:
        text = row.get("text") or row["x"]
        if _hash(text) // 10 % 20 == 0 and ("text" in row or row["lang"] not in OWN_LANGUAGES):
            yield _external({"text": text, "lang": row["lang"], "source": "plain"})


def _hash(text: str) -> int:
    return int(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(), 16)


def tenth(text: str) -> int:
    """Which of ten fixed parts a text belongs to."""
    return _hash(text) % 10


def _external(row: Mapping[str, Any]) -> Example:
    text = readable(row["text"])
    labels = {"language": CLASSES["language"].index(row["lang"])}
    if row.get("complaint") is not None:
        labels["complaint"] = int(row["complaint"])
    if row.get("sentiment") is not None:
        labels["sentiment"] = SENTIMENTS.index(row["sentiment"])
    if row.get("irony") is not None:
        labels["irony"] = int(row["irony"])
    return Example(
        text=text,
        lang=row["lang"],
        source=row["source"],
        split=_split(row.get("split", ""), text),
        labels=labels,
        group=row.get("domain", ""),
    )


def _split(official: str, text: str) -> Split:
    """The publisher's split where there is one; else tenth 0 is for the figures and tenth 1 for choosing."""
    if official in ("test", "validation"):
        return "test" if official == "test" else "validation"
    part = tenth(text)
    if official == "all" and part == 0:
        return "test"
    return "validation" if part == 1 else "train"


def _same(text: str) -> str:
    return re.sub(r"\W+", " ", text).casefold().strip() or text
