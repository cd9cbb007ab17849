"""Pairs of real sources whose shift is estimated, and how one of them is displaced."""

from __future__ import annotations

from dataclasses import replace

from landfuse.core.data.modalities import Modality, describe_inputs
from landfuse.core.job import RasterInput
from registered import SCENES

# pixels to the right and down of the grid on which the pair is compared
SHIFTS = ((0.0, 0.0), (0.5, -0.5), (1.3, 0.5), (3.0, -1.3), (-7.0, 3.0))
_FILES = {
    "berlin": ("berlin_urban", {"nir": "hires_3m6.tif:4", "red": "hires_3m6.tif:3", "3.6 m": "hires_3m6.tif",
               "30 m": "enmap_30m.tif"}),
    "chile": ("s1s2_chile", {"s2": "s2_l2a.tif", "s1": "s1_rtc.tif", "dem": "dem.tif"}),
    "denmark": ("s1s2_denmark", {"s2": "s2_l2a.tif", "s1": "s1_rtc.tif", "dem": "dem.tif"}),
    "slovenia": ("slovenia_s2_dem", {"a": "s2_l1c_a.tif", "b": "s2_l1c_b.tif", "c": "s2_l1c_c.tif",
                 "cloudy": "s2_l1c_cloudy.tif", "dem": "dem.tif"}),
    "muufl": ("muufl_lidar", {"height": "lidar_height.tif", "intensity": "lidar_intensity.tif"}),
    "neon": ("neon_trees_osbs", {"rgb": "rgb_10cm.tif", "hsi": "hsi_1m.tif", "chm": "chm_1m.tif"}),
    "spain": ("spain_flood_s1s2", {"s2": "s2_l1c.tif", "s1": "s1_grd.tif"}),
}  # fmt: skip
_KEYS = {"s1": "sar", "dem": "lidar", "chm": "lidar", "height": "lidar", "intensity": "lidar", "hsi": "hsi",
         "30 m": "hsi"}  # fmt: skip
PAIRS = (
    ("berlin", "nir", "nir"), ("berlin", "nir", "red"), ("berlin", "3.6 m", "30 m"),
    ("chile", "s2", "s1"), ("chile", "s2", "dem"), ("chile", "s1", "dem"),
    ("denmark", "s2", "s1"), ("denmark", "s2", "dem"),
    ("slovenia", "a", "b"), ("slovenia", "a", "c"), ("slovenia", "a", "dem"), ("slovenia", "a", "cloudy"),
    ("muufl", "height", "intensity"),
    ("neon", "rgb", "hsi"), ("neon", "rgb", "chm"), ("neon", "hsi", "chm"),
    ("spain", "s2", "s1"),
)  # fmt: skip


def images() -> list[tuple[str, str]]:
    """Return scene and name of every image."""
    return [(scene, name) for scene, (_, files) in _FILES.items() for name in files]


def source(scene: str, name: str) -> Modality:
    """Return an image as a source of its own."""
    folder, files = _FILES[scene]
    file, _, bands = files[name].partition(":")
    key = _KEYS.get(name, "optical")
    return describe_inputs({key: (RasterInput(str(SCENES / folder / file), bands=bands),)})[key]


def displaced(modality: Modality, east: float, north: float) -> Modality:
    """Return a source whose files claim to lie elsewhere, by map units."""
    rasters = []
    for raster in modality.rasters:
        grid = raster.info.grid
        t = grid.transform
        moved = (t[0] + east, t[1], t[2], t[3] + north, t[4], t[5])
        rasters.append(replace(raster, info=replace(raster.info, grid=replace(grid, transform=moved))))
    return replace(modality, rasters=tuple(rasters))
