"""Scores a classifier's verdicts on labelled examples, by source and language."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from classifiers.base import Classifier, Verdict
from classifiers.training import metrics
from classifiers.training.data import CLASSES, Example

SAID = ("sentiment", "topic", "severity", "intent", "language")
"""What a verdict may say beside `complaint`."""
OF_COMPLAINTS = ("topic", "severity")
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
    """Figures for every set that the examples form: complaints first, then the rest of what the classifier says.

    Topic and severity are scored on complaints alone.
    """
    verdicts = dict(enumerate(classifier.classify([each.text for each in examples])))
    found = [_complaints(name, chosen, examples, verdicts) for name, chosen in _sets(examples, "complaint").items()]
    for head in SAID:
        if any(getattr(verdict, head) is not None for verdict in verdicts.values()):
            found += [_said(head, name, chosen, examples, verdicts) for name, chosen in _sets(examples, head).items()]
    return found


def _sets(examples: Sequence[Example], head: str) -> dict[str, list[int]]:
    """Indices by the name of the set: a source in a language, and its brand-directed part."""
    sets: dict[str, list[int]] = defaultdict(list)
    for index, each in enumerate(examples):
        if head not in each.labels or (head in OF_COMPLAINTS and not each.labels["complaint"]):
            continue
        name = f"{EXTERNAL_NAMES.get(each.source, each.source)}, {each.lang}"
        sets[name].append(index)
        if head == "complaint" and each.source == "complaints_2019" and each.brand_directed:
            sets[f"{name}, brand-directed"].append(index)
    return dict(sorted(sets.items()))


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


def _said(
    head: str, name: str, chosen: Sequence[int], examples: Sequence[Example], verdicts: Mapping[int, Verdict]
) -> Figures:
    truth = [examples[index].labels[head] for index in chosen]
    said = [CLASSES[head].index(getattr(verdicts[index], head)) for index in chosen]
    return Figures(
        head=head,
        examples=name,
        count=len(chosen),
        macro_f1=metrics.macro_f1(truth, said),
        macro_recall=metrics.macro_recall(truth, said),
        accuracy=metrics.accuracy(truth, said),
    )
