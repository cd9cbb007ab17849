"""The step 'Classes and samples', driven by its own widgets: clicks, keys, menus and dialogs."""

from __future__ import annotations

import pytest
from landfuse.core.data.classes import LandClass
from landfuse.core.data.map_style import paletted_qml, samples_qml
from landfuse.ui.samples.class_edits import areas_box
from landfuse.ui.samples.class_lists import ListedClass, read_list
from landfuse.ui.samples.step import SamplesStep
from landfuse.ui.samples.table_model import COLOR, NAME, PLACES, VALUE
from landfuse.ui.state.choices import SamplesChoice
from landfuse.ui.state.context import DockContext
from qgis.core import QgsApplication, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import (
    QApplication,
    QDockWidget,
    QFileDialog,
    QLineEdit,
    QMenu,
    QSpinBox,
)


@pytest.fixture
def step(interface, session, table, qtbot, tmp_path):
    """The step in a dock of QGIS's window, as wide as the narrowest dock."""
    session.set_folder(str(tmp_path))
    dock = QDockWidget(interface.window)
    made = SamplesStep(DockContext(interface, session, table, None, None))
    dock.setWidget(made)
    interface.window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    interface.window.resizeDocks([dock], [320], Qt.Orientation.Horizontal)
    interface.window.show()
    qtbot.waitExposed(interface.window)
    QApplication.setActiveWindow(interface.window)
    yield made
    made.shut_down()


@pytest.fixture
def told(interface):
    """What the message bar says."""
    return lambda: interface.bar.currentItem().text()


def cell(step, row, column):
    return step.view.model().index(row, column)


def click(qtbot, step, row, column=NAME, keys=Qt.KeyboardModifier.NoModifier):
    place = step.view.visualRect(cell(step, row, column)).center()
    qtbot.mouseClick(step.view.viewport(), Qt.MouseButton.LeftButton, keys, place)


def type_into(qtbot, step, kind, text):
    """Type into the editor that is open in the table."""
    editor = step.view.viewport().findChild(kind)
    assert editor is not None
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: step.view.viewport().findChild(kind) is None)


def test_new_training_areas_in_one_click(step, session, project, interface, qtbot, tmp_path):
    qtbot.mouseClick(step.picker.new, Qt.MouseButton.LeftButton)
    layer = session.samples_layer()
    assert layer.source().split("|")[0] == str(tmp_path / "training_areas.gpkg")
    assert [f.name() for f in layer.fields()] == ["fid", "class", "name"]
    assert interface.active is layer
    type_into(qtbot, step, QLineEdit, "water")  # its first class waits for a name
    assert [(r.value, r.name) for r in step.table.rows] == [(1, "water")]
    assert step.picker.class_field.currentField() == "class"
    qtbot.mouseClick(step.picker.new, Qt.MouseButton.LeftButton)
    assert (tmp_path / "training_areas_2.gpkg").exists()


def test_new_areas_take_the_crs_of_the_sources(step, scene, session, qtbot, see):
    qtbot.mouseClick(step.picker.new, Qt.MouseButton.LeftButton)
    layer = session.samples_layer()
    assert layer.crs().authid() == "EPSG:32633"
    step.table.add_area(see.square(0))
    assert layer.commitChanges()
    assert [(f["class"], f["name"]) for f in layer.getFeatures()] == [(1, "Class 1")]


def test_choosing_a_layer_and_its_fields(step, add_layer, session, qtbot):
    layer = add_layer([1, 2, 2])
    step.picker.layer.setLayer(layer)
    assert session.samples == SamplesChoice(layer.id(), "class")
    step.picker.group_field.setField("name")
    assert session.samples == SamplesChoice(layer.id(), "class", "name")
    step.picker.class_field.setField("name")
    assert session.samples.class_field == "name"


def test_sources_are_not_offered_as_label_rasters(step, scene, session):
    offered = {step.picker.layer.layer(i).name() for i in range(1, step.picker.layer.count())}
    assert offered == set()
    session.set_sources(())
    offered = {step.picker.layer.layer(i).name() for i in range(1, step.picker.layer.count())}
    assert offered == {"lidar"}  # one band: might be class values


