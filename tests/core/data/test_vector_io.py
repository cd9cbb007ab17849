from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.coordinates import make_grid
from landfuse.core.data.geometry_pixels import ShapeBatch
from landfuse.core.data.raster_io import transform_points
from landfuse.core.data.vector_io import (
    VectorLayer,
    inner_point,
    layer_info,
    list_fields,
    polygon_widths,
    rasterise_mask,
    write_samples_gpkg,
)
from landfuse.core.data.windows import Window
from landfuse.core.errors import AlignmentError, OutputError, VectorReadError
from osgeo import gdal, ogr

UTM = "EPSG:32633"


@pytest.fixture
def grid(coarse):
    return coarse(1, 20, 30)


@pytest.fixture(params=[False, True], ids=["failures as None", "failures as exceptions"])
def gdal_style(request):
    """Both ways in which another plugin may have set GDAL up; restored afterwards."""
    if not request.param:
        yield
        return
    for module in (gdal, ogr):
        module.UseExceptions()
    yield
    for module in (ogr, gdal):  # GDAL keeps them as a stack
        module.DontUseExceptions()


def corners_of(wkt):
    return [tuple(map(float, pair.split())) for pair in wkt[len("POLYGON((") : -2].split(",")]


def pixels_of(path, grid, radius=0.0):
    """Rows and columns of each part of each feature, with the reason where there is none."""
    with VectorLayer(path) as layer:
        found = list(layer.features([], grid))
    return [item.problem or parts_of(item.shapes, grid, radius) or "outside" for item in found]


def parts_of(shapes, grid, radius):
    batch = ShapeBatch()
    for i, shape in enumerate(shapes):
        batch.add(shape, i, radius)
    rows, cols, owners = batch.spans(grid, inner_point).pixels()
    return [set(zip(rows[owners == i].tolist(), cols[owners == i].tolist())) for i in np.unique(owners)]


def test_fields_are_listed_with_their_types(write_layer):
    path = write_layer("a.gpkg", [], {"class": int, "height": float, "name": str, "day": "date"})
    found = {f.name: f.type for f in list_fields(path)}
    assert found == {"class": "integer", "height": "real", "name": "text", "day": "other"}


def test_the_first_layer_with_the_field_is_taken(write_layer, box):
    write_layer("a.gpkg", [], {"other": int}, layer="roads")
    path = write_layer("a.gpkg", [(box(0, 0, 1, 1), 1)], {"class": int}, layer="areas")
    info = layer_info(path, field="class")
    assert (info.layer, info.layers, info.n_features) == ("areas", ("roads", "areas"), 1)
    assert layer_info(path, "roads").layer == "roads"


def test_a_file_that_is_missing_or_no_vector_is_told(tmp_path, gdal_style):
    with pytest.raises(VectorReadError, match="does not exist"):
        layer_info(str(tmp_path / "nothing.gpkg"))
    (tmp_path / "text.gpkg").write_text("this is no layer")
    with pytest.raises(VectorReadError, match=r"text\.gpkg"):
        layer_info(str(tmp_path / "text.gpkg"))


def test_a_missing_layer_is_told_with_those_there_are(write_layer, gdal_style):
    with pytest.raises(VectorReadError, match="Layers in the file: areas"):
        layer_info(write_layer("a.gpkg", [], {"class": int}), "areal")


def test_pixels_of_a_polygon_are_those_whose_centre_is_inside(write_layer, box, grid, gdal_style):
    path = write_layer("a.gpkg", [(box(1.4, 2.6, 3.6, 5.4),), (box(18, 28, 25, 40),)], {})
    wanted = {(r, c) for r in (1, 2, 3) for c in (3, 4)}
    corner = {(r, c) for r in (18, 19) for c in (28, 29)}
    assert pixels_of(path, grid) == [[wanted], [corner]]


def test_a_hole_is_not_part_of_a_polygon(write_layer, grid):
    ring = "(400000 5800000, 400050 5800000, 400050 5799950, 400000 5799950, 400000 5800000)"
    hole = "(400010 5799990, 400040 5799990, 400040 5799960, 400010 5799960, 400010 5799990)"
    ((part,),) = pixels_of(write_layer("a.gpkg", [(f"POLYGON({ring}, {hole})",)], {}), grid)
    assert len(part) == 25 - 9


