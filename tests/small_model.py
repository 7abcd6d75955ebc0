"""A model folder small enough for a test: the shipped format around a network of a few thousand weights."""

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer

from classifiers.base import Point
from classifiers.training import export, vocabulary
from classifiers.training.graph import Calibration
from classifiers.training.network import Network, Shape

LETTERS = "▁abcdefghijklmnopqrstuvwxyzäõöü0123456789@,.!?"


def tokenizer(words: Sequence[str] = ()) -> Tokenizer:
    """Cuts into these words, and what else there is into letters."""
    pieces = [(sign, 0.0) for sign in vocabulary.SPECIAL] + [(letter, -6.0) for letter in LETTERS]
    made = vocabulary.tokenizer(pieces + [(f"▁{word}", -3.0) for word in words])
    made.enable_truncation(32)
    return made


def network(words: Tokenizer, seed: int = 11) -> Network:
    """Knows nothing yet."""
    torch.manual_seed(seed)
    return Network(Shape(words=words.get_vocab_size(), width=64, inner=96, layers=3, attention_heads=2, positions=48))


def write(folder: Path, *, curve: Sequence[Point] = (), threshold: float = 0.5) -> Path:
    """Fills the folder with a model that answers anything, and promises `curve`."""
    words = tokenizer()
    told = {"name": "small", "calibration": Calibration(), "curve": curve, "threshold": threshold}
    export.write(network(words), words, folder, **told)
    return folder
