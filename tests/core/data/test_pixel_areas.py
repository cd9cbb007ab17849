"""The area of pixels on the ellipsoid against known numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("osgeo", reason="needs GDAL")

from landfuse.core.data.coordinates import make_grid
from landfuse.core.data.grid import Grid
from landfuse.core.data.pixel_areas import PixelAreas
from landfuse.core.data.raster_io import crs_wkt
from landfuse.core.data.windows import Window

WHOLE_EARTH = 510_065_621.724e6  # m²: the surface of the WGS 84 ellipsoid (NIMA TR8350.2)


def total(grid):
    return PixelAreas(grid).of_window(Window(0, 0, grid.rows, grid.cols)).sum()


def test_degree_cells_add_up_to_the_whole_earth():
    grid = make_grid("EPSG:4326", (-180.0, 1.0, 0.0, 90.0, 0.0, -1.0), 180, 360)
    assert total(grid) == pytest.approx(WHOLE_EARTH, rel=1e-9)


@pytest.mark.parametrize(("row", "south"), [(60, 0), (0, 60)])
def test_a_degree_cell_is_the_integral_of_its_radii_of_curvature(row, south):
    grid = make_grid("EPSG:4326", (10.0, 1.0, 0.0, 61.0, 0.0, -1.0), 61, 1)
    latitudes = np.radians(south + (np.arange(1000) + 0.5) / 1000)
    curve = 1 - 0.00669437999014 * np.sin(latitudes) ** 2
    m, n = 6378137.0 * (1 - 0.00669437999014) / curve**1.5, 6378137.0 / np.sqrt(curve)
    expected = (m * n * np.cos(latitudes)).mean() * math.radians(1) ** 2
    found = PixelAreas(grid).of_window(Window(0, 0, 61, 1))[row, 0]
    assert found == pytest.approx(expected, rel=1e-8)


def test_a_utm_pixel_at_the_central_meridian_is_larger_than_it_seems():
    grid = make_grid("EPSG:32633", (500000.0 - 5, 10.0, 0.0, 5800000.0, 0.0, -10.0), 1, 1)
    assert total(grid) == pytest.approx(100 / 0.9996**2, rel=1e-6)


def test_web_mercator_is_corrected_for_its_stretch():
    grid = make_grid("EPSG:3857", (0.0, 10.0, 0.0, 8399737.9, 0.0, -10.0), 1, 1)  # 60 degrees north
    sine2 = math.sin(math.radians(60)) ** 2
    curve = 1 - 0.00669437999014 * sine2
    m, n = 6378137.0 * (1 - 0.00669437999014) / curve**1.5, 6378137.0 / math.sqrt(curve)
    expected = 100 * m * n * math.cos(math.radians(60)) ** 2 / 6378137.0**2
    assert total(grid) == pytest.approx(expected, rel=1e-5)


def test_between_the_nodes_the_areas_are_those_of_each_pixel():
    grid = make_grid("EPSG:32633", (200000.0, 30.0, 0.0, 5800000.0, 0.0, -30.0), 900, 700)
    found = PixelAreas(grid)
    for row, col in ((0, 0), (333, 77), (899, 699), (500, 431)):
        alone = total(grid.window(Window(row, col, 1, 1)))
        assert found.of_window(Window(row, col, 1, 1))[0, 0] == pytest.approx(alone, rel=1e-7)


def test_a_turned_grid_has_the_area_of_its_pixels():
    c, s = 20 * math.cos(0.5), 20 * math.sin(0.5)
    grid = Grid(crs_wkt("EPSG:32633"), (5e5, c, s, 58e5, s, -c), 4, 4, (20.0, 20.0))
    assert total(grid) == pytest.approx(16 * 400 / 0.9996**2, rel=1e-6)


def test_feet_are_square_metres():
    feet = make_grid("EPSG:2263", (1_000_000.0, 100.0, 0.0, 200_000.0, 0.0, -100.0), 2, 2)
    assert total(feet) == pytest.approx(4 * (100 * 0.3048) ** 2, rel=1e-3)


def test_across_the_date_line_a_pixel_is_not_as_wide_as_the_earth():
    grid = make_grid("EPSG:3832", (3339584.72 - 50, 100.0, 0.0, 10.0, 0.0, -100.0), 1, 1)  # PDC Mercator
    assert total(grid) == pytest.approx(100 * 100, rel=0.01)


def test_without_a_crs_areas_are_those_of_the_plane():
    grid = Grid("", (0.0, 2.0, 0.0, 0.0, 0.0, -3.0), 4, 5, (2.0, 3.0))
    assert np.array_equal(PixelAreas(grid).of_window(Window(1, 1, 2, 3)), np.full((2, 3), 6.0))
    assert PixelAreas(grid).unit == "square map units"
