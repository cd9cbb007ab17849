from __future__ import annotations

import pytest
from landfuse.core.comparison import remaining
from landfuse.core.comparison.design import Cell, Row
from landfuse.core.comparison.remaining import CellProgress, Pace
from landfuse.core.errors import Cancelled
from landfuse.core.progress import Progress

FOREST, NETWORK = Row("random_forest", ("hsi",)), Row("mibf_net", ("hsi",))
BOTH = Row("mibf_net", ("hsi", "lidar"))


def test_a_cell_takes_what_others_of_its_row_took_else_of_its_method_else_any():
    pace = Pace()
    assert pace.expected(Cell(FOREST, 1, 1)) is None
    assert pace.left([Cell(FOREST, 1, 1)]) is None
    pace.add(Cell(FOREST, 1, 1), 2.0)
    assert pace.expected(Cell(NETWORK, 1, 1)) == 2.0
    pace.add(Cell(NETWORK, 1, 1), 30.0)
    pace.add(Cell(NETWORK, 2, 1), 50.0)
    assert pace.expected(Cell(BOTH, 1, 1)) == 40.0
    assert pace.left([Cell(FOREST, 2, 1), Cell(BOTH, 1, 1)]) == 42.0
    assert pace.left([]) == 0.0


def test_the_time_left_is_that_of_the_cell_and_of_those_after_it(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(remaining.time, "monotonic", lambda: now[0])
    pace, seen = Pace(), []
    pace.add(Cell(NETWORK, 1, 1), 40.0)
    cells = [Cell(NETWORK, 2, 1), Cell(NETWORK, 3, 1)]
    progress = CellProgress(Progress(seen.append), "net", (0.2, 0.6), pace, cells)
    progress(0.0, "reading")
    assert seen[-1] == {"event": "progress", "fraction": 0.2, "stage": "net: reading", "seconds_left": 80.0}
    now[0] += 30.0  # half of it took 30 s: this cell takes 60
    progress.part(0.5, 1.0)(0.0, "training")
    assert seen[-1]["fraction"] == pytest.approx(0.4)
    assert seen[-1]["seconds_left"] == pytest.approx(30.0 + 40.0)


def test_without_any_finished_cell_the_others_take_as_long_as_this_one(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(remaining.time, "monotonic", lambda: now[0])
    seen = []
    cells = [Cell(NETWORK, seed, 1) for seed in (1, 2, 3)]
    progress = CellProgress(Progress(seen.append), "net", (0.0, 0.3), Pace(), cells)
    now[0] = 10.0
    progress(0.25)
    assert seen[-1]["seconds_left"] == pytest.approx(30.0 + 2 * 40.0)


def test_logs_name_the_cell_curves_are_dropped_and_cancelling_works():
    seen, stopped = [], []
    outer = Progress(seen.append, lambda: bool(stopped))
    progress = CellProgress(outer, "net", (0.0, 1.0), Pace(), [Cell(NETWORK, 1, 1)])
    progress.part(0.0, 0.5).warn("few samples")
    progress.metric(1, "loss", 0.5)
    assert [(e["event"], e["text"]) for e in seen] == [("log", "[net] few samples")]
    stopped.append(True)
    for report in (lambda: progress(0.5), lambda: progress.metric(2, "loss", 0.4), progress.check):
        with pytest.raises(Cancelled):
            report()
