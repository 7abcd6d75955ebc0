"""Scores a classifier's verdicts on labelled examples, by source and language."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from classifiers.base import Classifier, Verdict
from classifiers.training import metrics
from classifiers.training.data import SENTIMENTS, Example

EXTERNAL_NAMES = {"complaints_2019": "complaints 2019", "own": "own posts"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How one set of examples was judged; a figure that the set cannot give is None."""

    head: str
    examples: str
    count: int
    macro_f1: float
    macro_recall: float
    accuracy: float
    auc: float | None = None
    calibration_error: float | None = None

    def json(self) -> dict[str, str | int | float | None]:
        return {name: round(v, 4) if isinstance(v, float) else v for name, v in asdict(self).items()}


def score(classifier: Classifier, examples: Sequence[Example]) -> list[Figures]:
    """Figures for every set that the examples form: complaints first, then sentiment."""
    verdicts = dict(enumerate(classifier.classify([each.text for each in examples])))
    sets = _sets(examples)
    return [
        *(_complaints(name, chosen, examples, verdicts) for name, chosen in sets["complaint"].items()),
        *(_sentiment(name, chosen, examples, verdicts) for name, chosen in sets["sentiment"].items()),
    ]


def _sets(examples: Sequence[Example]) -> dict[str, dict[str, list[int]]]:
    """Indices by head and by the name of the set: a source in a language, and its brand-directed part."""
    sets: dict[str, dict[str, list[int]]] = {"complaint": defaultdict(list), "sentiment": defaultdict(list)}
    for index, each in enumerate(examples):
        name = f"{EXTERNAL_NAMES.get(each.source, each.source)}, {each.lang}"
        for head in sets:
            if head in each.labels:
                sets[head][name].append(index)
        if each.source == "complaints_2019" and each.brand_directed:
            sets["complaint"][f"{name}, brand-directed"].append(index)
    return {head: dict(sorted(found.items())) for head, found in sets.items()}


def _complaints(
    name: str, chosen: Sequence[int], examples: Sequence[Example], verdicts: Mapping[int, Verdict]
) -> Figures:
    truth = [examples[index].labels["complaint"] for index in chosen]
    chances = [verdicts[index].complaint for index in chosen]
    said = [int(verdicts[index].is_complaint) for index in chosen]
    return Figures(
        head="complaint",
        examples=name,
        count=len(chosen),
        macro_f1=metrics.macro_f1(truth, said),
        macro_recall=metrics.macro_recall(truth, said),
        accuracy=metrics.accuracy(truth, said),
        auc=metrics.auc(truth, chances),
        calibration_error=metrics.calibration_error(truth, chances),
    )


def _sentiment(
    name: str, chosen: Sequence[int], examples: Sequence[Example], verdicts: Mapping[int, Verdict]
) -> Figures:
    truth = [examples[index].labels["sentiment"] for index in chosen]
    said = [SENTIMENTS.index(verdicts[index].sentiment) for index in chosen]
    return Figures(
        head="sentiment",
        examples=name,
        count=len(chosen),
        macro_f1=metrics.macro_f1(truth, said),
        macro_recall=metrics.macro_recall(truth, said),
        accuracy=metrics.accuracy(truth, said),
    )
