"""What every classifier promises: a batch of texts in, one verdict a text out, in the same order."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

Sentiment = Literal["negative", "neutral", "positive"]
Topic = Literal["delivery", "billing", "refund", "quality", "outage", "staff", "app", "price", "account", "other"]
Severity = Literal["ordinary", "urgent"]
"""Urgent: safety, money lost, legal, press, a vulnerable person."""
Intent = Literal["complaint", "question", "praise", "other"]


class BadModel(Exception):
    """The model cannot be used as configured; the message says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a model thinks of one text."""

    complaint: float
    """Probability that the text is a complaint, 0 to 1."""
    is_complaint: bool
    """The probability reached the configured threshold."""
    sentiment: Sentiment
    model: str
    """`name@revision` of the model that said so."""
    language: str | None = None
    """Two letters, as `et`; None, as for the fields below: this model does not say."""
    topic: str | None = None
    """One of Topic, or a topic of the brand's own."""
    severity: Severity | None = None
    intent: Intent | None = None
    why: tuple[str, ...] = ()
    """The words of the text that drove a complaint's verdict, the strongest first."""


class Point(NamedTuple):
    """What a model promises at one threshold."""

    threshold: float
    recall: float
    """Share of the complaints that it finds."""
    precision: float
    """Share of what it takes for complaints that are complaints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What every classifier can be told in the `classifier:` section of config.yaml.

    The threshold is the model's own, or set in one of three ways: as a probability, by the share of complaints to be
    found, or by what a missed one costs. Raises ValueError for two ways at once, or a value out of range.
    """

    threshold: float | None = None
    """Probability from which a text counts as a complaint."""
    recall: float | None = None
    """Share of the complaints that shall be found at least, such as 0.95; the model's curve says which threshold."""
    miss_costs: float | None = None
    """A missed complaint costs as much as so many needless alerts; right for a model whose probabilities are true."""
    batch_size: int = 32
    """Texts in one pass of the model."""

    def __post_init__(self) -> None:
        ways = [name for name in ("threshold", "recall", "miss_costs") if getattr(self, name) is not None]
        if len(ways) > 1:
            raise ValueError(f"{' and '.join(ways)} set the same thing in different ways: keep one of them")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold: must be a probability such as 0.4, not {self.threshold:g}")
        if self.recall is not None and not 0 < self.recall < 1:
            raise ValueError(f"recall: must be a share below 1 such as 0.95, not {self.recall:g}")
        if self.miss_costs is not None and self.miss_costs <= 0:
            raise ValueError(f"miss_costs: must be greater than 0, not {self.miss_costs:g}")


class Classifier(ABC):
    """Text in, verdict out. Knows nothing of platforms, cases or Slack.

    A classifier is one module of this folder, `type: onnx` being `classifiers/onnx.py`; the module defines
    one subclass, and an `Options` dataclass when it can be told more than the common ones.
    """

    Options: ClassVar[type[Options]] = Options

    @property
    @abstractmethod
    def model(self) -> str:
        """`name@revision`, kept with every verdict."""

    @property
    @abstractmethod
    def threshold(self) -> float:
        """Probability from which a text counts as a complaint, as the options have it. Raises BadModel."""

    @property
    def curve(self) -> Sequence[Point]:
        """What the model promises at rising thresholds, measured on labelled posts; empty when it does not say."""
        return ()

    @abstractmethod
    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        """One verdict a text, in order. Any text is answered: empty, 10 MB long, binary junk.

        Raises BadModel when the model itself is missing or broken, never because of a text.
        """
