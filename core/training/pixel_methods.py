"""Training of the methods of kind `pixel`: from samples to features, and from features to arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.normalisation import Preprocess
from ..data.sample_set import SampleSet
from ..data.stack import Stack
from ..inference.pixel_features import features_at
from ..models.config import ModelConfig
from ..progress import Progress
from .recipe import Recipe
from .sampling import EpochSampler

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]
    Floats = NDArray[np.float32]
    Facts = dict[str, Any]


def fit_pixel_method(
    stack: Stack, samples: SampleSet, recipe: Recipe, preprocess: Preprocess, progress: Progress
) -> tuple[ModelConfig, Arrays, Facts]:
    """Return configuration, arrays and settings of a forest or machine trained on `samples`."""
    options = dict(recipe.options)
    # The same limits per place and class as for an epoch: more pixels of one place teach a forest little.
    samples = samples.subset(_in_one_epoch(samples, recipe.seed))
    if recipe.method == "svm":
        samples = _fewer(samples, recipe.seed, progress)
    windows = tuple(options["windows"])
    features = features_at(stack, preprocess, samples.rows, samples.cols, windows, progress.part(0.0, 0.4))
    fit = _fit_machine if recipe.method == "svm" else _fit_forest
    arrays, found = fit(features, samples, recipe, progress.part(0.4, 1.0))
    config = ModelConfig(dict(stack.bands), len(samples.classes), recipe.patch_size, {**options, **found})
    return config, arrays, {**found, "context_windows": ",".join(map(str, windows))}


def _fit_forest(
    features: Floats, samples: SampleSet, recipe: Recipe, progress: Progress
) -> tuple[Arrays, Facts]:
    from ..models import forest

    trees = recipe.options["trees"]
    arrays = forest.fit(features, samples.labels, len(samples.classes), trees, recipe.seed, progress)
    return arrays, {"trees": trees}


def _fit_machine(
    features: Floats, samples: SampleSet, recipe: Recipe, progress: Progress
) -> tuple[Arrays, Facts]:
    from ..models import svm
    from .machine_choice import choose_machine

    asked = recipe.options["cost"], recipe.options["gamma"]
    machine = choose_machine(
        features, samples.labels, samples.places, *asked, recipe.seed, progress.part(0.0, 0.5)
    )
    arrays = svm.fit(
        features, samples.labels, len(samples.classes), machine, recipe.seed, progress.part(0.5, 1.0)
    )
    facts = {"cost": machine.cost, "gamma": machine.gamma}
    return arrays, {**facts, "samples_used": len(samples), "support_vectors": len(arrays["vectors"])}


def _fewer(samples: SampleSet, seed: int, progress: Progress) -> SampleSet:
    """Return as many samples as a machine can be fitted to in minutes, and say so."""
    from ..models.svm import MAX_SAMPLES, subsample

    chosen = np.zeros(len(samples), dtype=bool)
    chosen[subsample(samples.labels, seed, MAX_SAMPLES)] = True
    if not chosen.all():
        progress.log(
            f"The support vector machine is fitted to {int(chosen.sum())} of {len(samples)} samples (limit "
            f"{MAX_SAMPLES}), drawn at random; the largest classes give way first."
        )
    return samples.subset(chosen)


def _in_one_epoch(samples: SampleSet, seed: int) -> NDArray[np.bool_]:
    chosen = np.zeros(len(samples), dtype=bool)
    chosen[EpochSampler(samples.labels, samples.places, seed).epoch(0)] = True
    return chosen
