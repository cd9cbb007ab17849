"""Pixel types, values, bands, and how the pixels are stored."""

from __future__ import annotations

from functools import partial

import numpy as np
from landfuse.core.errors import BandError, RasterReadError, SamplesError
from osgeo import gdal

from .case import Case, Plan, Refused, Right
from .ground import SIDE, UTM33, measured
from .plans import LOCAL, corner_hole, corner_mask, one, two

SUBJECT = "pixel types"
case = partial(Case, SUBJECT)
REAL = ("Byte", "UInt16", "Int16", "UInt32", "Int32", "Float32", "Float64")
SINCE = {"Int8": 3070000, "Int64": 3050000, "UInt64": 3050000}
COMPLEX = ("CInt16", "CInt32", "CFloat32", "CFloat64")


def cases():
    yield from types()
    yield from stored()
    yield from values()
    yield from bands()
    yield from sizes()


def missing_type(name):
    """Return why a type cannot be tried here, "" if it can."""
    known = int(gdal.VersionInfo()) >= SINCE.get(name, 0)
    return "" if known else f"GDAL {gdal.VersionInfo('RELEASE_NAME')} has no type {name}"


def types():
    for dtype in (*REAL, *SINCE):
        skip = missing_type(dtype)
        small = (lambda a: a / 2) if dtype == "Int8" else None
        yield case(f"{dtype} source", lambda b, d=dtype, c=small: one(b, dtype=d, change=c), skip=skip)
        yield case(
            f"{dtype} label raster",
            lambda b, d=dtype: one(b, plan={"samples": b.label_samples(b.labels(dtype=d))}),
            skip=skip,
        )
        yield case(
            f"{dtype} mask",
            lambda b, d=dtype: one(
                b, plan={"classify": {"mask": corner_mask(b, dtype=d)}, "hole": corner_hole}
            ),
            skip=skip,
        )
    for dtype in COMPLEX:
        yield case(
            f"{dtype} source",
            lambda b, d=dtype: one(b, dtype=d),
            Refused(BandError, ["colour.tif", "complex"]),
        )
    yield case(
        "complex label raster",
        lambda b: one(b, plan={"samples": b.label_samples(b.labels(dtype="CFloat32"))}),
        Refused(BandError, ["labels.tif", "complex"]),
    )
    yield case(
        "complex mask",
        lambda b: one(b, plan={"train": {"mask": corner_mask(b, dtype="CFloat32")}}),
        Refused(BandError, ["mask.tif", "complex"]),
    )
    yield case(
        "1-bit source",
        lambda b: two(b, height={"dtype": "Byte", "options": ["NBITS=1"], "change": lambda a: a > 90}),
    )
    yield case(
        "1-bit mask",
        lambda b: one(
            b,
            plan={
                "classify": {"mask": corner_mask(b, dtype="Byte", options=["NBITS=1"])},
                "hole": corner_hole,
            },
        ),
    )
    yield case(
        "2-bit label raster",
        lambda b: one(b, plan={"samples": b.label_samples(b.labels(options=["NBITS=2"]))}),
    )
    yield case("12-bit source", lambda b: one(b, dtype="UInt16", options=["NBITS=12"]))
    yield case("half floats", lambda b: one(b, options=["NBITS=16"]))
    yield case(
        "signed bytes of old files",
        lambda b: one(b, dtype="Byte", options=["PIXELTYPE=SIGNEDBYTE"], change=lambda a: a / 2),
    )
    yield case(
        "paletted source",
        lambda b: Plan({"optical": b.raster("a.tif", "grey", dtype="Byte", finish=paint)}),
    )
    yield case(
        "paletted label raster with names",
        lambda b: one(b, plan={"samples": b.label_samples(b.labels(finish=paint))}),
        Right(["water", "forest"]),
    )


def paint(dataset):
    table = gdal.ColorTable()
    for i, color in enumerate([(0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)]):
        table.SetColorEntry(i, color)
    dataset.GetRasterBand(1).SetColorTable(table)
    dataset.GetRasterBand(1).SetCategoryNames(["", "water", "forest", "road"])


