"""The real scenes of the accuracy benchmark: sources, labels, classes left out and why."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BenchmarkScene:
    """One scene: raster names per modality, the label raster, and class values that are not scored."""

    name: str
    sources: dict[str, tuple[str, ...]]
    labels: str
    left_out: tuple[int, ...] = ()
    why_left_out: str = ""

    def class_names(self, folder: Path) -> dict[int, str]:
        """Class names by value, from the CSV beside the label raster."""
        with (folder / self.name / self.labels.replace(".tif", "_classes.csv")).open() as file:
            rows = list(csv.DictReader(file))
        names = {int(row["value"]): row["name"] for row in rows}
        return {value: name for value, name in names.items() if value and value not in self.left_out}


SCENES = (
    BenchmarkScene(
        "berlin_urban",
        {"hsi": ("enmap_30m.tif",), "optical": ("hires_3m6.tif",)},
        "landcover_3m6.tif",
    ),
    BenchmarkScene(
        "s1s2_chile",
        {"sar": ("s1_rtc.tif",), "optical": ("s2_l2a.tif",), "lidar": ("dem.tif",)},
        "landcover.tif",
        left_out=(3,),
        why_left_out="flooded vegetation has 90 pixels in one place",
    ),
    BenchmarkScene(
        "muufl_lidar",
        {"lidar": ("lidar_height.tif",), "other": ("lidar_intensity.tif",)},
        "landcover.tif",
    ),
    BenchmarkScene(
        "slovenia_s2_dem",
        {"optical": ("s2_l1c_a.tif", "s2_l1c_b.tif", "s2_l1c_c.tif"), "lidar": ("dem.tif",)},
        "landcover.tif",
        left_out=(1,),
        why_left_out="cultivated land has 11 pixels",
    ),
)
