"""Growing an area on the map: click, drag, Ctrl and the wheel, accepting and dropping."""

from __future__ import annotations

import threading

import pytest
from landfuse.core.data.digitising_scene import DigitisingScene
from landfuse.ui.state.choices import SourceChoice
from qgis.PyQt.QtCore import Qt

CTRL, LEFT = Qt.KeyboardModifier.ControlModifier, Qt.MouseButton.LeftButton
TREES = (36, 12)  # middle of a block of 24 x 24 m
FIELD = 12 * 12  # map pixels of a block


@pytest.fixture
def grow(drawing):
    """The tool, switched on."""
    drawing.bar.buttons["grow"].click()
    return drawing.bar.tools["grow"]


def settled(qtbot, drawing, grow):
    """Wait until the region of the tolerance that is set is shown, and return it."""

    def is_there():
        region = grow._region
        return region is not None and region.tolerance == grow.tolerance and not drawing.bar.reader.busy

    qtbot.waitUntil(is_there, timeout=10000)
    return grow.shade.geometry


def count(drawing):
    return len(drawing.areas())


def test_a_click_shows_the_region_in_the_class_colour_and_enter_takes_it(drawing, grow, qtbot):
    drawing.classes.set_current(2)
    drawing.mouse.click(*TREES)
    shown = settled(qtbot, drawing, grow)
    assert shown.area() == pytest.approx(4 * FIELD, rel=0.15)
    assert grow.shade._band.strokeColor().name() == "#006400"
    assert count(drawing) == 0
    drawing.mouse.key(Qt.Key.Key_Return)
    (area,) = drawing.areas()
    assert area["class"] == 2
    assert drawing.rectangle_of(area) == pytest.approx((24, 0, 48, 24), abs=3)
    assert grow.shade.geometry.isEmpty()


@pytest.mark.parametrize("how", ["second click", "double click", "right click"])
def test_other_ways_to_take_the_region(drawing, grow, qtbot, how):
    if how == "double click":
        drawing.mouse.double_click(*TREES)
    else:
        drawing.mouse.click(*TREES)
        settled(qtbot, drawing, grow)
        button = Qt.MouseButton.RightButton if how == "right click" else LEFT
        drawing.mouse.click(30, 8, button)
    qtbot.waitUntil(lambda: count(drawing) == 1, timeout=10000)


def test_a_click_elsewhere_moves_the_seed_and_escape_drops_it(drawing, grow, qtbot):
    drawing.mouse.click(*TREES)
    first = settled(qtbot, drawing, grow)
    drawing.mouse.click(60, 36)
    second = settled(qtbot, drawing, grow)
    assert not second.intersects(first)
    drawing.mouse.key(Qt.Key.Key_Escape)
    assert grow.shade.geometry.isEmpty()
    drawing.mouse.key(Qt.Key.Key_Return)
    qtbot.wait(100)
    assert count(drawing) == 0


def test_dragging_sets_the_tolerance_and_the_region_follows(drawing, grow, qtbot):
    start = drawing.mouse.at(*TREES)
    before = grow.tolerance
    drawing.mouse.press(*TREES)
    sizes = []
    for way in (0, -180, 270):
        drawing.mouse.move_to(start + type(start)(way, 0), held=LEFT)
        sizes.append((settled(qtbot, drawing, grow).area(), grow.tolerance))
    assert sizes[1][1] == pytest.approx(before / 4)
    assert sizes[2][1] == pytest.approx(before * 8)
    assert sizes[1][0] < sizes[0][0] < sizes[2][0]
    drawing.mouse.release(*TREES)
    assert count(drawing) == 0  # it stays to be looked at


def test_ctrl_and_the_wheel_set_the_tolerance_and_do_not_zoom(drawing, grow, qtbot):
    drawing.mouse.click(*TREES)
    settled(qtbot, drawing, grow)
    extent, before = drawing.canvas.extent(), grow.tolerance
    drawing.mouse.wheel(20, CTRL)
    larger = settled(qtbot, drawing, grow).area()
    assert grow.tolerance == pytest.approx(min(before * 1.12**20, 8))
    assert drawing.canvas.extent() == extent
    drawing.mouse.wheel(-30, CTRL)
    assert settled(qtbot, drawing, grow).area() < larger


