"""What the curves hold."""

from __future__ import annotations

from landfuse.ui.run.curve_data import CurveData


def test_the_diffusion_models_are_trainings_before_that_of_the_network():
    data = CurveData()
    for name, epoch in (
        ("loss of hsi", 50),
        ("loss of hsi", 100),
        ("loss of sar", 50),
        ("loss", 1),
        ("loss", 2),
    ):
        assert data.add({"name": name, "epoch": epoch, "value": 0.5})
    assert [list(t.lines) for t in data.trainings] == [["loss"], ["loss"], ["loss"]]
    assert [t.last_round for t in data.trainings] == [100, 50, 2]
