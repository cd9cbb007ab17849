"""Which layer is what kind of source, by its bands, wavelengths and names. Free of QGIS and widgets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...core.data.product_metadata import with_product_metadata
from ...core.data.quantities import guess_quantity
from ...core.data.raster_description import inspect
from ...core.data.raster_info import RasterInfo
from ...core.errors import LandfuseError
from ...core.job_spec import MODALITIES
from ...core.progress import Progress
from ..state.choices import SourceChoice

_HYPERSPECTRAL = 15  # bands from which a spectral image is one
_FEW = 4  # bands at most of a height, an intensity or a backscatter
_COARSER = 2.0  # times: another sensor, not the same one's next tile
_SPECTRUM = (350.0, 2600.0)  # nm

_RADAR = re.compile(
    r"\b(sar|radar|s1[abc]?|sentinel 1|alos|palsar|terrasar|tsx|radarsat|vv|vh|hh|hv|sigma0|gamma0|beta0"
    r"|backscatter|insar|coherence)\b"
)
_HEIGHTS = re.compile(
    r"\b(lidar|als|dsm|dtm|dem|chm|ndsm|dom|dgm|ndom|heights?|elevation|altitude|canopy|srtm|intensity)\b"
)
_HYPER = re.compile(
    r"\b(hsi|hyper\w*|prisma|enmap|aviris|casi|desis|hyspex|hymap|apex|hysi|hyperion|rosis)\b"
)
_OPTICAL = re.compile(
    r"\b(optical|ortho\w*|aerial|rgbi?|cir|dop|dop20|nir|s2[abcd]?|sentinel 2|landsat|planet\w*|multispec\w*"
    r"|msi|spot|worldview|naip|red|green|blue)\b"
)
_RESULT = re.compile(
    r"\b(class ?map|class|classes|truth|labels?|land ?cover|land ?use|species|mask|id|probabilit\w+)\b"
)


@dataclass(frozen=True)
class Candidate:
    """A raster layer of the project: its id and name, and what its file says (None: cannot be read)."""

    layer: str
    name: str
    info: RasterInfo | None


def look_at(layers: Iterable[tuple[str, str, str]], progress: Progress) -> list[Candidate]:
    """Read what the files of (id, name, path) say of themselves. Any thread but the main one."""
    found = []
    for layer, name, path in layers:
        progress.check()
        try:
            info, _ = with_product_metadata(inspect(path))
        except LandfuseError as error:
            progress.log(f"{name}: {error}")
            info = None
        found.append(Candidate(layer, name, info))
    return found


def guess_sources(candidates: Sequence[Candidate]) -> list[SourceChoice]:
    """Return the rows of the sources for the layers that measure something, one row per kind."""
    kinds = {c.layer: kind_of(c) for c in candidates}
    kinds = {**kinds, **_second_sensor([c for c in candidates if kinds[c.layer] == "optical"], kinds)}
    rows = []
    for key in MODALITIES:
        members = tuple(c.layer for c in candidates if kinds[c.layer] == key)
        if members:
            rows.append(SourceChoice(key, members))
    return rows


def kind_of(candidate: Candidate) -> str:
    """Return the modality of a layer, "" for one that is no measurement (classes, masks) or unreadable."""
    info = candidate.info
    if info is None or _is_classes(candidate):
        return ""
    if guess_quantity("optical", info) == "index":
        return "other"
    words = _words(candidate)
    n_bands = sum(not band.alpha for band in info.bands)
    if _HYPER.search(words) or n_bands >= _HYPERSPECTRAL:
        return "hsi"
    if n_bands <= _FEW and _RADAR.search(words):
        return "sar"
    if n_bands <= _FEW and _HEIGHTS.search(words):
        return "lidar"
    if _has_wavelengths(info) or n_bands >= 3 or _OPTICAL.search(words):
        return "optical"
    return "other"


def _is_classes(candidate: Candidate) -> bool:
    info = candidate.info
    if len(info.bands) != 1 or info.bands[0].dtype.startswith(("Float", "CFloat")):
        return bool(_RESULT.search(_spelled(candidate.name)))
    return bool(info.category_names or info.color_table or _RESULT.search(_words(candidate)))


def _has_wavelengths(info: RasterInfo) -> bool:
    low, high = _SPECTRUM
    return any(b.wavelength is not None and low <= b.wavelength <= high for b in info.bands)


def _second_sensor(optical: Sequence[Candidate], kinds: dict[str, str]) -> dict[str, str]:
    """Take the coarser of two optical sensors, where it has more bands, as the multispectral source.

    Kept apart, a satellite's bands are not blurred into those of an aerial image.
    """
    if "hsi" in kinds.values() or len(optical) < 2:
        return {}
    finest = min(optical, key=lambda c: c.info.grid.pixel_metres)
    limit = _COARSER * finest.info.grid.pixel_metres
    coarse = [c for c in optical if c.info.grid.pixel_metres >= limit]
    fine = [c for c in optical if c not in coarse]
    if sum(len(c.info.bands) for c in coarse) <= sum(len(c.info.bands) for c in fine):
        return {}
    return {c.layer: "hsi" for c in coarse}


def _words(candidate: Candidate) -> str:
    """Return the names of layer, file and bands as words: digits stay with the letters before them."""
    info = candidate.info
    stem = re.split(r"[\\/]", info.path)[-1].rsplit(".", 1)[0]
    names = [candidate.name, stem, *(b.name for b in info.bands[:_HYPERSPECTRAL])]
    return " ".join(_spelled(name) for name in names)


def _spelled(name: str) -> str:
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub("lidar", " lidar ", name, flags=re.I))
    return re.sub(r"[^a-z0-9]+", " ", split.lower())
