"""Label rasters: their values, their grid, their nodata."""

from __future__ import annotations

from functools import partial

import numpy as np
from landfuse.core.errors import AlignmentError, ClassesError, RasterReadError, SamplesError

from .case import Case, Refused, Right
from .plans import corner_mask, one

SUBJECT = "label rasters"
case = partial(Case, SUBJECT)


def cases():
    yield from class_values()
    yield from places()


def labelled(plan=None, **how):
    """Return a build function: the usual image with a label raster written as `how` says."""
    return lambda b: one(b, plan={"samples": b.label_samples(b.labels(**how)), **(plan or {})})


def renamed(*values):
    """Return what gives classes 1, 2, 3 these values in a label raster."""
    return lambda labels: np.select([labels == i for i in (1, 2, 3)], values, 0)


def class_values():
    for values, dtype in (
        ((1, 3, 200), "Byte"),
        ((1, 3, 300), "UInt16"),
        ((1, 3, 300), "Float32"),
        ((9, 65535, 8), "UInt16"),
        ((7, 5, 6), "Int16"),
    ):
        yield case(
            f"values {values} in {dtype}", labelled({"values": values}, dtype=dtype, change=renamed(*values))
        )
    for values, dtype in (
        ((1, 2, 70000), "UInt32"),
        ((1, 2, 70000), "Float32"),
        ((1, 2, -1), "Int16"),
        ((1, 2, 2**31), "UInt32"),
        ((1, 2, 1e30), "Float32"),
    ):
        yield case(
            f"values {values} in {dtype}",
            labelled(dtype=dtype, change=renamed(*values)),
            Refused(ClassesError, ["labels.tif"]),
        )
    yield case(
        "fractions",
        labelled(dtype="Float32", change=renamed(1, 2, 2.5)),
        Refused(SamplesError, ["labels.tif", "2.5"]),
    )
    yield case(
        "measurements",
        labelled(dtype="Float32", change=lambda a: a * 0.37 + 0.01),
        Refused(SamplesError, ["labels.tif", "fractions"]),
    )
    yield case(
        "NaN where nothing is labelled",
        labelled(dtype="Float32", change=lambda a: np.where(a == 0, np.nan, a)),
    )
    yield case(
        "infinity where nothing is labelled",
        labelled(dtype="Float32", change=lambda a: np.where(a == 0, np.inf, a)),
    )
    yield case("255 as declared nodata", labelled(change=lambda a: np.where(a == 0, 255, a), nodata=255))
    yield case(
        "-9999 as declared nodata",
        labelled(dtype="Int16", change=lambda a: np.where(a == 0, -9999, a), nodata=-9999),
    )
    yield case(
        "-9999 that nobody declared",
        labelled(dtype="Int16", change=lambda a: np.where(a == 0, -9999, a)),
        Refused(ClassesError, ["labels.tif", "-9999"]),
    )
    yield case(
        "one class",
        labelled(change=lambda a: np.minimum(a, 1)),
        Refused(SamplesError, ["labels.tif", "one class"]),
    )
    yield case("nothing labelled", labelled(change=lambda a: a * 0), Refused(SamplesError, ["labels.tif"]))
    yield case(
        "all nodata", labelled(change=lambda a: a * 0 + 9, nodata=9), Refused(SamplesError, ["labels.tif"])
    )
    yield case(
        "two pixels of one class", labelled(change=two_pixels), Refused(SamplesError, ["labels.tif", "(2)"])
    )
    yield case("the whole ground labelled", labelled(change=lambda a: np.maximum(a, 0)))
    yield case(
        "a list that names the values",
        labelled(
            {"train": {"classes": [{"value": v, "name": n} for v, n in ((3, "x"), (1, "y"), (2, "z"))]}}
        ),
    )
    yield case(
        "a list without any of the values",
        labelled({"train": {"classes": [{"value": 40}, {"value": 50}]}}),
        Refused(SamplesError, ["labels.tif"]),
    )


def two_pixels(labels):
    where = np.argwhere(labels == 2)[2:]
    labels[tuple(where.T)] = 0
    return labels


def places():
    yield case(
        "finer than the image",
        lambda b: one(
            b,
            plan={
                "samples": b.label_samples(b.labels(transform=b.ground.transform(0.5), shape=(48, 48))),
                "margin": 1.0,
            },
        ),
    )
    yield case(
        "coarser than the image",
        lambda b: one(
            b,
            plan={
                "samples": b.label_samples(b.labels(transform=b.ground.transform(2), shape=(12, 12))),
                "margin": 2.1,
            },
        ),
    )
    yield case(
        "off by half a pixel",
        lambda b: one(
            b,
            plan={
                "samples": b.label_samples(
                    b.labels(transform=b.ground.transform(1, -0.5, -0.5), shape=(25, 25))
                ),
                "margin": 1.1,
            },
        ),
    )
    yield case(
        "larger than the image",
        lambda b: one(
            b,
            plan={
                "samples": b.label_samples(
                    b.labels(transform=b.ground.transform(1, -30, -30), shape=(90, 90))
                )
            },
        ),
    )
    yield case(
        "over a part of the image",
        lambda b: one(b, plan={"samples": b.label_samples(b.labels(shape=(16, 24)))}),
    )
    yield case(
        "elsewhere",
        lambda b: one(
            b, plan={"samples": b.label_samples(b.labels(transform=b.ground.transform(1, 500, 0)))}
        ),
        Refused(SamplesError, ["labels.tif"]),
    )
    yield case(
        "on the image's grid, another one asked for",
        lambda b: one(
            b,
            plan={
                "samples": b.label_samples(b.labels()),
                "train": {"grid": {"pixel_size": 5.0}},
                "classify": {"grid": {"pixel_size": 5.0}},
                "margin": 1.0,
            },
        ),
    )
    yield case(
        "all under the mask",
        lambda b: one(
            b,
            plan={
                "samples": b.label_samples(b.labels()),
                "train": {"mask": b.raster("m.tif", "grey", change=lambda a: a * 0)},
            },
        ),
        Refused(AlignmentError, ["m.tif"]),
    )
    yield case(
        "partly under the mask",
        lambda b: one(b, plan={"samples": b.label_samples(b.labels()), "train": {"mask": corner_mask(b)}}),
        Right(["samples on pixels without data dropped"]),
    )
    yield case(
        "missing",
        lambda b: one(b, plan={"samples": b.label_samples("gone.tif")}),
        Refused(RasterReadError, ["gone.tif"]),
    )
    yield case(
        "with overviews by average",
        lambda b: one(
            b, plan={"samples": b.label_samples(b.labels(finish=lambda d: d.BuildOverviews("AVERAGE", [2])))}
        ),
    )
    yield case(
        "of three bands, the first counts",
        lambda b: one(
            b, plan={"samples": b.label_samples(b.labels(change=lambda a: np.stack([a, a * 0, a * 0 + 7])))}
        ),
    )
    yield case(
        "with a scale of 1 and an offset of 0",
        lambda b: one(
            b,
            plan={
                "samples": b.label_samples(
                    b.labels(
                        finish=lambda d: (d.GetRasterBand(1).SetScale(1), d.GetRasterBand(1).SetOffset(0))
                    )
                )
            },
        ),
    )
