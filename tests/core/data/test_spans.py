"""Spans against GDAL's own rasteriser, which decides by pixel centres and touched pixels too."""

from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.spans import Outlines, Spans, polygon_spans, touched_spans
from osgeo import gdal, ogr

SHAPE = (40, 50)


def outlines(arrays, owners):
    """Outlines of (n, 2) arrays of column and row."""
    cols, rows = np.concatenate(arrays).T
    return Outlines(rows, cols, np.array([len(a) for a in arrays]), np.array(owners))


def picture(spans):
    found = np.zeros(SHAPE, dtype=int)
    rows, cols, _ = spans.pixels()
    np.add.at(found, (rows, cols), 1)
    return found


def burnt(wkt, touched=False):
    raster = gdal.GetDriverByName("MEM").Create("", SHAPE[1], SHAPE[0], 1, gdal.GDT_Byte)
    raster.SetGeoTransform((0, 1, 0, 0, 0, 1))
    layers = ogr.GetDriverByName("Memory").CreateDataSource("l")
    layer = layers.CreateLayer("l")
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(ogr.CreateGeometryFromWkt(wkt))
    layer.CreateFeature(feature)
    options = ["ALL_TOUCHED=TRUE"] if touched else []
    gdal.RasterizeLayer(raster, [1], layer, burn_values=[1], options=options)
    return raster.ReadAsArray().astype(int)


def text(points):
    return ", ".join(f"{x!r} {y!r}" for x, y in points.tolist())


def ring(random, n_corners):
    angle = np.sort(random.uniform(0, 2 * np.pi, n_corners))
    reach = random.uniform(1, 25, n_corners)[:, None]
    points = random.uniform(-5, 55, 2) + np.stack([np.cos(angle), np.sin(angle)], 1) * reach
    return np.concatenate([points, points[:1]])


@pytest.mark.parametrize("seed", range(40))
def test_polygons_are_filled_as_gdal_fills_them(seed):
    random = np.random.default_rng(seed)
    outer = ring(random, int(random.integers(3, 40)))
    inner = outer.mean(axis=0) + (outer - outer.mean(axis=0)) * random.uniform(0.2, 0.6)
    spans = polygon_spans(outlines([outer, inner], [0, 0]), SHAPE)
    assert (picture(spans) == burnt(f"POLYGON(({text(outer)}), ({text(inner)}))")).all()


@pytest.mark.parametrize("seed", range(40))
def test_lines_touch_the_pixels_that_gdal_says(seed):
    random = np.random.default_rng(seed)
    line = random.uniform(-20, 70, (int(random.integers(2, 6)), 2))
    found = picture(touched_spans(outlines([line], [0]), SHAPE)) > 0
    assert (found == burnt(f"LINESTRING({text(line)})", touched=True)).all()


def test_owners_are_kept_and_spans_count_their_pixels():
    square = np.array([[1, 1], [4, 1], [4, 3], [1, 3], [1, 1]], dtype=float)
    spans = polygon_spans(outlines([square, square + 10], [5, 9]), SHAPE)
    rows, cols, owners = spans.pixels()
    assert len(spans) == 4
    assert set(zip(rows[owners == 5].tolist(), cols[owners == 5].tolist())) == {
        (r, c) for r in (1, 2) for c in (1, 2, 3)
    }
    assert (owners == 9).sum() == 6
    assert len(Spans.joined([])) == 0
