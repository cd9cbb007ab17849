"""Words of the interface for kinds of sources, quantities and lengths."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication


def tr(text: str) -> str:
    """Translate interface text."""
    return QCoreApplication.translate("Landfuse", text)


def kinds() -> dict[str, str]:
    """Return the kinds of sources with their names."""
    return {
        "hsi": tr("Hyper- or multispectral"),
        "lidar": tr("LiDAR and heights"),
        "sar": tr("Radar (SAR)"),
        "optical": tr("Optical image"),
        "other": tr("Other"),
    }


def quantities() -> dict[str, str]:
    """Return what a source can measure, with names."""
    return {
        "reflectance": tr("Reflectance"),
        "sar_linear": tr("Backscatter, linear"),
        "sar_db": tr("Backscatter, dB"),
        "height": tr("Height above sea level"),
        "terrain_height": tr("Terrain height"),
        "height_above_ground": tr("Height above ground"),
        "index": tr("Index"),
        "other": tr("Something else"),
    }


def inside(text: str) -> str:
    """Return words as they are written inside a sentence."""
    return text[:1].lower() + text[1:]


def number(value: float, digits: int = 3) -> str:
    """Return a number with thin spaces between the thousands."""
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"
    return text.replace(",", "\u202f")


def length(metres: float, has_crs: bool = True) -> str:
    """Return a length as "3.6 m", "25 cm", or in units where there is no CRS."""
    if not has_crs:
        return tr("{} units").format(number(metres))
    return f"{number(100 * metres)} cm" if metres < 1 else f"{number(metres)} m"
