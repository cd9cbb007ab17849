from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from landfuse.core.data.classes import class_list
from landfuse.core.evaluation.thumbnails import class_picture, encode_png, image, stretched


def _decode(png):
    """Decode what `encode_png` writes, from the specification."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    position, chunks = 8, {}
    while position < len(png):
        (length,) = struct.unpack(">I", png[position : position + 4])
        name, data = png[position + 4 : position + 8], png[position + 8 : position + 8 + length]
        (crc,) = struct.unpack(">I", png[position + 8 + length : position + 12 + length])
        assert crc == zlib.crc32(name + data)
        chunks[name] = data
        position += 12 + length
    width, height, depth, color_type = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert depth == 8
    channels = {0: 1, 4: 2, 2: 3, 6: 4}[color_type]
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(height, -1)
    assert (lines[:, 0] == 1).all()
    differences = lines[:, 1:].reshape(height, width, channels).astype(np.uint64)
    return np.cumsum(differences, axis=1).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 1, 4), (5, 7, 3), (9, 4, 1), (3, 3, 2)])
def test_a_png_holds_the_pixels_it_was_made_of(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert (_decode(encode_png(pixels)) == pixels).all()


def test_gdal_reads_the_png_as_written(tmp_path):
    gdal = pytest.importorskip("osgeo.gdal")
    pixels = np.random.default_rng(1).integers(0, 256, (6, 5, 4)).astype(np.uint8)
    path = tmp_path / "a.png"
    path.write_bytes(encode_png(pixels))
    read = gdal.Open(str(path)).ReadAsArray()
    assert (np.moveaxis(read, 0, -1) == pixels).all()


def test_a_picture_of_the_wrong_kind_is_refused():
    with pytest.raises(ValueError, match="uint8"):
        encode_png(np.zeros((2, 2, 3), dtype=np.float32))


def test_the_stretch_goes_from_the_2_to_the_98_percentile_and_nodata_is_transparent():
    band = np.linspace(0, 100, 101, dtype=np.float32).reshape(1, 1, 101)
    band[0, 0, 50] = np.nan
    picture = stretched(band)
    assert picture[0, 0].tolist() == [0, 0, 0, 255]
    assert picture[0, 100].tolist() == [255, 255, 255, 255]
    assert picture[0, 50].tolist() == [0, 0, 0, 0]


def test_a_constant_band_is_grey_and_an_empty_one_transparent():
    assert (stretched(np.full((1, 2, 2), 7.0))[..., 0] == 128).all()
    assert (stretched(np.full((3, 2, 2), np.nan)) == 0).all()


def test_classes_have_their_colours_and_nodata_none():
    classes = class_list([1, 2])
    picture = class_picture(np.array([[0, 1], [2, 9]]), classes)
    assert picture[0, 1].tolist() == [*classes[0].rgb, 255]
    assert picture[1, 0].tolist() == [*classes[1].rgb, 255]
    assert picture[0, 0, 3] == 0
    assert picture[1, 1, 3] == 0


def test_an_image_carries_its_data_and_its_description():
    markup = image(np.zeros((2, 3, 3), dtype=np.uint8), 'a "b" <c>')
    assert markup.startswith('<img src="data:image/png;base64,')
    assert 'width="3" height="2"' in markup
    assert "&quot;b&quot; &lt;c&gt;" in markup