def stored():
    layouts = {
        "strips of one row": ["BLOCKYSIZE=1"],
        "strips of 7 rows": ["BLOCKYSIZE=7"],
        "one strip": [f"BLOCKYSIZE={SIDE}"],
        "tiles of 16 x 16": ["TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=16"],
        "tiles of 512 x 16": ["TILED=YES", "BLOCKXSIZE=512", "BLOCKYSIZE=16"],
        "tiles of 16 x 512": ["TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=512"],
        "pixel-interleaved": ["INTERLEAVE=PIXEL"],
        "band-interleaved": ["INTERLEAVE=BAND"],
        "pixel-interleaved tiles": ["INTERLEAVE=PIXEL", "TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=16"],
        "LZW with predictor": ["COMPRESS=LZW", "PREDICTOR=3"],
        "DEFLATE": ["COMPRESS=DEFLATE"],
        "ZSTD": ["COMPRESS=ZSTD"],
        "LERC": ["COMPRESS=LERC", "MAX_Z_ERROR=0.5"],
        "PackBits": ["COMPRESS=PACKBITS"],
        "big-endian": ["ENDIANNESS=BIG"],
        "BigTIFF": ["BIGTIFF=YES"],
        "sparse": ["SPARSE_OK=YES", "TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=16"],
        "GeoTIFF 1.1": ["GEOTIFF_VERSION=1.1"],
        "placed by a world file": ["PROFILE=BASELINE", "TFW=YES"],
    }
    for name, options in layouts.items():
        yield case(f"stored: {name}", lambda b, o=options: one(b, options=o))
    yield case(
        "stored: JPEG in TIFF",
        lambda b: one(
            b,
            dtype="Byte",
            options=["COMPRESS=JPEG", "PHOTOMETRIC=YCBCR", "INTERLEAVE=PIXEL", "JPEG_QUALITY=95"],
            plan={"margin": 1.0},
        ),
    )
    for method in ("NEAREST", "AVERAGE", "MODE"):
        yield case(
            f"stored: overviews by {method.lower()}, map twice as coarse",
            lambda b, m=method: one(
                b,
                finish=lambda d: d.BuildOverviews(m, [2, 4]),
                plan={"classify": {"grid": {"pixel_size": 20.0}}, "margin": 1.1},
            ),
        )
    yield case(
        "stored: wrong overviews",
        lambda b: one(
            b, finish=wrong_overviews, plan={"classify": {"grid": {"pixel_size": 20.0}}, "margin": 1.1}
        ),
    )
    yield case("stored: huge and sparse, 60000 x 60000", huge)
    yield case("stored: huge and sparse, 0 is nodata", partial(huge, nodata=0))


def wrong_overviews(dataset):
    dataset.BuildOverviews("NEAREST", [2])
    for i in range(dataset.RasterCount):
        overview = dataset.GetRasterBand(i + 1).GetOverview(0)
        overview.WriteArray(np.full((overview.YSize, overview.XSize), 7.0))


def huge(bench, nodata=None, side=60000):
    """Write a raster that holds values only where the ground is."""
    path = str(bench.folder / "huge.tif")
    options = ["SPARSE_OK=TRUE", "TILED=YES", "BIGTIFF=YES"]
    dataset = gdal.GetDriverByName("GTiff").Create(path, side, side, 3, gdal.GDT_Byte, options)
    shift = 40000
    dataset.SetGeoTransform(bench.ground.transform(1, -shift, -shift))
    dataset.SetProjection(UTM33)
    values, _, _ = bench.values("huge.tif")
    for i, band in enumerate(values.astype(np.uint8), 1):
        if nodata is not None:
            dataset.GetRasterBand(i).SetNoDataValue(nodata)
        dataset.GetRasterBand(i).WriteArray(band, shift, shift)
    dataset = None
    x, y = bench.ground.at([0, SIDE], [0, SIDE])
    grid = {"extent": [float(x[0]), float(y[1]), float(x[1]), float(y[0])]}
    return Plan({"optical": path}, train={"grid": grid}, classify={"grid": grid})


