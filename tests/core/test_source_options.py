from __future__ import annotations

import pytest
from landfuse.core.errors import JobError
from landfuse.core.source_options import options_of_rasters


def test_options_of_all_rasters_and_of_one():
    found = options_of_rasters("2.scale=1; scale=0.5 nodata=0,-9999 derived=slope,roughness", 2, "OPTICAL")
    assert found[0] == {"scale": 0.5, "nodata": [0.0, -9999.0], "derived": ["slope", "roughness"]}
    assert found[1] == {**found[0], "scale": 1.0}


def test_nothing_is_said():
    assert options_of_rasters("", 2, "HSI") == [{}, {}]


@pytest.mark.parametrize(
    "text", ["fill", "fill=", "fill=much", "colour=red", "0.fill=1", "x.fill=1", "3.fill=1", "join=glue"]
)
def test_what_is_no_option_is_told_with_the_choices(text):
    with pytest.raises(JobError) as caught:
        options_of_rasters(text, 2, "HSI_OPTIONS")
    assert caught.value.where == "HSI_OPTIONS"
    assert caught.value.remedy
