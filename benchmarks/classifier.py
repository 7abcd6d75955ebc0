"""Measures the shipped model beside a plain transformers pipeline: posts a second, latency, cold start, memory.

Run: python -m benchmarks.classifier [--posts 512]
Each contender runs in a process of its own; obsei takes part where it is set up, see benchmarks/obsei.py. The
pipelines are of random weights, which take as long as learnt ones; they read the same posts, cut into the same tokens.
"The shipped layers" are as many and as wide as the shipped model's, in the library's plain BERT, which reads every
token in every one of them. Ratios are against the shipped model; above 1 it is better.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import obsei

ROOT = Path(__file__).parents[1]
SHIPPED = "the shipped model"
CONTENDERS = {
    SHIPPED: "onnx",
    "transformers pipeline, roberta-base": "roberta",
    "transformers pipeline, the shipped layers": "same",
}
Judge = Callable[[Sequence[str]], Any]


def posts(count: int) -> list[str]:
    """The project's own posts, as many as asked, over and over if need be."""
    lines = [line for path in sorted((ROOT / "classifiers/data").glob("*-*.jsonl")) for line in path.open("rb")]
    texts = [str(json.loads(line)["text"]) for line in lines[:: max(1, len(lines) // count)]]
    return (texts * (count // max(1, len(texts)) + 1))[:count]


def onnx() -> Judge:
    from classifiers.onnx import Onnx

    return Onnx().classify


def pipeline(shape: str) -> Judge:
    """What most people write: the library's text-classification pipeline with its defaults."""
    import transformers

    network, tokenizer = untaught(shape)
    judge = transformers.pipeline("text-classification", model=network.eval(), tokenizer=tokenizer)
    return lambda texts: judge(list(texts), truncation=True)


def untaught(shape: str) -> tuple[Any, Any]:
    """A network of random weights of the library's, and the shipped model's tokenizer."""
    import torch
    import transformers
    from tokenizers import Tokenizer

    transformers.logging.set_verbosity_error()
    torch.manual_seed(1)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_file(str(ROOT / "classifiers/model/tokenizer.json")),
        pad_token="<pad> ",
        model_max_length=128,
    )
    if shape == "roberta":
        config = transformers.RobertaConfig(vocab_size=50_265, num_labels=3)
        return transformers.RobertaForSequenceClassification(config), tokenizer
    config = transformers.BertConfig(
        vocab_size=48_000,
        hidden_size=384,
        intermediate_size=1536,
        num_hidden_layers=8,
        num_attention_heads=12,
        num_labels=3,
    )
    return transformers.BertForSequenceClassification(config), tokenizer


def measure(contender: str, count: int) -> dict[str, float]:
    """Seconds and mebibytes of one contender, in this process."""
    texts = posts(count)
    begun = time.perf_counter()
    judge = onnx() if contender == "onnx" else pipeline(contender)
    judge(texts[:1])
    cold = time.perf_counter() - begun
    alone = []
    for text in texts[:40]:
        at = time.perf_counter()
        judge([text])
        alone.append(time.perf_counter() - at)
    passes = []
    for _ in range(3 if contender == "onnx" else 1):
        at = time.perf_counter()
        judge(texts)
        passes.append(time.perf_counter() - at)
    return {
        "posts a second": count / min(passes),
        "one post, ms": statistics.median(alone) * 1000,
        "cold start, s": cold,
        "peak memory, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def in_own_process(contender: str, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.classifier", "--measure", contender, "--posts", str(count)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def by_obsei(count: int) -> dict[str, float] | None:
    """The closest peer's analyzer with a roberta-base; None where it is not set up."""
    with tempfile.TemporaryDirectory() as folder:
        for part in untaught("roberta"):
            part.save_pretrained(folder)
        return obsei.measure(Path(folder), posts(count))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=512, help="posts for the shipped model; the others get an eighth")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.measure:
        print(json.dumps(measure(told.measure, told.posts)))
        return
    found = {
        name: in_own_process(key, told.posts if key == "onnx" else max(8, told.posts // 8))
        for name, key in CONTENDERS.items()
    }
    if (theirs := by_obsei(max(8, told.posts // 8))) is not None:
        found["obsei's analyzer, roberta-base"] = theirs
    best = found[SHIPPED]
    table = Table(title=f"{os.cpu_count()} cores, {told.posts} posts")
    for column in ("", *best):
        table.add_column(column, justify="left" if not column else "right")
    for name, values in found.items():
        more = {
            key: best[key] / value if key == "posts a second" else value / best[key] for key, value in values.items()
        }
        table.add_row(
            name,
            *(f"{value:,.1f}" + ("" if name == SHIPPED else f" ({more[key]:.1f}x)") for key, value in values.items()),
        )
    Console().print(table)


if __name__ == "__main__":
    main()
