"""Any sequence-classification model of the Hugging Face kind, from a folder or by its name on the hub."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from classifiers import base
from classifiers._hub import model_folder
from classifiers._labels import Meaning, meanings
from classifiers._network import Network, Precision, open_network, place
from classifiers.base import Classifier, Sentiment, Verdict
from classifiers.curve import cut


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerOptions(base.Options):
    """Which model, and how to read its labels."""

    model: str
    """A folder, or a name such as `organisation/model`."""
    revision: str | None = None
    """Branch, tag or commit on the hub; None: its default. Of a folder: what verdicts name it by."""
    label_map: Mapping[str, Meaning] | None = None
    """What the model's labels mean, by label; those left out: told from their names."""
    max_tokens: int = 128
    """Tokens of a text that are read, the model's own marks among them."""
    device: str | None = None
    """As torch names it: `cpu`, `cuda:0`, `mps`; None: the first GPU by CUDA or ROCm, else the processor."""
    precision: Precision | None = None
    """How numbers are kept; None: float16 on such a GPU, else float32. int8 is for processors."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model, opened."""

    name: str
    network: Network
    meanings: tuple[Meaning, ...]


class Transformer(Classifier):
    """Loads the model at the first text; until then it costs nothing."""

    Options = TransformerOptions

    def __init__(self, options: TransformerOptions) -> None:
        self.options = options

    @property
    def model(self) -> str:
        return self._loaded.name

    @property
    def threshold(self) -> float:
        return cut(self.options, own=0.5, points=self.curve)

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        threshold = self.threshold
        chances = sorted(self._chances(texts))
        return [_verdict(row, self._loaded, threshold) for _place, row in chances]

    def _chances(self, texts: Sequence[str]) -> Iterator[tuple[int, list[float]]]:
        """For each text its place and the probability of every label."""
        if not texts:
            return
        network = self._loaded.network
        tokens = network.tokens(texts)
        order = sorted(range(len(tokens)), key=lambda index: len(tokens[index]))
        size = max(1, self.options.batch_size)
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            yield from zip(chosen, network.chances([tokens[index] for index in chosen]), strict=True)

    @cached_property
    def _loaded(self) -> _Loaded:
        options = self.options
        at = place(options.device, options.precision)
        folder, revision = model_folder(options.model, options.revision)
        network = open_network(options.model, folder, at, options.max_tokens)
        return _Loaded(f"{options.model}@{revision}", network, meanings(network.labels, options.label_map))


def _verdict(row: Sequence[float], loaded: _Loaded, threshold: float) -> Verdict:
    """Adds up labels that mean the same, or takes the highest where they don't exclude each other.

    Without a label that means a complaint, negative counts as one.
    """
    share: dict[Meaning, float] = {}
    for meaning, chance in zip(loaded.meanings, row, strict=True):
        known = share.get(meaning, 0.0)
        share[meaning] = max(known, chance) if loaded.network.independent else known + chance
    complaint = min(1.0, share["complaint" if "complaint" in share else "negative"])
    negative, positive = share.get("negative", complaint), share.get("positive", 0.0)
    rest = 1 - max(negative, positive) if loaded.network.independent else 0.0
    sentiments: dict[Sentiment, float] = {
        "negative": negative,
        "neutral": share.get("neutral", share.get("other", rest)),
        "positive": positive,
    }
    return Verdict(
        complaint=complaint,
        is_complaint=complaint >= threshold,
        sentiment=max(sentiments, key=sentiments.__getitem__),
        model=loaded.name,
    )
