"""Counts of the class table: areas, hectares, map pixels, separate places; in the background."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from landfuse.ui.samples.class_table import ClassTable
from landfuse.ui.state.choices import SamplesChoice
from qgis.core import QgsGeometry, QgsRasterLayer, QgsRectangle
from qgis.PyQt.QtCore import QTimer


def settled(table, qtbot):
    qtbot.waitUntil(lambda: not table.is_counting, timeout=20000)


def test_pixels_and_places_are_those_of_a_run(table, scene_areas, qtbot):
    settled(table, qtbot)
    counts = table.counts
    assert {v: c.areas for v, c in counts.items()} == {1: 6, 2: 5, 3: 5}
    assert {v: c.pixels for v, c in counts.items()} == {1: 6 * 36, 2: 5 * 36, 3: 5 * 36}  # 6 x 6 pixels each
    assert {v: c.places for v, c in counts.items()} == {1: 6, 2: 5, 3: 5}
    assert {c.verdict for c in counts.values()} == {"good"}
    assert table.pixels.pixel_metres == pytest.approx(2.0, rel=1e-3)
    # 12 m x 12 m on the plane; on the ellipsoid a little else, UTM's scale is within 0.1 %
    assert counts[1].square_metres == pytest.approx(6 * 144, rel=2e-3)


def test_a_larger_gap_makes_fewer_places(table, scene_areas, session, qtbot):
    settled(table, qtbot)
    wide = {"gap": 100.0, "context_windows": "3"}
    session.set_method(replace(session.method, parameters=wide))
    settled(table, qtbot)
    assert {c.places for c in table.counts.values()} == {1}
    assert {c.verdict for c in table.counts.values()} == {"too few"}


def test_counts_follow_the_edit_buffer_and_the_undo(table, scene_areas, scene, qtbot):
    settled(table, qtbot)
    table.set_current(3)
    x, y = scene.X + 2.0, scene.Y - 2.0
    table.add_area(QgsGeometry.fromRect(QgsRectangle(x, y - 4, x + 4, y)))  # two by two pixels
    settled(table, qtbot)
    assert (table.counts[3].areas, table.counts[3].pixels) == (6, 5 * 36 + 4)
    table.undo()
    settled(table, qtbot)
    assert (table.counts[3].areas, table.counts[3].pixels) == (5, 5 * 36)


def test_an_area_more_announces_counts_and_no_other_classes(table, scene_areas, scene, qtbot):
    settled(table, qtbot)
    scene_areas.startEditing()
    heard = []
    table.set_current(2)
    table.add_area(QgsGeometry.fromRect(QgsRectangle(scene.X, scene.Y - 4, scene.X + 4, scene.Y)))
    table.changed.connect(lambda: heard.append("classes"))
    table.counts_changed.connect(lambda: heard.append("counts"))
    settled(table, qtbot)
    assert set(heard) == {"counts"}


def test_a_filter_counts_what_it_lets_through(table, scene_areas, qtbot):
    settled(table, qtbot)
    scene_areas.setSubsetString("class <> 2")
    settled(table, qtbot)
    assert {v: c.areas for v, c in table.counts.items()} == {1: 6, 2: 0, 3: 5}


def test_without_sources_areas_are_counted_and_pixels_are_unknown(table, areas, qtbot):
    settled(table, qtbot)
    assert {v: c.areas for v, c in table.counts.items()} == {1: 40, 2: 3, 5: 2}
    assert {c.pixels for c in table.counts.values()} == {None}
    assert {c.verdict for c in table.counts.values()} == {""}


def test_areas_outside_the_sources_say_so(table, scene, areas, qtbot):
    for number in areas.allFeatureIds():
        areas.dataProvider().changeGeometryValues({number: QgsGeometry.fromRect(QgsRectangle(0, 0, 10, 10))})
    areas.dataChanged.emit()
    settled(table, qtbot)
    assert "inside the common area" in table.pixels.problem
    assert table.counts[1].areas == 40


def test_a_plain_layer_is_drawn_by_class_at_once(table, add_layer, session, see, qtbot):
    layer = add_layer([3, 1, 1, None, 0])
    session.set_samples(SamplesChoice(layer.id(), "class"))
    settled(table, qtbot)
    assert [(v, name) for v, name, _ in see.style(layer)] == [(1, "class 1"), (3, "class 3")]
    assert [(r.value, r.styled) for r in table.rows] == [(1, True), (3, True)]


def test_a_style_of_another_kind_is_left_alone_until_it_is_asked_for(table, add_layer, session, see, qtbot):
    layer = add_layer([3, 1])
    see.draw(layer, "name", [("a", "a", "#ff0000")])
    session.set_samples(SamplesChoice(layer.id(), "class"))
    settled(table, qtbot)
    assert layer.renderer().classAttribute() == "name"
    assert [(r.value, r.styled) for r in table.rows] == [(1, False), (3, False)]
    assert not table.is_drawn_by_class
    table.draw_by_class()
    assert [v for v, _, _ in see.style(layer)] == [1, 3]
    assert table.is_drawn_by_class


def test_a_class_that_only_areas_have_gets_a_row_and_can_be_named(table, areas, see, qtbot):
    settled(table, qtbot)
    first = next(areas.getFeatures())
    areas.startEditing()
    areas.changeAttributeValue(first.id(), 0, 7)
    settled(table, qtbot)
    assert [(r.value, r.styled) for r in table.rows][-1] == (7, False)
    table.rename(7, "bridge")
    assert see.style(areas)[-1][:2] == (7, "bridge")
    assert table.rows[-1].styled


def test_texts_take_the_numbers_of_a_run(table, add_layer, session, qtbot):
    layer = add_layer(["wood", "Wood", "wood", "wood", "field", ""], "string")
    session.set_samples(SamplesChoice(layer.id(), "class"))
    settled(table, qtbot)
    assert [(r.value, r.name) for r in table.rows] == [(1, "field"), (2, "wood")]
    assert table.counts[2].areas == 4
    table.add_class("acre")  # nothing of it yet: it comes last
    assert [(r.value, r.name) for r in table.rows] == [(1, "field"), (2, "wood"), (3, "acre")]
    layer.changeAttributeValue(next(layer.getFeatures()).id(), 0, "acre")
    settled(table, qtbot)
    assert {r.name: r.value for r in table.rows} == {"acre": 1, "field": 2, "wood": 3}
    assert table.current.name == "acre"  # though its number has changed


def test_points_count_the_pixels_under_them(table, scene, add_layer, session, qtbot):
    layer = add_layer(
        [1, 1, 2],
        geometry="Point",
        shape=lambda n: QgsGeometry.fromWkt(f"POINT({scene.X + 21 + 20 * n} {scene.Y - 21})"),
    )
    session.set_samples(SamplesChoice(layer.id(), "class"))
    settled(table, qtbot)
    assert {v: (c.areas, c.pixels, c.places) for v, c in table.counts.items()} == {1: (2, 2, 2), 2: (1, 1, 1)}
    assert {c.verdict for c in table.counts.values()} == {"too few"}
    assert table.counts[1].square_metres == pytest.approx(2 * 4, rel=1e-2)  # two map pixels


def test_lines_count_the_pixels_they_touch(table, scene, add_layer, session, qtbot):
    def line(number):
        x, y = scene.X + 1 + 8 * number, scene.Y - 1
        return QgsGeometry.fromWkt(f"LINESTRING({x} {y}, {x} {y - 20})")

    layer = add_layer([1, 2], geometry="LineString", shape=line)
    session.set_samples(SamplesChoice(layer.id(), "class"))
    settled(table, qtbot)
    assert {v: c.pixels for v, c in table.counts.items()} == {1: 11, 2: 11}


def test_a_group_field_says_what_is_one_place(table, scene_areas, session, qtbot):
    settled(table, qtbot)
    session.set_samples(SamplesChoice(scene_areas.id(), "class", "class"))
    settled(table, qtbot)
    assert {c.places for c in table.counts.values()} == {1}
    assert {c.verdict for c in table.counts.values()} == {"too few"}


def test_a_layer_that_goes_while_it_is_counted_is_forgotten(table, scene_areas, project, qtbot):
    qtbot.waitUntil(lambda: table._counter._latest is not None, timeout=5000)  # the reading has begun
    project.removeMapLayer(scene_areas.id())
    assert not table.is_counting
    qtbot.wait(300)
    assert table.rows == ()
    assert table.counts == {}


def test_a_label_raster_can_be_seen_and_not_changed(table, scene, project, session, qtbot):
    path = scene.write_raster("labels.tif", np.float32(scene.truth)[None])
    layer = QgsRasterLayer(path, "labels")
    project.addMapLayer(layer)
    session.set_samples(SamplesChoice(layer.id()))
    settled(table, qtbot)
    assert [(r.value, r.name) for r in table.rows] == [(1, "class 1"), (2, "class 2"), (3, "class 3")]
    assert {v: c.pixels for v, c in table.counts.items()} == {
        v: int((scene.truth == v).sum()) for v in (1, 2, 3)
    }
    assert table.layer is None
    assert "label raster" in table.refusal


def test_numbers_that_no_map_can_hold_are_renumbered_on_request(table, add_layer, session, see, qtbot):
    layer = add_layer([70000, 70000, 5])
    session.set_samples(SamplesChoice(layer.id(), "class"))
    settled(table, qtbot)
    assert table.outside == [70000]
    table.renumber()
    assert see.values(layer) == {1: 1, 2: 2}
    assert [(v, name) for v, name, _ in see.style(layer)] == [(1, "class 5"), (2, "class 70000")]
    settled(table, qtbot)
    assert table.outside == []
    table.undo()
    assert see.values(layer) == {70000: 2, 5: 1}


def test_500_areas_never_hold_up_the_window(table, scene, add_layer, session, qtbot):
    layer = add_layer(
        [n % 5 + 1 for n in range(500)],
        shape=lambda n: QgsGeometry.fromRect(
            QgsRectangle(
                scene.X + 4 * (n % 23),
                scene.Y - 4 * (n // 23) - 3,
                scene.X + 4 * (n % 23) + 3,
                scene.Y - 4 * (n // 23),
            )
        ),
    )
    session.set_samples(SamplesChoice(layer.id(), "class"))
    busy, ticks = [time.thread_time()], QTimer()  # CPU of the main thread: load does not count
    ticks.setInterval(5)
    ticks.timeout.connect(lambda: busy.append(time.thread_time()))
    ticks.start()
    settled(table, qtbot)
    table.set_current(1)
    for n in range(5):
        table.add_area(
            QgsGeometry.fromRect(QgsRectangle(scene.X, scene.Y - 90, scene.X + 4 + n, scene.Y - 80))
        )
        qtbot.wait(100)
    settled(table, qtbot)
    ticks.stop()
    assert sum(c.areas for c in table.counts.values()) == 505
    assert max(np.diff(busy)) < 0.05


def test_shutting_down_while_counting_is_no_error(areas, session, qtbot):
    table = ClassTable(session)
    qtbot.wait(300)
    table.shut_down()
    before = time.monotonic()
    areas.triggerRepaint()
    areas.setName("other")
    qtbot.wait(300)
    assert time.monotonic() - before < 5
    assert {c.pixels for c in table.counts.values()} == {None}
