"""Kinds of sources are guessed from band count, wavelengths and names."""

from __future__ import annotations

import pytest
from landfuse.core.data.coordinates import make_grid
from landfuse.core.data.raster_info import BandInfo, RasterInfo
from landfuse.core.progress import silent
from landfuse.ui.sources.guess import Candidate, guess_sources, kind_of, look_at


def candidate(name, n_bands=1, *, file="a.tif", wavelengths=(), names=(), pixel=1.0, dtype="Float32", **more):
    bands = tuple(
        BandInfo(
            i + 1,
            names[i] if names else f"Band {i + 1}",
            wavelengths[i] if wavelengths else None,
            dtype=dtype,
        )
        for i in range(n_bands)
    )
    grid = make_grid("EPSG:32633", (400000.0, pixel, 0.0, 5800000.0, 0.0, -pixel), 10, 10)
    return Candidate(name, name, RasterInfo(f"/data/{file}", "GTiff", grid, bands, True, **more))


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (candidate("cube", 144), "hsi"),
        (candidate("PRISMA subset", 4), "hsi"),
        (candidate("Houston2018_HSI", 48), "hsi"),
        (candidate("S1A_IW_GRDH_VV"), "sar"),
        (candidate("scene", 2, names=("VV", "VH")), "sar"),
        (candidate("layer", 1, file="sigma0_HH.img"), "sar"),
        (candidate("nDSM 50 cm"), "lidar"),
        (candidate("tile_12", 1, file="swissSURFACE_DSM.tif"), "lidar"),
        (candidate("LiDARIntensity"), "lidar"),
        (candidate("ortho 2023", 4, dtype="Byte"), "optical"),
        (candidate("a", 3, dtype="Byte"), "optical"),
        (candidate("B04", 1, wavelengths=(665.0,)), "optical"),
        (candidate("x", 10, wavelengths=tuple(range(450, 950, 50))), "optical"),
        (candidate("ndvi", 23, file="ndvi_timeseries.tif"), "other"),
        (candidate("distance to roads"), "other"),
        (candidate("demography"), "other"),  # not a DEM
        (candidate("Class map (MIBF-Net)", dtype="Byte"), ""),
        (candidate("truth", dtype="Byte"), ""),
        (candidate("cover", dtype="Byte", category_names=("", "grass")), ""),
        (candidate("cover", dtype="Byte", color_table=("#000000", "#00ff00")), ""),
        (candidate("cloud_mask", dtype="UInt16"), ""),
        (Candidate("a", "a", None), ""),
    ],
)
def test_the_kind_follows_from_bands_and_names(given, kind):
    assert kind_of(given) == kind


def test_layers_of_one_kind_make_one_row_in_the_order_of_the_kinds():
    layers = [candidate("DSM"), candidate("aerial", 4), candidate("cube", 48), candidate("intensity")]
    rows = [(row.key, row.layers) for row in guess_sources(layers)]
    assert rows == [("hsi", ("cube",)), ("lidar", ("DSM", "intensity")), ("optical", ("aerial",))]


def test_a_satellite_beside_an_aerial_image_is_a_source_of_its_own():
    layers = [candidate("aerial", 4, pixel=0.2), candidate("S2B", 10, pixel=10.0)]
    assert [(r.key, r.layers) for r in guess_sources(layers)] == [("hsi", ("S2B",)), ("optical", ("aerial",))]
    tiles = [candidate("aerial west", 4, pixel=0.2), candidate("aerial east", 4, pixel=0.2)]
    assert [r.key for r in guess_sources(tiles)] == ["optical"]


def test_the_demo_scene_is_understood(tmp_path):
    pytest.importorskip("osgeo", reason="needs GDAL")
    from landfuse.core.data.demo_scene_job import run
    from landfuse.core.job_file import parse_job

    job = {"landfuse_job": 1, "kind": "demoscene", "outputs": {"folder": str(tmp_path)}}
    paths = run(parse_job(job, tmp_path), silent).outputs
    layers = [(key, key, paths[key]) for key in ("truth", "sar", "optical", "lidar", "hsi")]
    rows = guess_sources(look_at([*layers, ("gone", "gone", "/no/such.tif")], silent))
    assert [(row.key, row.layers) for row in rows] == [(k, (k,)) for k in ("hsi", "lidar", "sar", "optical")]
