"""What the class table says of counts, in the words of mapping people."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication, QLocale

from ...core.evaluation.sample_statistics import FEW, FEWEST_PIXELS, GOOD, NONE, THIN
from .class_row import ClassCount

GOOD_PLACES, THIN_PLACES = 5, 3
UNKNOWN = "\N{EN DASH}"
_HECTARE, _SQUARE_KILOMETRE = 10_000.0, 1_000_000.0


def tr(text: str) -> str:
    """Translate interface text."""
    return QCoreApplication.translate("Landfuse", text)


def number_text(count: int | None) -> str:
    """Return a count as text in the user's language; a dash for an unknown one."""
    return UNKNOWN if count is None else QLocale().toString(count)


def short_count(count: int | None) -> str:
    """Return a count in at most five characters: 980, 12.4k, 1.20M."""
    if count is None:
        return UNKNOWN
    if count < 10_000:
        return QLocale().toString(count)
    large = count >= 999_500
    value, unit = (count / 1e6, "M") if large else (count / 1e3, "k")
    return f"{QLocale().toString(value, 'f', 1 if value < 100 else 0)}{unit}"


def area_text(square_metres: float | None) -> str:
    """Return an area with the unit that keeps it short: m², ha or km²."""
    if square_metres is None:
        return UNKNOWN
    if square_metres < _HECTARE:
        return f"{QLocale().toString(square_metres, 'f', 0)} m²"
    large = square_metres >= 1000 * _HECTARE
    value, unit = (square_metres / _SQUARE_KILOMETRE, "km²") if large else (square_metres / _HECTARE, "ha")
    return f"{QLocale().toString(value, 'f', 1 if value < 100 else 0)} {unit}"


def verdict_text(count: ClassCount) -> str:
    """Return in words whether a class has enough samples, and what it lacks."""
    if count.verdict == GOOD:
        return tr("Enough: {} separate places.").format(count.places)
    if count.verdict == THIN:
        return tr("Thin: {} separate places, {} are good.").format(count.places, GOOD_PLACES)
    if count.verdict == NONE:
        return tr("No usable pixel yet.")
    if count.verdict != FEW:
        return tr("Map pixels and places are counted once there are sources.")
    if count.pixels < FEWEST_PIXELS:
        return tr("Not enough: {} map pixels, at least {} are needed.").format(count.pixels, FEWEST_PIXELS)
    return tr("Not enough: {} separate places, at least {} are needed, {} are good.").format(
        count.places, THIN_PLACES, GOOD_PLACES
    )
