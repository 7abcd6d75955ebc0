"""The stages of training: all but the complaint corpus, then smaller, then all with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from tokenizers import Tokenizer

from classifiers.base import Point
from classifiers.curve import curve
from classifiers.training import metrics
from classifiers.training.data import FEEDBACK, Example
from classifiers.training.fitting import Recipe, fit
from classifiers.training.graph import Calibration
from classifiers.training.judging import answers, margin, validation
from classifiers.training.metrics import Array
from classifiers.training.narrow import narrow
from classifiers.training.network import Network
from classifiers.training.start import begin, from_state

CORPUS = "complaints_2019"
"""Kept out of the long stage, so that its folds can be scored from there."""
FILMS = {"xed_en": 0.15, "xed_fi": 0.15, "xed_ru": 0.3, "xed_et": 0.5}
BASE = Recipe(
    steps=1200,
    leave=480,
    rate=1.2e-4,
    frozen_layers=3,
    check_every=240,
    weights={"own": 2.5, "semeval2017": 1.5, "et_valence": 1.5, "irony": 0.6, "uci_reviews": 0.4, "plain": 0.2} | FILMS,
)
SHARES = {"own": 4.5, CORPUS: 4.0, "semeval2017": 2.0, "et_valence": 2.0, "lv_ltec": 2.0, "ru_sentirueval2015": 1.5}
SHARES |= {"irony": 0.2, "uci_reviews": 0.2, "plain": 0.2, FEEDBACK: 3.0, "everyday": 4.5}
SHARES |= {"xed_en": 0.0, "xed_fi": 0.05, "xed_ru": 0.1, "xed_et": 0.2}
INNER = 512
"""Units kept of the 1,536 inside each layer."""
NARROWED = Recipe(steps=600, rate=5e-4, warmup=0.05, check_every=300, weights=BASE.weights)
FINISH = Recipe(steps=2200, rate=2e-4, warmup=0.04, check_every=275, weights=SHARES)
SETTLED = Recipe(
    steps=220,
    rate=1.2e-4,
    warmup=0.05,
    check_every=110,
    weights=SHARES | {CORPUS: 9.0, "everyday": 6.0, "irony": 0.0, "plain": 0.0},
)
FOLD = Recipe(steps=300, rate=2e-4, check_every=1000, weights={CORPUS: 6.0})


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One training: its examples, where it keeps what it has, and whether it goes on from there."""

    data: Path
    work: Path
    examples: Sequence[Example]
    resume: bool
    console: Console

    def of(self, split: str) -> list[Example]:
        return [each for each in self.examples if each.split == split]

    def base(self, recipe: Recipe) -> tuple[Network, Tokenizer]:
        """The network after the stage without the complaint corpus."""
        network, tokenizer = begin(self.data, self.work)
        chosen = [each for each in self.of("train") if each.source not in (CORPUS, FEEDBACK)]
        return self._stage("base", network, tokenizer, chosen, recipe), tokenizer

    def narrowed(self, base: Network, tokenizer: Tokenizer, recipe: Recipe, inner: int) -> Network:
        """`base` with only so many units inside its layers, which then learns to read as it did."""
        chosen = [each for each in self.of("train") if each.source not in (CORPUS, FEEDBACK)]
        small = narrow(base, tokenizer, [each.text for each in chosen], inner)
        return self._stage("narrowed", small, tokenizer, chosen, recipe, teacher=base)

    def finish(self, base: Network, tokenizer: Tokenizer, finish: Recipe, settled: Recipe) -> Network:
        """The network that ships: `base`, taught the complaint corpus too, and most of all at last.

        It is the mean of the network before and after that last stage, which errs less than either on validation.
        """
        taught = self._stage("finish", copy(base), tokenizer, self.of("train"), finish)
        after = self._stage("settled", copy(taught), tokenizer, self.of("train"), settled).state_dict()
        return from_state({name: torch.lerp(value, after[name], 0.5) for name, value in taught.state_dict().items()})

    def _stage(
        self,
        name: str,
        network: Network,
        tokenizer: Tokenizer,
        chosen: Sequence[Example],
        recipe: Recipe,
        teacher: Network | None = None,
    ) -> Network:
        name += _mark(chosen)
        done = self.work / f"{name}.pt"
        if self.resume and done.is_file():
            return from_state(torch.load(done, weights_only=True)).eval()
        score = validation(tokenizer, self.examples)

        def told(judged: Network) -> dict[str, float]:
            figures = score(judged)
            self.console.print(", ".join(f"{key} {value:.3f}" for key, value in figures.items()), soft_wrap=True)
            return figures

        fit(
            network,
            tokenizer,
            chosen,
            recipe,
            self.work / f"{name}.checkpoint",
            resume=self.resume,
            score=told,
            title=name,
            teacher=teacher,
        )
        torch.save(network.state_dict(), done)
        return network

    def folds(self, base: Network, tokenizer: Tokenizer, recipe: Recipe, count: int) -> dict[str, float]:
        """Cross-validated figures of the complaint corpus: every row judged by a network that never saw it."""
        corpus = [each for each in self.examples if each.source == CORPUS]
        own = [each for each in self.of("train") if each.source == "own"]
        part = stratified([each.labels["complaint"] for each in corpus], count)
        margins = np.zeros(len(corpus))
        for fold in range(count):
            kept = self.work / f"fold-{fold}-of-{count}.npy"
            held = np.flatnonzero(part == fold)
            if not (self.resume and kept.is_file()):
                network = copy(base)
                seen = own + [each for each, at in zip(corpus, part, strict=True) if at != fold]
                title = f"fold {fold + 1} of {count}"
                fit(
                    network,
                    tokenizer,
                    seen,
                    replace(recipe, seed=recipe.seed + fold),
                    self.work / "fold.checkpoint",
                    title=title,
                )
                logits = answers(network, tokenizer, [corpus[index].text for index in held])
                np.save(kept, margin(logits["complaint"]))
            margins[held] = np.load(kept)
        return fold_figures(corpus, part, margins)


