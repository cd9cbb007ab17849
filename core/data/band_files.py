"""Files that hold one band of a product each: Sentinel-2 and Landsat, known by the codes in their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..dataset_names import base_name

# Centre and width in nm. Sentinel-2A's; those of 2B and 2C lie within 17 nm, far less than the widths.
SENTINEL2 = {
    "B01": (442.7, 21.0), "B02": (492.4, 66.0), "B03": (559.8, 36.0), "B04": (664.6, 31.0),
    "B05": (704.1, 15.0), "B06": (740.5, 15.0), "B07": (782.8, 20.0), "B08": (832.8, 106.0),
    "B8A": (864.7, 21.0), "B09": (945.1, 20.0), "B10": (1373.5, 31.0), "B11": (1613.7, 91.0),
    "B12": (2202.4, 175.0),
}  # fmt: skip
_OLI = {
    "B1": (443.0, 16.0), "B2": (482.0, 60.0), "B3": (561.4, 57.0), "B4": (654.6, 37.0),
    "B5": (864.7, 28.0), "B6": (1608.9, 85.0), "B7": (2200.7, 187.0),
}  # fmt: skip
_TM = {
    "B1": (485.0, 70.0), "B2": (560.0, 80.0), "B3": (660.0, 60.0), "B4": (830.0, 140.0),
    "B5": (1650.0, 200.0), "B7": (2215.0, 270.0),
}  # fmt: skip
_SENTINEL2_FILE = re.compile(
    r"(?P<stem>.*?)(?:^|(?<=[_-]))(?P<code>B(?:0[1-9]|1[0-2]|8A))(?:_(?P<metres>10|20|60)m)?"
    r"\.(?:jp2|tiff?|img|vrt)",
    re.I,
)
_OTHER_BANDS = re.compile(r"^MSK_|(?<![A-Z0-9])L30(?![0-9])", re.I)  # quality masks, harmonised Landsat
_LANDSAT_FILE = re.compile(
    r"(?P<stem>(?P<sensor>L[COTE]0[4-9])?.*?)(?:^|(?<=_))(?P<sr>SR_)?(?P<code>B[1-7])\.(?:tiff?|img|vrt)",
    re.I,
)


@dataclass(frozen=True)
class BandFile:
    """One band of a product. `stem` is common to the files of one product, `metres` is "" where unknown."""

    path: str
    sensor: str
    code: str
    wavelength: float
    width: float
    stem: str = ""
    metres: str = ""

    @property
    def order(self) -> tuple[str, float, str]:
        """What the bands of a product are sorted by."""
        return self.sensor, self.wavelength, self.stem


def band_file(path: str) -> BandFile | None:
    """Return which band a file holds by its name, None for a name that does not say so."""
    name = base_name(path)
    match = _SENTINEL2_FILE.fullmatch(name)
    if match and not _OTHER_BANDS.search(name):
        code = match["code"].upper()
        return BandFile(path, "Sentinel-2", code, *SENTINEL2[code], match["stem"], match["metres"] or "")
    match = _LANDSAT_FILE.fullmatch(name)
    if match and (match["sensor"] or match["sr"]):
        old = (match["sensor"] or "LC08").upper()[1] in "TE"
        sensor, table = ("Landsat 4-7", _TM) if old else ("Landsat 8-9", _OLI)
        code = match["code"].upper()
        if code in table:
            return BandFile(path, sensor, code, *table[code], match["stem"])
    return None


def finest(files: Iterable[BandFile]) -> list[BandFile]:
    """Return every band of every product once, at its finest resolution, sorted by wavelength."""
    best: dict[tuple[str, str], BandFile] = {}
    for file in sorted(files, key=lambda f: f.path):
        place = file.stem, file.code
        if place not in best or int(file.metres or 0) < int(best[place].metres or 0):
            best[place] = file
    return sorted(best.values(), key=lambda f: f.order)
