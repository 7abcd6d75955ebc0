"""Fits the heads that have few examples on what the finished encoder makes of a text, leaving the encoder alone."""

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

from classifiers.training import metrics
from classifiers.training.batches import tensors
from classifiers.training.data import CLASSES, Example
from classifiers.training.metrics import Array
from classifiers.training.network import Network

HEADS = ("topic", "severity", "intent", "language")
STRENGTHS = (0.003, 0.03, 0.3)
"""How closely to fit; validation chooses."""
BATCH = 64


def refit(network: Network, tokenizer: Tokenizer, examples: Sequence[Example]) -> None:
    """Puts the best linear reading of the encoder's vectors into each of HEADS; the complaint's head stays as it is."""
    vectors = encoded(network, tokenizer, [each.text for each in examples])
    for head in HEADS:
        rows = {
            split: [at for at, each in enumerate(examples) if each.split == split and head in each.labels]
            for split in ("train", "validation")
        }
        if not rows["validation"]:
            continue
        truth = np.array([each.labels.get(head, -1) for each in examples])
        centre, spread = vectors[rows["train"]].mean(0), vectors[rows["train"]].std(0) + 1e-6
        scaled = (vectors - centre) / spread
        fits = [
            LogisticRegression(C=strength, max_iter=400).fit(scaled[rows["train"]], truth[rows["train"]])
            for strength in STRENGTHS
        ]
        chosen = rows["validation"]
        best = max(fits, key=lambda fit: metrics.macro_f1(truth[chosen], fit.predict(scaled[chosen])))
        _put(network, head, best, centre, spread)


def encoded(network: Network, tokenizer: Tokenizer, texts: Sequence[str]) -> Array:
    """The encoder's vector of each text, in order."""
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    found = np.zeros((len(texts), network.shape.width))
    network.eval()
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            found[chosen] = network.encode(*tensors([texts[index] for index in chosen], tokenizer)).numpy()
    return found


def _put(network: Network, head: str, fit: LogisticRegression, centre: Array, spread: Array) -> None:
    """Two classes have one row of weights, for the second; a class without an example can never win."""
    weights, shift = np.zeros((len(CLASSES[head]), len(centre))), np.full(len(CLASSES[head]), -1e4)
    slopes, steps = fit.coef_, fit.intercept_
    if len(fit.classes_) == 2:
        slopes, steps = np.concatenate([-slopes, slopes]) / 2, np.concatenate([-steps, steps]) / 2
    weights[fit.classes_] = slopes / spread
    shift[fit.classes_] = steps - weights[fit.classes_] @ centre
    state = {"weight": torch.tensor(weights, dtype=torch.float32), "bias": torch.tensor(shift, dtype=torch.float32)}
    network.heads[head].load_state_dict(state)
