"""The class table is the layer's categorised style: a change of one is a change of the other."""

from __future__ import annotations

import pytest
from landfuse.core.errors import ClassesError, SamplesError
from landfuse.ui.samples.class_table import ClassRow
from landfuse.ui.state.choices import SamplesChoice
from qgis.core import QgsRendererCategory, QgsSymbol
from qgis.PyQt.QtGui import QColor

WATER, GRASS, ROOF = (1, "water", "#1f78b4"), (2, "grass", "#33a02c"), (5, "roof", "#e31a1c")


def shown(table):
    return [(row.value, row.name, row.color) for row in table.rows]


def test_rows_are_the_categories_of_the_style(table, areas):
    assert shown(table) == [WATER, GRASS, ROOF]
    assert table.current == ClassRow(1, "water", "#1f78b4", 1)
    assert table.layer is areas


def test_a_change_of_the_style_in_qgis_shows_in_the_table(table, areas, qtbot):
    style = areas.renderer().clone()
    style.updateCategoryLabel(0, "lake")
    second = style.categories()[1]
    symbol = second.symbol().clone()
    symbol.setColor(QColor("#00ff00"))
    style.updateCategorySymbol(1, symbol)
    style.addCategory(QgsRendererCategory(9, QgsSymbol.defaultSymbol(areas.geometryType()), "road"))
    style.deleteCategory(2)
    with qtbot.waitSignal(table.changed, timeout=100):
        areas.setRenderer(style)
    assert [(r.value, r.name) for r in table.rows] == [(1, "lake"), (2, "grass"), (9, "road")]
    assert table.rows[1].color == "#00ff00"


def test_a_colour_that_is_changed_in_the_legend_shows_in_the_table(table, areas):
    items = areas.renderer().legendSymbolItems()
    symbol = items[1].symbol().clone()
    symbol.setColor(QColor("#123456"))
    areas.renderer().setLegendSymbolItem(items[1].ruleKey(), symbol)
    areas.emitStyleChanged()  # as the layer tree does, without a new style
    assert [r.color for r in table.rows] == ["#1f78b4", "#123456", "#e31a1c"]


def test_a_change_in_the_table_changes_the_style(table, areas, see):
    table.rename(1, "lake")
    table.recolor(2, "#00ff00")
    added = table.add_class("road", "#123456")
    assert added.value == 6
    assert see.style(areas) == [
        (1, "lake", "#1f78b4"),
        (2, "grass", "#00ff00"),
        (5, "roof", "#e31a1c"),
        (6, "road", "#123456"),
    ]
    alphas = {c.symbol().color().alpha() for c in areas.renderer().categories()}
    assert alphas == {150}  # a new colour keeps the tint


def test_deleting_a_class_with_its_40_areas_is_one_step(table, areas, see):
    table.delete([1])
    assert see.values(areas) == {2: 3, 5: 2}
    assert [v for v, _, _ in see.style(areas)] == [2, 5]
    assert areas.undoStack().count() == 1
    areas.undoStack().undo()  # what Edit > Undo does
    assert see.values(areas) == {1: 40, 2: 3, 5: 2}
    assert see.style(areas) == [WATER, GRASS, ROOF]
    assert shown(table) == [WATER, GRASS, ROOF]
    table.redo()
    assert see.values(areas) == {2: 3, 5: 2}
    assert shown(table) == [GRASS, ROOF]


def test_merging_a_class_with_its_40_areas_is_one_step(table, areas, see):
    table.merge([1, 2], 5)
    assert see.values(areas) == {5: 45}
    assert see.style(areas) == [ROOF]
    assert table.current.value == 5
    assert areas.undoStack().count() == 1
    table.undo()
    assert see.values(areas) == {1: 40, 2: 3, 5: 2}
    assert see.style(areas) == [WATER, GRASS, ROOF]


def test_one_history_holds_areas_names_and_colours(table, areas, see):
    table.rename(2, "meadow")
    table.set_current(2)
    table.add_area(see.square(70))
    table.recolor(2, "#00ff00")
    assert see.values(areas) == {1: 40, 2: 4, 5: 2}
    assert areas.undoStack().count() == 3
    table.undo()
    assert see.style(areas)[1] == (2, "meadow", "#33a02c")
    table.undo()
    assert see.values(areas) == {1: 40, 2: 3, 5: 2}
    table.undo()
    assert see.style(areas)[1] == GRASS
    for _ in range(3):
        table.redo()
    assert see.style(areas)[1] == (2, "meadow", "#00ff00")
    assert see.values(areas) == {1: 40, 2: 4, 5: 2}