def test_renaming_with_the_keyboard(step, areas, see, qtbot):
    click(qtbot, step, 1)
    qtbot.keyClick(step.view, Qt.Key.Key_Return)
    type_into(qtbot, step, QLineEdit, "meadow")
    assert see.style(areas)[1] == (2, "meadow", "#33a02c")


def test_another_value_in_the_table(step, areas, see, told, qtbot):
    click(qtbot, step, 1, VALUE)
    place = step.view.visualRect(cell(step, 1, VALUE)).center()
    qtbot.mouseDClick(step.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    type_into(qtbot, step, QSpinBox, "22")
    assert see.values(areas) == {1: 40, 22: 3, 5: 2}
    step.view.model().setData(cell(step, 1, VALUE), 5)
    assert "already" in told()


def test_space_chooses_a_colour(step, areas, see, qtbot, monkeypatch):
    monkeypatch.setattr(
        "landfuse.ui.samples.table_view.QgsColorDialog.getColor", lambda *_: QColor("#ABCDEF")
    )
    click(qtbot, step, 2)
    qtbot.keyClick(step.view, Qt.Key.Key_Space)
    assert see.style(areas)[2] == (5, "roof", "#abcdef")
    assert cell(step, 2, COLOR).data(Qt.ItemDataRole.UserRole) == "#abcdef"


def test_delete_key_and_ctrl_z_in_the_dock(step, areas, see, told, qtbot):
    qtbot.waitUntil(lambda: step.table.counts.get(1) and step.table.counts[1].areas == 40)
    click(qtbot, step, 0)
    qtbot.keyClick(step.view, Qt.Key.Key_Delete)
    assert see.values(areas) == {2: 3, 5: 2}
    assert "40" in told()
    qtbot.keyClick(step.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert see.values(areas) == {1: 40, 2: 3, 5: 2}
    assert len(see.style(areas)) == 3
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(step.view, Qt.Key.Key_Z, both)
    assert see.values(areas) == {2: 3, 5: 2}
    dock = step.parentWidget()
    qtbot.keyClick(dock, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)  # anywhere in the dock
    assert see.values(areas) == {1: 40, 2: 3, 5: 2}


def test_a_shortcut_of_the_window_does_not_get_in_the_way(step, areas, see, qtbot):
    from qgis.PyQt.QtWidgets import QAction

    fired = []
    action = QAction(step.window())
    action.setShortcut("Ctrl+Z")
    action.triggered.connect(lambda: fired.append(1))
    step.window().addAction(action)
    step.table.recolor(1, "#000000")
    step.view.setFocus()
    qtbot.keyClick(step.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert see.style(areas)[0] == (1, "water", "#1f78b4")
    assert fired == []


def test_merging_by_the_menu(step, areas, see, qtbot):
    click(qtbot, step, 0)
    menu = QMenu()
    step.buttons.merge_menu(menu)
    assert [a.text() for a in menu.actions()] == ["Into 2 grass", "Into 5 roof"]
    menu.actions()[1].trigger()
    assert see.values(areas) == {2: 3, 5: 42}
    qtbot.mouseClick(step.buttons.undo, Qt.MouseButton.LeftButton)
    assert see.values(areas) == {1: 40, 2: 3, 5: 2}
    qtbot.mouseClick(step.buttons.redo, Qt.MouseButton.LeftButton)
    assert see.values(areas) == {2: 3, 5: 42}


def test_buttons_that_are_off_say_why(step, areas, qtbot):
    assert "Nothing" in step.buttons.undo.toolTip() or "nothing" in step.buttons.undo.toolTip()
    assert not step.buttons.undo.isEnabled()
    areas.setReadOnly(True)
    assert not step.buttons.add.isEnabled()
    assert "read-only" in step.buttons.add.toolTip()
    areas.setReadOnly(False)
    assert step.buttons.add.isEnabled()
    assert "Insert" in step.buttons.add.toolTip()


def test_insert_adds_a_class_to_be_named(step, areas, qtbot):
    click(qtbot, step, 0)
    qtbot.keyClick(step.view, Qt.Key.Key_Insert)
    type_into(qtbot, step, QLineEdit, "road")
    assert (step.table.rows[-1].value, step.table.rows[-1].name) == (6, "road")
    assert step.table.current.name == "road"


def test_the_selected_row_is_the_current_class(step, areas, qtbot):
    click(qtbot, step, 2)
    assert step.table.current.value == 5
    qtbot.keyClick(step.view, Qt.Key.Key_Up)
    assert step.table.current.value == 2
    step.table.set_current(1)
    assert step.view.currentIndex().row() == 0
    assert step.view.chosen_values() == [1]


def test_headline_and_marks(step, scene_areas, qtbot):
    heard = []
    step.headline_changed.connect(heard.append)
    qtbot.waitUntil(lambda: not step.table.is_counting, timeout=20000)
    assert heard[-1] == "3 classes, 16 areas"
    assert cell(step, 0, PLACES).data(Qt.ItemDataRole.UserRole) == "good"
    assert cell(step, 0, PLACES).data(Qt.ItemDataRole.ToolTipRole) == "Enough: 6 separate places."
    assert "map pixels of 2 m" in step.hints.text.text()


@pytest.mark.parametrize("ending", ["csv", "qml"])
def test_a_list_of_classes_goes_out_and_comes_back(
    step, areas, add_layer, session, see, monkeypatch, tmp_path, ending
):
    path = str(tmp_path / f"classes.{ending}")
    kind = "Style of QGIS (*.qml)" if ending == "qml" else "Table (*.csv)"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (path, kind))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (path, ""))
    step.buttons.exporting.trigger()
    other = add_layer([1, 1, 7])
    see.draw(other, "class", [(1, "class 1", "#999999"), (7, "seven", "#777777")])
    session.set_samples(SamplesChoice(other.id(), "class"))
    step.buttons.importing.trigger()
    assert see.style(other) == [
        (1, "water", "#1f78b4"),
        (7, "seven", "#777777"),
        (2, "grass", "#33a02c"),
        (5, "roof", "#e31a1c"),
    ]
    assert other.undoStack().count() == 1
    step.table.undo()
    assert [name for _, name, _ in see.style(other)] == ["class 1", "seven"]


def test_a_damaged_list_is_told_and_changes_nothing(step, areas, see, told, monkeypatch, tmp_path):
    path = tmp_path / "classes.csv"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    before = see.style(areas)
    for text, word in (
        ("value,name\n1,a\n1,b\n", "more than once"),
        ("value,name\n70000,a\n", "no class value"),
        ("value;name;colour\n1;a;nonsense\n", "no colour"),
        ("", "no classes"),
    ):
        path.write_text(text)
        step.import_list()
        assert word in told()
    path.unlink()
    step.import_list()
    assert "cannot be read" in told()
    assert see.style(areas) == before


def test_the_style_comes_back_with_the_project(step, session, project, qtbot, see, tmp_path):
    qtbot.mouseClick(step.picker.new, Qt.MouseButton.LeftButton)
    type_into(qtbot, step, QLineEdit, "water")
    step.table.add_class("grass", "#33a02c")
    step.table.add_area(see.square(0))
    layer = session.samples_layer()
    assert layer.commitChanges()
    kept = session.samples
    project.write(str(tmp_path / "p.qgz"))
    project.clear()
    assert step.table.rows == ()
    assert step.table.source is None
    assert QgsProject.instance().read(str(tmp_path / "p.qgz"))
    session.set_samples(kept)
    assert [(r.value, r.name, r.color) for r in step.table.rows][1] == (2, "grass", "#33a02c")
    qtbot.waitUntil(lambda: step.table.counts[2].areas == 1, timeout=5000)


def test_the_menu_of_a_class_zooms_to_its_areas(step, areas, interface, qtbot):
    click(qtbot, step, 2)
    actions = {a.text(): a for a in step.view.class_menu(5).actions()}
    actions["Zoom to the areas"].trigger()
    box = areas_box(areas, "class", [5])
    assert interface.canvas.extent().contains(box)
    assert interface.canvas.extent().width() < 20 * box.width()
    actions["Delete with all areas"].trigger()
    assert [r.value for r in step.table.rows] == [1, 2]


def test_nothing_is_wrong_without_any_layer(step, project):
    assert step.table.rows == ()
    assert not step.view.isVisible()
    assert "new layer" in step.hints.text.text()


def test_layers_come_and_go_without_a_ghost(step, add_layer, session, project, see, qtbot):
    for number in range(3):
        layer = add_layer([1, 2], "string" if number == 1 else "integer")
        step.picker.layer.setLayer(layer)
        qtbot.waitUntil(lambda: not step.table.is_counting)
        assert len(step.table.rows) == 2
        layer.startEditing()
        layer.deleteAttribute(0)  # the class field goes
        assert "no field 'class'" in step.hints.text.text()
        assert step.table.rows == ()
        layer.rollBack()
        assert len(step.table.rows) == 2
        project.removeMapLayer(layer.id())
        assert step.table.rows == ()
        assert step.picker.layer.currentLayer() is None
    QgsApplication.processEvents()


def test_the_table_is_as_high_as_its_classes(step, areas, qtbot):
    before = step.view.height()
    for _ in range(4):
        step.table.add_class()
    qtbot.wait(50)
    assert step.view.height() > before
    assert not step.view.verticalScrollBar().isVisible()
    for _ in range(20):
        step.table.add_class()
    qtbot.wait(50)
    assert step.view.verticalScrollBar().isVisible()


def test_it_fits_the_narrowest_dock(step, areas):
    assert step.minimumSizeHint().width() <= 320


def test_a_memory_layer_works_as_any_other(step, add_layer, qtbot, see):
    layer = add_layer([2, 2])
    assert isinstance(layer, QgsVectorLayer)
    step.picker.layer.setLayer(layer)
    qtbot.waitUntil(lambda: not step.table.is_counting)
    qtbot.mouseClick(step.buttons.add, Qt.MouseButton.LeftButton)
    type_into(qtbot, step, QLineEdit, "new")
    step.table.add_area(see.square(4))
    assert see.values(layer) == {2: 2, 3: 1}


@pytest.mark.parametrize("made_by", [paletted_qml, lambda classes: samples_qml(classes, "class", "fill")])
def test_style_files_of_maps_and_samples_are_lists_of_classes(tmp_path, made_by):
    classes = (LandClass(3, "a & b", "#102030"), LandClass(7, "c", "#405060"))
    path = tmp_path / "map.qml"
    path.write_text(made_by(classes), encoding="utf-8")
    assert read_list(str(path)) == [ListedClass(3, "a & b", "#102030"), ListedClass(7, "c", "#405060")]


@pytest.mark.parametrize(
    "text",
    [
        "value,name,color\n1,Äcker,#ff0000\n2,b,#00ff00\n",
        "Code;Label;Colour\n1;Äcker;255,0,0\n2;b;0 255 0\n",
        "1\tÄcker\tred\n2\tb\t#0f0\n",
        "name,rgb,value\nÄcker,#FF0000,1\nb,#00FF00,2\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_tables_of_other_programs_are_read(tmp_path, text, encoding):
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode(encoding))
    assert read_list(str(path)) == [ListedClass(1, "Äcker", "#ff0000"), ListedClass(2, "b", "#00ff00")]


def test_a_list_gives_texts_their_colours_by_name(step, add_layer, session, see):
    layer = add_layer(["wood", "field"], "string")
    see.draw(layer, "class", [("wood", "wood", "#999999"), ("field", "field", "#777777")])
    session.set_samples(SamplesChoice(layer.id(), "class"))
    step.table.take_list([ListedClass(9, "Wood", "#005a32"), ListedClass(None, "acre", "#ffb000")])
    assert see.style(layer) == [
        ("wood", "wood", "#005a32"),
        ("field", "field", "#777777"),
        ("acre", "acre", "#ffb000"),
    ]
