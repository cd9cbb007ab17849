from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.classes import LandClass
from landfuse.core.data.raster_description import inspect
from landfuse.core.data.samples import (
    class_values,
    drop_invalid,
    median_sample_width,
    read_samples,
    require_trainable,
)
from landfuse.core.errors import Cancelled, SamplesError
from landfuse.core.job import SamplesInput
from landfuse.core.progress import Progress

ZERO_OFFER = "CLASS_ZERO=class (--class-zero class)"


@pytest.fixture
def grid(coarse):
    return coarse(1, 20, 30)


def positions(samples):
    return list(zip(samples.rows.tolist(), samples.cols.tolist(), samples.labels.tolist()))


def test_samples_are_sorted_and_come_once(write_layer, box, grid):
    features = [(box(5, 5, 8, 8), 2), (box(0, 0, 2, 2), 1), (box(7, 7, 9, 9), 2)]
    samples = read_samples(SamplesInput(write_layer("a.gpkg", features, {"k": int}), class_field="k"), grid)
    found = positions(samples)
    assert found == sorted(set(found))
    assert samples.counts().tolist() == [4, 9 + 4 - 1]
    assert [c.value for c in samples.classes] == [1, 2]


def test_a_pixel_of_two_polygons_of_one_class_belongs_to_the_first(write_layer, box, grid):
    path = write_layer("a.gpkg", [(box(0, 0, 2, 2), 1), (box(1, 1, 3, 3), 1)], {"k": int})
    samples = read_samples(SamplesInput(path, class_field="k"), grid)
    shared = (samples.rows == 1) & (samples.cols == 1)
    assert samples.places[shared].tolist() == [0]


def test_pixels_claimed_by_two_classes_are_dropped_and_counted(write_layer, box, grid):
    path = write_layer("a.gpkg", [(box(0, 0, 4, 4), 1), (box(2, 2, 6, 6), 2)], {"k": int})
    samples = read_samples(SamplesInput(path, class_field="k"), grid)
    assert samples.counts().tolist() == [12, 12]
    assert "4 pixels claimed by two classes dropped." in samples.notes


def test_only_overlapping_classes_leave_nothing(write_layer, box, grid):
    path = write_layer("a.gpkg", [(box(0, 0, 4, 4), 1), (box(0, 0, 4, 4), 2)], {"k": int})
    with pytest.raises(SamplesError, match="claimed by two classes"):
        read_samples(SamplesInput(path, class_field="k"), grid)


def test_what_is_left_out_is_counted(write_layer, box, grid):
    features = [
        (box(0, 0, 2, 2), 1),
        (box(3, 3, 4, 4), 2),
        (box(3, 3, 4, 4), 0),
        (box(3, 3, 4, 4), None),
        (box(90, 0, 95, 5), 1),
        (None, 2),
    ]
    samples = read_samples(SamplesInput(write_layer("a.gpkg", features, {"k": int}), class_field="k"), grid)
    assert set(samples.notes) == {
        "1 feature without a class ignored.",
        f"1 feature with class 0 is taken as unlabelled; {ZERO_OFFER} makes 0 a class.",
        "1 feature without a geometry ignored.",
        "1 feature outside the grid ignored.",
    }


def test_samples_elsewhere_are_an_error(write_layer, box, grid):
    path = write_layer("a.gpkg", [(box(90, 0, 95, 5), 1)], {"k": int})
    with pytest.raises(SamplesError, match="inside the common area"):
        read_samples(SamplesInput(path, class_field="k"), grid)


@pytest.mark.parametrize("field", ["", "nonsense"])
def test_a_missing_class_field_is_told_with_those_there_are(write_layer, box, grid, field):
    path = write_layer("a.gpkg", [(box(0, 0, 2, 2), 1)], {"k": int, "name": str})
    with pytest.raises(SamplesError, match="its fields: k, name"):
        read_samples(SamplesInput(path, class_field=field), grid)