def test_undo_leaves_alone_what_was_changed_in_the_style_dialog_since(table, areas):
    table.rename(1, "lake")
    style = areas.renderer().clone()
    first = style.categories()[0]
    symbol = first.symbol().clone()
    symbol.setOpacity(0.5)
    style.updateCategorySymbol(0, symbol)
    areas.setRenderer(style)
    table.undo()
    first = areas.renderer().categories()[0]
    assert (first.label(), first.symbol().opacity()) == ("water", 0.5)


def test_an_area_takes_class_and_name_and_starts_the_editing(table, areas, see):
    assert not areas.isEditable()
    table.set_current(5)
    table.add_area(see.square(80))
    assert areas.isEditable()
    made = next(f for f in areas.getFeatures() if f.id() < 0)
    assert (made["class"], made["name"]) == (5, "roof")


def test_the_keys_of_the_list_go_round(table, areas):
    table.set_current(5)
    table.select_next(1)
    assert table.current.value == 1
    table.select_next(-1)
    assert table.current.value == 5
    table.set_current(77)
    assert table.current.value == 5


def test_another_value_moves_the_areas_along(table, areas, see):
    table.set_current(1)
    table.set_value(1, 11)
    assert see.values(areas) == {11: 40, 2: 3, 5: 2}
    assert table.current.value == 11
    with pytest.raises(ClassesError):
        table.set_value(11, 2)
    with pytest.raises(ClassesError):
        table.set_value(11, 70000)
    assert see.values(areas) == {11: 40, 2: 3, 5: 2}
    table.undo()
    assert shown(table) == [WATER, GRASS, ROOF]


def test_discarding_the_edits_brings_a_deleted_class_back(table, areas, see):
    table.rename(2, "meadow")
    table.delete([1])
    assert areas.isModified()  # so that QGIS asks before anything is lost
    areas.rollBack()
    assert see.values(areas) == {1: 40, 2: 3, 5: 2}
    assert shown(table) == [WATER, GRASS, ROOF]


def test_saving_the_edits_keeps_the_style(table, areas, see):
    table.delete([1])
    assert areas.commitChanges()
    assert see.values(areas) == {2: 3, 5: 2}
    assert shown(table) == [GRASS, ROOF]
    assert not areas.undoStack().canUndo()


def test_texts_are_numbered_as_in_a_run_and_renamed_in_the_areas(table, add_layer, session, see):
    layer = add_layer(["wood", "Wood", "wood", "field"], "string")
    see.draw(layer, "class", [("wood", "wood", "#005a32"), ("field", "field", "#ffb000")])
    session.set_samples(SamplesChoice(layer.id(), "class"))
    assert [(r.value, r.name, r.stored) for r in table.rows] == [(2, "wood", "wood"), (1, "field", "field")]
    table.rename(2, "trees")
    assert see.values(layer) == {"trees": 3, "field": 1}
    assert table.current.stored == "trees"
    table.undo()
    assert see.values(layer) == {"wood": 2, "Wood": 1, "field": 1}
    table.add_class("acre")
    table.add_area(see.square(5))
    assert see.values(layer)["acre"] == 1


def test_a_read_only_layer_says_so(table, areas, see):
    areas.setReadOnly(True)
    assert table.layer is None
    assert "read-only" in table.refusal
    with pytest.raises(SamplesError, match="read-only"):
        table.delete([1])
    table.recolor(1, "#000080")  # the style is the project's, not the file's
    assert see.style(areas)[0] == (1, "water", "#000080")


def test_points_take_no_polygon(table, add_layer, session, see):
    layer = add_layer([1, 2], geometry="Point", shape=lambda n: see.square(n).centroid())
    see.draw(layer, "class", [WATER, GRASS])
    session.set_samples(SamplesChoice(layer.id(), "class"))
    with pytest.raises(SamplesError, match="does not fit"):
        table.add_area(see.square(3))
    assert layer.undoStack().count() == 0
    table.add_area(see.square(3).centroid())
    assert see.values(layer) == {1: 2, 2: 1}


def test_a_layer_that_goes_leaves_nothing_behind(table, areas, session, project):
    project.removeMapLayer(areas.id())
    assert table.rows == ()
    assert table.layer is None
    assert table.current is None
