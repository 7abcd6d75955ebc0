"""Are the words that `why` names the ones that made the verdict? Takes them away, and as many others, and asks again.

python -m benchmarks.why [--posts 500]
"""

import argparse
import random
import statistics
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from classifiers.onnx import Onnx
from classifiers.training.data import own_posts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=500, help="complaints held apart from training, at most")
    options = parser.parse_args()
    classifier, luck = Onnx(), random.Random(7)
    texts = [each.text for each in own_posts() if each.split == "test" and each.labels["complaint"]]
    luck.shuffle(texts)
    texts = texts[: options.posts]
    judged = [
        (text, verdict.complaint, [text.index(phrase.rstrip("…")) for phrase in verdict.why], verdict.why)
        for text, verdict in zip(texts, classifier.classify(texts), strict=True)
        if verdict.why
    ]
    named, others = [], []
    for text, _, starts, phrases in judged:
        words = text.split()
        gone = named_words(text, starts, phrases)
        left = [number for number in range(len(words)) if number not in gone]
        other = set(luck.sample(left, min(len(gone), len(left))))
        named.append(without(words, gone))
        others.append(without(words, other))
    before = [chance for _, chance, _, _ in judged]
    after, beside = ([each.complaint for each in classifier.classify(each)] for each in (named, others))
    table = Table("taken away", "mean probability", "no longer a complaint", box=None)
    for name, chances in (("nothing", before), ("as many other words", beside), ("the words of `why`", after)):
        lost = statistics.mean(chance < 0.5 for chance in chances)
        table.add_row(name, f"{statistics.mean(chances):.3f}", f"{lost:.0%}")
    Console().print(f"{len(judged)} complaints held apart from training")
    Console().print(table)


def named_words(text: str, starts: Sequence[int], phrases: Sequence[str]) -> set[int]:
    """The numbers of the words that the phrases are made of."""
    spans = [(start, start + len(phrase)) for start, phrase in zip(starts, phrases, strict=True)]
    found, at = set(), 0
    for number, word in enumerate(text.split()):
        at = text.index(word, at)
        if any(start < at + len(word) and at < end for start, end in spans):
            found.add(number)
        at += len(word)
    return found


def without(words: Sequence[str], gone: set[int]) -> str:
    return " ".join(word for number, word in enumerate(words) if number not in gone)


if __name__ == "__main__":
    main()
