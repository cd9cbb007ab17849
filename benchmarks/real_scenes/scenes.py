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
        (
            Fact(
                "30 m beside 3.6 m, grids that do not nest",
                r"hsi: coarser than the grid \(30 m\), interpolated",
            ),
            Fact("the cube is reflectance x 10000", r"enmap_30m\.tif.* reflectance x 10000 \(guessed"),
            Fact("the image is reflectance x 10000", r"hires_3m6\.tif.* reflectance x 10000 \(guessed"),
            Fact(
                "nodata of the cube is declared, the image has none",
                "undeclared|no nodata is declared",
                never=True,
            ),
        ),
    ),
    RealScene(
        "muufl_lidar",
        {"lidar": ("lidar_height.tif", "lidar_intensity.tif")},
        "landcover.tif",
        (
            Fact("no georeferencing", r"Grid: 220 x 325 pixels of 1 units?, no CRS"),
            Fact("two measurements of one scanner", r"joined as bands \(they overlap by 100 %\)"),
            Fact(
                "height is not normalised to the ground", r"lidar_height\.tif the model learns the elevation"
            ),
        ),
    ),
    RealScene(
        "neon_trees_osbs",
        {"hsi": ("hsi_1m.tif",), "lidar": ("chm_1m.tif",), "optical": ("rgb_10cm.tif",)},
        "crown_group_1m.tif",
        (
            Fact("no CRS", r"Grid: 140 x 120 pixels of 1 units?, no CRS"),
            Fact("10 cm beside 1 m", r"optical: finer than the grid \(0\.1 m\), averaged"),
            Fact("the cube is reflectance x 10000", r"hsi_1m\.tif.* reflectance x 10000 \(guessed"),
            Fact("canopy height is height above ground", "elevation above sea level", never=True),
            Fact("unused cells are 0 in the photograph, undeclared", r"rgb_10cm\.tif.*\b0\b.*nodata"),
        ),
    ),
    RealScene(
        "potsdam_enmap",
        {"hsi": ("enmap_30m.tif",)},
        "landcover_30m.tif",
        (
            Fact("bands 130-135 hold nodata in every pixel", r"left out: .*130-135 \(nodata everywhere\)"),
            Fact("12 of 30 tile positions hold nodata", r"hsi: 40(\.0)? % of the area .*unmapped"),
            Fact("reflectance x 10000", r"enmap_30m\.tif.* reflectance x 10000 \(guessed"),
        ),
    ),
    RealScene(
        "s1s2_chile",
        {"sar": ("s1_rtc.tif",), "optical": ("s2_l2a.tif",), "lidar": ("dem.tif",)},
        "landcover.tif",
        (
            Fact("Sentinel-2 carries the offset of 1000", r"s2_l2a\.tif.*with the Sentinel-2 offset of 1000"),
            Fact("radar in dB", "sar: .* as dB"),
            Fact("a terrain model", r"dem\.tif the model learns the elevation"),
        ),
    ),
    RealScene(
        "s1s2_denmark",
        {"sar": ("s1_rtc.tif",), "optical": ("s2_l2a.tif",), "lidar": ("dem.tif",)},
        "landcover.tif",
        (
            Fact("reflectance x 10000", r"s2_l2a\.tif.* reflectance x 10000"),
            Fact("without the offset of 1000", "Sentinel-2 offset", never=True),
            Fact("radar in dB", "sar: .* as dB"),
        ),
    ),
    RealScene(
        "slovenia_s2_dem",
        {"optical": ("s2_l1c_a.tif", "s2_l1c_b.tif", "s2_l1c_c.tif"), "lidar": ("dem.tif",)},
        "landcover.tif",
        (
            Fact("cells are not square", r"pixels of 9\.99479 x 9\.99745 m"),
            Fact("three dates", r"s2_l1c_a\.tif, s2_l1c_b\.tif, s2_l1c_c\.tif are joined as bands"),
            Fact("reflectance x 10000 without offset", "Sentinel-2 offset", never=True),
        ),
    ),
    RealScene(
        "spain_flood_s1s2",
        {"sar": ("s1_grd.tif",), "optical": ("s2_l1c.tif",)},
        "water_label.tif",
        (
            Fact("geographic coordinates", r"pixels of 8\.98315e-05 degrees, EPSG:4326"),
            Fact("the map comes in metres", r"brought to EPSG:32630"),
            Fact("radar in dB", "sar: .* as dB"),
            Fact("the cirrus band is almost empty", r"1 of 13 bands of s2_l1c\.tif are left out: 11"),
        ),
    ),
)
