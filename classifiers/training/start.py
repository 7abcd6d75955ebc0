"""Where training starts: the pretrained encoder, cut down to our languages' word pieces and its useful layers."""

from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import nn

from classifiers.training import data, pretrained, vocabulary
from classifiers.training.network import Network, Shape

PIECES = 48_000
"""Word pieces kept of 250,002: all but about 1 % of the tokens of our languages' texts."""
LAYERS = 8
"""Layers kept of twelve: a linear probe of complaints, across languages too, is best on the eighth."""
MAX_TOKENS = 128
"""Tokens of a post that are read; posts are shorter, and what follows would add little."""


def begin(folder: Path, work: Path) -> tuple[Network, Tokenizer]:
    """The untrained network and its tokenizer; kept in `work`, since choosing the pieces takes a minute."""
    weights, words = work / "start.pt", work / "tokenizer.json"
    if not (weights.is_file() and words.is_file()):
        published = pretrained.load()
        kept = vocabulary.used(published.pieces, data.unlabelled(folder), PIECES)
        network = Network(Shape(words=len(kept), layers=LAYERS, attention_heads=published.heads))
        cut = {name: value for name, value in published.weights.items() if name in network.state_dict()}
        cut["words.weight"] = cut["words.weight"][torch.tensor(kept)]
        network.load_state_dict(cut, strict=False)
        work.mkdir(parents=True, exist_ok=True)
        vocabulary.tokenizer([published.pieces[index] for index in kept]).save(str(words))
        torch.save(network.state_dict(), weights)
    return from_state(torch.load(weights, weights_only=True)), open_tokenizer(words)


def from_state(state: dict[str, torch.Tensor]) -> Network:
    """A network of the shape that these weights have, holding them."""
    words, width = state["words.weight"].shape
    network = Network(
        Shape(
            words=words,
            width=width,
            inner=state["layers.0.widen.bias"].numel(),
            layers=1 + max(int(name.split(".")[1]) for name in state if name.startswith("layers.")),
            attention_heads=width // 32,
            positions=len(state["positions.weight"]),
        )
    )
    network.load_state_dict(state)
    for head in network.heads.values():
        assert isinstance(head, nn.Linear)
    return network


def open_tokenizer(path: Path, max_tokens: int = MAX_TOKENS) -> Tokenizer:
    """The tokenizer of this file, cutting texts by tokens."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(max_tokens)
    return tokenizer
