"""Decides which examples the network sees, in which order, and turns them into tensors."""

import random
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from classifiers.training.data import Example

IGNORED = -100
"""The label of a head that an example cannot teach."""
DIACRITICS = frozenset({"et", "lv", "fi", "lt"})
"""Languages that people often type without their accents."""
BUCKET = 40
"""Batches sorted by length together, so that little is padded."""

Batch = tuple[Tensor, Tensor, dict[str, Tensor]]


def plan(
    examples: Sequence[Example], weights: Mapping[str, float], count: int, size: int, seed: int
) -> list[list[int]]:
    """`count` batches of indices; a source's share grows with the root of its size times its weight.

    Within a source every example is used once before any is used twice.
    """
    order = random.Random(seed)
    sources: dict[str, list[int]] = defaultdict(list)
    for index, example in enumerate(examples):
        sources[f"{example.source} {example.lang}"].append(index)
    share = {name: len(found) ** 0.5 * weights.get(name.split()[0], 1.0) for name, found in sources.items()}
    total = sum(share.values())
    drawn: list[int] = []
    for name, found in sources.items():
        wanted = round(share[name] / total * count * size)
        while wanted > 0:
            drawn += order.sample(found, min(wanted, len(found)))
            wanted -= len(found)
    order.shuffle(drawn)
    batches: list[list[int]] = []
    for start in range(0, len(drawn), size * BUCKET):
        near = sorted(drawn[start : start + size * BUCKET], key=lambda index: len(examples[index].text))
        cut = [near[at : at + size] for at in range(0, len(near), size)]
        order.shuffle(cut)
        batches += cut
    return batches[:count]


def as_typed(example: Example, luck: random.Random) -> str:
    """The text as another person might have typed it: now and then without accents or capitals."""
    text = example.text
    if example.lang in DIACRITICS and luck.random() < 0.15:
        text = plain_letters(text)
    return text.lower() if luck.random() < 0.1 else text


def plain_letters(text: str) -> str:
    """The text without accents: `jää` is `jaa`."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def tensors(texts: Sequence[str], tokenizer: Tokenizer) -> tuple[Tensor, Tensor]:
    """Token numbers and the mask of the real ones."""
    encoded = tokenizer.encode_batch(list(texts))
    ids = torch.tensor([each.ids for each in encoded])
    return ids, torch.tensor([each.attention_mask for each in encoded], dtype=torch.bool)


def collate(
    chosen: Sequence[Example], tokenizer: Tokenizer, heads: Sequence[str], luck: random.Random | None = None
) -> Batch:
    """One batch; with `luck`, its texts are varied."""
    texts = [as_typed(each, luck) if luck else each.text for each in chosen]
    labels = {head: torch.tensor([each.labels.get(head, IGNORED) for each in chosen]) for head in heads}
    return (*tensors(texts, tokenizer), labels)
