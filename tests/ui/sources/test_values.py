"""Bands by wavelength, and settings of a source as text and values."""

from __future__ import annotations

import pytest
from landfuse.core.source_options import options_of_rasters
from landfuse.ui.sources.band_presets import presets
from landfuse.ui.sources.merge import with_sources
from landfuse.ui.sources.options_text import numbers_in, read_options, without_layer, write_options
from landfuse.ui.sources.scene_facts import BandFacts
from landfuse.ui.state.choices import SourceChoice


def bands(*wavelengths):
    return [BandFacts(n, f"band {n}", nm) for n, nm in enumerate(wavelengths, start=1)]


def test_presets_follow_the_wavelengths():
    sentinel = bands(443, 490, 560, 665, 705, 740, 783, 842, 865, 1610, 2190)
    found = presets(sentinel)
    assert found["rgb"] == "2-4"
    assert found["rgbn"] == "2-4,8"
    assert found["visible"] == "1-4"
    assert found["vnir"] == "1-9"
    assert found["swir"] == "10-11"


def test_without_wavelengths_there_are_no_presets_and_all_bands_are_no_choice():
    assert presets(bands(None, None)) == {}
    assert presets(bands(480, 560, 655)) == {}
    assert "rgb" not in presets(bands(480, 560, 850, 1600))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nodata=0,-9999",
        "file_nodata=no; fill=0; scale=0.0001; offset=-0.1",
        "join=bands; resampling=nearest; derived=slope,roughness; speckle=5; 2.scale=1; 3.nodata=255",
        "quantity=height",
    ],
)
def test_settings_come_back_from_their_text(text):
    assert write_options(read_options(text)) == text
    assert options_of_rasters(write_options(read_options(text)), 3, "X") == options_of_rasters(text, 3, "X")


def test_settings_move_up_with_their_layer():
    assert without_layer("scale=2; 1.fill=0; 2.fill=1; 3.fill=2", 2) == "scale=2; 1.fill=0; 2.fill=2"


def test_a_line_that_cannot_be_read_counts_as_none():
    assert read_options("nonsense") == {}


def test_numbers_are_read_from_a_list():
    assert numbers_in("0, -9999;".rstrip(";")) == [0.0, -9999.0]
    with pytest.raises(ValueError, match="could not convert"):
        numbers_in("a")


def test_new_layers_join_the_row_of_their_kind():
    rows = with_sources(
        [SourceChoice("optical", ("a",), "1-3", used=False)],
        [SourceChoice("optical", ("a", "b")), SourceChoice("hsi", ("c",))],
    )
    assert rows == [SourceChoice("hsi", ("c",)), SourceChoice("optical", ("a", "b"), "1-3", used=False)]
