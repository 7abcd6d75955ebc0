"""Says between which numbers the next week's count will lie, from the counts of the weeks before."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance

FEWEST = 4
"""Weeks from which anything is said at all."""
SURE = 0.9
"""How often the count shall lie between the two numbers."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Nine weeks in ten lie from `low` to `high`."""

    mean: float
    low: int
    high: int

    def __contains__(self, count: object) -> bool:
        return isinstance(count, int) and self.low <= count <= self.high


def expected(counts: Sequence[int]) -> Expected | None:
    """What a week like these will count; None for fewer than FEWEST weeks.

    The weeks are taken to be alike, with a count that scatters as a negative binomial one with their mean and
    variance (at least a Poisson count's), widened because both are known only from so many weeks. No trend is drawn
    out: a handful of weeks can't tell one from chance.
    """
    weeks = len(counts)
    if weeks < FEWEST:
        return None
    mean = max(fmean(counts), 0.5 / weeks)
    spread = max(variance(counts), mean) * (1 + 1 / weeks)
    return Expected(
        mean=fmean(counts),
        low=quantile(mean, spread, (1 - SURE) / 2),
        high=quantile(mean, spread, (1 + SURE) / 2),
    )


def quantile(mean: float, spread: float, share: float) -> int:
    """The smallest count that a negative binomial one of this mean and (greater) variance exceeds no more often."""
    size = mean * mean / (spread - mean)
    sure, fail = size * math.log(size / (size + mean)), math.log(mean / (size + mean))
    below, count = 0.0, 0
    while True:
        choose = math.lgamma(count + size) - math.lgamma(size) - math.lgamma(count + 1)
        below += math.exp(choose + sure + count * fail)
        if below >= share - 1e-12:
            return count
        count += 1
