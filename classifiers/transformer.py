"""Any sequence-classification model of the Hugging Face kind, from a folder or by its name on the hub."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from classifiers import base
from classifiers.base import BadModel, Classifier, Sentiment, Verdict
from classifiers.text import readable

Meaning = Literal["complaint", "other", "negative", "neutral", "positive"]
"""What a model's label can mean; `other` is whatever is no complaint."""
CHARACTERS_A_TOKEN = 32
"""More characters than a token holds: what lies behind `max_tokens` of these is never looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerOptions(base.Options):
    """Which model, and how to read its labels."""

    model: str
    """A folder, or a name such as `organisation/model`."""
    revision: str | None = None
    """Branch, tag or commit on the hub; None: its default."""
    label_map: Mapping[str, Meaning] | None = None
    """What the model's labels mean, by label; None: told from their names."""
    max_tokens: int = 128
    """Tokens of a text that are read."""
    device: str | None = None
    """As torch names it: `cpu`, `cuda:0`; None: the first accelerator, else the processor."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model, opened."""

    name: str
    tokenizer: Any
    network: Any
    device: str
    meanings: tuple[Meaning, ...]
    max_tokens: int


class Transformer(Classifier):
    """Loads the model at the first text; until then it costs nothing."""

    Options = TransformerOptions

    def __init__(self, options: TransformerOptions) -> None:
        self.options = options

    @property
    def model(self) -> str:
        return self._loaded.name

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        threshold = 0.5 if self.options.threshold is None else self.options.threshold
        chances = sorted(self._chances(texts))
        return [_verdict(row, self._loaded, threshold) for _place, row in chances]

    def _chances(self, texts: Sequence[str]) -> Iterator[tuple[int, list[float]]]:
        """For each text its place and the probability of every label."""
        if not texts:
            return
        loaded = self._loaded
        import torch

        shown = [readable(text, loaded.max_tokens * CHARACTERS_A_TOKEN) for text in texts]
        order = sorted(range(len(shown)), key=lambda index: len(shown[index]))
        size = max(1, self.options.batch_size)
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            inputs = loaded.tokenizer(
                [shown[index] for index in chosen],
                truncation=True,
                max_length=loaded.max_tokens,
                padding=True,
                return_tensors="pt",
            ).to(loaded.device)
            with torch.inference_mode():
                logits = loaded.network(**inputs).logits.float()
            rows = logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(-1)
            yield from zip(chosen, rows.tolist(), strict=True)

    @cached_property
    def _loaded(self) -> _Loaded:
        return _load(self.options)


def meanings(labels: Sequence[str], told: Mapping[str, Meaning] | None = None) -> tuple[Meaning, ...]:
    """What each of a model's labels means: as told, else by its name.

    Complaint models are known by the word, sentiment models by negative/neutral/positive, by one to five stars
    or, unnamed, by their number: two or three labels in rising order.
    Raises BadModel when the names say nothing.
    """
    if told is not None:
        return _as_told(labels, told)
    by_name = [_by_name(label) for label in labels]
    if None not in by_name and {"complaint", "negative"} & set(by_name):
        return tuple(meaning for meaning in by_name if meaning)
    rising: dict[int, tuple[Meaning, ...]] = {
        2: ("negative", "positive"),
        3: ("negative", "neutral", "positive"),
    }
    unnamed = [f"LABEL_{number}" for number in range(len(labels))]
    if list(labels) == unnamed and len(labels) in rising:
        return rising[len(labels)]
    raise BadModel(
        f"cannot tell which of the model's labels ({', '.join(labels)}) means a complaint: set classifier.label_map, "
        f"for example {{{labels[0]}: complaint, …}}; meanings are {', '.join(get_args(Meaning))}"
    )


def _as_told(labels: Sequence[str], told: Mapping[str, Meaning]) -> tuple[Meaning, ...]:
    known = get_args(Meaning)
    if wrong := [meaning for meaning in told.values() if meaning not in known]:
        raise BadModel(f"classifier.label_map says {wrong[0]!r}; a label means one of {', '.join(known)}")
    if missing := [label for label in labels if label not in told]:
        raise BadModel(f"classifier.label_map says nothing of the model's label {missing[0]!r}")
    if not {"complaint", "negative"} & {told[label] for label in labels}:
        raise BadModel("classifier.label_map names no label that means complaint or negative")
    return tuple(told[label] for label in labels)


def _by_name(label: str) -> Meaning | None:
    name = label.casefold()
    if "complain" in name:
        return "other" if re.match(r"(no|not|non)[\s_-]*(an?[\s_-])?complain", name) else "complaint"
    if stars := re.fullmatch(r"([1-5])\s*stars?", name):
        return ("negative", "negative", "neutral", "positive", "positive")[int(stars[1]) - 1]
    start: dict[str, Meaning] = {"neg": "negative", "neu": "neutral", "pos": "positive", "other": "other"}
    return next((meaning for prefix, meaning in start.items() if name.startswith(prefix)), None)


def _verdict(row: Sequence[float], loaded: _Loaded, threshold: float) -> Verdict:
    """Sums the labels' probabilities by what they mean; without a complaint label, negative counts as one."""
    share = dict.fromkeys(get_args(Meaning), 0.0)
    for meaning, chance in zip(loaded.meanings, row, strict=True):
        share[meaning] += chance
    complaint = min(1.0, share["complaint"] if "complaint" in loaded.meanings else share["negative"])
    sentiments = {each: share[each] for each in get_args(Sentiment)}
    if not any(sentiments.values()):
        sentiments = {"negative": complaint, "neutral": 1 - complaint}
    return Verdict(
        complaint=complaint,
        is_complaint=complaint >= threshold,
        sentiment=max(sentiments, key=sentiments.__getitem__),
        model=loaded.name,
    )


def _load(options: TransformerOptions) -> _Loaded:
    try:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError as error:
        raise BadModel(
            f"the classifier `transformer` needs {error.name}, which is not installed: "
            "pip install torch transformers (the classifier `onnx` needs neither)"
        ) from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(options.model, revision=options.revision)
        network = AutoModelForSequenceClassification.from_pretrained(options.model, revision=options.revision)
    except Exception as error:
        where = f"{options.model}@{options.revision}" if options.revision else options.model
        raise BadModel(
            f"the model {where} cannot be loaded: give classifier.model a folder that holds a sequence-classification "
            f"model, or a name that exists on the hub, and see that the hub can be reached ({_first_line(error)})"
        ) from error
    config = network.config
    labels = [str(config.id2label[number]) for number in range(len(config.id2label))]
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    revision = options.revision or getattr(config, "_commit_hash", None) or "local"
    room = min(int(tokenizer.model_max_length), _positions(config))
    return _Loaded(
        name=f"{options.model}@{revision}",
        tokenizer=tokenizer,
        network=network.to(device).eval(),
        device=device,
        meanings=meanings(labels, options.label_map),
        max_tokens=max(2, min(options.max_tokens, room)),
    )


def _positions(config: Any) -> int:
    """Tokens the network has positions for; models of the RoBERTa kind start counting after the padding."""
    count = int(getattr(config, "max_position_embeddings", 0) or 1_000_000)
    is_roberta = "roberta" in str(getattr(config, "model_type", ""))
    return count - int(getattr(config, "pad_token_id", 0) or 0) - 1 if is_roberta else count


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
