"""Whether a model can map a scene: its pixel sizes and coordinate system beside those of training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..data.grid import Grid
from ..data.modalities import Modality
from ..data.raster_io import crs_name
from ..data.recipes import COARSEST
from ..errors import AlignmentError
from ..progress import Progress

_SAME_SIZE = 0.05  # relative difference of map pixels that is not worth a word


def check_resolution(
    modalities: Mapping[str, Modality],
    recipes: Mapping[str, Mapping[str, Any]],
    allow_coarser: bool,
    progress: Progress,
) -> None:
    """Refuse sources much coarser than in training, or only warn if the user allows them.

    Raises `AlignmentError`.
    """
    for key, recipe in recipes.items():
        trained, here = float(recipe.get("pixel_metres") or 0.0), modalities[key].pixel_metres
        if not trained or here <= COARSEST * trained * (1 + 1e-6):
            continue
        what = (
            f"'{key}' has pixels of {here:.3g} m, the model was trained with {trained:.3g} m: "
            f"{here / trained:.2g} times coarser."
        )
        if not allow_coarser:
            raise AlignmentError(
                what,
                where=", ".join(raster.name for raster in modalities[key].rasters),
                remedy="Give a finer raster or train a model on such data. To map all the same, with details "
                "missing that the model relies on, set ALLOW_COARSER (--allow-coarser).",
            )
        progress.warn(f"{what} The details that the model relies on are missing; the map may be poor.")


def differences(grid: Grid, trained: Mapping[str, Any]) -> Iterator[str]:
    """Yield in words what is different about the map's grid; `trained`: the grid of the model file."""
    yield from _crs_difference(grid, trained)
    pixel, here = float(trained["pixel_metres"]), grid.pixel_metres
    if abs(here / pixel - 1) > _SAME_SIZE:
        patch = float(trained.get("patch_metres") or 0.0)
        reach = f" and looks {patch * here / pixel:.3g} m instead of {patch:.3g} m far" if patch else ""
        yield (
            f"The map has pixels of {here:.3g} m, the model was trained with {pixel:.3g} m{reach}; leave out "
            "PIXEL_SIZE and REFERENCE to map with the model's own."
        )


def _crs_difference(grid: Grid, trained: Mapping[str, Any]) -> Iterator[str]:
    if "crs" not in trained or bool(grid.crs) == bool(trained["crs"]):
        return
    if grid.crs:
        yield (
            f"The model was trained without a coordinate system, this scene is in {crs_name(grid.crs)}: the "
            "units of training are taken as metres."
        )
    else:
        yield (
            f"The model was trained in {crs_name(str(trained['crs']))}, this scene has no coordinate system: "
            "its units are taken as metres. Assign the coordinate system if they are not."
        )
