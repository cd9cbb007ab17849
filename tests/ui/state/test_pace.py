"""The pace of this computer is learnt from runs that are long enough."""

from __future__ import annotations

import pytest

pytest.importorskip("qgis.core", reason="needs QGIS")

from landfuse.ui.state import pace
from landfuse.ui.state.choices import RunRecord
from landfuse.ui.state.pace import PaceKeeper, keep_pace, known_pace
from qgis.PyQt.QtCore import QObject, pyqtSignal


class Runner(QObject):
    started, reported, finished = pyqtSignal(object), pyqtSignal(object), pyqtSignal(object)


@pytest.fixture
def keeper(interface):
    made = PaceKeeper(Runner(), lambda: "cpu")
    yield made
    made.shut_down()


def run(keeper, monkeypatch, pixels, seconds):
    clock = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: clock[0])
    runner = keeper._runner
    runner.started.emit(None)
    runner.reported.emit({"event": "progress", "stage": "training", "fraction": 0.2})
    clock[0] += 50
    runner.reported.emit({"event": "progress", "stage": "classifying", "fraction": 0.9})
    clock[0] += seconds
    runner.reported.emit({"event": "progress", "stage": "classifying", "fraction": 0.95})
    numbers = {"CLASSIFIED_PIXELS": float(pixels)}
    runner.finished.emit(RunRecord("Run 1", "/f", {"train": {"METHOD": "gihcn"}}, {}, numbers, "2026"))


def test_only_the_time_of_mapping_counts(keeper, monkeypatch):
    assert known_pace("gihcn", "cpu") is None
    run(keeper, monkeypatch, 100_000, 20.0)
    assert known_pace("gihcn", "cpu") == 5000.0
    assert known_pace("gihcn", "cuda") is None
    assert known_pace("mibf_net", "cpu") is None


def test_a_small_map_tells_nothing(keeper, monkeypatch):
    run(keeper, monkeypatch, 500, 20.0)
    assert known_pace("gihcn", "cpu") is None


def test_a_later_run_replaces_an_earlier_one(interface):
    keep_pace("ncglf2", "cpu", 100_000, 10.0)
    keep_pace("ncglf2", "cpu", 100_000, 5.0)
    assert known_pace("ncglf2", "cpu") == 20_000.0
