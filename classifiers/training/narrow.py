"""Takes the units that matter least out of a network's layers, which cost two thirds of its time."""

import random
from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch.nn import functional

from classifiers.training.batches import tensors
from classifiers.training.network import Layer, Network
from classifiers.training.start import from_state

LOOKED_AT = 1024
"""Texts on which the units are weighed."""
BATCH = 64


def narrow(network: Network, tokenizer: Tokenizer, texts: Sequence[str], inner: int) -> Network:
    """A copy with `inner` units in each layer: those that add most to the token vectors."""
    weighed = _weighed(network, tokenizer, random.Random(0).sample(texts, min(LOOKED_AT, len(texts))))
    state = dict(network.state_dict())
    for number, worth in enumerate(weighed):
        kept = worth.topk(inner).indices.sort().values
        for name in ("widen.weight", "widen.bias"):
            state[f"layers.{number}.{name}"] = state[f"layers.{number}.{name}"][kept]
        state[f"layers.{number}.narrow.weight"] = state[f"layers.{number}.narrow.weight"][:, kept]
    return from_state({name: value.clone() for name, value in state.items()})


def _weighed(network: Network, tokenizer: Tokenizer, texts: Sequence[str]) -> list[torch.Tensor]:
    """What each unit of each layer adds to the token vectors, as a mean square."""
    worth = [torch.zeros(network.shape.inner) for _ in network.layers]
    network.eval()
    texts = sorted(texts, key=len)
    with torch.inference_mode():
        for start in range(0, len(texts), BATCH):
            ids, mask = tensors(texts[start : start + BATCH], tokenizer)
            read = network.read(ids, mask)
            for number, layer in enumerate(network.layers):
                assert isinstance(layer, Layer)
                before = (
                    read[number - 1]
                    if number
                    else network.embedding_norm(network.words(ids) + network.positions(torch.arange(ids.shape[1])))
                )
                x = layer.attention_norm(before + layer.attention(before, mask[:, None, None, :]))
                worth[number] += functional.gelu(layer.widen(x))[mask].square().sum(0)
    return [
        total * layer.narrow.weight.square().sum(0)
        for total, layer in zip(worth, network.layers, strict=True)
        if isinstance(layer, Layer)
    ]
