"""Turns a trained network into the folder that ships: calibrated, in eight bits, scored, with its card."""

import json
from collections.abc import Mapping
from pathlib import Path

from tokenizers import Tokenizer

from classifiers.onnx import Onnx, OnnxOptions
from classifiers.training import card, export
from classifiers.training.figures import score
from classifiers.training.network import Network
from classifiers.training.stages import Training, calibrate


def publish(
    training: Training,
    network: Network,
    tokenizer: Tokenizer,
    out: Path,
    *,
    name: str,
    folds: Mapping[str, float],
) -> None:
    """Fills `out`; the same model in floats goes to the work folder, to compare with."""
    calibration = calibrate(network, tokenizer, training.of("validation"))
    revision = export.write(network, tokenizer, out, name=name, calibration=calibration)
    exact = training.work / "float"
    export.write(network, tokenizer, exact, name=name, calibration=calibration, precision="float")
    test = training.of("test")
    found, compared = (score(Onnx(OnnxOptions(model=str(at))), test) for at in (out, exact))
    figures = {
        "revision": revision,
        "folds": dict(folds),
        "test": [each.json() for each in found],
        "test_float": [each.json() for each in compared],
    }
    (training.work / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    (out / "README.md").write_text(card.write(f"{name}@{revision}", training.examples, found, compared, folds), "utf-8")
    training.console.print(f"{out}: {name}@{revision}")
