"""The decisions of a training run before any pixel is read: patch side, gap, components, options."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..data.grid import Grid
from ..data.modalities import Modality
from ..errors import JobError
from ..job import Job
from ..job_spec import ENCODER_METHODS, ROLE_METHODS
from ..models.catalog import CATALOG
from .tile_sampling import SMALLEST_TILE, reach

# Bands left by the principal component analysis of a source with more bands than this (benchmarks/README.md).
DEFAULT_COMPONENTS = 10
# Side of the default patch where the sources have about the same pixel size.
DEFAULT_PATCH_SIZE = 9
SMALLEST_SIDE = 3
# Of the released head of MIBF-Net, whatever the number of classes (models/mibf_net.py).
RELEASED_OUTPUTS = 128
DEFAULT_TILE_SIZE = 64
_WINDOWS_REMEDY = "Write for example 3,7,15, or leave it empty for pixel values only."


@dataclass(frozen=True)
class InputPreset:
    """What a network is fed unless the user says otherwise.

    `components`: bands left of a source with more of them (0 = all stay); `whitened`: they all get the same
    deviation; `patch_size`: 0 fits it to the sources, but to no side below `smallest_side`; `options`: of the
    network; `tile_size` of a network on tiles.
    """

    components: int = DEFAULT_COMPONENTS
    whitened: bool = False
    patch_size: int = 0
    smallest_side: int = DEFAULT_PATCH_SIZE
    options: Mapping[str, Any] = field(default_factory=dict)
    tile_size: int = DEFAULT_TILE_SIZE


# Method and preset -> where they differ from `InputPreset()`. "small" is fed what "default" is.
INPUT_PRESETS = {
    ("mibf_net", "paper"): InputPreset(components=0),
    ("gihcn", "default"): InputPreset(smallest_side=7, options={"width": 32, "dropout": 0.3}),
    ("gihcn", "paper"): InputPreset(
        components=30, whitened=True, patch_size=11, options={"gate_statistics": "separate"}
    ),
    ("random_forest", "default"): InputPreset(components=0),
    ("random_forest", "paper"): InputPreset(components=0),
    ("ncglf2", "paper"): InputPreset(components=40, whitened=True, patch_size=11),
    ("ref_net", "default"): InputPreset(options={"encoder": "resnet10_half", "width": 32}),
    ("ref_net", "paper"): InputPreset(
        components=0, options={"enlarging": "published", "many_bands": "published"}, tile_size=256
    ),
}


@dataclass(frozen=True)
class Recipe:
    """How one model is trained on one grid.

    `patch_size`: side in map pixels of what the method looks at, of a patch (odd), of a tile, or of the
    forest's largest context window; `gap` in map pixels between
    training and held-back samples; `components`: principal components per modality, 0 for none; `whitened`:
    the components get the same deviation; `information`: what diffusion models give the network beside the
    raw data ("features", "reconstruction", "" for nothing).
    """

    method: str
    patch_size: int
    gap: int
    seed: int
    components: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    whitened: bool = False
    information: str = ""

    @property
    def kind(self) -> str:
        """`patch`, `tile` or `pixel`."""
        return CATALOG[self.method].kind

    @property
    def noun(self) -> str:
        """What the side is that of, in words."""
        return "tile" if self.kind == "tile" else "patch"

    @property
    def apart(self) -> int:
        """How many pixels a sample must be away from training samples not to be seen in training.

        Patches of this side share no pixel then. Of tiles, none around a training sample shows it.
        """
        return reach(self.patch_size) + 1 if self.kind == "tile" else self.patch_size

    @property
    def sides(self) -> dict[str, int]:
        """The side as the configuration of a model has it, by name."""
        return {"tile_size" if self.kind == "tile" else "patch_size": self.patch_size}


def check_settings(job: Job) -> None:
    """Raise `JobError` for a patch side, context windows or batches that cannot be; reads no file."""
    context_windows(str(job.parameters["context_windows"]))
    _asked_patch_size(job)
    tile_size = _asked_tile_size(job)
    if job.parameters["encoder_weights"] and job.parameters["method"] not in ENCODER_METHODS:
        raise JobError(
            f"The method '{job.parameters['method']}' has no encoder that published weights would fit.",
            where="encoder_weights",
            remedy=f"Leave the file out, or use one of: {', '.join(ENCODER_METHODS)}.",
        )
    if job.parameters["batch_size"] == 1 and (_kind(job) == "patch" or 0 < tile_size <= SMALLEST_TILE):
        raise JobError(
            "Batches of one cannot be trained on: batch normalisation compares what is in a batch.",
            where="batch_size",
            remedy="Use 2 or more, or 0 for the preset's.",
        )


def check_classes(recipe: Recipe, n_classes: int) -> None:
    """Raise `JobError` for more classes than the network can name."""
    if recipe.options.get("head") == "released" and n_classes > RELEASED_OUTPUTS:
        raise JobError(
            f"The released head of MIBF-Net names {RELEASED_OUTPUTS} classes at most; there are {n_classes}.",
            where="head",
            remedy="Use the head 'paper', which takes any number, or merge classes.",
        )


def make_recipe(job: Job, modalities: Mapping[str, Modality], grid: Grid) -> Recipe:
    """Fill in what the job leaves to the program. Raises `JobError` as `check_settings`."""
    parameters = job.parameters
    coarsest = max(m.pixel_metres for m in modalities.values())
    windows = context_windows(str(parameters["context_windows"]))
    patch_size = _patch_size(job, windows, coarsest, grid)
    gap = parameters["gap"]
    if gap < 0:
        # Of tiles it is how far one can reach from a training sample: no tile shows a held-back pixel.
        seen = reach(patch_size) if _kind(job) == "tile" else patch_size
        gap = grid.metres_of(seen) + 2 * coarsest
    return Recipe(
        method=parameters["method"],
        patch_size=patch_size,
        gap=math.ceil(round(grid.pixels_of(gap), 6)),
        seed=parameters["seed"],
        components={key: _components(job, len(m.bands)) for key, m in modalities.items()},
        options={**_options(job, windows), **_first_source(job, modalities)},
        whitened=_preset(job).whitened,
        information=_information(job),
    )


def _information(job: Job) -> str:
    if not CATALOG[job.parameters["method"]].informed or job.parameters["information"] == "raw":
        return ""
    return str(job.parameters["information"])


def context_windows(text: str) -> tuple[int, ...]:
    """Read "3,7,15" as window sides in pixels. Raises `JobError` for a side that is even or no number."""
    try:
        sides = tuple(int(part) for part in text.replace(" ", "").split(",") if part)
    except ValueError as error:
        raise JobError(
            f"'{text}' is not a list of window sides.", where="context_windows", remedy=_WINDOWS_REMEDY
        ) from error
    if any(side < 3 or side % 2 == 0 for side in sides):
        raise JobError(
            f"'{text}': window sides are odd and at least 3.", where="context_windows", remedy=_WINDOWS_REMEDY
        )
    return sides


def _patch_size(job: Job, windows: tuple[int, ...], coarsest: float, grid: Grid) -> int:
    if _is_pixel_method(job):
        return max(windows, default=1)
    if _kind(job) == "tile":
        return _tile_size(job, grid)
    shorter = min(grid.shape)
    largest = max(SMALLEST_SIDE, shorter - 1 + shorter % 2)
    asked = _asked_patch_size(job)
    if asked > largest:
        raise JobError(
            f"The patch side {asked} is larger than the scene of {grid.rows} x {grid.cols} map pixels.",
            where="patch_size",
            remedy=f"Use at most {largest}, or 0 to let the program choose.",
        )
    if asked:
        return asked
    spanning = math.ceil(round(grid.pixels_of(coarsest), 6))
    fitting = max(_preset(job).smallest_side, spanning + 1 - spanning % 2)
    return min(_preset(job).patch_size or fitting, largest)


def _tile_size(job: Job, grid: Grid) -> int:
    """Return the side of the tiles; a scene smaller than a tile of usual size is mirrored around itself."""
    largest = max(DEFAULT_TILE_SIZE, min(grid.shape))
    asked = _asked_tile_size(job)
    if asked > largest:
        raise JobError(
            f"The tile side {asked} is larger than the scene of {grid.rows} x {grid.cols} map pixels.",
            where="tile_size",
            remedy=f"Use at most {largest}, or 0 to let the program choose.",
        )
    return asked or min(_preset(job).tile_size, largest // SMALLEST_TILE * SMALLEST_TILE)


def _asked_tile_size(job: Job) -> int:
    """Return the tile side of the job, 0 where it is left to the program or the method has no tiles."""
    asked = int(job.parameters["tile_size"])
    if asked == 0 or _kind(job) != "tile":
        return 0
    if asked < SMALLEST_TILE:
        raise JobError(
            f"The tile side {asked} is too small: the network halves a tile five times.",
            where="tile_size",
            remedy=f"Use {SMALLEST_TILE} or more; {DEFAULT_TILE_SIZE} is usual.",
        )
    return asked


def _asked_patch_size(job: Job) -> int:
    """Return the patch side of the job, 0 where it is left to the program or the method has no patches."""
    asked = int(job.parameters["patch_size"])
    if asked == 0 or _kind(job) != "patch":
        return 0
    if asked % 2 == 0 or asked < SMALLEST_SIDE:
        raise JobError(
            f"The patch side {asked} is not odd and at least 3: a patch has a centre pixel.",
            where="patch_size",
            remedy=f"Use {max(3, asked - 1)} or {max(5, asked + 1)}.",
        )
    return asked


def _preset(job: Job) -> InputPreset:
    preset = job.parameters["preset"].replace("small", "default")
    return INPUT_PRESETS.get((job.parameters["method"], preset), InputPreset())


def _kind(job: Job) -> str:
    return CATALOG[job.parameters["method"]].kind


def _is_pixel_method(job: Job) -> bool:
    return _kind(job) == "pixel"


def _components(job: Job, n_bands: int) -> int:
    asked = int(job.parameters["pca"])
    if asked < 0:
        asked = _preset(job).components
    return asked if asked and n_bands > asked else 0


def _options(job: Job, windows: tuple[int, ...]) -> dict[str, Any]:
    if job.parameters["method"] == "random_forest":
        return {"windows": list(windows), "trees": job.parameters["trees"]}
    if _is_pixel_method(job):
        return {
            "windows": list(windows),
            "cost": job.parameters["svm_cost"],
            "gamma": job.parameters["svm_gamma"],
        }
    if job.parameters["method"] == "mibf_net":
        return {"head": job.parameters["head"]}
    return dict(_preset(job).options)


def _first_source(job: Job, modalities: Mapping[str, Modality]) -> dict[str, str]:
    """Return the option that names the source with the first role; none where the network chooses."""
    first = job.parameters["first_source"]
    if first == "auto" or job.parameters["method"] not in ROLE_METHODS:
        return {}
    if first not in modalities:
        raise JobError(
            f"The source with the first role is '{first}', which is not given.",
            where="first_source",
            remedy=f"Use one of: {', '.join(modalities)}; or auto.",
        )
    return {"primary": first}
