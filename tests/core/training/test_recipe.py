from __future__ import annotations

from types import SimpleNamespace

import pytest
from landfuse.core.data.coordinates import make_grid
from landfuse.core.data.split_grid import WIDEST_PATCH
from landfuse.core.errors import JobError
from landfuse.core.job import Job
from landfuse.core.job_spec import METHODS, ROLE_METHODS, TILE_METHODS
from landfuse.core.train_job_kind import TRAIN
from landfuse.core.training.recipe import check_classes, check_settings, context_windows, make_recipe

GRID = make_grid("EPSG:32633", (400000.0, 2.0, 0.0, 5800000.0, 0.0, -2.0), 100, 100)


def recipe(pixels=None, bands=4, grid=GRID, **parameters):
    """The recipe on a grid of 2 m; `pixels`: modality -> pixel side in metres."""
    values = {p.name: p.default for p in TRAIN.parameters}
    sources = {
        key: SimpleNamespace(pixel_metres=metres, bands=[None] * bands)
        for key, metres in (pixels or {"optical": 2.0}).items()
    }
    return make_recipe(Job("train", parameters={**values, **parameters}), sources, grid)


@pytest.mark.parametrize(
    ("coarsest", "side"), [(2.0, 9), (14.0, 9), (15.0, 9), (18.0, 9), (20.0, 11), (30.0, 15)]
)
def test_the_default_patch_spans_a_pixel_of_the_coarsest_source(coarsest, side):
    found = recipe({"optical": 2.0, "sar": coarsest})
    assert found.patch_size == side
    assert side % 2 == 1
    assert GRID.metres_of(side) >= coarsest


def test_an_odd_patch_side_is_kept_whatever_the_sources():
    assert recipe({"sar": 100.0}, patch_size=5).patch_size == 5


@pytest.mark.parametrize(("asked", "remedy"), [(4, "3 or 5"), (8, "7 or 9"), (1, "3 or 5"), (2, "3 or 5")])
def test_an_even_or_tiny_patch_side_is_refused_with_its_neighbours(asked, remedy):
    with pytest.raises(JobError, match=remedy) as caught:
        recipe(patch_size=asked)
    assert caught.value.where == "patch_size"
    assert str(asked) in caught.value.what


def test_the_default_gap_is_a_patch_and_two_pixels_of_the_coarsest_source():
    # 9 pixels of 2 m and twice 5 m make 28 m, which are 14 map pixels.
    assert recipe({"optical": 2.0, "sar": 5.0}).gap == 14


def test_a_given_gap_is_rounded_up_to_whole_pixels():
    assert recipe(gap=0.0).gap == 0
    assert recipe(gap=4.0).gap == 2
    assert recipe(gap=4.1).gap == 3


@pytest.mark.parametrize(
    ("parameters", "bands", "components"),
    [
        ({}, 144, 10),
        ({}, 10, 0),
        ({"preset": "paper"}, 144, 0),
        ({"method": "random_forest"}, 144, 0),
        ({"method": "random_forest", "preset": "paper"}, 144, 0),
        ({"method": "svm"}, 144, 10),
        ({"method": "svm", "pca": 0}, 144, 0),
        ({"method": "random_forest", "pca": 5}, 144, 5),
        ({"pca": 0}, 144, 0),
        ({"pca": 200}, 144, 0),
    ],
)
def test_components_are_for_sources_with_more_bands(parameters, bands, components):
    assert recipe(bands=bands, **parameters).components == {"optical": components}


def test_the_patch_of_a_forest_is_its_largest_window():
    forest = {"method": "random_forest", "patch_size": 4}
    assert recipe(**forest).patch_size == 15
    assert recipe(**forest, context_windows="").patch_size == 1
    assert recipe(**forest, context_windows="").options == {"windows": [], "trees": 300}


def test_windows_are_read_with_and_without_blanks():
    assert context_windows("3, 7 ,15") == context_windows("3,7,15") == (3, 7, 15)
    assert context_windows(" ") == ()


@pytest.mark.parametrize("text", ["3,4", "1", "three", "3.5", "-3"])
def test_windows_that_cannot_be_are_refused_with_the_text(text):
    values = {p.name: p.default for p in TRAIN.parameters}
    with pytest.raises(JobError, match=text) as caught:
        check_settings(Job("train", parameters={**values, "context_windows": text}))
    assert caught.value.where == "context_windows"
    assert caught.value.remedy


def test_the_paper_preset_of_ncglf2_has_whitened_components_and_its_own_patch():
    found = recipe(bands=144, method="ncglf2", preset="paper")
    assert (found.components, found.whitened, found.patch_size) == ({"optical": 40}, True, 11)
    assert recipe(bands=40, method="ncglf2", preset="paper").components == {"optical": 0}
    assert not recipe(bands=144, method="ncglf2").whitened


@pytest.mark.parametrize("method", METHODS)
def test_the_small_preset_feeds_a_method_as_the_default_does(method):
    small, default = (recipe(bands=40, method=method, preset=preset) for preset in ("small", "default"))
    assert small == default


def test_more_classes_than_the_released_head_can_name_are_refused_in_words():
    check_classes(recipe(head="released"), 128)
    check_classes(recipe(head="paper"), 500)
    with pytest.raises(JobError, match="128 classes at most; there are 129") as caught:
        check_classes(recipe(head="released"), 129)
    assert caught.value.where == "head"


def test_what_the_user_fixes_goes_before_the_preset():
    found = recipe(bands=144, method="ncglf2", preset="paper", pca=20, patch_size=7)
    assert (found.components, found.patch_size) == ({"optical": 20}, 7)


