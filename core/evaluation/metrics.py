"""Accuracy figures of a confusion matrix. What is undefined is NaN here and "-" in every report, never 0.

Definitions follow Congalton and Green, Assessing the Accuracy of Remotely Sensed Data, 3rd ed., 2019.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .confusion import ConfusionMatrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

Z_95 = 1.959963984540054  # two-sided 95 % quantile of the normal distribution


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval of a share; both ends are NaN where there is nothing to measure."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Metrics:
    """Figures between 0 and 1 (kappa between -1 and 1); NaN where undefined.

    `average_accuracy`, `macro_f1`: means over the classes that occur in the reference. `users`, `producers`,
    `f1`: (K,), user's accuracy (precision), producer's accuracy (recall) and their harmonic mean.
    `interval`: of the overall accuracy, as if all samples were independent. `total`: samples counted.
    """

    overall_accuracy: float
    average_accuracy: float
    kappa: float
    macro_f1: float
    users: NDArray[np.float64]
    producers: NDArray[np.float64]
    f1: NDArray[np.float64]
    interval: Interval
    total: int

    def numbers(self) -> dict[str, Any]:
        """Return OA, AA, KAPPA and F1 as the numbers of a job; None where undefined."""
        values = {
            "OA": self.overall_accuracy,
            "AA": self.average_accuracy,
            "KAPPA": self.kappa,
            "F1": self.macro_f1,
        }
        return {name: None if math.isnan(value) else value for name, value in values.items()}


def compute_metrics(matrix: ConfusionMatrix) -> Metrics:
    """Compute all figures of `matrix`.

    User's accuracy is undefined for a class that the map never shows at the samples; producer's accuracy and
    F1 are undefined for a class without reference samples.
    """
    counts = matrix.counts.astype(np.float64)
    correct, reference, mapped = np.diagonal(counts), counts.sum(axis=1), counts.sum(axis=0)
    producers = _share(correct, reference)
    f1 = np.where(reference > 0, _share(2 * correct, reference + mapped), np.nan)
    total, hits = matrix.total, int(matrix.correct.sum())
    return Metrics(
        overall_accuracy=hits / total if total else math.nan,
        average_accuracy=_mean(producers),
        kappa=_kappa(counts),
        macro_f1=_mean(f1),
        users=_share(correct, mapped),
        producers=producers,
        f1=f1,
        interval=wilson_interval(hits, total),
        total=total,
    )


def wilson_interval(successes: float, trials: float) -> Interval:
    """Return the 95 % score interval of a share (Wilson, JASA 22, 1927, doi:10.1080/01621459.1927.10502953).

    `trials` may be fractional (an effective sample size). Holds for independent samples only.
    """
    if trials <= 0:
        return Interval(math.nan, math.nan)
    share, z2 = successes / trials, Z_95**2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z_95 / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    # At a share of 0 or 1 the ends are exact; rounding must not carry them past it.
    return Interval(max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share)))


def clustered_interval(correct: Any, places: Any) -> Interval:
    """Return the 95 % interval of the overall accuracy with whole places, not pixels, as independent samples.

    The variance is that of the ratio estimator over clusters (Cochran, Sampling Techniques, 3rd ed., 1977,
    section 9A.1); it gives an effective sample size, which goes into Wilson's interval. Where map and
    reference agree on all samples or on none, each place counts once. NaN for fewer than two places.

    Args:
        correct: (n,) bool, map and reference agree.
        places: (n,) integer id of the polygon, line or point a sample belongs to.
    """
    hits = np.asarray(correct, dtype=np.float64)
    if hits.size == 0:
        return Interval(math.nan, math.nan)
    _, member = np.unique(np.asarray(places), return_inverse=True)
    sizes, per_place = np.bincount(member).astype(np.float64), np.bincount(member, weights=hits)
    n_places, share = sizes.size, float(hits.mean())
    if n_places < 2:
        return Interval(math.nan, math.nan)  # one place says nothing about the others
    spread = float(((per_place - share * sizes) ** 2).sum())
    variance = n_places / (n_places - 1) * spread / hits.size**2
    unknown = variance <= 0 or share in (0.0, 1.0)
    effective = float(n_places) if unknown else share * (1 - share) / variance
    effective = min(max(effective, 1.0), float(hits.size))
    return wilson_interval(share * effective, effective)


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide where the whole is not 0; NaN elsewhere."""
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def _mean(values: NDArray[np.float64]) -> float:
    """Return the mean of what is defined; NaN if nothing is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else math.nan


def _kappa(counts: NDArray[np.float64]) -> float:
    """Return Cohen's kappa; NaN without samples or where chance alone would agree everywhere."""
    total = counts.sum()
    if total == 0:
        return math.nan
    observed = np.trace(counts) / total
    expected = float(counts.sum(axis=1) @ counts.sum(axis=0)) / total**2
    return math.nan if expected >= 1 else float((observed - expected) / (1 - expected))
