"""The text of virtual rasters (VRT): bands as Float32, NaN wherever nothing was measured."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from .raster_info import BandInfo, RasterInfo

FLOAT_TYPES = ("Float32", "Float64", "Float16")


def source_vrt(
    info: RasterInfo, bands: Sequence[BandInfo], crs: str, to_power: bool = False, drop_infinite: bool = False
) -> str:
    """Return a VRT of some bands in their declared units; nodata, mask and NaN are NaN.

    `crs` is written as it is. `to_power` turns decibels into linear power. `drop_infinite` makes infinities
    NaN, so that resampling leaves them out; it reads each value twice.
    """
    content = "".join(
        _band(info, band, position, to_power, drop_infinite) for position, band in enumerate(bands, 1)
    )
    t = ", ".join(repr(float(v)) for v in info.grid.transform)
    return (
        f'<VRTDataset rasterXSize="{info.grid.cols}" rasterYSize="{info.grid.rows}">'
        + (f"<SRS>{escape(crs)}</SRS>" if crs else "")
        + f"<GeoTransform>{t}</GeoTransform>{content}</VRTDataset>"
    )


def _band(info: RasterInfo, band: BandInfo, position: int, to_power: bool, drop_infinite: bool) -> str:
    scale, offset = 1.0 if band.scale is None else band.scale, band.offset or 0.0
    source = _source(info, band, scale, offset)
    if to_power:
        return _open_band(position, "dB2pow") + source + "</VRTRasterBand>"
    if drop_infinite and band.dtype in FLOAT_TYPES:
        # 2 x - x is x where x is finite and NaN elsewhere; 0 x + x is not, GDAL takes the short cut.
        doubled = _source(info, band, 2 * scale, 2 * offset)
        return _open_band(position, "diff") + doubled + source + "</VRTRasterBand>"
    return _open_band(position) + source + "</VRTRasterBand>"


def _open_band(position: int, function: str = "") -> str:
    kind = ' subClass="VRTDerivedRasterBand"' if function else ""
    text = f'<VRTRasterBand dataType="Float32" band="{position}"{kind}><NoDataValue>nan</NoDataValue>'
    if function:
        text += f"<PixelFunctionType>{function}</PixelFunctionType>"
        text += "<SourceTransferType>Float32</SourceTransferType>"
    return text


def _source(info: RasterInfo, band: BandInfo, scale: float, offset: float) -> str:
    """Return the source of a band; each further nodata value takes a VRT within, a source knows but one.

    So does a mask beside a nodata value, of which GDAL would heed only one.
    """
    name, number, dtype, block = info.path, band.number, band.dtype, info.block
    values: list[float | None] = [*dict.fromkeys(v for v in band.nodata if v == v)]
    masked = info.has_mask
    within = values[:-1] if not masked else [None, *values[:-1]] if values else []
    for value in within:
        inner = _complex_source(info, name, number, dtype, block, value, masked, (1.0, 0.0))
        name = (
            f'<VRTDataset rasterXSize="{info.grid.cols}" rasterYSize="{info.grid.rows}">'
            f"{_open_band(1)}{inner}</VRTRasterBand></VRTDataset>"
        )
        number, dtype, block, masked = 1, "Float32", (128, 128), False
    last = values[-1] if values else None
    return _complex_source(info, name, number, dtype, block, last, masked, (scale, offset))


def _complex_source(
    info: RasterInfo,
    name: str,
    number: int,
    dtype: str,
    block: tuple[int, int],
    nodata: float | None,
    masked: bool,
    units: tuple[float, float],
) -> str:
    shared = ' shared="1"' if name == info.path else ""
    text = (
        f'<ComplexSource><SourceFilename relativeToVRT="0"{shared}>{escape(name)}</SourceFilename>'
        f"<SourceBand>{number}</SourceBand>"
        f"<SourceProperties RasterXSize={quoteattr(str(info.grid.cols))} "
        f"RasterYSize={quoteattr(str(info.grid.rows))} DataType={quoteattr(dtype)} "
        f'BlockXSize="{block[1]}" BlockYSize="{block[0]}"/>'
    )
    if masked:
        text += "<UseMaskBand>true</UseMaskBand>"
    if units != (1.0, 0.0):
        text += f"<ScaleOffset>{units[1]!r}</ScaleOffset><ScaleRatio>{units[0]!r}</ScaleRatio>"
    if nodata is not None:
        text += f"<NODATA>{nodata!r}</NODATA>"
    return text + "</ComplexSource>"
