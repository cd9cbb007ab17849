"""Writes the demo scene: GeoTIFFs and GeoPackages that appear in the folder only when all are complete.

Truth and samples have a style file beside them, from which QGIS takes the names and colours of the classes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ...errors import OutputError
from ...progress import Progress, silent
from ..drafts import draft_prefix
from ..grid import Grid
from ..map_style import paletted_qml, samples_qml
from ..raster_info import RasterLayout
from ..raster_io import GeoTiff
from ..vector_io import write_samples_gpkg
from ..windows import Window
from .areas import TrainingArea
from .legend import CLASSES
from .scene import CRS, Scene, to_map
from .sensors import REFLECTANCE_SCALE, Image

# By the name under which the job reports the path.
FILE_NAMES = {
    "hsi": "hsi.tif",
    "lidar": "lidar.tif",
    "sar": "sar.tif",
    "optical": "optical.tif",
    "truth": "truth.tif",
    "training_areas": "training_areas.gpkg",
    "reference_points": "reference_points.gpkg",
}
_TYPES = {"int16": "Int16", "uint16": "UInt16", "float32": "Float32"}


def write_scene(scene: Scene, folder: Path, progress: Progress = silent) -> dict[str, str]:
    """Write all files and return their paths by the names of `FILE_NAMES`; older files are replaced.

    Nothing is replaced before all is written. Raises `OutputError`.
    """
    with _staging(folder) as stage:
        for number, (key, image) in enumerate(scene.images.items()):
            progress(number / len(FILE_NAMES), f"Writing {FILE_NAMES[key]}")
            _write_image(stage / FILE_NAMES[key], image, scene.grids[key])
        progress(0.7, f"Writing {FILE_NAMES['truth']} and the samples")
        _write_truth(stage / FILE_NAMES["truth"], scene)
        _write_areas(stage / FILE_NAMES["training_areas"], scene.areas)
        _write_points(stage / FILE_NAMES["reference_points"], scene)
        progress(0.95, "")
        for draft in sorted(stage.iterdir()):
            os.replace(draft, folder / draft.name)
    return {key: str(folder / name) for key, name in FILE_NAMES.items()}


def check_folder(folder: Path) -> None:
    """Try, before the work, whether `folder` can be written to; leaves nothing. Raises `OutputError`."""
    with _staging(folder):
        pass


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Give a hidden folder inside `folder` and remove it again, and `folder` too if it was made in vain."""
    made = not folder.exists()
    stage = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=draft_prefix(), dir=folder))
        yield stage
    except OSError as error:
        raise OutputError(
            f"The demo scene cannot be written ({error.strerror or error}).",
            where=str(folder),
            remedy="Choose another folder, or close its files in QGIS and other programs.",
        ) from error
    finally:
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)
        if made:
            with contextlib.suppress(OSError):  # a folder with files in it stays
                folder.rmdir()


def _write_image(path: Path, image: Image, grid: Grid) -> None:
    dtype = _TYPES[str(image.bands.dtype)]
    layout = RasterLayout(
        dtype=dtype,
        band_names=image.names,
        nodata=image.nodata,
        wavelengths=image.wavelengths,
        widths=image.widths,
        scale=1 / REFLECTANCE_SCALE if image.wavelengths else None,
    )
    tiff = GeoTiff(str(path), grid, layout)
    tiff.write(Window(0, 0, grid.rows, grid.cols), image.bands)
    tiff.finish()


def _write_truth(path: Path, scene: Scene) -> None:
    layout = RasterLayout(
        dtype="Byte",
        band_names=("class",),
        nodata=0,
        category_names=("", *(c.name for c in CLASSES)),
        color_table=("", *(c.color for c in CLASSES)),
        overviews="mode",
    )
    tiff = GeoTiff(str(path), scene.truth_grid, layout)
    tiff.write(Window(0, 0, *scene.truth.shape), scene.truth)
    tiff.finish()
    _write_style(path, paletted_qml(CLASSES))


def _write_areas(path: Path, areas: Sequence[TrainingArea]) -> None:
    features = [
        (_polygon_wkb(area), area.land_class.value, area.land_class.name, f"area {number}")
        for number, area in enumerate(areas, 1)
    ]
    write_samples_gpkg(str(path), features, CRS, path.stem)
    _write_style(path, samples_qml(CLASSES, "class", "fill"))


def _write_points(path: Path, scene: Scene) -> None:
    features = [
        (_point_wkb(p.x, p.y), p.land_class.value, p.land_class.name, f"point {number}")
        for number, p in enumerate(scene.points, 1)
    ]
    write_samples_gpkg(str(path), features, CRS, path.stem)
    _write_style(path, samples_qml(CLASSES, "class", "marker"))


def _write_style(path: Path, style: str) -> None:
    path.with_suffix(".qml").write_text(style, encoding="utf-8")


def _point_wkb(x: float, y: float) -> bytes:
    return struct.pack("<BI2d", 1, 1, *to_map(x, y))


def _polygon_wkb(area: TrainingArea) -> bytes:
    ring = [to_map(x, y) for x, y in (*area.corners, area.corners[0])]
    head = struct.pack("<BIII", 1, 3, 1, len(ring))
    return head + b"".join(struct.pack("<2d", x, y) for x, y in ring)
