"""Draws how a model does on the posts held apart: what it takes for what, and how far its certainty can be trusted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from classifiers.base import Verdict
from classifiers.training.data import CLASSES, Example

BINS = 10
FEWEST = 8
"""Posts in a bin from which its share of complaints says anything."""
INK, FAINT, BLUE = "#1f2933", "#9aa5b1", "#0b6e99"


def draw(path: Path, model: str, examples: Sequence[Example], verdicts: Sequence[Verdict]) -> None:
    """Writes a picture (PNG or SVG by the name): reliability and confusion of complaints, sentiment, intent, topic."""
    with mpl.rc_context({"font.size": 9, "axes.edgecolor": FAINT, "text.color": INK, "axes.labelcolor": INK}):
        figure = Figure(figsize=(13, 8.6), layout="constrained")
        figure.suptitle(f"{model} on posts held apart from training", fontweight="bold", fontsize=12)
        above, below = figure.subfigures(2, 1, squeeze=False)[:, 0]
        sure, complaint, sentiment = above.subplots(1, 3, width_ratios=(5, 2.6, 3.6))
        intent, topic = below.subplots(1, 2, width_ratios=(3.6, 7))
        _reliability(sure, examples, verdicts)
        for axes, head in ((complaint, "complaint"), (sentiment, "sentiment"), (intent, "intent"), (topic, "topic")):
            _confusion(axes, head, examples, verdicts)
        figure.savefig(path, dpi=110)


def _reliability(axes: Axes, examples: Sequence[Example], verdicts: Sequence[Verdict]) -> None:
    """Of the posts said to be complaints with such a probability, how many were: the diagonal is honest."""
    axes.plot([0, 1], [0, 1], color=FAINT, linestyle=":", linewidth=1)
    pairs = [(v.complaint, e.labels["complaint"]) for e, v in zip(examples, verdicts, strict=True) if _asked(e)]
    chance, truth = np.array(pairs).T
    place = np.minimum((chance * BINS).astype(int), BINS - 1)
    full = [each for each in range(BINS) if (place == each).sum() >= FEWEST]
    counts = [(place == each).sum() for each in full]
    came = [truth[place == each].mean() for each in full]
    axes.plot([chance[place == each].mean() for each in full], came, color=BLUE, linewidth=1.5)
    for x, y, count in zip([chance[place == each].mean() for each in full], came, counts, strict=True):
        axes.scatter([x], [y], s=14 + 240 * count / len(truth), color=BLUE, zorder=3)
        axes.annotate(str(count), (x, y), textcoords="offset points", xytext=(9, -10), fontsize=7.5, color=INK)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability it stated", ylabel="share that were complaints")
    axes.set_title(f"How sure it is, and how right: {len(truth):,} posts", loc="left", fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)


def _confusion(axes: Axes, head: str, examples: Sequence[Example], verdicts: Sequence[Verdict]) -> None:
    """Rows: what a post was; columns: what it was taken for; in percent of the row."""
    names = CLASSES[head]
    table = np.zeros((len(names), len(names)))
    for example, verdict in zip(examples, verdicts, strict=True):
        if head in example.labels and (said := _said(head, verdict)) is not None:
            table[example.labels[head], said] += 1
    counts = table.sum(1)
    shares = table / np.maximum(counts, 1)[:, None]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.6 else INK
        if share >= 0.005:
            axes.text(column, row, f"{share:.0%}", ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(names)), names, rotation=0 if len(names) < 5 else 30)
    axes.set_yticks(range(len(names)), [f"{name} ({count:,.0f})" for name, count in zip(names, counts, strict=True)])
    title = "Topic: what it was, and what it was taken for" if head == "topic" else head.capitalize()
    axes.set_title(title, loc="left", fontweight="bold")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _asked(example: Example) -> bool:
    return "complaint" in example.labels


def _said(head: str, verdict: Verdict) -> int | None:
    said: Any = ("no", "yes")[verdict.is_complaint] if head == "complaint" else getattr(verdict, head)
    return None if said is None else CLASSES[head].index(said)