def test_a_polygon_without_a_centre_takes_the_pixel_under_its_inner_point(write_layer, box, grid):
    path = write_layer("a.gpkg", [(box(4.6, 7.6, 4.8, 7.9),)], {})
    assert pixels_of(path, grid) == [[{(4, 7)}]]


def test_the_inner_point_lies_inside_a_bent_sliver(write_layer, grid):
    """The centroid of a thin U lies outside of it."""
    at = lambda row, col: f"{400000 + 10 * col} {5800000 - 10 * row}"  # noqa: E731
    corners = [(2.1, 2.1), (2.1, 2.3), (4.7, 2.3), (4.7, 4.6), (2.1, 4.6), (2.1, 4.8), (4.9, 4.8), (4.9, 2.1)]
    ring = ", ".join(at(*c) for c in [*corners, corners[0]])
    ((part,),) = pixels_of(write_layer("a.gpkg", [(f"POLYGON(({ring}))",)], {}), grid)
    assert len(part) == 1
    assert part <= {(2, 2), (3, 2), (4, 2), (4, 3), (4, 4), (3, 4), (2, 4)}


def test_each_part_of_a_multipolygon_is_separate(write_layer, box, grid):
    parts = ", ".join(box(r, r, r + 1, r + 1)[len("POLYGON") :] for r in (0, 5, 50))
    path = write_layer("a.gpkg", [(f"MULTIPOLYGON({parts})",)], {})
    assert pixels_of(path, grid) == [[{(0, 0)}, {(5, 5)}]]


def test_a_polygon_larger_than_a_piece_is_burnt_whole(write_layer, coarse):
    fine = coarse(0.01, 2100, 1500)
    path = write_layer("a.gpkg", [("POLYGON((0 0, 900000 0, 900000 9000000, 0 9000000, 0 0))",)], {})
    ((part,),) = pixels_of(path, fine)
    assert len(part) == 2100 * 1500


def test_a_line_means_all_pixels_it_touches(write_layer, grid):
    path = write_layer("a.gpkg", [("LINESTRING(400005 5799995, 400038 5799962)",)], {})
    ((part,),) = pixels_of(path, grid)
    assert {(0, 0), (1, 1), (2, 2), (3, 3)} <= part
    assert all(abs(r - c) <= 1 for r, c in part)


def test_a_line_with_a_radius_is_a_strip(write_layer, grid):
    path = write_layer("a.gpkg", [("LINESTRING(400055 5799945, 400155 5799945)",)], {})
    ((part,),) = pixels_of(path, grid, radius=12.0)
    middle = {(r, c) for r, c in part if 6 <= c <= 14}
    assert middle == {(r, c) for r in (4, 5, 6) for c in range(6, 15)}


def test_points_mean_their_pixel_or_a_disc(write_layer, grid):
    path = write_layer("a.gpkg", [("POINT(400055 5799945)",), ("MULTIPOINT((400000.1 5800000),(1 1))",)], {})
    assert pixels_of(path, grid) == [[{(5, 5)}], [{(0, 0)}]]
    cross = {(5, 5), (4, 5), (6, 5), (5, 4), (5, 6)}
    assert pixels_of(path, grid, radius=10.0)[0] == [cross]


def test_what_gives_no_pixel_says_why(write_layer, box, grid, gdal_style):
    features = [(None,), ("POLYGON EMPTY",), (box(30, 0, 35, 5),), (box(-9, -9, -1, -1),)]
    assert pixels_of(write_layer("a.gpkg", features, {}), grid) == ["empty", "empty", "outside", "outside"]


def test_an_invalid_polygon_is_repaired_and_counted(write_layer, grid, gdal_style):
    bow = "POLYGON((400000 5800000, 400100 5799900, 400100 5800000, 400000 5799900, 400000 5800000))"
    with VectorLayer(write_layer("a.gpkg", [(bow,)], {})) as layer:
        (item,) = layer.features([], grid)
    assert item.repaired
    assert 40 <= sum(map(len, parts_of(item.shapes, grid, 0.0))) <= 60


def test_curves_and_heights_are_understood(write_layer, grid):
    arc = "400050 5799900, 400100 5799950, 400150 5799900, 400100 5799850, 400050 5799900"
    curve = f"CURVEPOLYGON(CIRCULARSTRING({arc}))"
    path = write_layer("a.gpkg", [(curve,), ("POINT Z (400055 5799945 17)",)], {})
    ((disc,), point) = pixels_of(path, grid)
    assert abs(len(disc) - np.pi * 25) < 6
    assert point == [{(5, 5)}]