def test_a_date_is_no_class(write_layer, box, grid):
    path = write_layer("a.gpkg", [(box(0, 0, 2, 2), "2020/01/01")], {"day": "date"})
    with pytest.raises(SamplesError, match="neither numbers nor text"):
        read_samples(SamplesInput(path, class_field="day"), grid)


def test_names_become_classes_in_code_point_order(write_layer, box, grid):
    features = [(box(0, 0, 1, 1), "water"), (box(2, 2, 3, 3), "Forest")]
    spec = SamplesInput(write_layer("a.gpkg", features, {"k": str}), class_field="k")
    assert [(c.value, c.name) for c in class_values(spec)] == [(1, "Forest"), (2, "water")]
    assert positions(read_samples(spec, grid)) == [(0, 0, 1), (2, 2, 0)]


def test_the_class_list_decides(write_layer, box, grid):
    classes = (LandClass(7, "water", "#0000ff"), LandClass(3, "Forest", "#00ff00"))
    features = [(box(0, 0, 1, 1), "water"), (box(2, 2, 3, 3), "Forest"), (box(4, 4, 5, 5), "road")]
    path = write_layer("a.gpkg", features, {"k": str})
    samples = read_samples(SamplesInput(path, class_field="k"), grid, classes)
    assert positions(samples) == [(0, 0, 0), (2, 2, 1)]
    assert samples.classes == classes
    assert "1 feature ignored: road not in the class list." in samples.notes


def test_a_snapshot_brings_its_names(write_layer, box):
    path = write_layer("a.gpkg", [(box(0, 0, 1, 1), 4, "water")], {"class": int, "name": str})
    assert [(c.value, c.name) for c in class_values(SamplesInput(path, class_field="class"))] == [
        (4, "water")
    ]


def test_polygons_are_groups_unless_a_field_says_otherwise(write_layer, box, grid):
    features = [(box(r, r, r + 1, r + 1), 1, g) for r, g in ((0, "a"), (4, "b"), (8, "a"), (12, None))]
    path = write_layer("a.gpkg", features, {"k": int, "plot": str})
    by_polygon = read_samples(SamplesInput(path, class_field="k"), grid)
    assert len(np.unique(by_polygon.groups)) == 4
    by_field = read_samples(SamplesInput(path, class_field="k", group_field="plot"), grid)
    assert by_field.unit == "field"
    assert by_field.groups[0] == by_field.groups[2]
    assert len(np.unique(by_field.groups)) == 3


def test_the_key_of_a_named_group_follows_from_its_name(write_layer, box, grid):
    keys = []
    for name, rows in (("a.gpkg", (0, 4)), ("b.gpkg", (4,))):
        path = write_layer(name, [(box(r, 0, r + 1, 1), 1, 17) for r in rows], {"k": int, "plot": int})
        samples = read_samples(SamplesInput(path, class_field="k", group_field="plot"), grid)
        keys.append(set(samples.groups.tolist()))
    assert keys[0] == keys[1]


def test_a_missing_group_field_is_an_error(write_layer, box, grid):
    path = write_layer("a.gpkg", [(box(0, 0, 2, 2), 1)], {"k": int})
    with pytest.raises(SamplesError, match="no field 'plot'"):
        read_samples(SamplesInput(path, class_field="k", group_field="plot"), grid)


def test_which_of_several_layers_is_used_is_told(write_layer, box, grid):
    write_layer("a.gpkg", [], {"x": int}, layer="roads")
    path = write_layer("a.gpkg", [(box(0, 0, 2, 2), 1)], {"k": int})
    notes = read_samples(SamplesInput(path, class_field="k"), grid).notes
    assert notes == ("The file has the layers roads, areas; 'areas' is used.",)


