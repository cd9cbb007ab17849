"""The form of settings follows the table of parameters, without code for any one of them."""

from __future__ import annotations

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.core.job_kinds import KINDS
from landfuse.core.job_spec import Parameter
from landfuse.core.models.catalog import CATALOG
from landfuse.ui.method.settings_form import SettingsForm
from qgis.PyQt.QtCore import QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QWheelEvent
from qgis.PyQt.QtWidgets import QApplication, QComboBox, QLabel

NEW = (
    Parameter("depth", "int", 3, "Depth", "How deep.", minimum=1, maximum=9),
    Parameter("rate", "float", 0.5, "Rate", "How fast.", minimum=0.0, maximum=2.0),
    Parameter("gap", "float", -1.0, "Gap in metres (-1 = automatic)", minimum=-1.0),
    Parameter("mode", "choice", "a", "Mode", choices=("a", "b"), methods=("gihcn",)),
    Parameter("again", "bool", True, "Again"),
    Parameter("words", "str", "x,y", "Words"),
    Parameter("place", "file", "", "Place"),
)


@pytest.fixture
def form(qgis_app, qtbot):
    made = SettingsForm(NEW)
    qtbot.addWidget(made)
    made.show()
    return made


def test_every_parameter_has_a_labelled_editor_with_its_help_and_limits(form):
    labels = {label.text() for label in form.findChildren(QLabel)}
    assert {"Depth", "Rate", "Gap in metres", "Mode", "Again", "Words"} <= labels
    depth = form.editors["depth"].widget
    assert (depth.minimum(), depth.maximum(), depth.toolTip()) == (1, 9, "How deep.")
    assert form.editors["gap"].widget.text() == "automatic"


def test_only_what_differs_from_the_defaults_is_a_value(form, qtbot):
    assert form.values() == {}
    with qtbot.waitSignal(form.changed):
        form.editors["depth"].widget.stepUp()
    qtbot.keyClick(form.editors["again"].widget, Qt.Key.Key_Space)
    form.editors["words"].widget.selectAll()
    qtbot.keyClicks(form.editors["words"].widget, "z")
    form.editors["mode"].widget.setCurrentIndex(1)
    form.editors["place"].widget.setFilePath("/some/file")
    expected = {"depth": 4, "again": False, "words": "z", "mode": "b", "place": "/some/file"}
    assert form.values() == expected
    assert type(form.values()["depth"]) is int


def test_values_are_shown_without_an_announcement_and_missing_ones_as_defaults(form, qtbot):
    with qtbot.assertNotEmitted(form.changed, wait=10):
        form.set_values({"depth": 7, "mode": "b"})
        assert form.values() == {"depth": 7, "mode": "b"}
        form.set_values({})
    assert form.values() == {}


def test_what_a_method_does_not_read_is_left_out(form):
    form.show_for("mibf_net")
    assert not form.editors["mode"].widget.isVisible()
    form.show_for("gihcn")
    assert form.editors["mode"].widget.isVisible()


def test_the_wheel_scrolls_the_dock_and_changes_no_value_in_passing(form, qtbot):
    box = form.editors["depth"].widget
    form.editors["words"].widget.setFocus()
    place = QPointF(box.rect().center())
    turn = QWheelEvent(
        place, QPointF(box.mapToGlobal(box.rect().center())), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(box, turn)
    assert box.value() == 3


def test_all_settings_of_training_survive_the_form(qgis_app, qtbot):
    form = SettingsForm(KINDS["train"].parameters)
    qtbot.addWidget(form)
    for parameter in KINDS["train"].parameters:
        if isinstance(form.editors[parameter.name].widget, QComboBox):
            wanted = parameter.choices[-1]
        elif parameter.type == "bool":
            wanted = not parameter.default
        elif parameter.type in ("str", "file"):
            wanted = "3,5"
        else:
            wanted = parameter.python_type(parameter.default + (0.5 if parameter.type == "float" else 2))
        form.set_values({parameter.name: wanted})
        assert form.values() == ({} if wanted == parameter.default else {parameter.name: wanted})


def test_settings_of_single_methods_name_methods_that_exist():
    named = {method for parameter in KINDS["train"].parameters for method in parameter.methods}
    assert named <= set(CATALOG)
    assert "random_forest" in named
