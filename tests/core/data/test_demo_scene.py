"""The demo scene: deterministic, as described, and of classes that need height here and spectra there."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from landfuse.core.data import demo_scene_job
from landfuse.core.data.band_reader import read_band_window
from landfuse.core.data.demo_scene import areas as areas_module
from landfuse.core.data.demo_scene.canvas import MARGIN, PIXEL, SIDE, Canvas, Surface, noise
from landfuse.core.data.demo_scene.files import FILE_NAMES, write_scene
from landfuse.core.data.demo_scene.layout import draw
from landfuse.core.data.demo_scene.legend import (
    CLASSES,
    CROPS,
    FLAT_ROOF,
    GRASS,
    M_CROP,
    M_LEAVES,
    M_SOIL,
    M_TILE,
    PAVEMENT,
    SHRUBS,
    SOIL,
    TILED_ROOF,
    TREES,
)
from landfuse.core.data.demo_scene.light import Sun, shadow
from landfuse.core.data.demo_scene.sampling import Raster
from landfuse.core.data.demo_scene.scene import CORNER, CRS, make_scene, to_map
from landfuse.core.data.demo_scene.sensors import HSI_NODATA, speckled
from landfuse.core.data.demo_scene.spectra import WAVELENGTHS, band_weights, endmembers
from landfuse.core.data.raster_description import inspect
from landfuse.core.data.raster_io import same_crs
from landfuse.core.data.vector_io import VectorLayer, layer_info
from landfuse.core.data.windows import Window
from landfuse.core.errors import Cancelled, OutputError
from landfuse.core.job_file import parse_job
from landfuse.core.progress import Progress

SEED = 7


@pytest.fixture(scope="module")
def canvas():
    return draw(SEED)


@pytest.fixture(scope="module")
def scene():
    return make_scene(SEED)


@pytest.fixture(scope="module")
def written(scene, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_scene_job, "make_scene", lambda seed, progress: scene)
        return demo_scene_job.run(demo_job(tmp_path_factory.mktemp("demo") / "scene"), Progress())


def demo_job(folder, seed=SEED):
    values = {"landfuse_job": 1, "kind": "demoscene", "parameters": {"seed": seed}}
    return parse_job({**values, "outputs": {"folder": str(folder)}}, folder.parent)


def fingerprint(scene):
    digest = hashlib.sha256()
    for key in sorted(scene.images):
        digest.update(np.ascontiguousarray(scene.images[key].bands).tobytes())
    digest.update(scene.truth.tobytes())
    digest.update(repr([(a.land_class, a.corners) for a in scene.areas]).encode())
    digest.update(repr(scene.points).encode())
    return digest.hexdigest()


def materials_of(canvas, cover):
    counts = np.bincount(canvas.material[canvas.cover == cover], minlength=9)
    return counts / counts.sum()


# The scene as a whole.


def test_the_same_seed_gives_the_same_arrays_bit_for_bit(scene):
    assert fingerprint(make_scene(SEED)) == fingerprint(scene)


def test_another_seed_gives_another_landscape(canvas):
    other = draw(SEED + 1)
    assert (other.cover != canvas.cover).mean() > 0.05


def test_every_class_covers_a_visible_part_of_the_truth(scene):
    shares = np.bincount(scene.truth.ravel(), minlength=10) / scene.truth.size
    assert scene.truth.shape == (600, 600)
    assert shares[0] == 0
    assert (shares[1:] > 0.015).all()


def test_classes_that_need_height_are_made_of_the_same_materials(canvas):
    for cover in (GRASS, SHRUBS, TREES):
        assert materials_of(canvas, cover)[M_LEAVES] > 0.99
    shared = np.minimum(materials_of(canvas, PAVEMENT), materials_of(canvas, FLAT_ROOF)).sum()
    assert shared > 0.5
    spectra = endmembers()
    similarity = np.corrcoef(spectra[M_TILE].mean(axis=0), spectra[M_SOIL].mean(axis=0))[0, 1]
    assert similarity > 0.98


def test_height_tells_classes_of_one_material_apart(canvas):
    typical = {c.value: np.median(canvas.height[canvas.cover == c.value]) for c in CLASSES}
    assert typical[GRASS] < 0.6 < typical[SHRUBS] < 3.5 < typical[TREES]
    assert typical[PAVEMENT] < 0.2
    assert typical[FLAT_ROOF] > 4
    assert typical[SOIL] < 0.3
    assert typical[TILED_ROOF] > 4


def test_crops_differ_from_grass_in_the_short_wave_infrared_only(canvas):
    assert materials_of(canvas, CROPS)[M_CROP] > 0.99
    grass, crop = endmembers()[M_LEAVES], endmembers()[M_CROP]
    visible = (WAVELENGTHS > 450) & (WAVELENGTHS < 900)
    infrared = ((WAVELENGTHS > 1550) & (WAVELENGTHS < 1700)) | ((WAVELENGTHS > 2100) & (WAVELENGTHS < 2300))
    assert np.abs(grass - crop)[:, visible].max() < 0.015
    assert (grass - crop)[:, infrared].min() > 0.02


def test_the_north_east_corner_of_the_hyperspectral_image_is_nodata_in_all_bands(scene):
    missing = scene.images["hsi"].bands == HSI_NODATA
    assert missing[:, 0, -1].all()
    assert not missing[:, 0, 0].any()
    assert (missing.all(axis=0) == missing.any(axis=0)).all()
    assert 0.003 < missing[0].mean() < 0.03


def test_reflectance_looks_like_vegetation_and_water(scene):
    hsi = scene.images["hsi"].bands
    waves = np.array(scene.images["hsi"].wavelengths)
    red, infrared = (int(np.abs(waves - w).argmin()) for w in (670, 830))
    truth = scene.truth[2::4, 2::4]
    cube = hsi[:, : truth.shape[0], : truth.shape[1]]
    crops, water = truth == CROPS, truth == 1
    assert np.median(cube[infrared][crops]) > 4 * np.median(cube[red][crops])
    assert np.median(cube[infrared][water]) < 500


# Training areas and reference points.


def test_every_class_has_training_areas_and_reference_points(scene):
    for land_class in CLASSES:
        assert 6 <= sum(a.land_class == land_class for a in scene.areas) <= 10
        assert sum(p.land_class == land_class for p in scene.points) >= 30


def test_training_areas_lie_in_their_class(canvas, scene):
    for area in scene.areas:
        rows, cols = areas_module.inside_pixels(area.corners)
        assert len(rows) * PIXEL**2 >= 10
        assert (canvas.cover[rows, cols] == area.land_class.value).mean() >= 0.96


def test_reference_points_agree_with_the_truth(scene):
    for point in scene.points:
        assert scene.truth[int(point.y - MARGIN), int(point.x - MARGIN)] == point.land_class.value


def test_reference_points_keep_away_from_training_areas(scene):
    points = np.array([(p.x, p.y) for p in scene.points])
    for area in scene.areas:
        rows, cols = areas_module.inside_pixels(area.corners)
        pixels = np.concatenate([np.stack([cols, rows], axis=1) * PIXEL + PIXEL / 2, np.array(area.corners)])
        apart = np.hypot(*(points[:, None, :] - pixels[None, :, :]).transpose(2, 0, 1))
        assert apart.min() >= 15


# Parts.


def test_a_pixel_averages_exactly_the_area_it_covers():
    board = np.zeros((int(SIDE / PIXEL),) * 2, np.float32)
    board[0:3, 0:2] = 1  # 1.5 m to the south, 1 m to the east
    image = Raster(x=0.0, y=0.0, pixel=2.0, rows=2, cols=2, blur=1e-6).average(board)
    np.testing.assert_allclose(image, [[1.5 * 1.0 / 4, 0], [0, 0]], atol=1e-6)


def test_a_wall_throws_its_shadow_as_far_as_the_sun_is_low():
    height = np.zeros((80, 80), np.float32)
    height[:, 40:42] = 5
    dark = shadow(height, Sun(azimuth=90, elevation=45))  # from the east: shadow 5 m = 10 pixels to the west
    assert (dark[20, 32:40] == 1).all()
    assert (dark[20, :30] == 0).all()
    assert (dark[20, 42:] == 0).all()


def test_band_responses_keep_a_flat_spectrum_flat():
    weights = band_weights(np.array([500.0, 1650.0]), np.array([20.0, 100.0]))
    np.testing.assert_allclose(weights @ np.full(len(WAVELENGTHS), 0.3), 0.3)


def test_speckle_keeps_the_mean_power_and_has_the_spread_of_its_looks():
    image = speckled(np.ones((2, 300, 300)), seed=1)
    power = 10 ** (image.bands.astype(float) / 10)
    assert power.mean() == pytest.approx(1, abs=0.01)
    assert power.var() == pytest.approx(1 / 5, abs=0.01)


def test_noise_has_mean_zero_and_deviation_one():
    values = noise(np.random.default_rng(0), scale=10, octaves=2)
    assert values.mean() == pytest.approx(0, abs=1e-3)
    assert values.std() == pytest.approx(1, abs=1e-3)


def test_painting_replaces_what_was_below_and_its_slope():
    board = Canvas()
    region = (slice(0, 4), slice(0, 4))
    mask = np.ones((4, 4), bool)
    board.lean(mask, region, np.ones((4, 4), np.float32), np.ones((4, 4), np.float32))
    board.paint(mask, Surface(SOIL, M_SOIL, height=2.0), region)
    assert (board.height[:4, :4] == 2).all()
    assert (board.tilt[:, :4, :4] == 0).all()
    assert (board.cover[4:] == 0).all()


# Files.


def test_the_job_names_the_folder_and_every_file(written):
    assert set(written.outputs) == {"folder", *FILE_NAMES}
    for key, name in FILE_NAMES.items():
        assert written.outputs[key].endswith(name)


def test_files_hold_what_was_measured(written, scene):
    for key, image in scene.images.items():
        info = inspect(written.outputs[key])
        assert (len(info.bands), *info.grid.shape) == image.bands.shape
        stored = read_band_window(written.outputs[key], 1, Window(0, 0, *info.grid.shape))
        np.testing.assert_array_equal(stored, image.bands[0])


def test_sensors_differ_in_pixel_size_origin_and_crs(written):
    grids = {key: inspect(written.outputs[key]).grid for key in ("hsi", "lidar", "sar", "optical", "truth")}
    sizes = {key: grid.pixel_metres for key, grid in grids.items()}
    assert sizes == pytest.approx({"hsi": 4, "lidar": 1, "sar": 2.35, "optical": 1, "truth": 1}, rel=0.02)
    assert len({grid.transform[0] % 1 for grid in grids.values()}) >= 3
    assert all(same_crs(grids[key].crs, CRS) for key in ("hsi", "lidar", "optical", "truth"))
    assert same_crs(grids["sar"].crs, "EPSG:4326")


def test_bands_carry_names_wavelengths_types_and_scale(written):
    hsi, optical = inspect(written.outputs["hsi"]), inspect(written.outputs["optical"])
    waves = [band.wavelength for band in hsi.bands]
    assert len(waves) == 100
    assert waves == sorted(waves)
    assert 400 <= waves[0] < waves[-1] <= 2500
    assert {(b.dtype, b.scale, b.nodata) for b in hsi.bands} == {("Int16", 1e-4, (HSI_NODATA,))}
    assert [b.name for b in optical.bands] == ["blue", "green", "red", "near infrared"]
    assert [b.wavelength for b in optical.bands] == [485, 555, 660, 830]
    assert [b.name for b in inspect(written.outputs["sar"]).bands] == ["VV", "VH"]
    assert inspect(written.outputs["lidar"]).bands[0].dtype == "Float32"


def test_the_truth_carries_class_names_and_colours(written):
    info = inspect(written.outputs["truth"])
    assert info.category_names[1:] == tuple(c.name for c in CLASSES)
    assert info.color_table[1 : len(CLASSES) + 1] == tuple(c.color for c in CLASSES)


def test_vector_layers_have_class_and_name(written, scene):
    for key, shape, count in (
        ("training_areas", "polygon", len(scene.areas)),
        ("reference_points", "point", len(scene.points)),
    ):
        info = layer_info(written.outputs[key])
        assert info.n_features == count
        assert same_crs(info.crs, CRS)
        names = {(c.value, c.name) for c in CLASSES}
        with VectorLayer(written.outputs[key]) as layer:
            assert {tuple(v) for v in layer.values(("class", "name"))} == names, shape


def test_positions_on_the_board_become_map_coordinates():
    assert to_map(MARGIN, MARGIN) == CORNER
    assert to_map(MARGIN + 10, MARGIN + 20) == (CORNER[0] + 10, CORNER[1] - 20)


def test_a_cancelled_run_leaves_nothing_behind(scene, tmp_path):
    seen = []

    def watch(event):
        seen.append(event.get("stage", ""))

    progress = Progress(watch, lambda: any("sar.tif" in stage for stage in seen))
    with pytest.raises(Cancelled):
        write_scene(scene, tmp_path / "scene", progress)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="demo scene"):
        demo_scene_job.run(demo_job(tmp_path / "file"), Progress())
