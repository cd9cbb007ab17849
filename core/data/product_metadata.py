"""What metadata files beside a raster say: Sentinel-2's MTD, EnMAP's METADATA.XML, Landsat's MTL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from xml.etree import ElementTree

from ..dataset_names import base_name, parent
from ..errors import RasterReadError
from .band_files import SENTINEL2, BandFile, band_file
from .raster_info import BandInfo, RasterInfo
from .raster_io import list_folder, read_text

_ABOVE_BANDS = 4  # folders between Sentinel-2's bands (GRANULE/L2A_.../IMG_DATA/R10m) and its metadata
_SENTINEL2_XML = re.compile(
    r"(MTD_MSIL(1C|2A)|S2[A-D]_\w*_MTD_SAFL(1C|2A)_.*|S2[A-D]_USER_MTD_.*)\.xml", re.I
)
_QUANTIFICATION = ("BOA_QUANTIFICATION_VALUE", "L1C_TOA_QUANTIFICATION_VALUE", "QUANTIFICATION_VALUE")
_SENTINEL2_NAME = re.compile(r"SENTINEL2_L(?:1C|2A):(.*?\.xml):", re.I)  # GDAL's name of a subdataset
_ENMAP_IMAGE = re.compile(r"(.*)-SPECTRAL_IMAGE(_VNIR|_SWIR)?\.\w+", re.I)


_METADATA_FILE = re.compile(r"MTD_TL\.xml|manifest\.safe|.*_MTL\.(txt|xml|json)|.*-METADATA\.XML", re.I)


def is_product_metadata(name: str) -> bool:
    """Return whether a file by its name describes the product in its folder."""
    return bool(_SENTINEL2_XML.fullmatch(name) or _METADATA_FILE.fullmatch(name))


@dataclass(frozen=True)
class BandFacts:
    """What a product says of one band: reflectance or radiance = stored value x `scale` + `offset`."""

    wavelength: float | None = None
    width: float | None = None
    scale: float | None = None
    offset: float | None = None


def with_product_metadata(info: RasterInfo) -> tuple[RasterInfo, list[str]]:
    """Return a raster with what the files of its product say, and notes on where that was found.

    What the raster itself says stays. Raises `RasterReadError` for a metadata file that is damaged.
    """
    enmap = _ENMAP_IMAGE.fullmatch(base_name(info.path))
    if enmap:
        return _with_enmap(info, enmap[1], (enmap[2] or "").upper())
    xml = _SENTINEL2_NAME.match(info.path)
    if xml:
        return _with_sentinel2_names(info, xml[1])
    file = band_file(info.path)
    if file is None or len(info.bands) != 1 or not _is_of_its_sensor(file):
        return info, []
    return _with_band_file(info, file)


def _is_of_its_sensor(file: BandFile) -> bool:
    """Return whether a name such as B11 means Sentinel-2's band: others count to 11 too, but not from B01."""
    if file.sensor != "Sentinel-2" or file.metres or not file.code.startswith("B1"):
        return True
    beside = [band_file(name) for name in list_folder(parent(file.path))]
    return any(
        other is not None and other.stem == file.stem and not other.code.startswith("B1") for other in beside
    )


def _with_band_file(info: RasterInfo, file: BandFile) -> tuple[RasterInfo, list[str]]:
    """Return the single band of a raster with the wavelength that its file name tells."""
    notes, band = [], info.bands[0]
    if band.wavelength is None:
        band = replace(band, name=file.code, wavelength=file.wavelength, width=file.width)
        notes.append(f"wavelengths by the band codes of {file.sensor} in the file names.")
    if file.sensor == "Sentinel-2":
        source = _sentinel2_metadata(parent(file.path))
        facts, nodata = read_sentinel2(read_text(source), source) if source else ({}, ())
    else:
        source = _landsat_metadata(file)
        facts, nodata = read_landsat(read_text(source)) if source else ({}, ())
    band, told = _scaled(band, facts.get(file.code), nodata, source)
    return replace(info, bands=(band,)), notes + told


def _scaled(
    band: BandInfo, facts: BandFacts | None, nodata: tuple[float, ...], source: str
) -> tuple[BandInfo, list[str]]:
    """Return a band with the scale of its product, unless the file declares one itself."""
    if facts is None or facts.scale is None or band.scale is not None or band.offset is not None:
        return band, []
    text = f"stored value x {facts.scale:g}" + (f" {facts.offset:+g}" if facts.offset else "")
    found = replace(band, scale=facts.scale, offset=facts.offset, nodata=band.nodata or nodata)
    return found, [f"measurement = {text} by {base_name(source)}."]


# Sentinel-2.


def _sentinel2_metadata(folder: str) -> str:
    """Return the metadata file of the product that a folder of bands belongs to, "" where there is none."""
    for _ in range(_ABOVE_BANDS + 1):
        names = [name for name in list_folder(folder) if _SENTINEL2_XML.fullmatch(name)]
        if names:
            return f"{folder}/{names[0]}"
        if folder.endswith((".SAFE", ".zip")):
            break
        folder = parent(folder)
    return ""


def read_sentinel2(text: str, where: str) -> tuple[dict[str, BandFacts], tuple[float, ...]]:
    """Return scale and offset of each band and the values for no data, from MTD_MSIL1C.xml or MTD_MSIL2A.xml.

    Raises `RasterReadError` for text that is no XML.
    """
    root = _xml(text, where)
    values = {_plain(e.tag): (e.text or "").strip() for e in root.iter()}
    quantification = next((float(values[name]) for name in _QUANTIFICATION if name in values), 0.0)
    if not quantification:
        return {}, ()
    offsets = {
        int(e.get("band_id", "-1")): float(e.text or 0)
        for e in root.iter()
        if _plain(e.tag) in ("BOA_ADD_OFFSET", "RADIO_ADD_OFFSET")
    }
    scale = 1 / quantification
    facts = {
        code: BandFacts(*SENTINEL2[code], scale, offsets.get(i, 0.0) * scale)
        for i, code in enumerate(SENTINEL2)  # in the order of the band ids
    }
    return facts, _special_values(root)


