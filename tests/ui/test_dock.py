"""The dock as the plugin opens it, closes it and takes it back."""

from __future__ import annotations

import shutil

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

import landfuse
from landfuse.ui import dock as dock_module
from landfuse.ui.dock import LandfuseDock
from landfuse.ui.state.choices import MethodChoice, SamplesChoice, SourceChoice
from landfuse.ui.state.folder import needed_folder
from qgis.core import QgsProject, QgsRasterLayer, QgsSettings, QgsVectorLayer
from qgis.PyQt.QtWidgets import QAbstractButton, QAbstractItemView, QAbstractSpinBox, QComboBox


@pytest.fixture
def plugin(interface, qgis_processing):
    made = landfuse.classFactory(interface)
    made.initGui()
    yield made
    if made.provider is not None:
        made.unload()


def test_the_dock_is_made_only_when_it_is_opened(plugin, interface):
    assert interface.docks == []
    interface.tools[0].trigger()
    assert [type(d) for d in interface.docks] == [LandfuseDock]
    assert interface.docks[0].isVisible()
    interface.tools[0].trigger()
    assert not interface.docks[0].isVisible()
    interface.tools[0].trigger()
    assert interface.docks[0].isVisible()
    assert len(interface.docks) == 1


def test_the_dock_comes_back_open_at_the_next_start(plugin, interface, qtbot):
    interface.tools[0].trigger()
    plugin.unload()
    again = landfuse.classFactory(interface)
    again.initGui()
    qtbot.waitUntil(lambda: len(interface.docks) == 1 and interface.docks[0].isVisible())
    interface.docks[0].close()
    assert not interface.tools[0].isChecked()
    again.unload()
    third = landfuse.classFactory(interface)
    third.initGui()
    qtbot.wait(50)
    assert interface.docks == []
    third.unload()


def test_a_start_of_qgis_does_not_wait_for_the_dock(interface, qgis_processing, qtbot):
    QgsSettings().setValue("landfuse/dock_open", True)
    interface.window.hide()
    plugin = landfuse.classFactory(interface)
    plugin.initGui()
    qtbot.wait(50)
    assert interface.docks == []
    interface.window.show()
    interface.initializationCompleted.emit()
    assert [d.isVisible() for d in interface.docks] == [True]
    plugin.unload()
    interface.initializationCompleted.emit()
    assert interface.docks == []


def test_reloading_the_plugin_twice_with_the_dock_open_leaves_one_dock_and_nothing_behind(interface, qtbot):
    for _ in range(3):
        plugin = landfuse.classFactory(interface)
        plugin.initGui()
        plugin.show_dock()
        plugin.dock().finish_building()
        assert len(interface.docks) == 1
        plugin.unload()
        assert interface.actions == interface.tools == interface.docks == []


def test_every_step_of_the_table_is_built_and_fits_into_the_narrow_dock(plugin, interface, qtbot):
    plugin.show_dock()
    dock = plugin.dock()
    dock.finish_building()
    assert list(dock.steps) == [entry[0] for entry in dock_module.STEPS]
    for section in dock.sections.values():
        section.set_open(True)
    for step in dock.steps.values():
        assert step.minimumSizeHint().width() <= dock_module.look.WIDTH, type(step).__name__


@pytest.fixture
def dock(plugin):
    plugin.show_dock()
    plugin.dock().finish_building()
    return plugin.dock()


def fill(dock, small_scene):
    """Put the layers of the scene into the project and choose them."""
    layers = [
        QgsRasterLayer(small_scene.inputs["optical"][0]["path"], "ortho"),
        QgsRasterLayer(small_scene.inputs["lidar"][0]["path"], "dsm"),
        QgsVectorLayer(small_scene.samples["path"], "areas"),
    ]
    QgsProject.instance().addMapLayers(layers)
    optical, lidar, areas = (layer.id() for layer in layers)
    session = dock.context.session
    session.set_sources([SourceChoice("lidar", (lidar,)), SourceChoice("optical", (optical,), "1-3")])
    session.set_samples(SamplesChoice(areas, "class"))
    session.set_method(MethodChoice(method="random_forest"))
    return session


def test_a_project_saved_moved_and_reopened_with_the_open_dock_is_as_before(
    dock, small_scene, tmp_path, interface
):
    session = fill(dock, small_scene)
    project, context = QgsProject.instance(), dock.context
    project.write(str(small_scene.folder / "town.qgz"))
    assert needed_folder(context) == str(small_scene.folder / "town_landfuse")
    project.write()
    chosen = session.to_json()
    project.clear()
    assert session.sources == ()
    assert dock.front.welcome.isVisible()
    moved = tmp_path / "moved"
    shutil.move(str(small_scene.folder), str(moved))
    project.read(str(moved / "town.qgz"))
    assert session.folder == str(moved / "town_landfuse")
    assert session.to_json() == {**chosen, "folder": session.folder}
    assert all(layer.isValid() for layer in (*session.source_layers(), session.samples_layer()))
    assert not dock.front.welcome.isVisible()
    assert len(dock.steps["sources"].rows) == 2
    assert interface.said() == ""


def test_a_dock_opened_after_the_project_knows_its_choices(dock, plugin, small_scene, tmp_path, interface):
    fill(dock, small_scene)
    QgsProject.instance().write(str(tmp_path / "town.qgz"))
    plugin.unload()
    QgsProject.instance().read(str(tmp_path / "town.qgz"))
    again = landfuse.classFactory(interface)
    again.initGui()
    again.show_dock()
    session = again.dock().context.session
    assert [s.key for s in session.sources] == ["lidar", "optical"]
    assert session.method.method == "random_forest"
    again.unload()


def test_several_projects_in_a_row_leave_no_ghost(dock, small_scene, tmp_path, qtbot):
    session = fill(dock, small_scene)
    project = QgsProject.instance()
    project.write(str(tmp_path / "town.qgz"))
    for _ in range(3):
        project.clear()
        qtbot.wait(30)
        assert dock.steps["sources"].rows == []
        assert not dock.context.classes.rows
        project.read(str(tmp_path / "town.qgz"))
        qtbot.wait(30)
        assert len(session.source_layers()) == 2
    project.removeAllMapLayers()
    qtbot.wait(30)
    assert session.source_layers() == []
    assert session.samples == SamplesChoice()


def controls(step):
    """The controls that a step shows, without the parts of other widgets."""
    kinds = (QAbstractButton, QComboBox, QAbstractSpinBox)
    found = [w for kind in kinds for w in step.findChildren(kind) if w.isVisibleTo(step)]
    inner = (*kinds, QAbstractItemView)
    return [w for w in found if not isinstance(w.parent(), inner) and not w.objectName().startswith("qt_")]


def test_every_control_of_the_dock_says_what_it_does(dock):
    for step in (dock.front, *dock.steps.values()):
        silent = [(type(w.parent()), type(w), w.objectName()) for w in controls(step) if not w.toolTip()]
        assert silent == [], type(step).__name__
