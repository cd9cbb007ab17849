"""A run copied as command, Python or job files is the same run."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")
pytest.importorskip("sklearn", reason="needs the engine's packages")

from landfuse.core.data.vector_io import VectorLayer
from landfuse.core.job import Job
from landfuse.core.job_file import parse_job
from landfuse.ui.run.copy_button import CopyButton
from landfuse.ui.run.recipe import kept_samples, make_recipe
from landfuse.ui.run.recipe_text import as_command, as_jobs, as_python
from landfuse.ui.run.runner import Runner
from landfuse.ui.state import jobs
from landfuse.ui.state.context import DockContext
from landfuse.ui.state.session import Session
from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsFeature,
    QgsFillSymbol,
    QgsGeometry,
    QgsProject,
    QgsRendererCategory,
)
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QApplication, QFileDialog

pytestmark = pytest.mark.slow
COLORS = {1: "#00aa11", 2: "#005522", 3: "#0000ff"}


@pytest.fixture
def styled(session):
    """The session whose areas have names and colours in QGIS, one of them with quotes and blanks."""
    categories = []
    for value, name in ((1, "meadow's edge"), (2, 'the "old" trees'), (3, "water $HOME")):
        symbol = QgsFillSymbol.createSimple({})
        symbol.setColor(QColor(COLORS[value]))
        categories.append(QgsRendererCategory(value, symbol, name))
    session.samples_layer().setRenderer(QgsCategorizedSymbolRenderer("class", categories))
    return session


def run(qtbot, session, home):
    runner = Runner(session)
    parameters = {"train": jobs.train_parameters(session), "classify": jobs.classify_parameters(session, "")}
    with qtbot.waitSignal(runner.finished, timeout=120000) as got:
        runner.start(parameters)
    runner.shut_down()
    return got.args[0]


def parsed(command):
    """What a shell makes of the command: (kind, parameters) of each line, as qgis_process reads them."""
    calls = []
    for line in command.splitlines():
        words = shlex.split(line, comments=True)
        if words:
            values = {}
            for word in words[words.index("--") + 1 :]:
                name, _, value = word.partition("=")
                values.setdefault(name, []).append(value)
            plain = {n: v[0] if len(v) == 1 else v for n, v in values.items()}
            calls.append((words[2].removeprefix("landfuse:"), plain))
    return calls


def job_outside(kind, values) -> Job:
    """The job of a call in a QGIS that knows nothing of the project."""
    alone = Session(QgsProject())
    try:
        return jobs.job_of(kind, values, alone)
    finally:
        alone.shut_down()


def areas_of(samples):
    with VectorLayer(samples.path, samples.layer, samples.class_field) as layer:
        return [(bytes(wkb), values[0]) for wkb, values in layer.records([samples.class_field])]


def compared(job):
    """All of a job but where the snapshot of the samples lies."""
    plain = job.to_json()
    return {**plain, "samples": {**plain.get("samples", {}), "path": "", "layer": ""}}


def test_names_and_colours_that_only_qgis_knows_come_with_the_kept_samples(qtbot, styled, home):
    record = run(qtbot, styled, home)
    recipe = make_recipe(record, styled)
    assert "not saved with the layer" in recipe.notes[0]
    (_, train), (_, classify) = parsed(as_command(recipe, for_windows=False))
    original = jobs.job_of("train", record.parameters["train"], styled)
    copied = job_outside("train", train)
    assert compared(copied) == compared(original)
    assert [c["name"] for c in copied.classes] == ["meadow's edge", 'the "old" trees', "water $HOME"]
    assert areas_of(copied.samples) == areas_of(original.samples)
    same = jobs.job_of("classify", record.parameters["classify"], styled)
    assert job_outside("classify", classify) == same


def test_a_layer_whose_style_is_saved_with_it_is_named_by_its_file(qtbot, styled, home):
    layer = styled.samples_layer()
    layer.saveDefaultStyle()
    source = layer.source()
    record = run(qtbot, styled, home)
    (_, train), _ = make_recipe(record, styled).calls
    assert train["SAMPLES"] == source
    original = jobs.job_of("train", record.parameters["train"], styled)
    assert compared(job_outside("train", train)) == compared(original)


def test_unsaved_edits_are_told_and_taken_from_the_kept_samples(qtbot, styled, home):
    layer = styled.samples_layer()
    layer.saveDefaultStyle()
    layer.startEditing()
    area = QgsFeature(layer.fields())
    area.setGeometry(
        QgsGeometry.fromWkt("POLYGON((400000 5799990,400010 5799990,400010 5800000,400000 5799990))")
    )
    area.setAttribute("class", 3)
    layer.addFeature(area)
    record = run(qtbot, styled, home)
    recipe = make_recipe(record, styled)
    assert "unsaved edits" in recipe.notes[0]
    assert recipe.calls[0][1]["SAMPLES"] == str(kept_samples(record))
    original = jobs.job_of("train", record.parameters["train"], styled)
    copied = job_outside("train", recipe.calls[0][1])
    assert len(areas_of(copied.samples)) == 17
    assert areas_of(copied.samples) == areas_of(original.samples)
    assert "unsaved edits" in as_command(recipe)
    assert "unsaved edits" in as_python(recipe)
    layer.rollBack()


def test_nodata_set_only_in_qgis_goes_into_the_options(qtbot, session, home):
    optical = session.source_layers()[0]
    optical.dataProvider().setUserNoDataValue(1, [])
    from qgis.core import QgsRasterRange

    optical.dataProvider().setUserNoDataValue(1, [QgsRasterRange(-7, -7)])
    record = run(qtbot, session, home)
    (_, train), _ = parsed(as_command(make_recipe(record, session), for_windows=False))
    original = jobs.job_of("train", record.parameters["train"], session)
    assert original.inputs["optical"][0].nodata == (-7.0,)
    assert job_outside("train", train).inputs == original.inputs


def test_the_python_gives_the_same_calls(qtbot, session, home):
    record = run(qtbot, session, home)
    recipe = make_recipe(record, session)
    called = []

    class Processing:
        @staticmethod
        def run(name, values):
            called.append((name.removeprefix("landfuse:"), values))

    text = as_python(recipe).replace("import processing", "")
    exec(compile(text, "copied", "exec"), {"processing": Processing})
    assert tuple(called) == recipe.calls


def test_the_job_files_are_the_kept_training_and_the_map(qtbot, styled, home):
    record = run(qtbot, styled, home)
    files = as_jobs(make_recipe(record, styled), record, styled)
    assert list(files) == ["run_1.train.json", "run_1.classify.json"]
    train, classify = (parse_job(json.loads(text), Path("/")) for text in files.values())
    assert train.samples.path == str(kept_samples(record))
    assert train.outputs == {n: record.outputs[n] for n in ("model", "report")}
    assert classify == jobs.job_of("classify", record.parameters["classify"], styled)


def test_copies_land_in_the_clipboard_and_files_where_the_user_says(
    qtbot, session, home, interface, monkeypatch, tmp_path
):
    button = CopyButton(DockContext(interface, session, None, None, None))
    qtbot.addWidget(button)
    assert not button.isEnabled()
    record = run(qtbot, session, home)
    assert button.isEnabled()
    button.actions_by_name["command"].trigger()
    recipe = make_recipe(record, session)
    assert QApplication.clipboard().text() == as_command(recipe)
    assert "clipboard" in interface.said()
    button.actions_by_name["python"].trigger()
    assert QApplication.clipboard().text() == as_python(recipe)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "run.sh"), ""))
    button.actions_by_name["save_command"].trigger()
    assert (tmp_path / "run.sh").read_text() == as_command(recipe)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    button.actions_by_name["save_jobs"].trigger()
    assert (tmp_path / "run_1.train.json").is_file()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("/no/such/folder/x.py", ""))
    button.actions_by_name["save_python"].trigger()
    assert "cannot be written" in interface.said()


def test_qgis_process_makes_the_same_model_and_map_from_the_copied_command(
    qtbot, styled, home, root, tmp_path
):
    program = shutil.which("qgis_process.bin") or shutil.which("qgis_process")
    if program is None:
        pytest.skip("qgis_process is not here")
    record = run(qtbot, styled, home)
    made = {name: Path(record.outputs[name]) for name in ("model", "classmap")}
    before = {name: path.read_bytes() for name, path in made.items()}
    script = tmp_path / "run.sh"
    script.write_text(as_command(make_recipe(record, styled), program, for_windows=False))
    for path in made.values():
        path.unlink()
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "landfuse").symlink_to(root)
    environment = {
        **os.environ, "QGIS_PLUGINPATH": str(plugins), "QT_QPA_PLATFORM": "offscreen",
        "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path / "settings"),
    }  # fmt: skip
    for command in ([program, "plugins", "enable", "landfuse"], ["sh", "-e", str(script)]):
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=250, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert {name: path.read_bytes() for name, path in made.items()} == before
