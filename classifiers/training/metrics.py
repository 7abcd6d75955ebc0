"""The figures a model is judged by: macro-F1, macro recall, area under the curve, calibration error."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def macro_f1(truth: ArrayLike, said: ArrayLike) -> float:
    """Mean over the classes that occur of the harmonic mean of precision and recall."""
    t, s = np.asarray(truth), np.asarray(said)
    scores = []
    for each in np.unique(t):
        hit = int(((t == each) & (s == each)).sum())
        scores.append(2 * hit / max(1, int((t == each).sum() + (s == each).sum())))
    return float(np.mean(scores))


def macro_recall(truth: ArrayLike, said: ArrayLike) -> float:
    """Mean over the classes of the share of each that was found."""
    t, s = np.asarray(truth), np.asarray(said)
    return float(np.mean([(s[t == each] == each).mean() for each in np.unique(t)]))


def accuracy(truth: ArrayLike, said: ArrayLike) -> float:
    return float((np.asarray(truth) == np.asarray(said)).mean())


def auc(truth: ArrayLike, probability: ArrayLike) -> float:
    """The chance that a complaint is given a higher probability than another text; half for a tie."""
    t, p = np.asarray(truth), np.asarray(probability, dtype=np.float64)
    positive = int(t.sum())
    if positive in (0, len(t)):
        return float("nan")
    _, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[t == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(t) - positive)))


def calibration_error(truth: ArrayLike, probability: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error: how far stated probabilities lie from what came true, on average."""
    t, p = np.asarray(truth), np.asarray(probability, dtype=np.float64)
    bin_of = np.minimum((p * bins).astype(int), bins - 1)
    gaps = [
        (bin_of == each).mean() * abs(p[bin_of == each].mean() - t[bin_of == each].mean()) for each in np.unique(bin_of)
    ]
    return float(np.sum(gaps))


def platt(truth: ArrayLike, logit: ArrayLike) -> tuple[float, float]:
    """Scale and shift that make `sigmoid(scale * logit + shift)` the likeliest account of what came true."""
    from sklearn.linear_model import LogisticRegression

    with np.errstate(over="ignore"):
        found = LogisticRegression(C=1e6).fit(np.asarray(logit, dtype=np.float64)[:, None], np.asarray(truth))
    return float(found.coef_[0, 0]), float(found.intercept_[0])
