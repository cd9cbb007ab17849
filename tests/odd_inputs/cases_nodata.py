"""Missing data: nodata values, masks, alpha bands, and scenes where nothing is valid."""

from __future__ import annotations

from functools import partial

import numpy as np
from landfuse.core.errors import AlignmentError, BandError, RasterReadError, SamplesError, VectorReadError
from osgeo import gdal

from .case import Case, Plan, Refused
from .ground import SIDE
from .plans import corner_hole, corner_mask, one, two

SUBJECT = "nodata and masks"
case = partial(Case, SUBJECT)
HOLE = {"hole": corner_hole}


def cases():
    yield from declared()
    yield from by_mask()
    yield from nothing_valid()
    yield from mask_files()


def declared():
    for dtype, value in (
        ("Byte", 0),
        ("Byte", 255),
        ("UInt16", 65535),
        ("Int16", -9999),
        ("Int16", -32768),
        ("UInt32", 4294967295),
        ("Int32", -2147483648),
        ("Float32", -9999),
        ("Float32", -3.4028234663852886e38),
        ("Float32", 1e20),
        ("Float32", float("nan")),
        ("Float64", -1.7976931348623157e308),
        ("Float64", -9999.9),
        ("Float32", -9999.9),
    ):
        yield case(
            f"nodata {value:g} in {dtype}",
            lambda b, d=dtype, v=value: one(b, dtype=d, nodata=v, hole=corner_hole, plan=HOLE),
        )
        yield case(
            f"nodata {value:g} in {dtype}, resampled",
            lambda b, d=dtype, v=value: two(
                b,
                height={
                    "dtype": d,
                    "nodata": v,
                    "hole": corner_hole,
                    "transform": b.ground.transform(0.5, -1, -1),
                    "shape": (52, 52),
                },
                margin=1.0,
                **HOLE,
            ),
        )
    for value in (-9999, 256, 0.5):
        yield case(
            f"nodata {value} in Byte, which has no such value",
            lambda b, v=value: one(b, dtype="Byte", finish=partial(declare, v)),
        )
    yield case(
        "nodata declared on one of three bands",
        lambda b: one(b, change=partial(put, 0, 1), finish=partial(declare, 0, bands=(1,))),
    )
    yield case(
        "nodata declared on two of three bands",
        lambda b: one(b, change=partial(put, 0, 3), finish=partial(declare_each, {1: 0, 2: 0}), plan=HOLE),
    )
    yield case(
        "another nodata value on each band",
        lambda b: one(b, change=each_its_own, finish=partial(declare_each, {1: -1, 2: -2, 3: -3}), plan=HOLE),
    )
    yield case(
        "several nodata values, by the job",
        lambda b: Plan(
            {"optical": {"path": b.raster("a.tif", change=each_row_its_own), "nodata": [-1, -2, 999]}}, **HOLE
        ),
    )
    yield case(
        "a nodata value in the file and one in the job",
        lambda b: Plan(
            {
                "optical": {
                    "path": b.raster("a.tif", change=each_row_its_own, finish=partial(declare, -1)),
                    "nodata": [-2, 999],
                }
            },
            **HOLE,
        ),
    )
    yield case(
        "the file's nodata value ignored",
        lambda b: Plan(
            {
                "optical": {
                    "path": b.raster("a.tif", dtype="Byte", finish=partial(declare, 90)),
                    "file_nodata": False,
                }
            }
        ),
    )
    yield case(
        "an undeclared -9999 named in the job",
        lambda b: Plan(
            {"optical": {"path": b.raster("a.tif", change=partial(put, -9999, 3)), "nodata": -9999}}, **HOLE
        ),
    )
    yield case(
        "a nodata value that is a measurement of one class",
        lambda b: one(b, dtype="Byte", change=lambda a: a // 10 * 10, finish=partial(declare, 250)),
    )
    yield case(
        "all of one band is nodata",
        lambda b: one(b, change=lambda a: np.concatenate([a, a[:1] * 0 - 1]), finish=partial(declare, -1)),
    )


def declare(value, dataset, bands=None):
    for i in bands or range(1, dataset.RasterCount + 1):
        dataset.GetRasterBand(i).SetNoDataValue(value)


def declare_each(values, dataset):
    """Declare a nodata value per band; GeoTIFF keeps one for all, so in a sidecar file."""
    path = dataset.GetDescription()
    dataset.FlushCache()
    bands = "".join(
        f'<PAMRasterBand band="{i}"><NoDataValue>{v}</NoDataValue></PAMRasterBand>' for i, v in values.items()
    )
    with open(f"{path}.aux.xml", "w", encoding="utf-8") as file:
        file.write(f"<PAMDataset>{bands}</PAMDataset>")


def put(value, count, values):
    values[:count, :10, :6] = value
    return values


def each_its_own(values):
    for i in range(3):
        values[i, :10, :6] = -1 - i
    return values


def each_row_its_own(values):
    values[:, :10, :6] = np.array([-1, -2, 999, -1, -2, 999, -1, -2, 999, -1])[None, :, None]
    return values


def by_mask():
    yield case("mask band of the dataset", lambda b: one(b, finish=per_dataset_mask, plan=HOLE))
    yield case(
        "mask band of the dataset, resampled",
        lambda b: two(
            b,
            height={"finish": per_dataset_mask, "transform": b.ground.transform(), "shape": (SIDE, SIDE)},
            classify={"grid": {"pixel_size": 5.0}},
            margin=1.0,
            **HOLE,
        ),
    )
    yield case(
        "mask band and a nodata value",
        lambda b: one(
            b,
            nodata=-1,
            hole=lambda u, v: (u > 20) & (v > 20),
            finish=per_dataset_mask,
            plan={"hole": lambda u, v: corner_hole(u, v) | ((u > 20) & (v > 20))},
        ),
    )
    yield case(
        "alpha band", lambda b: one(b, dtype="Byte", change=with_alpha, options=["ALPHA=YES"], plan=HOLE)
    )
    yield case(
        "alpha band of UInt16",
        lambda b: one(
            b,
            dtype="UInt16",
            change=partial(with_alpha, full=65535),
            options=["ALPHA=YES", "PHOTOMETRIC=RGB"],
            plan=HOLE,
        ),
    )
    yield case(
        "alpha band, resampled",
        lambda b: two(
            b,
            height={"dtype": "Byte", "change": with_alpha, "options": ["ALPHA=YES"]},
            classify={"grid": {"pixel_size": 5.0}},
            margin=1.1,
            **HOLE,
        ),
    )


def per_dataset_mask(dataset):
    dataset.CreateMaskBand(gdal.GMF_PER_DATASET)
    mask = np.full((dataset.RasterYSize, dataset.RasterXSize), 255, np.uint8)
    mask[:10, :6] = 0
    dataset.GetRasterBand(1).GetMaskBand().WriteArray(mask)


def with_alpha(values, full=255):
    alpha = np.full_like(values[:1], full)
    alpha[:, :10, :6] = 0
    return np.concatenate([values, alpha])


def nothing_valid():
    yield case(
        "all pixels nodata",
        lambda b: one(b, change=lambda a: a * 0 - 1, nodata=-1),
        Refused(BandError, ["colour.tif", "nodata everywhere"]),
    )
    yield case(
        "all pixels nodata, when classifying",
        lambda b: one(
            b, plan={"scene": {"optical": b.raster("n.tif", change=lambda a: a * 0 - 1, nodata=-1)}}
        ),
        Refused(AlignmentError, ["optical", "valid"], "classify"),
    )
    yield case(
        "all pixels of one of two sources nodata, when classifying",
        lambda b: two(
            b,
            scene={
                "optical": b.raster("t.tif", "tint"),
                "lidar": b.raster("n.tif", "height", change=lambda a: a * np.nan),
            },
        ),
        Refused(AlignmentError, ["valid"], "classify"),
    )
    yield case(
        "all pixels masked by alpha",
        lambda b: one(
            b, dtype="Byte", change=lambda a: np.concatenate([a, a[:1] * 0]), options=["ALPHA=YES"]
        ),
        Refused(BandError, ["colour.tif", "nodata everywhere"]),
    )
    yield case(
        "nodata under all samples",
        lambda b: one(b, nodata=-1, hole=lambda u, v: (np.abs(u % 8 - 4) < 2.5) & (np.abs(v % 8 - 4) < 2.5)),
        Refused(SamplesError, ["areas.gpkg", "where all sources have data"]),
    )
    yield case(
        "nodata under the samples of one class",
        lambda b: one(
            b,
            nodata=-1,
            hole=lambda u, v: (
                (v < 8) & (u > 16) | (v > 8) & (v < 16) & (u < 8) | (v > 16) & (u > 8) & (u < 16)
            ),
        ),
        Refused(SamplesError, ["areas.gpkg", "class 3 (0)"]),
    )
    yield case("one valid pixel in the whole scene, when classifying", one_pixel)


def one_pixel(bench):
    path = bench.raster("p.tif", nodata=-1, hole=lambda u, v: ~((np.floor(u) == 12) & (np.floor(v) == 4)))
    return one(
        bench,
        plan={"scene": {"optical": path}, "hole": lambda u, v: ~((np.floor(u) == 12) & (np.floor(v) == 4))},
    )


def mask_files():
    def masked(mask, **plan):
        return lambda b: one(b, plan={"classify": {"mask": mask(b)}, "hole": corner_hole, **plan})

    yield case("mask of 0 and 1", masked(lambda b: corner_mask(b, dtype="Byte")))
    yield case(
        "mask of 0 and 255",
        masked(
            lambda b: b.raster(
                "m.tif", "grey", dtype="Byte", change=lambda a: a * 0 + 255, hole=corner_hole, nodata=0
            )
        ),
    )
    yield case(
        "mask finer than the grid",
        masked(lambda b: corner_mask(b, transform=b.ground.transform(0.5), shape=(48, 48))),
    )
    yield case(
        "mask coarser than the grid",
        masked(lambda b: corner_mask(b, transform=b.ground.transform(2), shape=(12, 12)), margin=1.0),
    )
    yield case("mask of NaN", masked(lambda b: b.raster("m.tif", "grey", hole=corner_hole)))
    yield case(
        "mask that covers a half",
        lambda b: one(
            b,
            plan={
                "classify": {"mask": corner_mask(b, shape=(SIDE, 12))},
                "hole": lambda u, v: corner_hole(u, v) | (u > 12),
            },
        ),
    )
    yield case(
        "mask by polygons",
        lambda b: one(
            b,
            plan={
                "classify": {
                    "mask": b.layer("m.gpkg", [(b.wkt((6, 0, 24, 24)), 1), (b.wkt((0, 10, 6, 24)), 1)])
                },
                **HOLE,
            },
        ),
    )
    yield case(
        "mask by polygons in degrees",
        lambda b: one(
            b,
            plan={
                "classify": {
                    "mask": b.layer(
                        "m.gpkg",
                        [(b.wkt((6, 0, 24, 24), "EPSG:4326"), 1), (b.wkt((0, 10, 6, 24), "EPSG:4326"), 1)],
                        crs="EPSG:4326",
                    )
                },
                **HOLE,
            },
        ),
    )
    yield case(
        "mask of zeros",
        lambda b: one(b, plan={"train": {"mask": b.raster("m.tif", "grey", change=lambda a: a * 0)}}),
        Refused(AlignmentError, ["m.tif", "leaves nothing"]),
    )
    yield case(
        "mask of zeros, when classifying",
        lambda b: one(b, plan={"classify": {"mask": b.raster("m.tif", "grey", change=lambda a: a * 0)}}),
        Refused(AlignmentError, ["m.tif", "leaves nothing"], "classify"),
    )
    yield case(
        "mask elsewhere",
        lambda b: one(
            b, plan={"train": {"mask": b.raster("m.tif", "grey", transform=b.ground.transform(1, 100, 0))}}
        ),
        Refused(AlignmentError, ["m.tif", "leaves nothing"]),
    )
    yield case(
        "mask that is missing",
        lambda b: one(b, plan={"train": {"mask": "gone.tif"}}),
        Refused(VectorReadError, ["gone.tif"]),
    )
    yield case(
        "mask of text",
        lambda b: one(b, plan={"train": {"mask": text(b, "m.tif")}}),
        Refused(VectorReadError, ["m.tif"]),
    )
    yield case(
        "mask by a layer without polygons",
        lambda b: one(b, plan={"classify": {"mask": b.layer("m.gpkg", [("POINT(400000 5800000)", 1)])}}),
        Refused(AlignmentError, ["m.gpkg", "leaves nothing"], "classify"),
    )
    yield case(
        "mask by an empty layer",
        lambda b: one(b, plan={"classify": {"mask": b.layer("m.gpkg", [])}}),
        Refused(AlignmentError, ["m.gpkg", "leaves nothing"], "classify"),
    )
    yield case(
        "mask that is truncated",
        lambda b: one(b, plan={"train": {"mask": cut(b, corner_mask(b))}}),
        Refused(RasterReadError, ["mask.tif"]),
    )


def text(bench, name):
    path = bench.folder / name
    path.write_text("This is no raster.")
    return str(path)


def cut(bench, path, share=0.5):
    with open(path, "rb") as file:
        content = file.read()
    with open(path, "wb") as file:
        file.write(content[: int(len(content) * share)])
    return path
