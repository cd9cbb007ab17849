"""Matching of spectral bands by their wavelengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

Line = tuple[float, Optional[float]]  # centre and width in nm; the width may be unknown

_LEAST_TOLERANCE = 5.0  # nm
_RELATIVE_WIDTH = 0.02  # of the wavelength: the most a band of unknown width is taken to have
_SAME = 0.5  # nm; bands closer than that have one wavelength
_LISTED = 5  # wavelengths or bands named in a message
_SKIP_COLUMN, _SKIP_ROW, _MATCH = 0, 1, 2


def tolerances(lines: Sequence[Line]) -> list[float]:
    """Return how far another band may lie from each band: half the width, at least 5 nm.

    A band of unknown width is taken to reach a quarter of the way to its neighbour, and to be no wider than
    2 % of its wavelength.
    """
    centres = [centre for centre, _ in lines]
    return [max(_LEAST_TOLERANCE, (width or _guessed_width(centre, centres)) / 2) for centre, width in lines]


def _guessed_width(centre: float, centres: Sequence[float]) -> float:
    gaps = [abs(other - centre) for other in centres if abs(other - centre) > _SAME]
    return min([_RELATIVE_WIDTH * centre, *(gap / 2 for gap in gaps)])


def match_lines(wanted: Sequence[Line], found: Sequence[Line]) -> list[int | None]:
    """Return for each wanted band the position of the one found for it, or None.

    Two bands match within the smaller of their tolerances. As many as possible are matched, each with
    another, in the order of their wavelengths; of all ways to do so the one with the smallest sum of
    differences is taken.
    """
    rows = sorted(range(len(wanted)), key=lambda i: wanted[i][0])
    cols = sorted(range(len(found)), key=lambda j: found[j][0])
    reach, other_reach = tolerances(wanted), tolerances(found)
    # best[j]: (bands without a match, sum of differences) of the rows so far with the first j columns
    best: list[tuple[int, float]] = [(0, 0.0)] * (len(cols) + 1)
    steps: list[list[int]] = []
    for i in rows:
        new, step = [(best[0][0] + 1, best[0][1])], [_SKIP_ROW]
        for j, col in enumerate(cols, 1):
            ways = [(new[j - 1], _SKIP_COLUMN), ((best[j][0] + 1, best[j][1]), _SKIP_ROW)]
            gap = abs(wanted[i][0] - found[col][0])
            if gap <= min(reach[i], other_reach[col]):
                ways.insert(0, ((best[j - 1][0], best[j - 1][1] + gap), _MATCH))
            value, way = min(ways, key=lambda item: item[0])
            new.append(value)
            step.append(way)
        best = new
        steps.append(step)
    return _walk_back(steps, rows, cols)


def _walk_back(steps: Sequence[Sequence[int]], rows: Sequence[int], cols: Sequence[int]) -> list[int | None]:
    matches: list[int | None] = [None] * len(rows)
    row, column = len(rows) - 1, len(cols)
    while row >= 0:
        way = steps[row][column]
        if way == _MATCH:
            matches[rows[row]] = cols[column - 1]
        row -= way != _SKIP_COLUMN
        column -= way != _SKIP_ROW
    return matches


def missing_text(wanted: Sequence[Line], found: Sequence[Line], matches: Sequence[int | None]) -> str:
    """Say which of the wanted bands `match_lines` did not find."""
    missing = [i for i, match in enumerate(matches) if match is None]
    reach = {tolerances(wanted)[i] for i in missing}
    near = f"within {reach.pop():.3g} nm" if len(reach) == 1 else "within half a band's width"
    listed = some_of([f"{wanted[i][0]:.4g}" for i in missing])
    return (
        f"the model expects {_spectrum_text(wanted)}, got {_spectrum_text(found)}: "
        f"nothing {near} of {listed} ({_count(len(missing))})."
    )


def _spectrum_text(lines: Sequence[Line]) -> str:
    if not lines:
        return "no band with a wavelength"
    low, high = min(centre for centre, _ in lines), max(centre for centre, _ in lines)
    return f"{_count(len(lines))} " + (f"{low:.0f}-{high:.0f} nm" if low < high else f"at {low:.0f} nm")


def _count(number: int) -> str:
    return f"{number} band{'' if number == 1 else 's'}"


def some_of(items: Sequence[str]) -> str:
    """Return the first items in a row."""
    return ", ".join(items[:_LISTED]) + (", ..." if len(items) > _LISTED else "")
