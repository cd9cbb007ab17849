"""One virtual raster over class maps of several scenes, for each coordinate system and pixel size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from .classes import LandClass
from .map_style import paletted_qml
from .raster_description import NO_TRANSFORM, inspect
from .raster_info import RasterInfo
from .raster_io import crs_name, same_crs
from .text_output import write_text_atomic

NAME = "maps"
_SAME_SIZE = 1e-6  # relative


@dataclass(frozen=True)
class Mosaics:
    """The virtual rasters that were written, and the maps that are in none because nothing places them."""

    paths: tuple[str, ...]
    unplaced: tuple[str, ...]


def write_mosaics(folder: str, maps: Sequence[str], classes: Sequence[LandClass]) -> Mosaics:
    """Write `maps.vrt` over the class maps of a folder, with colours, names and a `.qml`.

    Where coordinate systems or pixel sizes differ, one file for each (`maps_EPSG32632_10m.vrt`). Where maps
    overlap, the later one shows. Grids that do not nest are shifted by less than half a pixel. Raises
    `OutputError`.
    """
    infos = [inspect(path) for path in maps]
    placed = [info for info in infos if info.grid.crs or info.grid.transform != NO_TRANSFORM]
    groups = _groups(placed)
    names = [f"{NAME}.vrt"] if len(groups) == 1 else [_name(group[0]) for group in groups]
    for name, group in zip(names, groups):
        write_text_atomic(Path(folder) / name, mosaic_vrt(group))
        write_text_atomic((Path(folder) / name).with_suffix(".qml"), paletted_qml(classes))
    if f"{NAME}.vrt" not in names:  # that of an earlier run would show some of the scenes only
        for suffix in (".vrt", ".qml"):
            (Path(folder) / f"{NAME}{suffix}").unlink(missing_ok=True)
    unplaced = [Path(info.path).name for info in infos if info not in placed]
    return Mosaics(tuple(str(Path(folder) / name) for name in names), tuple(unplaced))


def _groups(infos: Sequence[RasterInfo]) -> list[list[RasterInfo]]:
    groups: list[list[RasterInfo]] = []
    for info in infos:
        for group in groups:
            if _fit(info, group[0]):
                group.append(info)
                break
        else:
            groups.append([info])
    return groups


def _fit(first: RasterInfo, second: RasterInfo) -> bool:
    sizes = zip(first.grid.pixel_size, second.grid.pixel_size)
    return same_crs(first.grid.crs, second.grid.crs) and all(abs(a / b - 1) < _SAME_SIZE for a, b in sizes)


def _name(info: RasterInfo) -> str:
    crs = re.sub(r"[^A-Za-z0-9]+", "", crs_name(info.grid.crs))
    return f"{NAME}_{crs}_{info.grid.pixel_size[0]:.6g}.vrt"


def mosaic_vrt(infos: Sequence[RasterInfo]) -> str:
    """Return the text of a VRT, to be written beside the rasters, over class maps of the same pixel size."""
    first = infos[0]
    width, height = first.grid.pixel_size
    boxes = [info.grid.bounds for info in infos]
    x, y = min(box.x_min for box in boxes), max(box.y_max for box in boxes)
    cols = max(round((box.x_max - x) / width) for box in boxes)
    rows = max(round((y - box.y_min) / height) for box in boxes)
    sources = "".join(
        _source(info, round((box.x_min - x) / width), round((y - box.y_max) / height))
        for info, box in zip(infos, boxes)
    )
    transform = ", ".join(repr(float(v)) for v in (x, width, 0.0, y, 0.0, -height))
    crs = first.grid.crs
    return (
        f'<VRTDataset rasterXSize="{cols}" rasterYSize="{rows}">\n'
        + (f"  <SRS>{escape(crs)}</SRS>\n" if crs else "")
        + f"  <GeoTransform>{transform}</GeoTransform>\n"
        f'  <VRTRasterBand dataType="{first.bands[0].dtype}" band="1">\n'
        f"    <Description>class</Description>\n    <NoDataValue>0</NoDataValue>\n"
        f"    <ColorInterp>Palette</ColorInterp>\n{_legend(first)}{sources}"
        "  </VRTRasterBand>\n</VRTDataset>\n"
    )


def _legend(info: RasterInfo) -> str:
    names = "".join(f"      <Category>{escape(name)}</Category>\n" for name in info.category_names)
    # A TIFF fills its table up to 256 or 65536 colours.
    colors = "".join(_entry(color) for color in info.color_table[: len(info.category_names)])
    return f"    <CategoryNames>\n{names}    </CategoryNames>\n    <ColorTable>\n{colors}    </ColorTable>\n"


def _entry(color: str) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    alpha = 0 if color == "#000000" else 255
    return f'      <Entry c1="{red}" c2="{green}" c3="{blue}" c4="{alpha}"/>\n'


def _source(info: RasterInfo, col: int, row: int) -> str:
    size = f'xSize="{info.grid.cols}" ySize="{info.grid.rows}"'
    return (
        "    <ComplexSource>\n"
        f'      <SourceFilename relativeToVRT="1">{escape(Path(info.path).name)}</SourceFilename>\n'
        "      <SourceBand>1</SourceBand>\n"
        f'      <SourceProperties RasterXSize="{info.grid.cols}" RasterYSize="{info.grid.rows}" '
        f"DataType={quoteattr(info.bands[0].dtype)} "
        f'BlockXSize="{info.block[1]}" BlockYSize="{info.block[0]}"/>\n'
        f'      <SrcRect xOff="0" yOff="0" {size}/>\n'
        f'      <DstRect xOff="{col}" yOff="{row}" {size}/>\n'
        "      <NODATA>0</NODATA>\n    </ComplexSource>\n"
    )
