"""A matrix of odd inputs: each gives the right map or the named error; see `report.py` for the table."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the engine's packages")
pytest.importorskip("osgeo.gdal")

from odd_inputs.case import Runner
from odd_inputs.ground import LAYOUT
from odd_inputs.table import all_cases


@pytest.mark.timeout(60)
@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_an_odd_input_gives_the_right_map_or_the_named_error(case, tmp_path):
    if case.skip:
        pytest.skip(case.skip)
    Runner(case, tmp_path).run()


def test_the_ground_is_unlike_each_of_its_mirror_images():
    images = [turned for turns in range(4) for turned in (np.rot90(LAYOUT, turns), np.rot90(LAYOUT, turns).T)]
    assert sum((image == LAYOUT).all() for image in images) == 1


def test_there_are_at_least_300_cases():
    assert len(all_cases()) >= 300
