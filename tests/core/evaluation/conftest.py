"""Pairs of images with a known shift, as arrays and as files."""

from __future__ import annotations

import numpy as np
import pytest

FINE = 10  # a pixel is the mean of FINE x FINE points
BORDER = 10  # pixels around what is shown, so that a displaced view shows something everywhere


def _two_views(side, rows=0.0, cols=0.0, seed=0, contrast="other", pixel=1):
    """Return two images (side, side) of the same rectangles; the second lies `rows` lower, `cols` righter.

    `pixel`: side of the second's pixels in pixels of the first. `contrast`: "other" draws the brightnesses of
    the second anew, "same" keeps them, "inverse" turns them.
    """
    random = np.random.default_rng(seed)
    length = (side + 2 * BORDER) * FINE
    first, second = np.zeros((2, length, length), np.float32)
    for _ in range(length * length // 12000):
        row, col = random.integers(0, length, 2)
        height, width = random.integers(3 * FINE, 18 * FINE, 2)
        here, there = random.random(2)
        there = {"other": there, "same": here, "inverse": 1 - here}[contrast]
        first[row : row + height, col : col + width] = here
        second[row : row + height, col : col + width] = there
    moved = BORDER * FINE - round(rows * FINE), BORDER * FINE - round(cols * FINE)
    return _pixels(first, (BORDER * FINE, BORDER * FINE), side, 1), _pixels(
        second, moved, side // pixel, pixel
    )


def _pixels(points, start, side, pixel):
    step = FINE * pixel
    cut = points[start[0] : start[0] + side * step, start[1] : start[1] + side * step]
    return cut.reshape(side, step, side, step).mean(axis=(1, 3))


@pytest.fixture
def two_views():
    return _two_views


@pytest.fixture
def save_raster(tmp_path):
    """Return a function that writes an image (H, W) or (C, H, W) and returns its path."""
    gdal = pytest.importorskip("osgeo.gdal")
    osr = pytest.importorskip("osgeo.osr")

    def save(name, image, pixel=1.0, x=500000.0, y=5800000.0, epsg=32633, nodata=None):
        bands = image[None] if image.ndim == 2 else image
        shape = bands.shape[2], bands.shape[1], bands.shape[0]
        data = gdal.GetDriverByName("GTiff").Create(str(tmp_path / name), *shape, gdal.GDT_Float32)
        data.SetGeoTransform((x, pixel, 0, y, 0, -pixel))
        if epsg:
            reference = osr.SpatialReference()
            reference.ImportFromEPSG(epsg)
            data.SetProjection(reference.ExportToWkt())
        for number, band in enumerate(bands, 1):
            if nodata is not None:
                data.GetRasterBand(number).SetNoDataValue(nodata)
            data.GetRasterBand(number).WriteArray(band)
        return str(tmp_path / name)

    return save