def values():
    changes = {
        "denormal values": lambda a: a * 1e-40,
        "tiny values": lambda a: a * 1e-30,
        "huge values": lambda a: a * 1e36,
        "negative values": lambda a: -a,
        "values around 0": lambda a: a - 100,
        "values of 0 to 1": lambda a: a / 255,
        "a large offset": lambda a: a + 1e6,
        "a constant first band": partial(with_band, 1.0),
        "a first band of NaN": partial(with_band, np.nan),
        "a first band of infinity": partial(with_band, np.inf),
        "a first band of noise": lambda a: np.concatenate(
            [np.random.default_rng(3).normal(0, 1, a[:1].shape), a]
        ),
    }
    for name, change in changes.items():
        yield case(name, lambda b, c=change: one(b, change=c))
    yield case(
        "float64 values beyond float32",
        lambda b: one(b, dtype="Float64", change=lambda a: a * 1e300),
        Refused(BandError, ["colour.tif", "nodata everywhere"]),
    )
    yield case(
        "all bands constant",
        lambda b: one(b, change=lambda a: a * 0 + 5),
        Refused(BandError, ["colour.tif", "constant (5)"]),
    )
    yield case(
        "nothing but NaN",
        lambda b: one(b, change=lambda a: a * np.nan),
        Refused(BandError, ["colour.tif", "nodata everywhere"]),
    )
    yield case(
        "nothing but infinities",
        lambda b: one(b, change=lambda a: a * np.inf),
        Refused(BandError, ["colour.tif"]),
    )
    for name, value in (("NaN", np.nan), ("infinity", np.inf), ("minus infinity", -np.inf)):
        yield case(
            f"{name} in a corner",
            lambda b, v=value: one(b, change=partial(holed, v), plan={"hole": corner_hole}),
        )
        yield case(
            f"{name} in a corner of the coarser of two sources",
            lambda b, v=value: two(
                b,
                height={
                    "transform": b.ground.transform(2),
                    "shape": (12, 12),
                    "change": partial(holed, v, pixel=2),
                },
                hole=corner_hole,
                margin=1.1,
            ),
        )


def with_band(value, values):
    return np.concatenate([np.full_like(values[:1], value), values])


