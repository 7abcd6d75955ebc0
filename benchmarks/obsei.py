"""Measures obsei's text-classification analyzer in an environment of its own, on a model folder and posts it is given.

Set up: python -m venv build/obsei && build/obsei/bin/pip install "obsei[analyzer]==0.0.15"
Run:    python -m benchmarks.obsei FOLDER < posts.json
0.0.15 is the last obsei that has analyzers: since 1.0 it sends texts to a language model instead.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / "build/obsei/bin/python"


def measure(folder: Path, texts: Sequence[str]) -> dict[str, float] | None:
    """Seconds and mebibytes of the analyzer with the model of the folder; None where obsei is not set up."""
    if not ENVIRONMENT.exists():
        return None
    command = [str(ENVIRONMENT), "-m", "benchmarks.obsei", str(folder), "--inside"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, input=json.dumps(list(texts)), stdout=subprocess.PIPE, check=True, text=True
    )
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def inside(folder: Path, texts: Sequence[str]) -> dict[str, float]:
    """The same, for the process that has obsei."""
    begun = time.perf_counter()
    from obsei.analyzer.classification_analyzer import TextClassificationAnalyzer
    from obsei.payload import TextPayload

    analyzer = TextClassificationAnalyzer(model_name_or_path=str(folder), device="cpu")
    payloads = [TextPayload(processed_text=text) for text in texts]
    analyzer.analyze_input(payloads[:1])
    cold = time.perf_counter() - begun
    alone = []
    for payload in payloads[:40]:
        at = time.perf_counter()
        analyzer.analyze_input([payload])
        alone.append(time.perf_counter() - at)
    at = time.perf_counter()
    analyzer.analyze_input(payloads)
    return {
        "posts a second": len(payloads) / (time.perf_counter() - at),
        "one post, ms": statistics.median(alone) * 1000,
        "cold start, s": cold,
        "peak memory, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a sequence-classification model, as save_pretrained writes it")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    texts = json.load(sys.stdin)
    print(json.dumps(inside(told.folder, texts) if told.inside else measure(told.folder, texts)))


if __name__ == "__main__":
    main()