def test_the_badge_says_class_tolerance_and_map_pixels(drawing, grow, qtbot):
    drawing.mouse.click(*TREES)
    settled(qtbot, drawing, grow)
    text = grow.badge.text().replace("&nbsp;", " ")
    assert "grass" in text
    assert "tolerance 0.30" in text
    assert f"{grow._region.n_pixels} map pixels" in text
    assert grow.badge.isVisible()


def test_only_the_chosen_sources_count(drawing, grow, qtbot):
    drawing.mouse.click(12, 12)  # grass beside trees, which look alike and are higher
    both = settled(qtbot, drawing, grow).area()
    drawing.use("optical")
    drawing.mouse.key(Qt.Key.Key_Escape)
    drawing.mouse.click(12, 12)
    alone = settled(qtbot, drawing, grow).area()
    assert alone > 1.5 * both


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4326"])
def test_regions_grow_on_a_map_in_another_crs(drawing, grow, qtbot, crs):
    drawing.look_at(crs)
    drawing.mouse.click(*TREES)
    settled(qtbot, drawing, grow)
    drawing.mouse.key(Qt.Key.Key_Return)
    (area,) = drawing.areas()
    assert drawing.rectangle_of(area) == pytest.approx((24, 0, 48, 24), abs=3)


def test_a_seed_outside_the_sources_is_refused_with_a_hint(drawing, grow, qtbot):
    drawing.mouse.click(-8, 40)
    qtbot.waitUntil(lambda: "Not all sources have data here" in drawing.interface.said(), timeout=10000)
    assert grow.seed is None


def test_growing_happens_outside_the_main_thread_and_stale_answers_are_dropped(
    drawing, grow, qtbot, monkeypatch
):
    go, threads, original = threading.Event(), [], DigitisingScene.grow

    def slow(self, seed, view, tolerance, progress):
        threads.append(threading.get_ident())
        go.wait(10)
        progress.check()
        return original(self, seed, view, tolerance, progress)

    monkeypatch.setattr(DigitisingScene, "grow", slow)
    drawing.mouse.click(*TREES)
    qtbot.waitUntil(lambda: bool(threads), timeout=10000)
    drawing.mouse.click(12, 12)
    drawing.mouse.click(60, 36)
    go.set()
    shown = settled(qtbot, drawing, grow)
    assert threading.get_ident() not in threads
    assert len(threads) == 2  # the seed in between was never computed
    box = shown.boundingBox()
    assert box.contains(drawing.bar.tools["grow"].seed)


def test_a_long_drag_over_slow_sources_still_shows_regions(drawing, grow, qtbot, monkeypatch):
    original, answered = DigitisingScene.grow, []

    def slow(self, *values):
        threading.Event().wait(0.05)
        answered.append(original(self, *values))
        return answered[-1]

    monkeypatch.setattr(DigitisingScene, "grow", slow)
    start = drawing.mouse.at(*TREES)
    drawing.mouse.press(*TREES)
    for way in range(5, 100, 5):
        drawing.mouse.move_to(start + type(start)(way, 0), held=LEFT)
        qtbot.wait(10)
    assert len(answered) > 1  # while the button is still down
    settled(qtbot, drawing, grow)
    drawing.mouse.release(*TREES)


def test_a_source_that_is_gone_from_the_disk_is_told(drawing, grow, qtbot):
    key = "other"
    layer = drawing.rasters["optical"]
    drawing.session.set_sources([SourceChoice(key, (layer.id(),))])
    (drawing.scene.folder / "optical.tif").unlink()
    drawing.mouse.click(*TREES)
    qtbot.waitUntil(lambda: drawing.interface.said() != "", timeout=10000)
    assert grow.seed is None