def test_geometries_are_transformed_to_the_grid(write_layer, box, grid):
    here = corners_of(box(3, 4, 8, 10))
    lon, lat = transform_points(
        np.array([p[0] for p in here]), np.array([p[1] for p in here]), UTM, "EPSG:4326"
    )
    ring = ", ".join(f"{x:.10f} {y:.10f}" for x, y in zip(lon, lat))
    path = write_layer("a.gpkg", [(f"POLYGON(({ring}))",)], {}, crs="EPSG:4326")
    ((part,),) = pixels_of(path, grid)
    assert part == {(r, c) for r in range(3, 8) for c in range(4, 10)}


def test_one_side_without_a_crs_is_an_error(write_layer, box, grid):
    path = write_layer("a.gpkg", [(box(0, 0, 2, 2),)], {}, crs="")
    with pytest.raises(AlignmentError, match="the samples have none"):
        pixels_of(path, grid)
    local = make_grid("", grid.transform, 20, 30)
    assert pixels_of(path, local) == [[{(0, 0), (0, 1), (1, 0), (1, 1)}]]
    with pytest.raises(AlignmentError, match="the rasters have none"):
        pixels_of(write_layer("b.gpkg", [(box(0, 0, 2, 2),)], {}), local)


def test_south_up_and_turned_grids_are_hit_at_the_right_place(write_layer, box):
    south_up = make_grid(UTM, (400000.0, 10.0, 0.0, 5799800.0, 0.0, 10.0), 20, 30)
    path = write_layer("a.gpkg", [(box(1, 2, 3, 5),)], {})
    assert pixels_of(path, south_up) == [[{(r, c) for r in (17, 18) for c in (2, 3, 4)}]]
    turned = make_grid(UTM, (400000.0, 0.0, 10.0, 5800000.0, -10.0, 0.0), 30, 20)
    assert pixels_of(path, turned) == [[{(c, r) for r in (1, 2) for c in (2, 3, 4)}]]


def test_a_mask_keeps_what_is_inside_polygons_whatever_the_window(write_layer, box, grid, gdal_style):
    path = write_layer("a.gpkg", [(box(2, 3, 9, 12),), (box(8, 10, 15, 20),), ("POINT(400005 5799995)",)], {})
    whole = rasterise_mask(path, grid, Window(0, 0, 20, 30))
    expected = np.zeros((20, 30), bool)
    expected[2:9, 3:12] = expected[8:15, 10:20] = True
    assert (whole == expected).all()
    assert (rasterise_mask(path, grid, Window(5, 8, 7, 9)) == whole[5:12, 8:17]).all()


@pytest.mark.parametrize("crs", [UTM, "EPSG:4326", ""])
def test_the_width_of_a_polygon_is_its_short_side_in_metres(write_layer, box, crs):
    strip = corners_of(box(0, 0, 2, 20))
    xs, ys = np.array([p[0] for p in strip]), np.array([p[1] for p in strip])
    if crs == "EPSG:4326":
        xs, ys = transform_points(xs, ys, UTM, crs)
    wkt = f"POLYGON(({', '.join(f'{x:.10f} {y:.10f}' for x, y in zip(xs, ys))}))"
    path = write_layer("a.gpkg", [(wkt,), ("POINT(1 1)",)], {}, crs=crs)
    assert polygon_widths(path) == pytest.approx([20.0], rel=2e-3)


def test_samples_are_written_and_read_again(tmp_path, write_layer, box):
    source, target = write_layer("a.gpkg", [(box(0, 0, 2, 2),)], {}), str(tmp_path / "out.gpkg")
    with VectorLayer(source) as layer:
        wkb = [wkb for wkb, _ in layer.records([])]
        write_samples_gpkg(target, [(wkb[0], 3, "Wüste", "north")], layer.info.crs)
    with VectorLayer(target) as layer:
        assert list(layer.values(["class", "name", "group"])) == [(3, "Wüste", "north")]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.gpkg", "out.gpkg"]


def test_samples_that_cannot_be_written_are_told_and_leave_nothing(tmp_path, gdal_style):
    with pytest.raises(OutputError, match="cannot be written"):
        write_samples_gpkg(str(tmp_path / "no" / "folder" / "out.gpkg"), [], UTM)
    assert list(tmp_path.iterdir()) == []
