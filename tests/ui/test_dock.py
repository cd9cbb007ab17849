"""The dock as the plugin opens it, closes it and takes it back."""

from __future__ import annotations

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

import landfuse
from landfuse.ui import dock as dock_module
from landfuse.ui.dock import LandfuseDock


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
