"""What every classifier promises: a batch of texts in, one verdict a text out, in the same order."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What every classifier can be told in the `classifier:` section of config.yaml."""

    threshold: float | None = None
    """Probability from which a text counts as a complaint; None: the model's own."""
    batch_size: int = 32
    """Texts in one pass of the model."""


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

    @abstractmethod
    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        """One verdict a text, in order. Any text is answered: empty, 10 MB long, binary junk.

        Raises BadModel when the model itself is missing or broken, never because of a text.
        """
