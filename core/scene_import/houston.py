"""The files of the IEEE GRSS Data Fusion Contest 2013 (University of Houston), by their published names.

Debes et al., "Hyperspectral and LiDAR data fusion: outcome of the 2013 GRSS Data Fusion Contest", IEEE JSTARS
7, 2014, doi:10.1109/JSTARS.2014.2305441.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..data.raster_io import read_text
from ..errors import RasterReadError, SamplesError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.int64]

_STEM = "2013_IEEE_GRSS_DF_Contest_"
RASTERS = {"hsi": f"{_STEM}CASI.tif", "lidar": f"{_STEM}LiDAR.tif"}
TRAINING, TESTING = f"{_STEM}Samples_TR.txt", f"{_STEM}Samples_VA.txt"
SPECTRUM = f"{_STEM}CASI.hdr"
PIXEL_SIZE = 2.5  # metres
# The names in the contest's files of regions, in the order of the published classes 1 to 15.
CLASSES = {
    "grass_healthy": "Healthy grass",
    "grass_stressed": "Stressed grass",
    "grass_synthetic": "Synthetic grass",
    "tree": "Trees",
    "soil": "Soil",
    "water": "Water",
    "residential": "Residential",
    "commercial": "Commercial",
    "road": "Road",
    "highway": "Highway",
    "railway": "Railway",
    "parking_lot1": "Parking lot 1",
    "parking_lot2": "Parking lot 2",
    "tennis_court": "Tennis court",
    "running_track": "Running track",
}
_GET_TEXT = (
    "The contest gives the regions for testing as a binary .roi in a .zip: export it as text in ENVI "
    f"(ROI tool, output ROIs to ASCII) under the name {TESTING}, or give the test labels as a raster or "
    "MATLAB file (test_file)."
)


@dataclass(frozen=True)
class ContestFiles:
    """The files of the contest in a folder. `regions` by their names; `spectrum`: None without a header."""

    rasters: dict[str, Path]
    regions: dict[str, Path]
    spectrum: Path | None


def find_files(folder: str, regions: Sequence[str]) -> ContestFiles:
    """Return the contest's files in a folder or one below it, of its regions those wanted.

    Raises `RasterReadError` naming those that are missing.
    """
    names = [*RASTERS.values(), *regions]
    found = {name: _find(Path(folder), name) for name in [*names, SPECTRUM]}
    missing = [name for name in names if found[name] is None]
    if missing:
        hint = f" {_GET_TEXT}" if TESTING in missing else ""
        raise RasterReadError(
            f"Files of the contest are missing: {', '.join(missing)}.",
            where=folder,
            remedy=f"Choose the folder that holds them, with their published names.{hint}",
        )
    there = {name: path for name, path in found.items() if path is not None}
    rasters = {key: there[name] for key, name in RASTERS.items()}
    return ContestFiles(rasters, {name: there[name] for name in regions}, there.get(SPECTRUM))


def _find(folder: Path, name: str) -> Path | None:
    for place in (folder, *sorted(p for p in folder.glob("*") if p.is_dir())):
        if (place / name).is_file():
            return place / name
    return None


def read_regions(path: Path, shape: tuple[int, int]) -> Labels:
    """Return the labels (H, W) of regions exported by ENVI as text.

    The blocks of pixels follow either all headers (`; ROI name:`, `; ROI npts:`) or each its own; the columns
    X and Y count from 1. Raises `SamplesError`.
    """
    names, counts, pixels = _parsed(path)
    unknown = [name for name in names if name not in CLASSES]
    if unknown:
        raise SamplesError(
            f"Regions of unknown names: {', '.join(unknown)}.",
            where=str(path),
            remedy=f"The contest's are: {', '.join(CLASSES)}.",
        )
    if len(pixels) != sum(counts):
        raise SamplesError(
            f"The headers announce {sum(counts)} pixels, the file holds {len(pixels)}.",
            where=str(path),
            remedy="The file is cut off or edited: take it from the contest again.",
        )
    values = np.repeat([list(CLASSES).index(name) + 1 for name in names], counts)
    places = np.array(pixels, dtype=np.int64).reshape(-1, 2) - 1
    outside = (places < 0).any(axis=1) | (places >= np.array(shape[::-1])).any(axis=1)
    if outside.any():
        x, y = (places[outside][0] + 1).tolist()
        raise SamplesError(
            f"{int(outside.sum())} pixels lie outside the image of {shape[1]} x {shape[0]} pixels, the first "
            f"at X {x}, Y {y}.",
            where=str(path),
            remedy="Check that regions and image belong together.",
        )
    labels = np.zeros(shape, dtype=np.int64)
    labels[places[:, 1], places[:, 0]] = values
    return labels


def _parsed(path: Path) -> tuple[list[str], list[int], list[tuple[int, int]]]:
    """Return names and sizes of the regions and all pixels (X, Y), in the order of the file."""
    names: list[str] = []
    counts: list[int] = []
    pixels: list[tuple[int, int]] = []
    for line in read_text(str(path)).splitlines():
        header = re.match(r";\s*ROI (name|npts):\s*(.+?)\s*$", line)
        if header and header[1] == "name":
            names.append(header[2])
        elif header:
            counts.append(int(header[2]))
        elif line.strip() and not line.lstrip().startswith(";"):
            pixels.append(_pixel(line, path))
    if not names or len(names) != len(counts):
        raise SamplesError(
            f"The file names {len(names)} regions and the sizes of {len(counts)}.",
            where=str(path),
            remedy="It is no text file of regions (ROIs) as ENVI writes them.",
        )
    return names, counts, pixels


def _pixel(line: str, path: Path) -> tuple[int, int]:
    words = line.split()
    try:
        return int(words[1]), int(words[2])
    except (IndexError, ValueError) as error:
        raise SamplesError(
            f"The line '{line.strip()[:60]}' is no pixel: ID, X and Y were expected.",
            where=str(path),
            remedy="Take the file from the contest again.",
        ) from error


def read_wavelengths(path: Path | None, n_bands: int) -> tuple[float, ...]:
    """Return the wavelengths in nanometres that the ENVI header lists, () where it lists none or others."""
    text = read_text(str(path)) if path else ""
    listed = re.search(r"^\s*wavelength\s*=\s*\{([^}]*)\}", text, re.MULTILINE | re.IGNORECASE)
    found = [float(word) for word in re.findall(r"[\d.]+(?:[eE][+-]?\d+)?", listed[1])] if listed else []
    if len(found) != n_bands:
        return ()
    factor = 1000.0 if max(found) < 100 else 1.0  # micrometres
    return tuple(factor * value for value in found)
