from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.line_match import match_lines, missing_text, tolerances


def lines(*centres, width=None):
    return [(float(centre), width) for centre in centres]


def test_each_band_finds_the_nearest_in_whatever_order():
    found = lines(700, 500, 600, 650, width=10)
    assert match_lines(lines(500, 600, 700, width=10), found) == [1, 2, 0]
    assert match_lines(lines(602, 499, width=10), found) == [2, 1]


def test_a_band_serves_once_and_as_many_as_possible_are_matched():
    """405 is nearest to 402.6, but then 400 would find nothing."""
    found = lines(402.6, 407.6, 412.6, width=6.5)
    assert match_lines(lines(400, 405, 410, width=6.5), found) == [0, 1, 2]
    assert match_lines(lines(500, 502, width=10), lines(501, width=10)) in ([0, None], [None, 0])


def test_bands_of_one_wavelength_keep_their_order():
    twice = lines(490, 560, 490, 560, width=30)
    assert match_lines(twice, twice) == [0, 1, 2, 3]


def test_a_shuffled_cube_gives_back_every_band():
    random = np.random.default_rng(0)
    centres = np.sort(random.uniform(400, 2450, 224))
    order = random.permutation(224)
    matched = match_lines(lines(*centres[::2]), lines(*centres[order]))
    assert [int(order[i]) for i in matched] == list(range(0, 224, 2))


@pytest.mark.parametrize(
    ("centre", "width", "others", "expected"),
    [
        (2202, 180, (), 90),  # half the width
        (500, 6.5, (), 5),  # at least 5 nm
        (2202, None, (1610,), 22.02),  # unknown: 1 % of the wavelength
        (2202, None, (2194, 2210), 5),  # a narrow band, by its neighbours
        (833, None, (865,), 8),
    ],
)
def test_tolerances_follow_from_the_widths(centre, width, others, expected):
    assert tolerances([(centre, width), *lines(*others)])[0] == pytest.approx(expected)


def test_a_narrow_band_is_no_match_for_a_wide_one_beside_it():
    """Sentinel-2's B8A lies within half the width of B08, but is another band."""
    assert match_lines([(832.8, 106.0)], [(864.7, 21.0)]) == [None]


def test_what_is_missing_is_told_with_numbers():
    wanted, found = lines(*range(380, 1055, 5), width=5), lines(*range(430, 865, 5), width=5)
    text = missing_text(wanted, found, match_lines(wanted, found))
    assert text == (
        "the model expects 135 bands 380-1050 nm, got 87 bands 430-860 nm: nothing within 5 nm of "
        "380, 385, 390, 395, 400, ... (48 bands)."
    )
