"""Scenes across 180 degrees: longitudes that go on, begin again or come in two tiles."""

from __future__ import annotations

from functools import partial

import numpy as np

from .case import Case, Plan
from .ground import Ground, moved
from .plans import WGS, around_in, corner_hole, corner_mask, extent_in_degrees, labels_in, one, rim, two

SUBJECT = "180 degrees"
case = partial(Case, SUBJECT)


def cases():
    north, south = astride(), astride("EPSG:32760")
    west = astride("EPSG:32601")
    for name, ground in (("UTM 60", north), ("UTM 1", west), ("UTM 60 south", south)):
        yield case(f"all in {name}", two, ground=ground)
        yield case(
            f"{name}, second source in longitudes beyond 180",
            lambda b: two(b, height=beyond_180(b), margin=1.0),
            ground=ground,
        )
        yield case(
            f"{name}, second source in longitudes below -180",
            lambda b: two(b, height=beyond_180(b, -1), margin=1.0),
            ground=ground,
        )
        yield case(
            f"{name}, second source in two tiles",
            lambda b: Plan(
                {"optical": b.raster("t.tif", "tint"), "lidar": split(b, "h", "height")}, margin=1.0
            ),
            ground=ground,
        )
        yield case(
            f"{name}, samples in degrees",
            lambda b: one(b, plan={"samples": b.samples(b.layer(crs=WGS))}),
            ground=ground,
        )
        yield case(
            f"{name}, all in longitudes beyond 180",
            lambda b: two(b, beyond_180(b), beyond_180(b), margin=2.0, reach=2.0),
            ground=ground,
        )
        yield case(
            f"{name}, all in two tiles",
            lambda b: Plan(
                {"optical": split(b, "t", "tint"), "lidar": split(b, "h", "height")}, margin=2.0, reach=2.0
            ),
            ground=ground,
        )
        yield case(
            f"{name}, one beyond 180, the other in two tiles",
            lambda b: Plan(
                {"optical": b.raster("t.tif", "tint", **beyond_180(b)), "lidar": split(b, "h", "height")},
                margin=2.0,
                reach=2.0,
            ),
            ground=ground,
        )
        yield case(
            f"{name}, one beyond 180, the other below -180",
            lambda b: two(b, beyond_180(b), beyond_180(b, -1), margin=2.0, reach=2.0),
            ground=ground,
        )
        yield case(
            f"{name}, map kept in degrees beyond 180",
            lambda b: two(
                b,
                beyond_180(b),
                beyond_180(b),
                margin=1.0,
                reach=2.0,
                train={"grid": {"reference": ref_in(b)}},
                classify={"grid": {"reference": ref_in(b)}},
            ),
            ground=ground,
        )
        yield case(
            f"{name}, sources in tiles and UTM, map in degrees beyond 180",
            lambda b: Plan(
                {"optical": b.raster("t.tif", "tint", **rim(b)), "lidar": split(b, "h", "height")},
                margin=1.0,
                reach=2.0,
                train={"grid": {"reference": ref_in(b)}},
                classify={"grid": {"reference": ref_in(b)}},
            ),
            ground=ground,
        )
        yield case(
            f"{name}, label raster beyond 180",
            lambda b: one(b, plan={"samples": labels_in(b, WGS), "margin": 1.0, "reach": 2.0}, **rim(b)),
            ground=ground,
        )
        yield case(
            f"{name}, mask beyond 180",
            lambda b: one(
                b,
                plan={
                    "classify": {"mask": corner_mask(b, **beyond_180(b))},
                    "hole": corner_hole,
                    "margin": 1.0,
                },
            ),
            ground=ground,
        )
    yield case(
        "UTM 60 and UTM 1",
        lambda b: two(b, height=around_in(b.ground, "EPSG:32601", 0.5), margin=1.0),
        ground=north,
    )
    yield case(
        "extent in degrees across 180",
        lambda b: one(
            b, plan={"classify": {"grid": extent_in_degrees(b)}, "area": (0, 0, 24, 24), "margin": 1.5}
        ),
        ground=north,
    )


def astride(crs="EPSG:32660"):
    """Return a ground in UTM whose middle lies on 180 degrees."""
    x, y = moved([180.0], [-17.0 if crs == "EPSG:32760" else 52.0], WGS, crs)
    return Ground(crs, float(np.round(x[0] - 120)), float(np.round(y[0] + 120)))


def split(bench, name, kind):
    """Write a raster in degrees that covers the ground as two tiles, -180 to 180."""
    whole = around_in(bench.ground, WGS, 0.5)
    t, (rows, cols) = whole["transform"], whole["shape"]
    west_cols = round((180.0 - t[0]) / t[1])
    start = 180.0 - west_cols * t[1]  # a pixel border lies on 180 degrees
    west = (start, t[1], 0.0, t[3], 0.0, t[5])
    east = (-180.0, t[1], 0.0, t[3], 0.0, t[5])
    return [
        bench.raster(f"{name}_w.tif", kind, transform=west, shape=(rows, west_cols), crs=WGS),
        bench.raster(f"{name}_e.tif", kind, transform=east, shape=(rows, cols - west_cols), crs=WGS),
    ]


def beyond_180(bench, turns=0):
    """Return how a raster in degrees with longitudes that pass 180 (or -180) covers the ground."""
    whole = around_in(bench.ground, WGS, 0.5)
    t = whole["transform"]
    return {**whole, "transform": (t[0] + 360 * turns, *t[1:])}


def ref_in(bench):
    path = bench.folder / "ref_wgs.tif"
    return str(path) if path.exists() else bench.raster("ref_wgs.tif", **beyond_180(bench))