def test_very_large_classes_are_thinned_evenly_and_rare_ones_are_not(write_layer, box, grid):
    path = write_layer("a.gpkg", [(box(0, 0, 20, 20), 1), (box(0, 20, 20, 21), 2)], {"k": int})
    samples = read_samples(SamplesInput(path, class_field="k"), grid, limit_per_class=100)
    assert samples.counts().tolist() == [100, 20]
    assert "even selection" in samples.notes[-1]
    assert abs(samples.rows[samples.labels == 0].mean() - 9.5) < 2


def test_reading_can_be_cancelled(write_layer, box, grid):
    path = write_layer("a.gpkg", [(box(0, 0, 2, 2), 1)], {"k": int})
    with pytest.raises(Cancelled):
        read_samples(SamplesInput(path, class_field="k"), grid, progress=Progress(is_cancelled=lambda: True))


def test_the_median_width_tells_how_fine_the_samples_are(write_layer, box):
    path = write_layer("a.gpkg", [(box(0, 0, s, 3 * s), 1) for s in (1, 2, 5)], {"k": int})
    assert median_sample_width(SamplesInput(path, class_field="k")) == pytest.approx(20.0)
    points = write_layer("b.gpkg", [("POINT(1 1)", 1)], {"k": int})
    assert median_sample_width(SamplesInput(points, class_field="k")) is None


class Valid:
    """Valid where a picture says so; remembers the largest window asked for."""

    def __init__(self, picture):
        self.picture, self.largest = picture, 0

    def valid(self, window):
        self.largest = max(self.largest, window.height, window.width)
        return self.picture[window.slices()]


def test_samples_on_invalid_pixels_are_dropped_and_counted_per_class(write_layer, box, coarse):
    grid = coarse(1, 600, 700)
    features = [(box(0, 0, 600, 10), 1), (box(300, 600, 310, 700), 2)]
    samples = read_samples(SamplesInput(write_layer("a.gpkg", features, {"k": int}), class_field="k"), grid)
    picture = np.ones((600, 700), bool)
    picture[:20] = picture[:, 690:] = False
    stack = Valid(picture)
    kept = drop_invalid(samples, stack)
    assert picture[kept.rows, kept.cols].all()
    assert kept.counts().tolist() == [5800, 900]
    assert "300 samples on pixels without data dropped (class 1 200, class 2 100)." in kept.notes
    assert stack.largest <= 256


def test_samples_that_are_all_valid_are_left_as_they_are(write_layer, box, grid):
    path = write_layer("a.gpkg", [(box(0, 0, 2, 2), 1)], {"k": int})
    samples = read_samples(SamplesInput(path, class_field="k"), grid)
    assert drop_invalid(samples, Valid(np.ones((20, 30), bool))) is samples


def test_no_sample_inside_the_valid_area_is_an_error(write_layer, box, grid):
    path = write_layer("a.gpkg", [(box(0, 0, 2, 2), 1)], {"k": int})
    samples = read_samples(SamplesInput(path, class_field="k"), grid)
    with pytest.raises(SamplesError, match="where all sources have data"):
        drop_invalid(samples, Valid(np.zeros((20, 30), bool)))


def test_training_needs_two_classes_with_enough_samples(write_layer, box, grid):
    features = [(box(0, 0, 2, 2), 1), (box(5, 5, 7, 7), 2), (box(9, 9, 10, 10), 3)]
    path = write_layer("a.gpkg", features, {"k": int})
    samples = read_samples(SamplesInput(path, class_field="k"), grid)
    require_trainable(samples, minimum=1)
    with pytest.raises(SamplesError, match=r"fewer than 3 usable pixels: class 3 \(1\)"):
        require_trainable(samples)
    with pytest.raises(SamplesError, match="one class"):
        require_trainable(samples.subset(samples.labels == 0))
    with pytest.raises(SamplesError, match="no samples"):
        require_trainable(samples.subset(samples.labels > 5))


def test_a_listed_class_without_samples_is_told(write_layer, box, grid):
    path = write_layer("a.gpkg", [(box(0, 0, 2, 2), 1), (box(5, 5, 7, 7), 2)], {"k": int})
    listed = tuple(LandClass(v, n, "#000000") for v, n in ((1, "a"), (2, "b"), (9, "ice")))
    samples = read_samples(SamplesInput(path, class_field="k"), grid, listed)
    with pytest.raises(SamplesError, match=r"ice \(0\)"):
        require_trainable(samples)