def test_the_presets_of_gihcn_say_how_large_the_network_is():
    assert recipe(bands=144, method="gihcn").options == {"width": 32, "dropout": 0.3}
    assert recipe(method="gihcn").patch_size == 7
    assert recipe({"optical": 2.0, "sar": 20.0}, method="gihcn").patch_size == 11
    paper = recipe(bands=144, method="gihcn", preset="paper")
    assert (paper.components, paper.whitened, paper.patch_size) == ({"optical": 30}, True, 11)
    assert paper.options == {"gate_statistics": "separate"}  # all else as published is the network's default


def small_grid(rows, cols):
    return make_grid("EPSG:32633", (400000.0, 2.0, 0.0, 5800000.0, 0.0, -2.0), rows, cols)


def test_a_patch_larger_than_the_scene_is_refused_with_the_largest_that_fits():
    with pytest.raises(JobError, match="at most 7") as caught:
        recipe(grid=small_grid(8, 30), patch_size=9)
    assert "8 x 30" in caught.value.what
    assert recipe(grid=small_grid(8, 30), patch_size=7).patch_size == 7


@pytest.mark.parametrize(("side", "patch"), [(30, 9), (9, 9), (8, 7), (4, 3), (2, 3)])
def test_the_default_patch_fits_into_the_scene(side, patch):
    assert recipe(grid=small_grid(side, 40)).patch_size == patch


def test_batches_of_one_are_refused_for_networks_alone():
    values = {p.name: p.default for p in TRAIN.parameters}
    with pytest.raises(JobError, match="batch_size"):
        check_settings(Job("train", parameters={**values, "method": "ncglf2", "batch_size": 1}))
    check_settings(Job("train", parameters={**values, "method": "random_forest", "batch_size": 1}))


@pytest.mark.parametrize("method", sorted(set(METHODS) - set(TILE_METHODS)))
def test_the_parts_of_split_samples_are_far_enough_apart_for_every_method_on_patches(method):
    found = recipe(method=method)
    assert found.patch_size <= WIDEST_PATCH
    assert found.gap <= WIDEST_PATCH + 2


def test_the_gap_of_tiles_keeps_held_back_pixels_out_of_every_training_tile():
    found = recipe(method="ref_net")
    assert (found.patch_size, found.noun, found.sides) == (64, "tile", {"tile_size": 64})
    # A tile is shifted by 8 pixels at most: it reaches 32 + 8 from its sample.
    assert (found.apart, found.gap) == (41, 42)
    assert (
        recipe(method="ref_net", tile_size=128, grid=small_grid(200, 200)).gap == 82
    )  # 64 + 16 pixels, and two of the source
    assert recipe(method="mibf_net").apart == 9


@pytest.mark.parametrize(
    ("shape", "parameters", "side"),
    [
        ((100, 100), {}, 64),
        ((40, 60), {}, 64),  # mirrored
        ((40, 60), {"tile_size": 64}, 64),
        ((40, 60), {"tile_size": 50}, 50),
        ((300, 300), {"preset": "paper"}, 256),
        ((200, 170), {"preset": "paper"}, 160),
        ((200, 170), {"tile_size": 170, "patch_size": 4}, 170),  # it has no patches
    ],
)
def test_the_side_of_tiles_is_the_presets_as_far_as_the_scene_goes(shape, parameters, side):
    assert recipe(grid=small_grid(*shape), method="ref_net", **parameters).patch_size == side


@pytest.mark.parametrize(("side", "match"), [(171, "at most 170"), (16, "32 or more")])
def test_tiles_larger_than_the_scene_or_too_small_are_refused(side, match):
    with pytest.raises(JobError, match=match) as caught:
        recipe(grid=small_grid(200, 170), method="ref_net", tile_size=side)
    assert caught.value.where == "tile_size"


def test_a_batch_of_one_tile_is_enough_unless_the_tile_is_halved_to_a_single_value():
    values = {p.name: p.default for p in TRAIN.parameters}
    one = {**values, "method": "ref_net", "batch_size": 1}
    check_settings(Job("train", parameters=one))
    with pytest.raises(JobError, match="batch_size"):
        check_settings(Job("train", parameters={**one, "tile_size": 32}))


def test_weights_for_encoders_are_refused_where_there_are_none():
    values = {p.name: p.default for p in TRAIN.parameters}
    with pytest.raises(JobError, match="ref_net") as caught:
        check_settings(Job("train", parameters={**values, "encoder_weights": "r.pth"}))
    assert caught.value.where == "encoder_weights"


def test_the_presets_of_ref_net_say_how_large_the_network_is():
    assert recipe(method="ref_net", bands=144).components == {"optical": 10}
    assert recipe(method="ref_net").options == {"encoder": "resnet10_half", "width": 32}
    paper = recipe(method="ref_net", preset="paper", bands=144)
    assert paper.components == {"optical": 0}
    assert paper.options == {"enlarging": "published", "many_bands": "published"}


@pytest.mark.parametrize("method", ROLE_METHODS)
def test_the_source_with_the_first_role_can_be_chosen(method):
    two = {"optical": 2.0, "sar": 4.0}
    assert recipe(two, method=method, first_source="sar").options["primary"] == "sar"
    assert "primary" not in recipe(two, method=method).options
    with pytest.raises(JobError, match="lidar") as caught:
        recipe(two, method=method, first_source="lidar")
    assert caught.value.where == "first_source"
    assert "optical, sar" in caught.value.remedy


def test_methods_without_roles_ignore_the_source_with_the_first_role():
    assert recipe({"optical": 2.0}, method="mibf_net", first_source="sar").options == {"head": "paper"}
