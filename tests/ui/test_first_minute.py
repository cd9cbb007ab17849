"""The first minute: an empty dock offers the demo and the project's layers; a missing runtime is told."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.core.environment import EngineRecord, forget_record, record_path, write_record
from landfuse.core.errors import EngineError
from landfuse.core.setup_runtime import SetupPlan
from landfuse.ui import runtime_setup
from landfuse.ui.front import Front
from landfuse.ui.runtime_setup import RuntimeSetup
from landfuse.ui.state.choices import MethodChoice, SamplesChoice, SourceChoice
from landfuse.ui.state.context import DockContext
from landfuse.ui.state.session import Session
from qgis.core import QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import Qt

LEFT = Qt.MouseButton.LeftButton
PLAN = SetupPlan(Path("/some/where"), "/usr/bin/python3", ("torch",), "", ("numpy==1.24",), 300, 1200)


@pytest.fixture
def context(interface):
    runtime = RuntimeSetup(interface)
    made = DockContext(interface, Session(), None, None, runtime)
    yield made
    made.session.shut_down()
    runtime.shut_down()


@pytest.fixture
def front(context, qtbot):
    made = Front(context)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.shut_down()


def add(path, name):
    layer = QgsRasterLayer(path, name)
    QgsProject.instance().addMapLayer(layer)
    return layer.id()


def test_an_empty_project_can_only_try_the_demo(front):
    assert front.welcome.isVisible()
    assert front.welcome.demo.isEnabled()
    assert not front.welcome.layers.isEnabled()
    assert "no raster layer" in front.welcome.layers.toolTip()
    assert not front.runtime.isVisible()
    assert not front.missing.isVisible()


def test_trying_the_demo_loads_the_scene_and_chooses_everything(front, context, qtbot, interface):
    qtbot.mouseClick(front.welcome.demo, LEFT)
    assert not front.welcome.demo.isVisible()
    session = context.session
    qtbot.waitUntil(lambda: len(session.sources) == 4, timeout=60000)
    assert [s.key for s in session.sources] == ["hsi", "lidar", "sar", "optical"]
    assert all(layer.isValid() for layer in session.source_layers())
    assert session.samples_layer().featureCount() == 81
    assert session.samples.class_field == "class"
    assert session.method == MethodChoice()
    assert Path(session.folder) == record_path().parent / "demo"
    assert not front.welcome.isVisible()
    optical = session.source_layers()[-1]
    qtbot.waitUntil(lambda: interface.canvas.extent().contains(optical.extent()), timeout=5000)
    assert "Class map" not in [layer.name() for layer in QgsProject.instance().mapLayers().values()]


def test_a_second_demo_gets_a_folder_of_its_own(front, context, qtbot):
    (record_path().parent / "demo").mkdir()
    qtbot.mouseClick(front.welcome.demo, LEFT)
    qtbot.waitUntil(lambda: context.session.folder.endswith("demo_2"), timeout=60000)


def test_the_demo_can_be_cancelled_and_leaves_nothing(front, context, qtbot):
    qtbot.mouseClick(front.welcome.demo, LEFT)
    qtbot.mouseClick(front.welcome._stop, LEFT)
    qtbot.waitUntil(lambda: front.welcome.demo.isVisible(), timeout=10000)
    assert context.session.sources == ()
    assert QgsProject.instance().mapLayers() == {}
    assert not (record_path().parent / "demo" / "scene").exists()


def test_the_layers_of_the_project_become_sources_and_samples(front, context, qtbot, small_scene):
    optical = add(small_scene.inputs["optical"][0]["path"], "ortho")
    lidar = add(small_scene.inputs["lidar"][0]["path"], "heights")
    areas = QgsVectorLayer(small_scene.samples["path"], "areas")
    QgsProject.instance().addMapLayer(areas)
    assert front.welcome.layers.isEnabled()
    qtbot.mouseClick(front.welcome.layers, LEFT)
    qtbot.waitUntil(lambda: bool(context.session.sources), timeout=10000)
    assert context.session.sources == (SourceChoice("lidar", (lidar,)), SourceChoice("optical", (optical,)))
    assert context.session.samples == SamplesChoice(areas.id(), "class")
    assert not front.welcome.isVisible()
    QgsProject.instance().clear()
    context.session.restore({})
    assert front.welcome.isVisible()


def test_another_project_opened_in_the_middle_of_the_demo_stays_as_it_is(front, context, qtbot):
    qtbot.mouseClick(front.welcome.demo, LEFT)
    QgsProject.instance().clear()
    assert front.welcome.demo.isVisible()
    qtbot.wait(200)
    assert QgsProject.instance().mapLayers() == {}
    assert context.session.sources == ()


def test_unloading_in_the_middle_of_the_demo_changes_nothing(context, qtbot):
    front = Front(context)
    qtbot.addWidget(front)
    front.show()
    qtbot.mouseClick(front.welcome.demo, LEFT)
    front.shut_down()
    qtbot.wait(200)
    assert context.session.sources == ()


@pytest.fixture
def no_runtime(interface, monkeypatch):
    """Nothing on record and nothing found; the installation does what `installs` says."""
    forget_record()

    def find(progress):
        raise EngineError("none", where="here", remedy="")

    monkeypatch.setattr(runtime_setup, "find", find)
    monkeypatch.setattr(runtime_setup, "plan_setup", lambda progress: PLAN)


def test_a_missing_runtime_is_told_with_size_and_place_and_installed_after_consent(
    context, qtbot, no_runtime, monkeypatch, interface
):
    gate = {"open": False}

    def install(plan, progress):
        progress(0.62, "Downloading")
        while not gate["open"]:
            progress.check()
        record = EngineRecord(__import__("sys").executable)
        write_record(record)
        return record

    monkeypatch.setattr(runtime_setup, "setup", install)
    front = Front(context)
    qtbot.addWidget(front)
    front.show()
    notice = front.runtime
    qtbot.waitUntil(notice.isVisible, timeout=10000)
    assert "300 MB" in notice.text.text()
    assert "/some/where" in notice.text.text()
    assert front.welcome.demo.isEnabled()
    told = []
    context.runtime.progress.connect(lambda share, stage: told.append((share, stage)))
    qtbot.mouseClick(notice._install, LEFT)
    qtbot.waitUntil(lambda: (0.62, "Downloading") in told, timeout=10000)
    assert notice.bar.isVisible()
    assert "62 %" in notice.text.text()
    with qtbot.waitSignal(context.runtime.ready, timeout=10000):
        gate["open"] = True
    assert not notice.isVisible()
    front.shut_down()


def test_a_cancelled_installation_can_be_started_again(context, qtbot, no_runtime, monkeypatch):
    def install(plan, progress):
        while True:
            progress(0.1, "Downloading")

    monkeypatch.setattr(runtime_setup, "setup", install)
    front = Front(context)
    qtbot.addWidget(front)
    front.show()
    qtbot.waitUntil(front.runtime.isVisible, timeout=10000)
    qtbot.mouseClick(front.runtime._install, LEFT)
    with qtbot.waitSignal(context.runtime.failed, timeout=10000):
        qtbot.mouseClick(front.runtime._cancel, LEFT)
    assert front.runtime._install.isVisible()
    assert "cancelled" in front.runtime.text.text()
    front.shut_down()
