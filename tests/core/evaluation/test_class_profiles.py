"""Profiles of places and mean spectra of classes, against values known from how the scene was made."""

from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.classes import LandClass
from landfuse.core.data.digitising_scene import DigitisingScene
from landfuse.core.data.raster_io import crs_wkt, transform_points
from landfuse.core.errors import Cancelled
from landfuse.core.evaluation.class_profiles import LabelledArea, class_profiles, place_profile
from landfuse.core.job import GridRequest, RasterInput
from landfuse.core.progress import Progress

UTM, DEGREES = "EPSG:32633", "EPSG:4326"
X, Y = 400000.0, 5800000.0
CLASSES = (
    LandClass(1, "grass", "#33a02c"),
    LandClass(2, "trees", "#006400"),
    LandClass(3, "water", "#1f78b4"),
)


@pytest.fixture
def scene(small_scene):
    inputs = {key: tuple(RasterInput(**r) for r in small_scene.inputs[key]) for key in ("optical", "lidar")}
    return DigitisingScene(inputs, GridRequest())


def wkb(text):
    from osgeo import ogr

    return bytes(ogr.CreateGeometryFromWkt(text).ExportToWkb())


def areas_of(small_scene):
    return [LabelledArea(value - 1, wkb(text)) for text, value in small_scene.areas()]


def test_a_place_gives_the_values_of_its_pixel_in_every_source(scene, small_scene):
    optical, height = small_scene.optical(), small_scene.height()
    spectra = place_profile(scene, X + 2 * 20 + 0.5, Y - 2 * 6 - 1.5, UTM)
    assert [s.title for s in spectra] == ["optical", "lidar"]
    np.testing.assert_allclose(spectra[0].mean[0], optical[:, 6, 20], rtol=1e-6)
    assert spectra[1].mean[0, 0] == pytest.approx(height[0, 3, 10], abs=2)  # interpolated from 4 m


def test_a_place_may_be_given_in_another_crs_or_lie_beside_the_sources(scene):
    lon, lat = transform_points([X + 40.5], [Y - 13.5], crs_wkt(UTM), crs_wkt(DEGREES))
    there = place_profile(scene, lon[0], lat[0], DEGREES)
    here = place_profile(scene, X + 40.5, Y - 13.5, UTM)
    np.testing.assert_array_equal(there[0].mean, here[0].mean)
    assert place_profile(scene, X - 1, Y - 10, UTM) == []


def test_means_and_spread_of_the_classes_are_those_of_their_pixels(scene, small_scene):
    found = class_profiles(scene, CLASSES, areas_of(small_scene), UTM)
    truth, optical = small_scene.truth, small_scene.optical()
    inside = np.zeros_like(truth, dtype=bool)
    for i in range(4):
        for j in range(4):
            inside[12 * i + 3 : 12 * i + 9, 12 * j + 3 : 12 * j + 9] = True
    for label, value in enumerate((1, 2, 3)):
        own = optical[:, inside & (truth == value)]
        np.testing.assert_allclose(found.spectra[0].mean[label], own.mean(axis=1), rtol=1e-4)
        np.testing.assert_allclose(found.spectra[0].low[label], np.percentile(own, 10, axis=1), rtol=1e-4)
        np.testing.assert_allclose(found.spectra[0].high[label], np.percentile(own, 90, axis=1), rtol=1e-4)
        assert found.pixels[label] == own.shape[1]
    assert found.spectra[1].mean[1, 0] == pytest.approx(62, abs=1)  # trees are 12 m high


def test_bands_are_the_same_and_in_the_same_order_for_places_and_classes(scene, small_scene):
    classes = class_profiles(scene, CLASSES, areas_of(small_scene), UTM).spectra
    place = place_profile(scene, X + 10, Y - 10, UTM)
    assert [(s.title, s.names) for s in classes] == [(s.title, s.names) for s in place]


def test_a_pixel_of_two_classes_counts_for_none_and_points_for_the_pixel_below(scene):
    box = small_box(10, 10, 20, 20)
    areas = [
        LabelledArea(0, box),
        LabelledArea(1, small_box(14, 10, 24, 20)),
        LabelledArea(2, wkb(f"POINT({X + 61} {Y - 61})")),
    ]
    assert class_profiles(scene, CLASSES, areas, UTM).pixels == (10, 10, 1)


def small_box(west, north, east, south):
    corners = ((west, north), (east, north), (east, south), (west, south), (west, north))
    return wkb("POLYGON((" + ", ".join(f"{X + x} {Y - y}" for x, y in corners) + "))")


def test_classes_without_a_usable_pixel_have_no_spectrum(scene):
    assert class_profiles(scene, CLASSES, [], UTM).spectra == ()
    outside = [LabelledArea(0, small_box(-50, 10, -20, 20))]
    assert class_profiles(scene, CLASSES, outside, UTM).pixels == (0, 0, 0)
    some = class_profiles(scene, CLASSES, [LabelledArea(0, small_box(10, 10, 20, 20))], UTM)
    assert np.isnan(some.spectra[0].mean[1:]).all()
    assert np.isfinite(some.spectra[0].mean[0]).all()


def test_it_can_be_cancelled(scene, small_scene):
    with pytest.raises(Cancelled):
        class_profiles(scene, CLASSES, areas_of(small_scene), UTM, Progress(is_cancelled=lambda: True))
