"""Writes a network as an ONNX graph of fused operators, in floats or with eight-bit weights."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from classifiers.training.data import CLASSES
from classifiers.training.network import Network

Precision = Literal["float", "int8"]
Weights = dict[str, NDArray[np.float32]]
FUSED = "com.microsoft"
"""Where ONNX Runtime keeps its fused operators."""
WEIGHT_STEPS = 127
"""Weights use the whole range of signed bytes, each row with a scale of its own."""
TOKEN_STEPS = 63
"""Token vectors use half of theirs: processors without VNNI add two products in 16 bits, which then never overflow."""
ANSWERS = ("sentiment", "topic", "severity", "intent", "language")
"""The heads that ship beside `complaint`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What turns the complaint margin into a probability: sigmoid(scale * margin + shift)."""

    scale: float = 1.0
    shift: float = 0.0


def build(network: Network, precision: Precision, calibration: Calibration, max_tokens: int) -> onnx.ModelProto:
    """A model with inputs `ids` (texts x tokens, padded on the right) and `lengths` (tokens a text).

    Its outputs are `complaint`, a calibrated probability a text; the probabilities of the classes of every other head
    of ANSWERS, a row a text; and `shares`, what each token of a text adds to the complaint's margin.
    """
    weights = {name: value.detach().float().numpy() for name, value in network.state_dict().items()}
    graph = _Graph(weights, precision)
    x = graph.embed(network.shape.width, max_tokens)
    for layer in range(network.shape.layers):
        x = graph.layer(x, f"layers.{layer}", network.shape.attention_heads)
    graph.answer(x, calibration)
    return graph.model()


@dataclass(slots=True)
class _Graph:
    """A graph in the making; every method adds nodes and returns the name of what they yield."""

    weights: Weights
    precision: Precision
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)
    real: str = ""
    """One where a token is real, zero where it pads; known once the words are embedded."""

    def add(self, kind: str, *inputs: str, outputs: int = 1, fused: bool = False, **attributes: Any) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        names = [name] if outputs == 1 else [f"{name}_{each}" for each in range(outputs)]
        domain = FUSED if fused else ""
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=name, domain=domain, **attributes))
        return names[0]

    def constant(self, name: str, value: Any) -> str:
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def kept(self, name: str) -> str:
        return self.constant(name, self.weights[name])

    def embed(self, width: int, max_tokens: int) -> str:
        words = self.weights["words.weight"]
        if self.precision == "int8":
            table, scale = quantised(words, steps=WEIGHT_STEPS)
            rows = self.add("Gather", self.constant("words", table), "ids")
            scales = self.add("Gather", self.constant("words.scale", scale[:, None]), "ids")
            x = self.add("Mul", self.add("Cast", rows, to=TensorProto.FLOAT), scales)
        else:
            x = self.add("Gather", self.constant("words", words), "ids")
        positions = self.constant("positions", self.weights["positions.weight"][:max_tokens])
        count = self.add("Gather", self.add("Shape", "ids"), self.constant("one", np.int64(1)))
        steps = self.add("Range", self.constant("zero", np.int64(0)), count, "one")
        x = self.add("Add", x, self.add("Gather", positions, steps))
        here = self.add("Cast", steps, to=TensorProto.INT32)
        ends = self.add("Unsqueeze", "lengths", self.constant("second", np.array([1])))
        self.real = self.add("Cast", self.add("Less", here, ends), to=TensorProto.FLOAT)
        return self.normed(x, "embedding_norm")

    def product(self, x: str, name: str, weight: NDArray[np.float32]) -> str:
        """`x` times the transposed weight; a bias is left to the fused operator that follows.

        In whole numbers every token has its own scale, so a text's verdict never hangs on its batch.
        """
        if self.precision == "float":
            return self.add("MatMul", x, self.constant(f"{name}.weight", weight.T))
        table, scale = quantised(weight, steps=WEIGHT_STEPS)
        peak = self.add("ReduceMax", self.add("Abs", x), self.constant("innermost", np.array([-1])), keepdims=1)
        step = self.add("Mul", peak, self.constant("per_step", np.float32(1 / TOKEN_STEPS)))
        unit, zero = self.constant("unit", np.float32(1)), self.constant("zero_step", np.uint8(TOKEN_STEPS + 1))
        whole = self.add("QuantizeLinear", self.add("Div", x, step), unit, zero)
        tables = self.constant(f"{name}.weight", table.T), unit, self.constant(f"{name}.scale", scale)
        return self.add("Mul", self.add("MatMulIntegerToFloat", whole, *tables, zero, fused=True), step)

    def linear(self, x: str, name: str) -> str:
        return self.product(x, name, self.weights[f"{name}.weight"])

    def layer(self, x: str, name: str, heads: int) -> str:
        parts = [f"{name}.attention.{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self.weights[f"{part}.weight"] for part in parts])
        bias = np.concatenate([self.weights[f"{part}.bias"] for part in parts])
        split = self.add("Split", self.product(x, parts[0], weight), outputs=3, axis=-1, num_outputs=3)
        query, key, value = (split.removesuffix("0") + part for part in "012")
        biases = self.constant(f"{parts[0]}.bias", bias)
        mixed = self.add("MultiHeadAttention", query, key, value, biases, "lengths", fused=True, num_heads=heads)
        x = self.joined(x, mixed, f"{name}.attention.out", f"{name}.attention_norm")
        wide = self.add("BiasGelu", self.linear(x, f"{name}.widen"), self.kept(f"{name}.widen.bias"), fused=True)
        return self.joined(x, wide, f"{name}.narrow", f"{name}.norm")

    def joined(self, x: str, change: str, dense: str, norm: str) -> str:
        """`x` plus the change, put through a dense step; normalised.

        Three plain operators take a quarter of the time of the fused one, which works through its rows one by one.
        """
        whole = self.add("Add", self.add("Add", self.linear(change, dense), self.kept(f"{dense}.bias")), x)
        return self.normed(whole, norm)

    def normed(self, x: str, norm: str) -> str:
        weights = self.kept(f"{norm}.weight"), self.kept(f"{norm}.bias")
        return self.add("LayerNormalization", x, *weights, axis=-1, epsilon=1e-12)

    def answer(self, x: str, calibration: Calibration) -> None:
        """The heads read the mean of each text's real tokens; that of complaints reads each token, too."""
        count = self.add("ReduceSum", self.real, "second", keepdims=1)
        weights = self.add("Unsqueeze", self.add("Div", self.real, count), "second")
        pooled = self.add("Squeeze", self.add("MatMul", weights, x), "second")
        weight, bias = (self.weights[f"heads.complaint.{kind}"] for kind in ("weight", "bias"))
        line = self.constant("complaint.weight", (weight[1] - weight[0])[:, None] * np.float32(calibration.scale))
        offset = np.array([(bias[1] - bias[0]) * calibration.scale + calibration.shift], np.float32)
        margin = self.add("Gemm", pooled, line, self.constant("complaint.bias", offset))
        self.yields("complaint", self.add("Sigmoid", self.add("Squeeze", margin, "second")))
        self.yields("shares", self.add("Squeeze", self.add("MatMul", x, line), self.constant("last", np.array([2]))))
        for head in ANSWERS:
            kept = self.kept(f"heads.{head}.weight"), self.kept(f"heads.{head}.bias")
            self.yields(head, self.add("Softmax", self.add("Gemm", pooled, *kept, transB=1), axis=-1))

    def yields(self, name: str, value: str) -> None:
        self.nodes.append(helper.make_node("Identity", [value], [name]))

    def model(self) -> onnx.ModelProto:
        ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["texts", "tokens"])
        lengths = helper.make_tensor_value_info("lengths", TensorProto.INT32, ["texts"])
        answers = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in {
                "complaint": ["texts"],
                "shares": ["texts", "tokens"],
                **{head: ["texts", len(CLASSES[head])] for head in ANSWERS},
            }.items()
        ]
        graph = helper.make_graph(self.nodes, "complaints", [ids, lengths], answers, list(self.constants.values()))
        versions = [helper.make_opsetid("", 18), helper.make_opsetid(FUSED, 1)]
        return helper.make_model(graph, opset_imports=versions, ir_version=9, producer_name="classifiers.train")


def quantised(weight: NDArray[np.float32], steps: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Whole numbers of one byte and, for each row, what one step is worth."""
    scale = np.abs(weight).max(axis=1) / steps
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    return np.round(weight / scale[:, None]).astype(np.int8), scale
