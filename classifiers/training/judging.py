"""Asks a network about texts and scores its answers on examples held apart."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer

from classifiers.training import metrics
from classifiers.training.batches import tensors
from classifiers.training.data import Example
from classifiers.training.fitting import Score
from classifiers.training.metrics import Array
from classifiers.training.network import Network

BATCH = 64
MOST = 200
"""Examples of one source and language that a check during training looks at."""


def answers(network: Network, tokenizer: Tokenizer, texts: Sequence[str]) -> dict[str, Array]:
    """Logits by head, a row a text, in order."""
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    found: dict[str, list[Array]] = defaultdict(list)
    network.eval()
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            logits = network(*tensors([texts[i] for i in order[start : start + BATCH]], tokenizer))
            for head, rows in logits.items():
                found[head].append(rows.double().numpy())
    back = np.argsort(order)
    return {head: np.concatenate(rows)[back] for head, rows in found.items()}


def margin(logits: Array) -> Array:
    """How far the complaint's logit lies above the other's."""
    result: Array = logits[:, 1] - logits[:, 0]
    return result


def validation(tokenizer: Tokenizer, examples: Sequence[Example]) -> Score:
    """A score for choosing: the mean macro-F1 of complaint and sentiment over the sources and languages."""
    groups: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in examples:
        group = groups[example.source, example.lang]
        if example.split == "validation" and len(group) < MOST and not example.source.startswith("xed"):
            group.append(example)

    def score(network: Network) -> dict[str, float]:
        figures: dict[str, float] = {}
        for (source, lang), group in groups.items():
            logits = answers(network, tokenizer, [each.text for each in group]) if group else {}
            for head in ("complaint", "sentiment"):
                labelled = [index for index, each in enumerate(group) if head in each.labels]
                if labelled:
                    figures[f"{head} {source} {lang}"] = metrics.macro_f1(
                        [group[index].labels[head] for index in labelled],
                        [int(row.argmax()) for row in logits[head][labelled]],
                    )
        by_head = [
            np.mean([value for name, value in figures.items() if name.startswith(head)])
            for head in ("complaint", "sentiment")
            if any(name.startswith(head) for name in figures)
        ]
        return {**figures, "score": float(np.mean(by_head))}

    return score
