"""The rasters of one classification: class map and, where asked for, probabilities and uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.classes import LandClass
from ..data.grid import Grid
from ..data.raster_output import RasterOutput, create_class_map, create_float_raster
from ..data.windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNCERTAINTY_BANDS = ("maximum probability", "entropy (0 certain, 1 all classes alike)")


class MapOutputs:
    """The rasters named in `paths` (classmap, probabilities, uncertainty), written window by window.

    A context manager: all appear when the block ends well, none after an error.
    """

    def __init__(self, paths: Mapping[str, str], grid: Grid, classes: tuple[LandClass, ...]) -> None:
        kind = np.uint8 if max(c.value for c in classes) <= 255 else np.uint16
        self._values = np.array([c.value for c in classes], dtype=kind)
        self._paths, self._grid, self._classes = paths, grid, classes
        self._open = ExitStack()
        self._rasters: dict[str, RasterOutput] = {}

    def __enter__(self) -> MapOutputs:
        with ExitStack() as opening:
            for name in self._paths:
                self._rasters[name] = opening.enter_context(self._create(name))
            self._open = opening.pop_all()
        return self

    def __exit__(self, *error: object) -> bool | None:
        return self._open.__exit__(*error)  # type: ignore[arg-type]  # the three arguments of the protocol

    def _create(self, name: str) -> RasterOutput:
        path = self._paths[name]
        if name == "classmap":
            return create_class_map(path, self._grid, self._classes)
        if name == "probabilities":
            return create_float_raster(path, self._grid, [c.name for c in self._classes])
        return create_float_raster(path, self._grid, UNCERTAINTY_BANDS)

    def layers(self, probabilities: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        """Return what each raster holds for a window of probabilities (K, H, W), NaN where not valid."""
        valid = np.isfinite(probabilities[0])
        best = np.where(valid, probabilities, 0).argmax(axis=0)
        found = {
            "classmap": np.where(valid, self._values[best], self._values.dtype.type(0)),
            "probabilities": probabilities,
        }
        if "uncertainty" in self._rasters:
            found["uncertainty"] = uncertainty(probabilities)
        return {name: found[name] for name in self._rasters}

    def write(self, window: Window, layers: Mapping[str, NDArray[Any]]) -> None:
        """Write one window of `layers`."""
        for name, values in layers.items():
            self._rasters[name].write(window, values)


def uncertainty(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the maximum probability and the entropy divided by its largest value, (2, H, W)."""
    k = len(probabilities)
    logs = np.log(np.clip(probabilities, 1e-12, 1.0))
    entropy = -(probabilities * logs).sum(axis=0) / np.log(max(k, 2))
    return np.stack([probabilities.max(axis=0), entropy]).astype(np.float32)
