"""The threshold on the team's own terms: a probability, a floor of recall, or what a missed complaint costs."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sklearn import metrics as reference

from classifiers.base import BadModel, Options, Point
from classifiers.curve import curve, cut, promise, read, threshold_for_recall
from classifiers.onnx import Onnx, OnnxOptions
from monitor.config import ConfigError, load
from tests import small_model

PROMISE = [Point(0.1, 0.99, 0.4), Point(0.3, 0.96, 0.6), Point(0.5, 0.9, 0.8), Point(0.9, 0.5, 1.0)]
CONFIG = """\
brands: [{name: Lainepost, keywords: [Lainepost]}]
sources: [{name: export, type: file, path: posts.jsonl}]
classifier:
  type: onnx
  WAY
channels: {care: {type: console}}
ladders: {default: {target: 60m, steps: [{after: 0m, channel: care}]}}
"""


def posts(count: int = 500) -> tuple[list[int], list[float]]:
    """Which are complaints, and how sure a middling model is of each."""
    luck = random.Random(6)
    truth = [int(luck.random() < 0.3) for _ in range(count)]
    return truth, [round(luck.betavariate(4, 2) if true else luck.betavariate(1.5, 4), 3) for true in truth]


def configured(folder: Path, way: str) -> Any:
    file = folder / "config.yaml"
    file.write_text(CONFIG.replace("WAY", way))
    return load(file, {}).classifier.options


def test_the_curve_says_what_scikit_learn_says() -> None:
    truth, chances = posts()
    for point in curve(truth, chances):
        said = [chance >= point.threshold for chance in chances]
        assert point.recall == pytest.approx(reference.recall_score(truth, said), abs=1e-4)
        assert point.precision == pytest.approx(reference.precision_score(truth, said), abs=1e-4)


def test_a_curve_ends_where_nothing_is_taken_for_a_complaint_any_more() -> None:
    assert [point.threshold for point in curve([1, 0], [0.035, 0.02])] == [0.01, 0.02, 0.03]


def test_without_a_complaint_there_is_no_curve() -> None:
    with pytest.raises(ValueError, match="at least one complaint"):
        curve([0, 0], [0.4, 0.6])


def test_a_floor_of_recall_gives_the_highest_threshold_that_keeps_it() -> None:
    truth, chances = posts()
    threshold = threshold_for_recall(curve(truth, chances), 0.95)
    found = [chance for chance, true in zip(chances, truth, strict=True) if true]
    assert sum(chance >= threshold for chance in found) >= 0.95 * len(found)
    assert sum(chance >= threshold + 0.01 for chance in found) < 0.95 * len(found)


def test_a_floor_that_no_threshold_keeps_is_refused_with_the_most_there_is() -> None:
    with pytest.raises(ValueError, match=r"no threshold finds 99\.9% of complaints; the lowest finds 99\.0%"):
        threshold_for_recall(PROMISE, 0.999)


def test_what_is_promised_at_a_threshold_is_told_by_the_nearest_point() -> None:
    assert promise(PROMISE, 0.305) == PROMISE[1]
    assert promise(PROMISE, 0.7) is None
    assert promise([], 0.5) is None


@pytest.mark.parametrize(
    ("options", "threshold"),
    [
        (Options(), 0.62),
        (Options(threshold=0.4), 0.4),
        (Options(recall=0.95), 0.3),
        (Options(miss_costs=10), pytest.approx(1 / 11)),
        (Options(miss_costs=1), 0.5),
    ],
)
def test_each_way_of_saying_it_leads_to_a_threshold(options: Options, threshold: float) -> None:
    assert cut(options, own=0.62, points=PROMISE) == threshold


def test_the_cost_of_a_miss_makes_both_errors_cost_the_same_at_the_threshold() -> None:
    """There the needless alerts that a model whose probabilities are true is to expect are worth one miss."""
    threshold = cut(Options(miss_costs=7), own=0.5, points=())
    assert threshold * 7 == pytest.approx(1 - threshold)


@pytest.mark.parametrize("way", ["threshold: 0.4", "recall: 0.95", "miss_costs: 10"])
def test_each_way_can_be_written_for_every_classifier(tmp_path: Path, way: str) -> None:
    name, _, value = way.partition(": ")
    assert getattr(configured(tmp_path, way), name) == float(value)
    assert getattr(configured(tmp_path, f"model: a/b\n  {way}"), name) == float(value)


@pytest.mark.parametrize(
    ("way", "told"),
    [
        (
            "threshold: 0.4\n  recall: 0.9",
            "classifier: threshold and recall set the same thing in different ways: keep",
        ),
        (
            "recall: 0.9\n  miss_costs: 3",
            "classifier: recall and miss_costs set the same thing in different ways: keep",
        ),
        ("threshold: 40", "classifier: threshold: must be a probability such as 0.4, not 40"),
        ("recall: 95", "classifier: recall: must be a share below 1 such as 0.95, not 95"),
        ("recall: 1", "classifier: recall: must be a share below 1 such as 0.95, not 1"),
        ("miss_costs: 0", "classifier.miss_costs: must be greater than 0, not 0"),
        ("recal: 0.9", "classifier.recal: unknown key; did you mean 'recall'?"),
    ],
)
def test_a_slip_is_told_with_its_line_and_the_fix(tmp_path: Path, way: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        configured(tmp_path, way)
    line, _, said = str(error.value).removeprefix(f"{tmp_path}/config.yaml:").partition(": ")
    assert said.startswith(told)
    assert line in ("3", "5")


def test_a_model_keeps_the_floor_by_the_curve_that_it_brings(tmp_path: Path) -> None:
    folder = str(small_model.write(tmp_path / "model", curve=PROMISE, threshold=0.62))
    assert Onnx(OnnxOptions(model=folder)).threshold == 0.62
    assert list(Onnx(OnnxOptions(model=folder)).curve) == PROMISE
    floor = Onnx(OnnxOptions(model=folder, recall=0.95))
    assert floor.threshold == 0.3
    verdicts = floor.classify(["late again", "thanks", "where is it?"])
    assert [verdict.is_complaint for verdict in verdicts] == [verdict.complaint >= 0.3 for verdict in verdicts]


def test_a_model_without_a_curve_says_what_to_set_instead_of_a_floor(tmp_path: Path) -> None:
    model = Onnx(OnnxOptions(model=str(small_model.write(tmp_path / "model")), recall=0.95))
    with pytest.raises(BadModel, match=r"recall is 0\.95, but this model brings no curve .* set classifier\.threshold"):
        model.classify(["late"])


def test_a_floor_above_what_the_model_can_do_is_refused(tmp_path: Path) -> None:
    model = Onnx(OnnxOptions(model=str(small_model.write(tmp_path / "model", curve=PROMISE)), recall=0.999))
    with pytest.raises(BadModel, match=r"recall is too high for this model: .* the lowest finds 99\.0%"):
        _ = model.threshold


@pytest.mark.parametrize(
    "table", [[[0.1, 0.9]], [[0.1, 1.9, 0.5]], [[0.2, 0.9, 0.5], [0.1, 0.9, 0.5]], "abc", 7, [["a", "b", "c"]]]
)
def test_a_curve_that_is_none_is_a_damaged_model(tmp_path: Path, table: Any) -> None:
    with pytest.raises(ValueError, match=r"curve|could not convert"):
        read(table)
    folder = small_model.write(tmp_path / "model")
    about = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(about | {"curve": table}))
    with pytest.raises(BadModel, match="damaged"):
        _ = Onnx(OnnxOptions(model=str(folder))).threshold


def test_a_curve_survives_its_file() -> None:
    truth, chances = posts()
    points: Sequence[Point] = curve(truth, chances)
    assert list(read(json.loads(json.dumps(points)))) == points
