"""The real scenes as an analyst would give them: file names and classes, no other option."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """Something known about a scene. `said`: a pattern of the line in which the program says it.

    `never`: the program must not say it.
    """

    known: str
    said: str
    never: bool = False

    def holds(self, text: str) -> bool:
        return bool(re.search(self.said, text)) != self.never


@dataclass(frozen=True)
class RealScene:
    """One scene: rasters per modality and the label raster.

    `facts`: what is known about the scene from those who assembled it, to be found by the program.
    """

    name: str
    sources: dict[str, tuple[str, ...]]
    labels: str
    facts: tuple[Fact, ...] = ()


SCENES = (
    RealScene(
        "berlin_urban",
        {"hsi": ("enmap_30m.tif",), "optical": ("hires_3m6.tif",)},
        "landcover_3m6.tif",
    ),
    RealScene(
        "muufl_lidar",
        {"lidar": ("lidar_height.tif", "lidar_intensity.tif")},
        "landcover.tif",
    ),
    RealScene(
        "neon_trees_osbs",
        {"hsi": ("hsi_1m.tif",), "lidar": ("chm_1m.tif",), "optical": ("rgb_10cm.tif",)},
        "crown_group_1m.tif",
    ),
    RealScene("potsdam_enmap", {"hsi": ("enmap_30m.tif",)}, "landcover_30m.tif"),
    RealScene(
        "s1s2_chile",
        {"sar": ("s1_rtc.tif",), "optical": ("s2_l2a.tif",), "lidar": ("dem.tif",)},
        "landcover.tif",
    ),
    RealScene(
        "s1s2_denmark",
        {"sar": ("s1_rtc.tif",), "optical": ("s2_l2a.tif",), "lidar": ("dem.tif",)},
        "landcover.tif",
    ),
    RealScene(
        "slovenia_s2_dem",
        {"optical": ("s2_l1c_a.tif", "s2_l1c_b.tif", "s2_l1c_c.tif"), "lidar": ("dem.tif",)},
        "landcover.tif",
    ),
    RealScene("spain_flood_s1s2", {"sar": ("s1_grd.tif",), "optical": ("s2_l1c.tif",)}, "water_label.tif"),
)
