"""What the methods cost is asked of the engine when it is seen, and kept out of the way of runs."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.core.job_spec import JobResult
from landfuse.core.models.catalog import CATALOG
from landfuse.processing_provider import runtime
from landfuse.ui.method import costs
from landfuse.ui.method.step import MethodStep
from landfuse.ui.state.choices import MethodChoice
from landfuse.ui.state.context import DockContext
from qgis.PyQt.QtCore import QObject, pyqtSignal


class Runner(QObject):
    state_changed = pyqtSignal()
    busy = False

    def set_busy(self, busy):
        self.busy = busy
        self.state_changed.emit()


class Setup(QObject):
    ready = pyqtSignal()
    missing = False


class Engine:
    """Answers every forecast with 40 s and 150 MiB per training, 90 s per map, for the first two methods."""

    def __init__(self):
        self.jobs, self.cancelled, self.hold = [], 0, False

    def run(self, job, progress):
        self.jobs.append(job)
        try:
            while self.hold:
                progress.check()
                time.sleep(0.01)
        except BaseException:
            self.cancelled += 1
            raise
        figures = {"TRAINING_SECONDS": 40.0, "TRAINING_MIB": 150, "MAPPING_SECONDS": 100.0}
        method = job.parameters["method"]
        known = figures if method in ("mibf_net", "random_forest") else dict.fromkeys(figures)
        return JobResult({}, {f"{method.upper()}_{name}": value for name, value in known.items()})

    def asked(self):
        """The methods in the order in which they were asked for."""
        return [job.parameters["method"] for job in self.jobs]


@pytest.fixture
def engine(monkeypatch):
    made = Engine()
    monkeypatch.setattr(runtime, "shared_client", lambda: made)
    return made


@pytest.fixture
def classes():
    counts = {1: SimpleNamespace(pixels=200), 2: SimpleNamespace(pixels=90), 3: SimpleNamespace(pixels=None)}
    return SimpleNamespace(counts=counts)


@pytest.fixture
def step(session, interface, engine, classes, qtbot, monkeypatch):
    monkeypatch.setattr(costs, "DELAY_MS", 30)
    made = MethodStep(DockContext(interface, session, classes, Runner(), Setup()))
    qtbot.addWidget(made)
    yield made
    made.shut_down()


def words(step, method):
    return step.methods.cost(method)


def test_the_costs_stand_beside_the_methods_once_the_step_is_seen(qtbot, session, step, engine):
    session.set_method(MethodChoice(method="random_forest"))
    qtbot.wait(300)
    assert engine.jobs == []
    step.show()
    qtbot.waitUntil(lambda: len(engine.jobs) == len(CATALOG), timeout=8000)
    qtbot.waitUntil(lambda: words(step, "mibf_net") != "", timeout=8000)
    assert words(step, "mibf_net") == "Here: about 40 seconds to train, 2 minutes to map, 157 MB."
    assert words(step, "gihcn") == ""
    beside = step.methods._times["mibf_net"]
    assert (beside.text(), beside.toolTip()) == ("2 minutes", words(step, "mibf_net"))
    assert beside.isVisible()
    assert engine.asked()[0] == "random_forest"
    assert sorted(engine.asked()) == sorted(CATALOG)
    job = engine.jobs[0]
    assert (job.kind, job.parameters["sample_count"], job.parameters["class_count"]) == ("forecast", 256, 2)
    assert set(job.inputs) == {"optical", "lidar"}


def test_the_settings_are_those_of_the_run_and_a_known_answer_is_not_asked_again(
    qtbot, session, step, engine
):
    def answered(count):
        return len(engine.jobs) == count and not step._costs._lookup.is_looking

    step.show()
    all_of_them = len(CATALOG)
    qtbot.waitUntil(lambda: answered(all_of_them), timeout=8000)
    session.set_method(MethodChoice(preset="paper", parameters={"patch_size": 5, "seed": 3}))
    qtbot.waitUntil(lambda: answered(2 * all_of_them), timeout=8000)
    asked = engine.jobs[-1].parameters
    assert (asked["preset"], asked["patch_size"]) == ("paper", 5)
    session.set_method(MethodChoice())
    assert words(step, "mibf_net") != ""
    session.set_method(MethodChoice(method="random_forest"))
    qtbot.wait(300)
    assert len(engine.jobs) == 2 * all_of_them


def test_choosing_a_method_does_not_begin_the_forecast_again(qtbot, session, step, engine):
    engine.hold = True
    step.show()
    qtbot.waitUntil(lambda: len(engine.jobs) == 1, timeout=8000)
    session.set_method(MethodChoice(method="svm"))
    qtbot.wait(300)
    assert (len(engine.jobs), engine.cancelled) == (1, 0)
    engine.hold = False
    qtbot.waitUntil(lambda: sorted(engine.asked()) == sorted(CATALOG), timeout=8000)


def test_a_forecast_makes_way_for_a_run_and_comes_back_after_it(qtbot, session, step, engine):
    engine.hold = True
    step.show()
    qtbot.waitUntil(lambda: len(engine.jobs) == 1, timeout=8000)
    step.context.runner.set_busy(True)
    qtbot.waitUntil(lambda: engine.cancelled == 1, timeout=2000)
    engine.hold = False
    step.context.runner.set_busy(False)
    qtbot.waitUntil(lambda: words(step, "random_forest") != "", timeout=8000)


def test_without_the_runtime_nothing_is_said_until_it_is_there(qtbot, session, step, engine):
    step.context.runtime.missing = True
    step.show()
    qtbot.wait(300)
    assert engine.jobs == []
    step.context.runtime.missing = False
    step.context.runtime.ready.emit()
    qtbot.waitUntil(lambda: words(step, "mibf_net") != "", timeout=8000)


def test_sources_that_are_gone_take_the_figures_with_them(qtbot, session, step, engine):
    step.show()
    qtbot.waitUntil(lambda: words(step, "mibf_net") != "", timeout=8000)
    session.set_sources([])
    assert words(step, "mibf_net") == ""
