"""The whole demo scene in memory: measurements on their grids, the truth, and where to train and test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...progress import Progress, silent
from ..coordinates import make_grid, transform_bounds
from ..grid import Bounds, GeoTransform, Grid
from ..raster_io import transform_points
from .areas import ReferencePoint, TrainingArea, reference_points, training_areas
from .canvas import MARGIN, SIDE
from .layout import draw, truth
from .sampling import Raster
from .sensors import (
    HSI_RASTER,
    LIDAR_RASTER,
    OPTICAL_RASTER,
    Image,
    backscatter,
    hyperspectral,
    lidar,
    optical,
    speckled,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

CRS = "EPSG:32633"
CORNER = (412000.0, 5801600.0)  # north-west corner of the truth
RADAR_CRS = "EPSG:4326"
RADAR_PIXEL = 2.7e-5  # degrees: 3.0 m to the north, 1.8 m to the east
_RADAR_RASTER = Raster(x=0.0, y=0.0, pixel=1.0, rows=SIDE, cols=SIDE, blur=1.3)  # power before geocoding


@dataclass(frozen=True)
class Scene:
    """Images and grids by modality key, the truth (rows, cols) at 1 m with its grid, areas and points."""

    images: Mapping[str, Image]
    grids: Mapping[str, Grid]
    truth: NDArray[np.uint8]
    truth_grid: Grid
    areas: tuple[TrainingArea, ...]
    points: tuple[ReferencePoint, ...]


def make_scene(seed: int, progress: Progress = silent) -> Scene:
    """Draw the landscape and let every sensor measure it; the same seed gives the same arrays bit for bit."""
    progress(0.0, "Drawing the landscape")
    canvas = draw(seed, progress.part(0.0, 0.3))
    images, grids = {}, {}
    progress(0.3, "Measuring spectra")
    images["hsi"], grids["hsi"] = hyperspectral(canvas, seed), board_grid(HSI_RASTER)
    images["optical"], grids["optical"] = optical(canvas, seed), board_grid(OPTICAL_RASTER)
    progress(0.6, "Measuring heights and radar echoes")
    images["lidar"], grids["lidar"] = lidar(canvas, seed), board_grid(LIDAR_RASTER)
    grids["sar"] = radar_grid()
    images["sar"] = speckled(_geocoded(backscatter(canvas, seed), grids["sar"]), seed)
    progress(0.75, "Drawing training areas and reference points")
    areas = training_areas(canvas, seed)
    points = reference_points(canvas, areas, seed)
    side = SIDE - 2 * MARGIN
    truth_grid = board_grid(Raster(x=MARGIN, y=MARGIN, pixel=1.0, rows=side, cols=side, blur=0.0))
    progress(1.0, "")
    return Scene(images, grids, truth(canvas), truth_grid, areas, points)


def to_map(x: float, y: float) -> tuple[float, float]:
    """Return the map coordinates of a position on the board (metres from its north-west corner)."""
    return CORNER[0] + x - MARGIN, CORNER[1] - (y - MARGIN)


def board_grid(raster: Raster) -> Grid:
    """Return the grid of a sensor whose pixels lie along the axes of the board."""
    x, y = to_map(raster.x, raster.y)
    transform: GeoTransform = (x, raster.pixel, 0.0, y, 0.0, -raster.pixel)
    return make_grid(CRS, transform, raster.rows, raster.cols)


def radar_grid() -> Grid:
    """Return the grid of the radar image: longitude and latitude, around the whole truth."""
    (x_min, y_max), (x_max, y_min) = to_map(MARGIN, MARGIN), to_map(SIDE - MARGIN, SIDE - MARGIN)
    box = transform_bounds(Bounds(x_min, y_min, x_max, y_max), CRS, RADAR_CRS)
    west, north = (
        math.floor(box.x_min / RADAR_PIXEL) * RADAR_PIXEL,
        math.ceil(box.y_max / RADAR_PIXEL) * RADAR_PIXEL,
    )
    cols, rows = (
        math.ceil((box.x_max - west) / RADAR_PIXEL),
        math.ceil((north - box.y_min) / RADAR_PIXEL),
    )
    return make_grid(RADAR_CRS, (west, RADAR_PIXEL, 0.0, north, 0.0, -RADAR_PIXEL), rows, cols)


def _geocoded(power: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    """Return power (2, rows, cols) on the grid, bilinear, from power on the board's pixels."""
    rows, cols = np.mgrid[0 : grid.rows, 0 : grid.cols] + 0.5
    t = grid.transform
    xs, ys = transform_points((t[0] + cols * t[1]).ravel(), (t[3] + rows * t[5]).ravel(), grid.crs, CRS)
    across, down = xs - CORNER[0] + MARGIN - 0.5, CORNER[1] - ys + MARGIN - 0.5
    col, row = (np.clip(np.floor(v), 0, SIDE - 2).astype(int) for v in (across, down))
    right, below = np.clip(across - col, 0, 1), np.clip(down - row, 0, 1)
    result = []
    for band in power:
        even = _RADAR_RASTER.average(band.astype(np.float32)).astype(np.float64)
        upper = even[row, col] * (1 - right) + even[row, col + 1] * right
        lower = even[row + 1, col] * (1 - right) + even[row + 1, col + 1] * right
        result.append((upper * (1 - below) + lower * below).reshape(grid.rows, grid.cols))
    return np.stack(result)
