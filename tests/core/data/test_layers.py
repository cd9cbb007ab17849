from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.coordinates import make_grid
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.layers import overlap_share
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.stack import Stack
from landfuse.core.data.windows import Window
from landfuse.core.errors import AlignmentError, BandError
from landfuse.core.job import GridRequest, RasterInput

EAST = 400080.0  # beside an 8 x 8 raster of 10 m pixels


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(100, 10, shape).astype(np.float32)


def describe(*rasters):
    rasters = [r if isinstance(r, RasterInput) else RasterInput(r) for r in rasters]
    return describe_inputs({"other": rasters})["other"]


def layers_of(*rasters):
    return [[r.name for r in layer] for layer in describe(*rasters).layers]


@pytest.mark.parametrize(
    ("left", "right", "tiles"),
    [
        ((), (), True),
        (("dsm_321_5800",), ("dsm_322_5800",), True),  # numbers of tiles
        (("west",), ("east",), True),  # the name of the file
        (("/data/west.tif",), ("height",), True),  # one real name says nothing against
        (("Band 1",), ("Gray",), True),
        (("VV_20200101",), ("VV_20200113",), True),
        (("VV",), ("VH",), False),
        (("B02",), ("B03",), False),
        (("height",), ("intensity",), False),
    ],
)
def test_neighbours_are_tiles_unless_their_names_are_of_different_things(write_raster, left, right, tiles):
    west = write_raster("west.tif", noise(8, 8), names=left)
    east = write_raster("east.tif", noise(8, 8), x=EAST, names=right)
    found = describe(west, east)
    assert len(found.layers) == (1 if tiles else 2)
    assert ("mosaicked" if tiles else "joined as bands") in found.notes[0]


def test_wavelengths_decide_before_names(write_raster):
    def tile(name, x, wavelength):
        bands = {1: {"wavelength": str(wavelength)}}
        return write_raster(name, noise(8, 8), x=x, names=("red",), bands=bands)

    paths = tile("a.tif", 400000.0, 660), tile("b.tif", EAST, 660), tile("c.tif", EAST + 80, 700)
    assert layers_of(*paths) == [["a.tif", "b.tif"], ["c.tif"]]


def test_an_opacity_band_makes_no_other_bands(write_raster):
    data = np.random.default_rng(0).integers(1, 200, (4, 8, 8)).astype(np.uint8)
    data[3] = 255
    west = write_raster("west.tif", data, options=["PHOTOMETRIC=RGB", "ALPHA=YES"])
    east = write_raster("east.tif", data[:3], x=EAST, options=["PHOTOMETRIC=RGB"])
    assert len(layers_of(west, east)) == 1


def test_tiles_in_another_crs_and_pixel_size_are_mosaicked(write_raster):
    """The second tile lies east of the first, given in the neighbouring zone: turned by about 4 degrees."""
    west = write_raster("west.tif", np.full((20, 20), 1, np.float32) + noise(20, 20) / 1e4)
    east = write_raster(
        "east.tif", np.full((10, 10), 2, np.float32) + noise(10, 10) / 1e4, crs="EPSG:32632",
        x=809840.0, y=5815555.0, pixel=20.0,
    )  # fmt: skip
    found = describe(west, east)
    assert len(found.layers) == 1
    grid, _ = choose_grid({"other": found}, GridRequest())
    with Stack({"other": found}, grid) as stack:
        values = stack.read(Window(0, 0, grid.rows, grid.cols)).data["other"][0]
    assert {round(float(v)) for v in values[np.isfinite(values)]} == {1, 2}


def test_the_overlap_of_turned_rasters_is_that_of_their_areas():
    square = make_grid("EPSG:32633", (400000, 10, 0, 5800000, 0, -10), 40, 40)
    diamond = make_grid("EPSG:32633", (400200, 10, 10, 5800100, 10, -10), 20, 20)
    # A corner of 100 m x 100 m / 2 of its 80,000 square metres; a quarter of the rectangles around them.
    assert overlap_share(square, diamond) == pytest.approx(5000 / 80000, abs=0.01)
    assert overlap_share(square, square) == 1
    far = make_grid("EPSG:32632", (400000, 10, 0, 5800000, 0, -10), 40, 40)
    assert overlap_share(square, far) == 0


def test_the_job_can_ask_for_bands_instead_of_a_mosaic(write_raster):
    west, east = write_raster("west.tif", noise(8, 8)), write_raster("east.tif", noise(8, 8), x=EAST)
    found = describe(west, RasterInput(east, join="bands"))
    assert len(found.layers) == 2
    assert found.notes[0] == "other: west.tif, east.tif are joined as bands (as asked)."
    further = write_raster("further.tif", noise(8, 8), x=EAST + 80)
    asked = RasterInput(east, join="bands")
    assert layers_of(west, asked, further) == [["west.tif", "further.tif"], ["east.tif"]]


def test_the_job_can_ask_for_a_mosaic_of_rasters_that_overlap(write_raster):
    first, second = write_raster("a.tif", noise(8, 8)), write_raster("b.tif", noise(8, 8, seed=1))
    joined = describe(first, second)
    assert joined.notes[0] == (
        "other: a.tif, b.tif are joined as bands (they overlap by 100 %). "
        "OTHER_OPTIONS join=mosaic (--other-options) mosaics them instead."
    )
    mosaic = describe(first, RasterInput(second, join="mosaic"))
    assert len(mosaic.layers) == 1
    assert mosaic.notes[0] == "other: a.tif, b.tif are mosaicked (as asked)."
    every = RasterInput(first, join="mosaic"), RasterInput(second, join="mosaic")
    assert len(describe(*every).layers) == 1  # nothing lies before the first


def test_each_raster_of_an_asked_mosaic_keeps_its_own_choice_of_bands(write_raster):
    first, second = write_raster("a.tif", noise(2, 8, 8)), write_raster("b.tif", noise(3, 8, 8), x=EAST)
    found = describe(RasterInput(first, bands="1-2"), RasterInput(second, bands="3,1", join="mosaic"))
    assert [r.bands for r in found.rasters] == [(1, 2), (3, 1)]


def test_a_mosaic_that_cannot_be_is_refused(write_raster):
    one, two = write_raster("one.tif", noise(1, 8, 8)), write_raster("two.tif", noise(2, 8, 8), x=EAST)
    with pytest.raises(BandError, match=r"with one\.tif: one\.tif has 1 bands, two\.tif 2"):
        describe(one, RasterInput(two, join="mosaic"))
    red = write_raster("red.tif", noise(8, 8), bands={1: {"wavelength": "660"}})
    blue = write_raster("blue.tif", noise(8, 8), x=EAST, bands={1: {"wavelength": "480"}})
    with pytest.raises(BandError, match=r"red\.tif is at 660 nm, band 1 of blue\.tif at 480 nm"):
        describe(red, RasterInput(blue, join="mosaic"))
    local = [write_raster(f"{n}.tif", noise(8, 8), pixel=0, crs="") for n in "ab"]
    with pytest.raises(AlignmentError, match="nothing says where each lies"):
        describe(local[0], RasterInput(local[1], join="mosaic"))
