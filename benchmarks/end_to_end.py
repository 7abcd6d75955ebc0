"""Posts a second from a file to delivered alerts, start-up included, beside a plain pipeline on a roberta-base shape.

python -m benchmarks.end_to_end --posts complaints.jsonl
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.posts import read_posts

CONFIG = """\
database: sqlite:///{folder}/monitor.db
state: {folder}/state
brands: [{{name: Brand, keywords: [brand], handles: {{file: [brand]}}}}]
sources: [{{name: posts, type: file, path: {folder}/posts.jsonl}}]
classifier: {{type: onnx}}
channels: {{care: {{type: console}}, managers: {{type: console}}}}
ladders:
  default:
    target: 60m
    steps: [{{after: 0m, channel: care}}, {{after: 30m, channel: care}}, {{after: 60m, channel: managers}}]
"""

BASELINE = """\
import json, sys
from transformers import pipeline
texts = [json.loads(line)["text"] for line in open(sys.argv[1], encoding="utf-8")][: int(sys.argv[2])]
classify = pipeline("text-classification", model=sys.argv[3], device="cpu")
for text in texts:
    classify(text, truncation=True, max_length=128)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=Path, help="JSON lines with `text`, gzip or not; the project's own by default")
    parser.add_argument("--baseline-posts", type=int, default=200, help="posts that the slow baseline is given")
    options = parser.parse_args()
    texts = read_posts(options.posts)
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, texts)
        console.print(f"{len(texts)} posts; {os.cpu_count()} cores")
        ours = timed([sys.executable, "-m", "monitor", "tick", "--json", "--config", str(folder / "config.yaml")])
        counts = found(folder / "monitor.db")
        make_roberta(folder / "roberta", texts)
        count = min(options.baseline_posts, len(texts))
        few, many = (
            timed([sys.executable, "-c", BASELINE, str(folder / "posts.jsonl"), str(n), str(folder / "roberta")])
            for n in (1, count)
        )
        theirs = few + (many - few) / max(1, count - 1) * (len(texts) - 1)
    table = Table("", "seconds", "posts a second", box=None)
    table.add_row("file → verdicts → cases → delivered alerts", f"{ours:.1f}", f"{len(texts) / ours:.0f}")
    table.add_row("plain transformers pipeline, roberta-base shape", f"{theirs:.1f}", f"{len(texts) / theirs:.1f}")
    console.print(table)
    console.print(f"{counts}. The baseline was timed on {count} posts and its start-up apart, and scaled.")
    console.print(f"[bold]{theirs / ours:.1f} times as fast[/]")


def write(folder: Path, texts: list[str]) -> None:
    now = datetime.now(UTC).isoformat()
    with (folder / "posts.jsonl").open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts):
            file.write(json.dumps({"id": str(number), "text": text, "author": f"u{number}", "posted_at": now}) + "\n")
    (folder / "config.yaml").write_text(CONFIG.format(folder=folder), encoding="utf-8")


def timed(command: list[str]) -> float:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - begun


def found(database: Path) -> str:
    from sqlalchemy import create_engine, text

    with create_engine(f"sqlite:///{database}").connect() as connection:
        cases, sent = (
            connection.scalar(text(f"SELECT count(*) FROM {table}"))
            for table in ("cases", "outbox WHERE state = 'sent'")
        )
    return f"{cases} cases, {sent} alerts delivered"


def make_roberta(folder: Path, texts: list[str]) -> None:
    """A roberta-base in shape, its weights random, with a byte-level tokenizer learnt from the posts."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaForSequenceClassification, RobertaTokenizerFast

    folder.mkdir()
    learnt = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    learnt.train_from_iterator(texts, vocab_size=50_265, special_tokens=special, show_progress=False)
    learnt.save(str(folder / "tokenizer.json"))
    RobertaTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), model_max_length=512).save_pretrained(folder)
    config = RobertaConfig(vocab_size=50_265, num_labels=2, max_position_embeddings=514, type_vocab_size=1)
    RobertaForSequenceClassification(config).save_pretrained(folder)


if __name__ == "__main__":
    main()
