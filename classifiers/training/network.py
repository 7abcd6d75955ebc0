"""The network: a small BERT-shaped encoder with one linear head for each thing it is asked."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from classifiers.training.data import CLASSES

HEADS: Mapping[str, int] = {name: len(classes) for name, classes in CLASSES.items()}
"""What the network answers, and how many classes each answer has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of an encoder."""

    words: int
    width: int = 384
    inner: int = 1536
    layers: int = 12
    attention_heads: int = 12
    positions: int = 512

    def json(self) -> dict[str, int]:
        return asdict(self)


class Attention(nn.Module):
    """Self-attention over one text's tokens."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.attention_heads
        self.query, self.key, self.value, self.out = (nn.Linear(shape.width, shape.width) for _ in range(4))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        query, key, value = (
            part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        joined: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return joined


class Layer(nn.Module):
    """Attention, then two dense steps, each added to its input and normalised."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(shape)
        self.attention_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.widen = nn.Linear(shape.width, shape.inner)
        self.narrow = nn.Linear(shape.inner, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.attention_norm(x + self.dropout(self.attention(x, mask)))
        normed: Tensor = self.norm(x + self.dropout(self.narrow(functional.gelu(self.widen(x)))))
        return normed


class Network(nn.Module):
    """Token numbers in, one row of logits a text and head out; all heads read the mean of the last layer."""

    def __init__(self, shape: Shape, heads: Mapping[str, int] = HEADS, dropout: float = 0.1) -> None:
        super().__init__()
        self.shape = shape
        self.words = nn.Embedding(shape.words, shape.width)
        self.positions = nn.Embedding(shape.positions, shape.width)
        self.embedding_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.layers = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.layers))
        self.heads = nn.ModuleDict({name: nn.Linear(shape.width, classes) for name, classes in heads.items()})
        self.dropout = nn.Dropout(dropout)

    def read(self, ids: Tensor, mask: Tensor) -> list[Tensor]:
        """What each layer makes of the tokens (texts x tokens x width); `mask` is true where a token is real."""
        positions = torch.arange(ids.shape[1], device=ids.device)
        x = self.dropout(self.embedding_norm(self.words(ids) + self.positions(positions)))
        made = []
        for layer in self.layers:
            x = layer(x, mask[:, None, None, :])
            made.append(x)
        return made

    def encode(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The mean of each text's token vectors in the last layer."""
        real = mask[..., None].to(torch.float32)
        mean: Tensor = (self.read(ids, mask)[-1] * real).sum(1) / real.sum(1)
        return mean

    def forward(self, ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
        pooled = self.dropout(self.encode(ids, mask))
        return {name: head(pooled) for name, head in self.heads.items()}
