"""Whitening: every principal component gets the same deviation, as some papers want it."""

from __future__ import annotations

from dataclasses import replace

from ..data.normalisation import Normalisation, Preprocess


def whitened(preprocess: Preprocess) -> Preprocess:
    """Return the scaling with deviation 1 for every principal component; other sources stay as they are.

    `fit_normalisation` (kind "standardise") leaves a component the square root of its share of the widest
    one's deviation. Components that were set to 0 stay 0.
    """
    return Preprocess({key: _whitened(normalisation) for key, normalisation in preprocess.items()})


def _whitened(normalisation: Normalisation) -> Normalisation:
    scale = normalisation.scale
    if normalisation.pca_components is None or not scale.any():
        return normalisation
    # scale = 1 / sqrt(d D) with the widest deviation D, whose own scale is 1 / D: the smallest.
    return replace(normalisation, scale=scale**2 / scale[scale > 0].min())