@pytest.mark.shared_data
def test_polygons_and_label_raster_of_a_real_scene_agree(shared):
    """The polygons are an earlier revision of the raster; both agree in 98.9 % of their common cells."""
    folder = shared / "data" / "berlin_urban"
    labels = str(folder / "landcover_1m.tif")
    grid = inspect(labels).grid
    polygons = read_samples(SamplesInput(str(folder / "reference.gpkg"), class_field="class_id"), grid)
    raster = read_samples(SamplesInput(labels, type="raster"), grid)
    value = lambda s: np.array([c.value for c in s.classes])[s.labels]  # noqa: E731
    both, i, j = np.intersect1d(
        polygons.rows * grid.cols + polygons.cols, raster.rows * grid.cols + raster.cols, return_indices=True
    )
    assert len(both) > 700_000
    assert (value(polygons)[i] == value(raster)[j]).mean() > 0.98


def test_pixels_covered_twice_and_features_given_twice_are_counted(write_layer, box, grid):
    features = [(box(0, 0, 3, 3), 1), (box(2, 2, 4, 4), 1), (box(8, 8, 9, 9), 2), (box(8, 8, 9, 9), 2)]
    features += [(box(12, 12, 13, 13), 1), (box(12, 12, 13, 13), 2)]
    samples = read_samples(SamplesInput(write_layer("a.gpkg", features, {"k": int}), class_field="k"), grid)
    assert samples.counts().tolist() == [9 + 4 - 1, 1]
    assert samples.notes == (
        "1 feature given twice or more (same geometry, same class) counted once.",
        "1 pixel claimed by two classes dropped.",
        "2 pixels covered twice by the same class counted once.",
    )


def test_a_radius_of_its_own_counts_for_each_point_and_not_for_areas(write_layer, box, grid):
    features = [
        ("POINT(400055 5799945)", 1, 10.0),
        ("POINT(400155 5799945)", 2, None),
        ("POINT(400205 5799945)", 2, 0.0),
        ("POINT(400255 5799945)", 2, -4.0),
        (box(15, 15, 16, 16), 2, 30.0),
    ]
    path = write_layer("a.gpkg", features, {"k": int, "reach": float})
    samples = read_samples(SamplesInput(path, class_field="k", radius_field="reach", radius=99.0), grid)
    assert samples.counts().tolist() == [5, 4]
    assert samples.notes == ("1 feature with an unusable radius (below 0) taken without one.",)


def test_a_radius_as_text_is_refused(write_layer, grid):
    path = write_layer("a.gpkg", [("POINT(400055 5799945)", 1, "5 m")], {"k": int, "reach": str})
    with pytest.raises(SamplesError, match="'reach' does not hold numbers"):
        read_samples(SamplesInput(path, class_field="k", radius_field="reach"), grid)


def test_a_huge_radius_covers_the_grid_and_no_more(write_layer, grid):
    path = write_layer("a.gpkg", [("POINT(400055 5799945)", 1)], {"k": int})
    assert len(read_samples(SamplesInput(path, class_field="k", radius=1e9), grid)) == 20 * 30


