"""What of the map area stays unmapped, and why: told before a run, from a coarse look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .decimated import coarse_grid, thinned, valid_coarse
from .grid import Grid
from .hidden_nodata import find_hidden_nodata
from .modalities import Modality

SIDE = 256  # pixels of the longer side of the coarse grid
_WORTH_TELLING = 0.0005  # of the area


@dataclass(frozen=True)
class Holes:
    """The share of a modality's map area without data, and what the missing pixels become (None: holes)."""

    modality: Modality
    share: float
    fill: float | None

    @property
    def text(self) -> str:
        """What is told."""
        key = self.modality.key
        amount = f"{100 * self.share:.0f} %" if self.share >= 0.01 else f"{100 * self.share:.1f} %"
        if self.fill is not None:
            return f"{key}: {amount} of the area has no data and is filled with {self.fill:g}."
        value = "0" if self.modality.quantity == "height_above_ground" else "VALUE"
        return (
            f"{key}: {amount} of the area has no data and stays unmapped; {key.upper()}_OPTIONS fill={value} "
            f"(--{key}-options fill={value}) fills it."
        )


def find_holes(modalities: Mapping[str, Modality], grid: Grid) -> list[Holes]:
    """Return the modalities that have no data in a part of the map area worth telling."""
    coarse = coarse_grid(grid, SIDE)
    found = []
    for modality in modalities.values():
        measured = replace(modality, rasters=tuple(replace(r, fill=None) for r in modality.rasters))
        share = 1 - float(valid_coarse(thinned(measured), coarse).mean())
        fills = [part.fill for part in modality.plan.layers]
        filled = None if None in fills else fills[0]
        if share >= _WORTH_TELLING:
            found.append(Holes(modality, share, filled))
    return found


def hidden_nodata_warnings(modalities: Mapping[str, Modality]) -> list[str]:
    """Return a proposal for every raster that may hold nodata which nobody declared."""
    return [
        hidden.proposal(key, raster.name)
        for key, modality in modalities.items()
        for raster in modality.rasters
        if (hidden := find_hidden_nodata(raster.info, raster.bands, raster.quantity))
    ]
