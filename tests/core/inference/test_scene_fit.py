"""Models meet scenes of other pixel sizes and coordinate systems."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from landfuse.core.data.grid import Grid
from landfuse.core.data.raster_io import crs_wkt
from landfuse.core.errors import AlignmentError
from landfuse.core.inference.scene_fit import check_resolution, differences
from landfuse.core.progress import Progress

RECIPES = {"sar": {"pixel_metres": 10.0}}


def modality(metres):
    return SimpleNamespace(pixel_metres=metres, rasters=[SimpleNamespace(name="s1.tif")])


@pytest.mark.parametrize("metres", [1.0, 10.0, 14.1, 15.0])
def test_finer_sources_and_a_little_coarser_ones_pass(metres):
    events = []
    check_resolution({"sar": modality(metres)}, RECIPES, False, Progress(events.append))
    assert events == []


def test_much_coarser_sources_are_refused_unless_they_are_allowed():
    with pytest.raises(AlignmentError, match="pixels of 20 m, the model was trained with 10 m") as caught:
        check_resolution({"sar": modality(20.0)}, RECIPES, False, Progress())
    assert caught.value.where == "s1.tif"
    assert "--allow-coarser" in caught.value.remedy
    events = []
    check_resolution({"sar": modality(20.0)}, RECIPES, True, Progress(events.append))
    assert [e["level"] for e in events] == ["warning"]
    assert "2 times coarser" in events[0]["text"]


def test_a_recipe_without_pixel_size_says_nothing():
    check_resolution({"sar": modality(20.0)}, {"sar": {}}, False, Progress())


def grid(crs, metres=10.0):
    return Grid(crs and crs_wkt(crs), (0.0, metres, 0.0, 0.0, 0.0, -metres), 5, 5, (metres, metres))


def test_a_coordinate_system_on_one_side_only_is_told():
    utm = crs_wkt("EPSG:32633")
    trained = {"pixel_metres": 10.0, "patch_metres": 90.0}
    (line,) = differences(grid(""), {**trained, "crs": utm})
    assert "trained in EPSG:32633, this scene has no coordinate system" in line
    (line,) = differences(grid("EPSG:32719"), {**trained, "crs": ""})
    assert "trained without a coordinate system, this scene is in EPSG:32719" in line
    assert list(differences(grid("EPSG:32719"), {**trained, "crs": utm})) == []
    assert list(differences(grid(""), {**trained, "crs": ""})) == []
    assert list(differences(grid(""), trained)) == []  # an older model file says nothing of it


def test_map_pixels_other_than_the_models_are_told_with_the_reach_of_the_patch():
    trained = {"pixel_metres": 10.0, "patch_metres": 90.0, "crs": ""}
    (line,) = differences(grid("", 20.0), trained)
    assert "pixels of 20 m, the model was trained with 10 m and looks 180 m instead of 90 m far" in line