def odd_geometries(box):
    """(WKT, pixels) of geometries that are not plain, on 10 m pixels."""
    ring = box(2, 2, 6, 6)[len("POLYGON") :]
    z_ring = ring.replace(",", " 7,").replace("))", " 7))")
    m_ring = ring.replace(",", " 7 8,").replace("))", " 7 8))")
    low, high = "400020 5799980 0", "400060 5799940 0"
    triangles = [f"(({low}, 400060 5799980 9, {high}, {low}))", f"(({low}, {high}, 400020 5799940 3, {low}))"]
    wall = f"(({low}, 400060 5799980 9, 400060 5799980 0, {low}))"
    arc = "CIRCULARSTRING(400040 5799980, 400060 5799960, 400040 5799940)"
    line = "400005 5799995, 400005 5799965"
    straight = "400040 5799940, 400020 5799940, 400020 5799980, 400040 5799980"
    return {
        "z": (f"POLYGON Z{z_ring}", 16),
        "zm": (f"POLYGON ZM{m_ring}", 16),
        "multi z": (f"MULTIPOLYGON Z({z_ring})", 16),
        "collection": (f"GEOMETRYCOLLECTION(POINT(400005 5799995), POLYGON{ring}, LINESTRING({line}))", 20),
        "tin": (f"TIN Z({triangles[0]}, {triangles[1]})", 16),
        "surface with a wall": (f"POLYHEDRALSURFACE Z({triangles[0]}, {triangles[1]}, {wall})", 16),
        "compound curve": (f"COMPOUNDCURVE({arc}, (400040 5799940, 400005 5799940))", 8),
        "curve polygon": (f"CURVEPOLYGON(COMPOUNDCURVE({arc}, ({straight})))", 14),
        "bow tie": (
            "POLYGON((400000 5800000, 400060 5799940, 400060 5800000, 400000 5799940, 400000 5800000))",
            18,
        ),
    }


ODD = ("z", "zm", "multi z", "collection", "tin", "surface with a wall", "compound curve", "curve polygon")


@pytest.mark.parametrize("kind", [*ODD, "bow tie"])
def test_odd_geometries_mean_the_pixels_they_cover(write_layer, box, grid, kind):
    wkt, count = odd_geometries(box)[kind]
    path = write_layer("a.gpkg", [(wkt, 1)], {"k": int})
    samples = read_samples(SamplesInput(path, class_field="k"), grid)
    assert abs(len(samples) - count) <= (4 if "curve" in kind or kind == "bow tie" else 0)
    assert len(np.unique(samples.places)) == {"collection": 3, "bow tie": 2}.get(kind, 1)
    repaired = ("Invalid geometries repaired: 1.",) if kind == "bow tie" else ()
    assert tuple(n for n in samples.notes if "covered twice" not in n) == repaired


@pytest.mark.parametrize(
    ("wkt", "note"),
    [
        ("POLYGON((400020 5799980, 400060 5799940, 400020 5799980))", "with an unusable geometry"),
        ("POLYGON EMPTY", "without a geometry"),
        ("GEOMETRYCOLLECTION(POINT EMPTY)", "without a geometry"),
        ("MULTIPOINT EMPTY", "without a geometry"),
    ],
)
def test_geometries_without_any_area_or_place_are_counted(write_layer, box, grid, wkt, note):
    path = write_layer("a.gpkg", [(wkt, 1), (box(0, 0, 1, 1), 1)], {"k": int})
    samples = read_samples(SamplesInput(path, class_field="k"), grid)
    assert len(samples) == 1
    assert samples.notes == (f"1 feature {note} ignored.",)


@pytest.mark.parametrize("full", [1, 7, 10**6])
def test_areas_read_in_portions_are_the_same_as_all_at_once(write_layer, box, grid, monkeypatch, full):
    random = np.random.default_rng(2)
    features = []
    for row, col in random.uniform(-3, 25, (60, 2)):
        height, width = random.uniform(0.1, 6, 2)
        features.append((box(row, col, row + height, col + width), int(random.integers(1, 4))))
    path = write_layer("a.gpkg", [*features, *features[:3]], {"k": int})
    expected = read_samples(SamplesInput(path, class_field="k"), grid)
    monkeypatch.setattr("landfuse.core.data.geometry_pixels.FULL", full)
    found = read_samples(SamplesInput(path, class_field="k"), grid)
    assert found.notes == expected.notes
    for name in ("rows", "cols", "labels", "places", "groups"):
        assert (getattr(found, name) == getattr(expected, name)).all()
