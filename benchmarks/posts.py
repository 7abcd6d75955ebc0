"""The posts that benchmarks run on: a file of JSON lines, or the project's own."""

import gzip
import json
from pathlib import Path

OWN = Path(__file__).parent.parent / "classifiers" / "data"


def read_posts(file: Path | None, limit: int | None = None) -> list[str]:
    """The texts of a file of JSON lines, gzip or not; of the project's own posts when there is none."""
    files = [file] if file else sorted(OWN.glob("*.jsonl"))
    texts = [json.loads(line)["text"] for path in files for line in _lines(path)]
    return texts[:limit]


def _lines(path: Path) -> list[str]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return raw.decode("utf-8").splitlines()
