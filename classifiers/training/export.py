"""Writes the folder that ships: the eight-bit graph, its tokenizer and what is needed to read them."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from classifiers.base import Point
from classifiers.training import graph
from classifiers.training.data import CLASSES
from classifiers.training.network import Network
from classifiers.training.vocabulary import SPECIAL


def write(
    network: Network,
    tokenizer: Tokenizer,
    folder: Path,
    *,
    name: str,
    calibration: graph.Calibration,
    curve: Sequence[Point] = (),
    threshold: float = 0.5,
    precision: graph.Precision = "int8",
) -> str:
    """Fills `folder` with a model that `classifiers.onnx` runs; returns its revision, a hash of the weights."""
    max_tokens: int = (tokenizer.truncation or {})["max_length"]
    weights = graph.build(network.eval(), precision, calibration, max_tokens).SerializeToString()
    revision = hashlib.sha256(weights).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(weights)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    about = {
        "name": name,
        "revision": revision,
        "threshold": float(np.round(threshold, 4)),
        "max_tokens": max_tokens,
        "padding": SPECIAL.index("<pad>"),
        "classes": {head: list(CLASSES[head]) for head in graph.ANSWERS},
        "curve": list(curve),
    }
    (folder / "model.json").write_text(json.dumps(about) + "\n", "utf-8")
    return revision
