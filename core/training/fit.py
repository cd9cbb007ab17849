"""One training run of any method: from aligned samples to a trained model."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.gap import within_gap
from ..data.grid import Grid
from ..data.normalisation import Preprocess, fit_preprocess
from ..data.sample_set import SampleSet
from ..data.stack import Stack
from ..job import Job
from ..models.catalog import CATALOG, build_model
from ..models.config import INFORMATION, ModelConfig
from ..models.model_file import TrainedModel
from ..progress import Event, Progress
from .pixel_methods import fit_pixel_method
from .recipe import Recipe
from .whitening import whitened

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

SHOWN_SAMPLES = 128  # of the held-back ones, on which the accuracy is measured for the curves

Curves = dict[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Fit:
    """A trained model, the settings that were used, the curves, and the seconds it took."""

    model: TrainedModel
    settings: dict[str, Any]
    curves: Curves
    seconds: float


def fit_model(
    job: Job,
    stack: Stack,
    samples: SampleSet,
    recipe: Recipe,
    held_back: SampleSet | None,
    progress: Progress,
    epochs: int = 0,
    resumable: bool = False,
) -> Fit:
    """Train `recipe.method` on `samples`.

    Normalisation and principal components are fitted on a lattice of the scene without the pixels whose patch
    touches a `held_back` sample (or, with a smaller gap, that lie in the gap); of a network on tiles, without
    the held-back pixels themselves. `epochs` (0 = by the plan)
    repeats the number of an earlier run. `resumable`: the training of a network goes on where
    an earlier run of the same job stopped, see `state`.
    """
    started = time.monotonic()
    preprocess = _preprocess(stack, recipe, held_back, progress.part(0.0, 0.1))
    recorder = _Recorder(progress.part(0.1, 1.0))
    if recipe.kind == "pixel":
        config, arrays, settings = fit_pixel_method(stack, samples, recipe, preprocess, recorder)
    else:
        job = job.with_parameters(epochs=epochs or job.parameters["epochs"])
        config, arrays, settings = _fit_network(
            job, stack, samples, recipe, preprocess, recorder, resumable, held_back
        )
    model = TrainedModel(
        method=recipe.method,
        config=config,
        modalities={key: m.to_json() for key, m in stack.modalities.items()},
        preprocess=preprocess,
        classes=samples.classes,
        grid=grid_facts(stack.grid, recipe.patch_size),
        arrays=arrays,
        **(_stored_information(stack) if recipe.information else {}),
    )
    settings = {
        "method": recipe.method, "seed": recipe.seed, **recipe.sides, "gap_pixels": recipe.gap, **settings,
    }  # fmt: skip
    return Fit(model, settings, recorder.curves, time.monotonic() - started)


def predict_samples(
    job: Job, model: TrainedModel, stack: Stack, samples: SampleSet, progress: Progress
) -> NDArray[np.int64]:
    """Return the class index (n,) that the model gives each sample."""
    from ..inference.predictor import make_predictor

    predictor = make_predictor(model, job.parameters["device"], "fp32", job.parameters["batch_size"])
    return predictor.predict_at(stack, samples.rows, samples.cols, progress)


def _preprocess(stack: Stack, recipe: Recipe, held_back: SampleSet | None, progress: Progress) -> Preprocess:
    progress(0.0, "Measuring the bands")
    exclude: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]] | None = None
    if held_back is not None and len(held_back):
        # Never more than the gap: training samples remain. Around tiles hardly anything would.
        reach = 1 if recipe.kind == "tile" else max(1, min(recipe.patch_size, recipe.gap))

        def exclude(rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.bool_]:
            return within_gap(rows, cols, held_back.rows, held_back.cols, reach)

    kind = CATALOG[recipe.method].normalisation
    fitted = fit_preprocess(stack, kind, recipe.components, exclude=exclude, progress=progress)
    return whitened(fitted) if recipe.whitened else fitted


def _fit_network(
    job: Job,
    stack: Stack,
    samples: SampleSet,
    recipe: Recipe,
    preprocess: Preprocess,
    progress: Progress,
    resumable: bool,
    held_back: SampleSet | None,
) -> tuple[ModelConfig, Arrays, dict[str, Any]]:
    from ..inference.device import choose_device, require_torch, set_threads

    require_torch()
    from .encoder_weights import EncoderWeights
    from .examples import examples_per_epoch, open_examples
    from .loop import train_on
    from .plan import training_plan
    from .seeding import seeded
    from .state import StateKeeper, fingerprint

    wanted = job.parameters
    threads, device = set_threads(wanted["threads"]), choose_device(wanted["device"])
    plan = training_plan(
        recipe.method,
        wanted["preset"],
        seed=recipe.seed,
        epochs=wanted["epochs"],
        batch_size=wanted["batch_size"],
        learning_rate=wanted["learning_rate"],
    ).for_samples(examples_per_epoch(recipe, samples))
    published = EncoderWeights.of(wanted["encoder_weights"])
    config = _config(stack, preprocess, len(samples.classes), recipe, published.options)
    with seeded(recipe.seed):
        network = build_model(recipe.method, config)
        published.load_into(network)
    facts = (samples.labels, samples.places, samples.rows, samples.cols, *preprocess.to_arrays().values())
    facts += published.facts
    mark = fingerprint(plan, {"method": recipe.method, **config.to_json()}, facts)
    keeper = StateKeeper(job.outputs["model"], mark, progress) if resumable else None
    with ExitStack() as opened:
        examples = opened.enter_context(
            open_examples(recipe, plan, stack, preprocess, samples, progress.part(0.0, 0.1))
        )
        shown, watched = _shown(held_back, recipe), None
        if shown is not None:
            watched = opened.enter_context(open_examples(recipe, plan, stack, preprocess, shown))
        own = train_on(
            network, examples, plan, len(samples.classes), progress.part(0.1, 1.0),
            device=device, keeper=keeper, watched=watched,
        )  # fmt: skip
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}
    trained: Any = network
    config = replace(config, options=trained.config.options)  # with those that the network chose itself
    settings = {
        "preset": wanted["preset"], "epochs": plan.epochs, "batch_size": plan.batch_size,
        "learning_rate": plan.learning_rate, "device": str(device), "threads": threads, "precision": "fp32",
        "principal_components": dict(recipe.components), **published.described, **dict(config.options),
        **own.facts(),
        **(trained.facts(device) if hasattr(trained, "facts") else {}),
    }  # fmt: skip
    return config, arrays, settings


def _shown(held_back: SampleSet | None, recipe: Recipe) -> SampleSet | None:
    """Return some held-back samples for the curves, None where there are none or the method has tiles.

    A tile around a held-back sample shows training samples as well.
    """
    if held_back is None or not len(held_back) or recipe.kind != "patch":
        return None
    some = np.random.default_rng(recipe.seed).permutation(len(held_back))[:SHOWN_SAMPLES]
    chosen = np.zeros(len(held_back), dtype=bool)
    chosen[some] = True
    return held_back.subset(chosen)


def _config(
    stack: Stack, preprocess: Preprocess, n_classes: int, recipe: Recipe, found: Mapping[str, Any]
) -> ModelConfig:
    """Return the configuration of a network for these sources, and for their information where there is.

    `found`: options that go before those of the recipe.
    """
    bands = {key: preprocess[key].n_out for key in stack.modalities}
    options = {**recipe.options, **found}
    if recipe.information:
        informed = {key: preprocess[INFORMATION.format(key)].n_out for key in stack.modalities}
        options |= {"generative_bands": informed, "generative_information": _origin(stack, recipe)}
    return ModelConfig(bands, n_classes, options=options, **recipe.sides)


def _origin(stack: Stack, recipe: Recipe) -> str:
    """Return in words where the information comes from, for model file and report."""
    from ..inference.information_reader import attached_extractors

    found = attached_extractors(stack)
    losses = ", ".join(f"{key} {extractor.facts['loss']:.3f}" for key, extractor in found.items())
    return (
        f"{recipe.information} of diffusion models (loss {losses}), trained without labels on all pixels, "
        "held-back ones included"
    )


def _stored_information(stack: Stack) -> dict[str, Any]:
    """Return the fields of a model for the diffusion models attached to a stack."""
    from ..inference.information_reader import attached_extractors
    from ..models.extractor_file import all_arrays, descriptions

    extractors = attached_extractors(stack)
    return {"information": descriptions(extractors), "information_arrays": all_arrays(extractors)}


def grid_facts(grid: Grid, patch_size: int) -> dict[str, Any]:
    """Return what a model file keeps of the grid."""
    return {
        "pixel_metres": grid.pixel_metres,
        "patch_metres": grid.metres_of(patch_size),
        "pixel_size": list(grid.pixel_size),
        "crs": grid.crs,
    }


class _Recorder(Progress):
    """Passes everything on and keeps the metric curves for the report."""

    def __init__(self, outer: Progress) -> None:
        super().__init__(outer.send, outer._is_cancelled)
        self.curves: Curves = {}
        self._outer = outer

    def __call__(self, fraction: float, stage: str = "", seconds_left: float | None = None) -> None:
        self._outer(fraction, stage, seconds_left)

    def send(self, event: Event) -> None:
        if event["event"] == "metric":
            point = float(event["epoch"]), float(event["value"])
            self.curves.setdefault(str(event["name"]), []).append(point)
        super().send(event)
