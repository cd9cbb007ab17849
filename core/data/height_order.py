"""Which raster of a scene is the surface and which the terrain that a model was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ModalityError
from .band_plan import SURFACE, TERRAIN
from .opened import OpenedRaster
from .quantities import guess_quantity


def order_heights(
    key: str,
    opened: Sequence[OpenedRaster],
    layers: Sequence[Sequence[int]],
    trained: Sequence[Mapping[str, Any]],
) -> tuple[list[list[int]], list[str]]:
    """Return the layers (positions of their rasters) in the order of the model's, and notes.

    They are exchanged only where the names, or what the job says, tell surface and terrain apart. Raises
    `ModalityError` where the model takes heights above ground and the scene has too few rasters.
    """
    wanted = [str(layer["quantity"]) for layer in trained]
    given = [list(members) for members in layers]
    if TERRAIN not in wanted or SURFACE not in wanted:
        return given, []
    if len(given) < len(wanted):
        names = ", ".join(raster.name for raster in opened)
        raise ModalityError(
            f"The model was trained on heights above ground, from {wanted.count(SURFACE)} surface and 1 "
            f"terrain raster; {len(given)} raster{' is' if len(given) == 1 else 's are'} given ({names}).",
            where=key,
            remedy="Give the surface (DSM) and the terrain (DTM) of the scene.",
        )
    found = [_quantity(key, opened[members[0]]) for members in given]
    if sorted(found) != sorted(wanted) or found == wanted:
        return given, []
    left = list(zip(found, given))
    ordered = []
    for quantity in wanted:
        match = next(item for item in left if item[0] == quantity)
        left.remove(match)
        ordered.append(match[1])
    terrain = opened[ordered[wanted.index(TERRAIN)][0]].name
    return ordered, [f"{key}: {terrain} is taken as the terrain, by its name or as set."]


def _quantity(key: str, raster: OpenedRaster) -> str:
    return raster.asked.quantity or guess_quantity(key, raster.info)
