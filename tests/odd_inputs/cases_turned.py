"""Rasters that are flipped, rotated or sheared: sources, labels, masks and references."""

from __future__ import annotations

import math
from functools import partial

from landfuse.core.errors import AlignmentError

from .case import Case, Refused, Right
from .ground import SIDE, Ground
from .plans import LOCAL, WGS, corner_hole, corner_mask, one, ref, rotated, two

SUBJECT = "turned"
case = partial(Case, SUBJECT)


def cases():
    flips = {"south-up": (False, True), "east-west flipped": (True, False), "both flipped": (True, True)}
    for name, (across, down) in flips.items():
        for ground, where in ((Ground(), ""), (LOCAL, ", no CRS")):
            turn = flipped(ground, across, down)
            yield case(f"{name} source{where}", lambda b, t=turn: one(b, transform=t), ground=ground)
            yield case(
                f"{name} second source{where}",
                lambda b, t=turn: two(b, height={"transform": t}),
                ground=ground,
            )
        turn = flipped(Ground(), across, down)
        yield case(
            f"{name} label raster",
            lambda b, t=turn: one(b, plan={"samples": b.label_samples(b.labels(transform=t))}),
        )
        yield case(
            f"{name} reference",
            lambda b, t=turn: one(
                b, plan={"classify": {"grid": {"reference": b.raster("r.tif", transform=t)}}}
            ),
        )
        yield case(
            f"{name} mask",
            lambda b, t=turn: one(
                b,
                plan={
                    "classify": {"mask": corner_mask(b, transform=t)},
                    "hole": corner_hole,
                },
            ),
        )
    for angle in (7, 45, 90, 180, -30):
        turn = rotated(Ground(), angle)
        yield case(
            f"second source rotated by {angle} degrees",
            lambda b, t=turn: two(b, height={"transform": t, "shape": (36, 36)}, margin=1.0),
        )
    yield case(
        "finer second source rotated",
        lambda b: two(b, height={"transform": rotated(Ground(), 20, 72, 0.5), "shape": (72, 72)}, margin=1.0),
    )
    yield case(
        "sheared second source",
        lambda b: two(b, height={"transform": sheared(b.ground), "shape": (28, 32)}, margin=1.0),
    )
    turn = rotated(Ground(), 15)
    told = Right(["is rotated; north-up pixels"])
    free = {"margin": 1.0, "reach": 24}
    yield case("only source rotated", lambda b: one(b, transform=turn, shape=(36, 36), plan=free), told)
    yield case(
        "only source rotated, pixel size given",
        lambda b: one(
            b, transform=turn, shape=(36, 36), plan={"train": {"grid": {"pixel_size": 10.0}}, **free}
        ),
    )
    yield case(
        "only source rotated, samples in degrees, no CRS in the job",
        lambda b: one(
            b, transform=turn, shape=(36, 36), plan={"samples": b.samples(b.layer(crs=WGS)), **free}
        ),
        told,
    )
    yield case(
        "rotated source in degrees",
        lambda b: one(b, transform=rotated(b.ground, 15), shape=(36, 36), plan={**free, "margin": 2.0}),
        ground=Ground(WGS, 13.0, 52.0, (1e-4, 1e-4)),
    )
    yield case(
        "only source rotated, reference given",
        lambda b: one(
            b,
            transform=turn,
            shape=(36, 36),
            plan={
                "train": {"grid": {"reference": ref(b)}},
                "classify": {"grid": {"reference": ref(b)}},
                **free,
            },
        ),
    )
    for angle in (90, 270):
        yield case(
            f"only source rotated by {angle} degrees",
            lambda b, a=angle: one(b, transform=rotated(Ground(), a, SIDE), shape=(SIDE, SIDE)),
            told,
        )
    yield case(
        "rotated label raster",
        lambda b: one(b, plan={"samples": b.label_samples(b.labels(transform=turn, shape=(36, 36)))}),
        Refused(AlignmentError, ["labels.tif", "label raster", "rotated"]),
    )
    yield case(
        "rotated label raster, reference given",
        lambda b: one(
            b,
            plan={
                "samples": b.label_samples(b.labels(transform=turn, shape=(36, 36))),
                "train": {"grid": {"reference": ref(b)}},
            },
        ),
    )
    yield case(
        "rotated reference",
        lambda b: one(b, plan={"train": {"grid": {"reference": b.raster("r.tif", transform=turn)}}}),
        Refused(AlignmentError, ["r.tif", "reference", "rotated"]),
    )
    yield case(
        "geotransform with pixels of no size",
        lambda b: one(b, finish=lambda d: d.SetGeoTransform((4e5, 0, 0, 5.8e6, 0, 0))),
        Refused(AlignmentError, ["colour.tif"]),
    )
    yield case(
        "geotransform with NaN",
        lambda b: one(
            b,
            name="colour.vrt",
            driver="VRT",
            finish=lambda d: d.SetGeoTransform((4e5, math.nan, 0, 5.8e6, 0, -10)),
        ),
        Refused(AlignmentError, ["colour.vrt"]),
    )


def flipped(ground, across, down, n=SIDE):
    """Return the geotransform of the same ground with pixels counted from the east or from the south."""
    x, y = ground.at(n if across else 0, n if down else 0)
    width, height = ground.unit
    return (float(x), -width if across else width, 0.0, float(y), 0.0, height if down else -height)


def sheared(ground):
    """Return a geotransform whose columns lean."""
    x, y = ground.at(-6, -2)
    return (float(x), ground.unit[0], 0.2 * ground.unit[0], float(y), 0.0, -ground.unit[1])