def _mark(examples: Sequence[Example]) -> str:
    """Tells a stage that learns from feedback from one that learns from other feedback, or from none."""
    told = "\n".join(f"{each.labels['complaint']} {each.text}" for each in examples if each.source == FEEDBACK)
    return f"-{sha256(told.encode()).hexdigest()[:8]}" if told else ""


def fold_figures(corpus: Sequence[Example], part: Array, margins: Array) -> dict[str, float]:
    """Means over the folds; each fold's probabilities are calibrated on the others."""
    truth = np.array([each.labels["complaint"] for each in corpus])
    chances = np.zeros(len(corpus))
    for fold in np.unique(part):
        scale, shift = metrics.platt(truth[part != fold], margins[part != fold])
        chances[part == fold] = 1 / (1 + np.exp(-(scale * margins[part == fold] + shift)))
    said = (margins > 0).astype(int)
    brand = np.array([each.brand_directed for each in corpus])
    by_fold = [metrics.macro_f1(truth[part == fold], said[part == fold]) for fold in np.unique(part)]
    return {
        "folds": len(by_fold),
        "macro_f1": float(np.mean(by_fold)),
        "macro_f1_pooled": metrics.macro_f1(truth, said),
        "auc": metrics.auc(truth, chances),
        "brand_directed_macro_f1": metrics.macro_f1(truth[brand], said[brand]),
        "brand_directed_auc": metrics.auc(truth[brand], chances[brand]),
        "calibration_error": metrics.calibration_error(truth, chances),
    }


def stratified(labels: Sequence[int], count: int, seed: int = 0) -> Array:
    """A fold number for each label, every fold with the same share of each class."""
    part = np.zeros(len(labels), int)
    luck = np.random.default_rng(seed)
    for label in sorted(set(labels)):
        places = luck.permutation(np.flatnonzero(np.asarray(labels) == label))
        part[places] = np.arange(len(places)) % count
    return part


def copy(network: Network) -> Network:
    """Another network with the same weights."""
    return from_state({name: value.clone() for name, value in network.state_dict().items()})


def calibrate(network: Network, tokenizer: Tokenizer, examples: Sequence[Example]) -> tuple[Calibration, list[Point]]:
    """Fitted on the complaint labels of the examples given; and what each threshold promises by them."""
    labelled = [each for each in examples if "complaint" in each.labels]
    margins = margin(answers(network, tokenizer, [each.text for each in labelled])["complaint"])
    truth = [each.labels["complaint"] for each in labelled]
    scale, shift = metrics.platt(truth, margins)
    chances = 1 / (1 + np.exp(-(scale * margins + shift)))
    return Calibration(scale=scale, shift=shift), curve(truth, chances.tolist())
