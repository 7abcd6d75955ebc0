"""What a model promises at each threshold, measured on labelled posts, and the threshold that a promise asks for.

A curve travels with its model: `curve` in model.json, a list of [threshold, recall, precision].
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from classifiers.base import BadModel, Options, Point

THRESHOLDS = tuple(number / 100 for number in range(1, 100))
STEP = 0.01
DECIMALS = 4


def curve(truth: Sequence[int], probability: Sequence[float]) -> list[Point]:
    """The promise at 0.01, 0.02 … 0.99, as far as any text reaches. Raises ValueError without a single complaint.

    `truth` is 1 for a complaint, else 0; `probability` what the model gave the same text.
    """
    complaints = sorted(p for p, true in zip(probability, truth, strict=True) if true)
    others = sorted(p for p, true in zip(probability, truth, strict=True) if not true)
    if not complaints:
        raise ValueError("a curve needs at least one complaint among the labelled posts")
    points = []
    for threshold in THRESHOLDS:
        found = len(complaints) - bisect_left(complaints, threshold)
        alerts = found + len(others) - bisect_left(others, threshold)
        if alerts:
            points.append(Point(threshold, round(found / len(complaints), DECIMALS), round(found / alerts, DECIMALS)))
    return points


def read(table: Any) -> tuple[Point, ...]:
    """The curve as model.json holds it. Raises ValueError for what is none."""
    try:
        points = tuple(Point(*map(float, row)) for row in table)
    except TypeError:
        raise ValueError("the curve is not a list of [threshold, recall, precision]") from None
    if not all(0 <= share <= 1 for point in points for share in point):
        raise ValueError("the curve holds a share that is not between 0 and 1")
    if any(low.threshold >= high.threshold for low, high in pairwise(points)):
        raise ValueError("the curve's thresholds do not rise")
    return points


def threshold_for_recall(points: Sequence[Point], recall: float) -> float:
    """The highest threshold that still finds this share of complaints. Raises ValueError when none does."""
    kept = [point.threshold for point in points if point.recall >= recall]
    if not kept:
        most = max((point.recall for point in points), default=0.0)
        raise ValueError(f"no threshold finds {recall:.1%} of complaints; the lowest finds {most:.1%}")
    return max(kept)


def promise(points: Sequence[Point], threshold: float) -> Point | None:
    """What the model promises at a threshold, by the nearest point; None where the curve does not reach."""
    near = min(points, key=lambda point: abs(point.threshold - threshold), default=None)
    return near if near and abs(near.threshold - threshold) <= STEP else None


def cut(options: Options, own: float, points: Sequence[Point]) -> float:
    """The threshold that the options ask for: `own`, the model's, when they say nothing of it.

    Raises BadModel when they set a recall that the model's curve can't promise.
    """
    if options.miss_costs is not None:
        return 1 / (1 + options.miss_costs)
    if options.recall is None:
        return own if options.threshold is None else options.threshold
    if not points:
        raise BadModel(
            f"classifier.recall is {options.recall:g}, but this model brings no curve that says which threshold finds "
            "so many complaints: set classifier.threshold (such as 0.4) or classifier.miss_costs (such as 10) instead"
        )
    try:
        return threshold_for_recall(points, options.recall)
    except ValueError as error:
        raise BadModel(f"classifier.recall is too high for this model: {error}") from error
