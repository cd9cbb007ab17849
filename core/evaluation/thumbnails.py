"""Small pictures inside a report: an array becomes a PNG written into the page itself."""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.classes import LandClass
from .html import Markup

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOW, HIGH = 2.0, 98.0  # percentiles that become black and white


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return pixels (H, W, 1 to 4) uint8 as a PNG file: grey, grey + alpha, RGB or RGBA.

    Follows the PNG specification, 3rd ed. (W3C 2025); every row uses filter 1 (difference to the left).
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or not 1 <= pixels.shape[2] <= 4 or 0 in pixels.shape:
        raise ValueError(f"a picture is uint8 (H, W, 1 to 4), got {pixels.dtype} {pixels.shape}")
    height, width, channels = pixels.shape
    differences = pixels.copy()
    differences[:, 1:] -= pixels[:, :-1]  # modulo 256, as the filter wants
    lines = np.empty((height, 1 + width * channels), dtype=np.uint8)
    lines[:, 0], lines[:, 1:] = 1, differences.reshape(height, -1)
    color_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0)
    body = zlib.compress(lines.tobytes(), 6)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def stretched(bands: NDArray[Any]) -> NDArray[np.uint8]:
    """Return bands (1 or 3, H, W) as RGBA (H, W, 4), each stretched between its 2 % and 98 % percentiles.

    A pixel that is NaN in any band is transparent; a band without contrast is mid-grey.
    """
    if bands.ndim != 3 or bands.shape[0] not in (1, 3):
        raise ValueError(f"a picture takes 1 or 3 bands (C, H, W), got {bands.shape}")
    valid = np.isfinite(bands).all(axis=0)
    picture = np.zeros((*bands.shape[1:], 4), dtype=np.uint8)
    if not valid.any():
        return picture
    for channel in range(3):
        band = bands[channel if bands.shape[0] == 3 else 0]
        picture[..., channel][valid] = _stretched_values(band[valid].astype(np.float64))
    picture[..., 3] = np.where(valid, 255, 0)
    return picture


def _stretched_values(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    low, high = np.percentile(values, [LOW, HIGH])
    if high <= low:
        low, high = values.min(), values.max()
    if high <= low:
        return np.full(values.shape, 128, dtype=np.uint8)
    return np.round(np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8)


def class_picture(values: NDArray[Any], classes: Sequence[LandClass]) -> NDArray[np.uint8]:
    """Return class values (H, W) in the colours of their classes as RGBA; other values are transparent."""
    picture = np.zeros((*values.shape, 4), dtype=np.uint8)
    for item in classes:
        picture[values == item.value] = (*item.rgb, 255)
    return picture


def image(pixels: NDArray[np.uint8], description: str) -> Markup:
    """Return pixels (H, W, C) as an `<img>` with the data inside the page."""
    data = base64.b64encode(encode_png(pixels)).decode("ascii")
    height, width = pixels.shape[:2]
    return Markup(
        f'<img src="data:image/png;base64,{data}" width="{width}" height="{height}" '
        f'alt="{html.escape(description)}">'
    )