def _special_values(root: ElementTree.Element) -> tuple[float, ...]:
    found = []
    for element in root.iter():
        items = {_plain(child.tag): (child.text or "").strip() for child in element}
        if items.get("SPECIAL_VALUE_TEXT") == "NODATA" and items.get("SPECIAL_VALUE_INDEX"):
            found.append(float(items["SPECIAL_VALUE_INDEX"]))
    return tuple(found) or (0.0,)


def _with_sentinel2_names(info: RasterInfo, xml: str) -> tuple[RasterInfo, list[str]]:
    """Return a subdataset of GDAL's Sentinel-2 driver, whose bands are named `B4, central wavelength ...`."""
    facts, nodata = read_sentinel2(read_text(xml), xml)
    bands, notes, left_out = [], [], []
    for band in info.bands:
        match = re.match(r"B(\d{1,2}|8A)\b", band.name)
        code = f"B{match[1]:0>2}" if match else ""
        if code not in SENTINEL2:
            left_out.append(band.name.split(",")[0])
            bands.append(replace(band, alpha=True))  # aerosol, water vapour, classes: no reflectance
            continue
        known = facts.get(code, BandFacts(*SENTINEL2[code]))
        spectral = replace(
            band, wavelength=band.wavelength or known.wavelength, width=band.width or known.width
        )
        # GDAL tells the quantification value but not the offset, so what it declares is replaced.
        scaled, told = _scaled(replace(spectral, scale=None, offset=None), known, nodata, xml)
        bands.append(scaled)
        notes += told
    if left_out and len(left_out) < len(bands):
        notes.append(f"left out, as no reflectance: {', '.join(left_out)}.")
        return replace(info, bands=tuple(bands)), notes
    return (replace(info, bands=tuple(bands)), notes) if not left_out else (info, [])


# EnMAP.


def _with_enmap(info: RasterInfo, stem: str, part: str) -> tuple[RasterInfo, list[str]]:
    folder = parent(info.path)
    wanted = f"{stem}-METADATA.XML".lower()
    name = next((n for n in list_folder(folder) if n.lower() == wanted), "")
    if not name:
        return info, []
    source = f"{folder}/{name}"
    facts, nodata = read_enmap(read_text(source), source)
    count = len(info.bands)
    some = facts[-count:] if part == "_SWIR" else facts[:count] if part == "_VNIR" else facts
    if len(some) != count:
        return info, [f"{name} describes {len(facts)} bands, the image has {count}: it is not used."]
    bands, notes = [], [f"wavelengths of {base_name(info.path)} by {name}."]
    for band, known in zip(info.bands, some):
        spectral = replace(band, wavelength=known.wavelength, width=known.width)
        scaled, told = _scaled(spectral, known, nodata, source)
        bands.append(scaled)
        notes += told
    return replace(info, bands=tuple(bands)), notes


def read_enmap(text: str, where: str) -> tuple[list[BandFacts], tuple[float, ...]]:
    """Return the bands that an EnMAP METADATA.XML characterises, in order, and the value for no data.

    Raises `RasterReadError` for text that is no XML.
    """
    root = _xml(text, where)
    bands = []
    for element in root.iter():
        items = {_plain(child.tag): _float(child.text) for child in element}
        if _plain(element.tag) == "bandID" and items.get("wavelengthCenterOfBand"):
            centre, width = items["wavelengthCenterOfBand"], items.get("FWHMOfBand")
            bands.append(BandFacts(centre, width, items.get("GainOfBand"), items.get("OffsetOfBand")))
    background = [_float(e.text) for e in root.iter() if _plain(e.tag) == "backgroundValue"]
    return bands, tuple(v for v in background[:1] if v is not None)


# Landsat.


def _landsat_metadata(file: BandFile) -> str:
    folder = parent(file.path)
    product = re.sub(r"_?(SR_?)?$", "", file.stem, flags=re.I)
    wanted = f"{product}_MTL.txt".lower()
    name = next((n for n in list_folder(folder) if product and n.lower() == wanted), "")
    return f"{folder}/{name}" if name else ""


def read_landsat(text: str) -> tuple[dict[str, BandFacts], tuple[float, ...]]:
    """Return scale and offset of the reflectance of each band from a Landsat MTL.txt; 0 is no data.

    Of a level 2 product the surface reflectance, which comes before that of level 1.
    """
    scales, offsets = _first_values(text, "MULT"), _first_values(text, "ADD")
    return {code: BandFacts(scale=scales[code], offset=offsets.get(code, 0.0)) for code in scales}, (0.0,)


def _first_values(text: str, kind: str) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for band, value in re.findall(rf"REFLECTANCE_{kind}_BAND_(\d+)\s*=\s*([-+.\dEe]+)", text):
        found.setdefault(f"B{band}", float(value))
    return found


# XML.


def _xml(text: str, where: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise RasterReadError(
            f"The metadata of the product cannot be read ({error}).",
            where=where,
            remedy="Download the product again, or move the file away to read the bands without it.",
        ) from error


def _plain(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


def _float(text: str | None) -> float | None:
    try:
        return float((text or "").strip())
    except ValueError:
        return None
