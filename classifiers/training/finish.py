"""Turns a trained network into the folder that ships: calibrated, in eight bits, scored, with its card."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from tokenizers import Tokenizer

from classifiers.onnx import Onnx, OnnxOptions
from classifiers.training import card, export, heads, report
from classifiers.training.data import Example
from classifiers.training.figures import Figures, score
from classifiers.training.network import Network
from classifiers.training.stages import Training, calibrate

UNSCORED = ("xed", "irony", "plain")
"""Sources that give no figures: sentiment guessed from film subtitles; no label that ships; books and phrases."""
MOST = 600
"""Examples of a source and language that are scored; `python -m classifiers.evaluate` scores them all."""
SPOKEN = 4000
"""Examples of a source and language from which topic, severity, intent and language are read."""
SAMPLE = 150
"""Examples of a source and language on which the eight-bit model is compared with the float one."""


def publish(
    training: Training,
    network: Network,
    tokenizer: Tokenizer,
    out: Path,
    *,
    name: str,
    folds: Mapping[str, float],
) -> None:
    """Fills `out`; the same model in floats goes to the work folder, to compare with."""
    few = [each for each in training.examples if each.split != "test" and each.source in ("own", "plain")]
    heads.refit(network, tokenizer, thinned(few, SPOKEN))
    calibration, promised = calibrate(network, tokenizer, training.of("validation"))
    revision = export.write(network, tokenizer, out, name=name, calibration=calibration, curve=promised)
    exact = training.work / "float"
    export.write(network, tokenizer, exact, name=name, calibration=calibration, precision="float")
    shipped, floats = (Onnx(OnnxOptions(model=str(at))) for at in (out, exact))
    test = [each for each in training.of("test") if not each.source.startswith(UNSCORED)]
    found, sample = score(shipped, thinned(test, MOST)), thinned(test, SAMPLE)
    report.draw(out / "figures.png", f"{name}@{revision}", sample, shipped.classify([each.text for each in sample]))
    lost = losses(score(floats, sample), score(shipped, sample))
    figures = {
        "revision": revision,
        "folds": dict(folds),
        "test": [each.json() for each in found],
        "macro_f1_lost_to_int8": {" ".join(name): round(value, 4) for name, value in lost.items()},
    }
    (training.work / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    (out / "README.md").write_text(
        card.write(f"{name}@{revision}", training.examples, found, lost, folds, SAMPLE), "utf-8"
    )
    training.console.print(f"{out}: {name}@{revision}")


def thinned(examples: Sequence[Example], most: int) -> list[Example]:
    """At most so many of each source and language, chosen by a hash of the text."""
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for each in sorted(examples, key=lambda example: sha256(example.text.encode()).digest()):
        seen[each.source, each.lang] += 1
        if seen[each.source, each.lang] <= most:
            kept.append(each)
    return kept


def losses(floats: Sequence[Figures], ints: Sequence[Figures]) -> dict[tuple[str, str], float]:
    """By head and examples, the macro-F1 that eight-bit weights cost."""
    return {(one.head, one.examples): one.macro_f1 - two.macro_f1 for one, two in zip(floats, ints, strict=True)}