def holed(value, values, pixel=1):
    values[:, : 10 // pixel, : 6 // pixel] = value
    return values


def bands():
    for count in (100, 300, 700):
        yield case(
            f"{count} bands", lambda b, n=count: one(b, change=lambda a: np.tile(a, (-(-n // 3), 1, 1))[:n])
        )
    yield case(
        "300 bands of Byte by pixel",
        lambda b: one(
            b, dtype="Byte", options=["INTERLEAVE=PIXEL"], change=lambda a: np.tile(a, (100, 1, 1))
        ),
    )
    yield case(
        "300 bands on another grid",
        lambda b: Plan(
            {
                "optical": b.raster("a.tif"),
                "hsi": b.raster(
                    "h.tif",
                    change=lambda a: np.tile(a, (100, 1, 1)),
                    transform=b.ground.transform(2),
                    shape=(12, 12),
                ),
            },
            margin=1.1,
        ),
    )
    yield case("bands chosen", lambda b: Plan({"optical": {"path": b.raster("a.tif"), "bands": "3,1-2"}}))
    for text, word in (
        ("1-9", "3 bands"),
        ("0", "Band 0"),
        ("2-1", "2-1"),
        ("a", "'a'"),
        ("1,1", "twice"),
        ("1--2", "1--2"),
    ):
        yield case(
            f"bands '{text}'",
            lambda b, t=text: Plan({"optical": {"path": b.raster("a.tif"), "bands": t}}),
            Refused(BandError, ["a.tif", word]),
        )
    yield case(
        "band with an empty name", lambda b: one(b, finish=lambda d: d.GetRasterBand(1).SetDescription(""))
    )
    yield case(
        "bands with one name",
        lambda b: one(b, finish=lambda d: [d.GetRasterBand(i).SetDescription("x") for i in (1, 2, 3)]),
    )
    yield case("wrong statistics in the metadata", lambda b: one(b, finish=wrong_statistics))
    yield case(
        "nonsense as statistics",
        lambda b: one(
            b, finish=lambda d: d.GetRasterBand(1).SetMetadataItem("STATISTICS_MINIMUM", "nothing")
        ),
    )
    yield case(
        "nonsense as wavelength",
        lambda b: one(b, finish=lambda d: d.GetRasterBand(1).SetMetadataItem("wavelength", "blue")),
    )
    yield case(
        "nonsense as list of bad bands",
        lambda b: one(b, finish=lambda d: d.SetMetadataItem("bbl", "{yes, no}")),
    )
    yield case(
        "all bands flagged bad",
        lambda b: one(b, finish=lambda d: d.SetMetadataItem("bbl", "{0, 0, 0}")),
        Refused(BandError, ["colour.tif", "bad"]),
    )
    yield case(
        "a scale of 0 in the file",
        lambda b: one(b, finish=lambda d: [d.GetRasterBand(i).SetScale(0) for i in (1, 2, 3)]),
        Refused(BandError, ["colour.tif"]),
    )
    yield case(
        "scale and offset in the file",
        lambda b: one(
            b,
            finish=lambda d: [
                (d.GetRasterBand(i).SetScale(0.01), d.GetRasterBand(i).SetOffset(-3)) for i in (1, 2, 3)
            ],
        ),
    )
    yield case(
        "a scale of NaN in the file",
        lambda b: one(b, finish=lambda d: [d.GetRasterBand(i).SetScale(float("nan")) for i in (1, 2, 3)]),
        Refused(BandError, ["colour.tif"]),
    )


def wrong_statistics(dataset):
    for i in (1, 2, 3):
        dataset.GetRasterBand(i).SetStatistics(-5.0, -4.0, -4.5, 0.1)


def sizes():
    """Rasters of few pixels: too few to train on, enough to be mapped."""
    for rows, cols in ((1, 1), (1, 2), (2, 1), (2, 2), (3, 3)):
        yield case(
            f"training on {cols} x {rows} pixels",
            lambda b, r=rows, c=cols: one(b, transform=b.ground.transform(1, 7, 2), shape=(r, c)),
            Refused(SamplesError, ["areas.gpkg"]),
        )
    for rows, cols in ((1, 1), (1, 2), (2, 1), (2, 2), (3, 3), (1, SIDE), (SIDE, 1), (2, SIDE)):
        for ground, where in ((None, ""), (LOCAL, ", no CRS")):
            yield case(
                f"map of {cols} x {rows} pixels{where}",
                lambda b, r=rows, c=cols: one(
                    b,
                    plan={
                        "scene": {
                            "optical": b.raster(
                                "tiny.tif", transform=b.ground.transform(1, 0, 0), shape=(r, c)
                            )
                        },
                        "area": (0, 0, c, r),
                    },
                ),
                **({"ground": ground} if ground else {}),
            )
    yield case(
        "one pixel of 24 units beside a fine source",
        lambda b: Plan(
            {
                "optical": b.raster("a.tif"),
                "lidar": b.write(
                    "b.tif",
                    measured("height", *np.array([[[12.0]], [[12.0]]])),
                    b.ground.transform(24),
                    UTM33,
                ),
            }
        ),
    )
    yield case(
        "a raster without bands",
        lambda b: Plan({"optical": no_bands(b)}),
        Refused(RasterReadError, ["none.vrt.tif"]),
    )


def no_bands(bench):
    path = str(bench.folder / "none.vrt.tif")
    with open(path, "w", encoding="utf-8") as file:
        file.write('<VRTDataset rasterXSize="24" rasterYSize="24"></VRTDataset>')
    return path
