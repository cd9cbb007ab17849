from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.longitudes import connected, turns_to


def test_longitudes_across_180_are_connected():
    assert connected(np.array([179.9, -179.9]), 360).tolist() == pytest.approx([179.9, 180.1])
    assert connected(np.array([199.9, -199.9]), 400).tolist() == pytest.approx([199.9, 200.1])


@pytest.mark.parametrize("xs", [[-100.0, 100.0, 0.0], [10.0, 11.0], [-180.0, -170.0]])
def test_other_longitudes_and_lengths_stay(xs):
    assert connected(np.array(xs), 0).tolist() == xs
    if np.ptp(xs) < 180:
        assert connected(np.array(xs), 360).tolist() == xs


def test_whole_turns_lead_to_the_nearest_longitude():
    assert turns_to(-179.9, 180.0, 360) == 360
    assert turns_to(540.5, 179.0, 360) == -360
    assert turns_to(10.0, 20.0, 360) == 0
    assert turns_to(-5e6, 5e6, 0) == 0
