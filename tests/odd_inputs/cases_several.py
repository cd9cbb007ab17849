"""Several rasters per modality, and a model on another scene."""

from __future__ import annotations

from functools import partial

import numpy as np
from landfuse.core.errors import AlignmentError, BandError, JobError, ModalityError

from .case import Case, Plan, Refused, Right
from .ground import SIDE, UTM33, Ground
from .plans import WGS, around_in, one, two

SUBJECT = "several rasters"
case = partial(Case, SUBJECT)
other = partial(Case, "another scene")


def cases():
    yield from mosaics()
    yield from joins()
    yield from scenes()
    yield from misfits()


def tile(bench, name, u, v, cols, rows, kind="colour", **how):
    return bench.raster(name, kind, transform=bench.ground.transform(1, u, v), shape=(rows, cols), **how)


def quarters(bench, **how):
    return [tile(bench, f"q{i}{j}.tif", 12 * i, 12 * j, 12, 12, **how) for i in (0, 1) for j in (0, 1)]


def mosaics():
    told = Right(["are mosaicked"])
    yield case("four tiles", lambda b: Plan({"optical": quarters(b)}), told)
    yield case(
        "four tiles in another order when classifying",
        lambda b: Plan({"optical": quarters(b)}, scene={"optical": quarters(b)[::-1]}),
        told,
    )
    yield case(
        "one raster when training, four tiles when classifying",
        lambda b: Plan({"optical": b.raster("a.tif")}, scene={"optical": quarters(b)}),
    )
    yield case(
        "four tiles when training, one raster when classifying",
        lambda b: Plan({"optical": quarters(b)}, scene={"optical": b.raster("a.tif")}),
        told,
    )
    yield case(
        "tiles that overlap by a pixel",
        lambda b: Plan({"optical": [tile(b, "w.tif", 0, 0, 13, 24), tile(b, "e.tif", 12, 0, 12, 24)]}),
        told,
    )
    yield case(
        "tiles with a gap between",
        lambda b: Plan(
            {"optical": [tile(b, "w.tif", 0, 0, 11, 24), tile(b, "e.tif", 13, 0, 11, 24)]},
            hole=lambda u, v: (u > 11) & (u < 13),
        ),
        told,
    )
    yield case(
        "a lost tile",
        lambda b: Plan({"optical": quarters(b)[:3]}, hole=lambda u, v: (u > 12) & (v > 12)),
        told,
    )
    yield case(
        "tiles of two types",
        lambda b: Plan(
            {"optical": [tile(b, "w.tif", 0, 0, 12, 24, dtype="Byte"), tile(b, "e.tif", 12, 0, 12, 24)]}
        ),
        told,
    )
    yield case(
        "tiles with other nodata values",
        lambda b: Plan(
            {
                "optical": [
                    tile(b, "w.tif", 0, 0, 13, 24, nodata=-1, hole=lambda u, v: u > 12),
                    tile(b, "e.tif", 12, 0, 12, 24, nodata=-99),
                ]
            }
        ),
        told,
    )
    yield case(
        "a tile that is turned",
        lambda b: Plan(
            {
                "optical": [
                    tile(b, "w.tif", 0, 0, 12, 24),
                    b.raster("e.tif", transform=south_up(b, 12), shape=(24, 12)),
                ]
            }
        ),
        told,
    )
    yield case(
        "tiles of two zones",
        lambda b: Plan(
            {
                "optical": [
                    tile(b, "w.tif", 0, 0, 12, 24),
                    {"path": b.raster("e.tif", **in_zone(b)), "join": "mosaic"},
                ]
            },
            margin=1.0,
            reach=2.0,
        ),
        told,
    )
    yield case(
        "tiles of two pixel sizes",
        lambda b: Plan(
            {
                "optical": [
                    tile(b, "w.tif", 0, 0, 12, 24),
                    b.raster("e.tif", transform=b.ground.transform(2, 12, 0), shape=(12, 6)),
                ]
            },
            margin=1.1,
        ),
        told,
    )
    yield case(
        "twelve tiles of 2 columns",
        lambda b: Plan({"optical": [tile(b, f"t{i}.tif", 2 * i, 0, 2, 24) for i in range(12)]}),
        told,
    )
    yield case("tiles, no CRS", lambda b: Plan({"optical": quarters(b)}), told, ground=Ground("", 0.0, 240.0))
    yield case(
        "a tile elsewhere too",
        lambda b: Plan({"optical": [*quarters(b), tile(b, "far.tif", 60, 0, 12, 12)]}, reach=60.0),
        told,
    )
    yield case(
        "one tile empty",
        lambda b: Plan(
            {"optical": [*quarters(b)[:3], tile(b, "n.tif", 12, 12, 12, 12, change=lambda a: a * np.nan)]},
            hole=lambda u, v: (u > 12) & (v > 12),
        ),
    )
    yield case(
        "tiles joined as bands by the job",
        lambda b: Plan({"optical": [{"path": p, "join": "bands"} for p in quarters(b)]}),
        Refused(AlignmentError, ["do not overlap"]),
    )


def south_up(bench, u):
    x, y = bench.ground.at(u, SIDE)
    return (float(x), 10.0, 0.0, float(y), 0.0, 10.0)


def in_zone(bench):
    """Return how the eastern half looks in the next zone, with a rim."""
    half = Ground(UTM33, float(bench.ground.at(12, 0)[0]), bench.ground.y)
    whole = around_in(half, "EPSG:32632", 1.0)
    rows, cols = whole["shape"]
    return {**whole, "shape": (rows, cols * 15 // 26)}


def joins():
    told = Right(["joined as bands"])
    yield case(
        "two bands of one sensor in two files",
        lambda b: Plan({"optical": [b.raster("t.tif", "tint"), b.raster("h.tif", "height")]}),
        told,
    )
    yield case(
        "another pixel size",
        lambda b: Plan(
            {
                "optical": [
                    b.raster("t.tif", "tint"),
                    b.raster("h.tif", "height", transform=b.ground.transform(2), shape=(12, 12)),
                ]
            },
            margin=1.1,
        ),
        told,
    )
    yield case(
        "other zone",
        lambda b: Plan(
            {
                "optical": [
                    b.raster("t.tif", "tint"),
                    b.raster("h.tif", "height", **around_in(b.ground, "EPSG:32632", 0.5)),
                ]
            },
            margin=1.0,
            reach=1.0,
        ),
        told,
    )
    yield case("one raster twice", lambda b: Plan({"optical": [b.raster("a.tif")] * 2}), told)
    yield case(
        "a hole in the second",
        lambda b: Plan(
            {"optical": [b.raster("t.tif", "tint"), b.raster("h.tif", "height", hole=lambda u, v: u < 5)]},
            hole=lambda u, v: u < 5,
        ),
        told,
    )
    yield case("in another order when classifying", lambda b: swapped(b))
    yield case(
        "one of them missing when classifying",
        lambda b: Plan(
            {"optical": [b.raster("t.tif", "tint"), b.raster("h.tif", "height")]},
            scene={"optical": b.raster("t.tif", "tint")},
        ),
        Refused(BandError, ["optical"], "classify"),
    )
    yield case(
        "twenty files of one band",
        lambda b: Plan({"optical": [b.raster(f"file{i}.tif", "grey") for i in range(20)]}),
        told,
    )
    yield case(
        "no overlap",
        lambda b: Plan(
            {
                "optical": [
                    b.raster("t.tif", "tint"),
                    b.raster("h.tif", "height", transform=b.ground.transform(1, 50, 0)),
                ]
            }
        ),
        Refused(AlignmentError, ["t.tif", "h.tif"]),
    )


def swapped(bench):
    first, second = (
        bench.raster("t.tif", "tint"),
        bench.raster("h.tif", "height", transform=bench.ground.transform(2), shape=(12, 12)),
    )
    return Plan({"optical": [first, second]}, scene={"optical": [first, second]}, margin=1.1)


HERE = Ground()


def elsewhere(ground, **how):
    """Return a build function: train here, classify the same layout on another ground."""

    def build(bench):
        here, bench.ground = bench.ground, ground
        scene = {"optical": bench.raster("there.tif", **how)}
        bench.ground = here
        return Plan({"optical": bench.raster("here.tif")}, scene=scene, look=ground, margin=1.1)

    return build


def scenes():
    """A model meets another scene."""
    grounds = {
        "further east": HERE.shifted(2000, 500),
        "off by a third of a pixel": HERE.shifted(1000.3, 0.3),
        "in the southern hemisphere": Ground("EPSG:32733", 500000.0, 6000000.0),
        "in another projection": Ground("EPSG:3035", 4500000.0, 3200000.0),
        "in feet": Ground("EPSG:2263", 980000.0, 200000.0, (32.8083333, 32.8083333)),
        "in degrees": Ground(WGS, 13.0, 0.1, (9e-5, 9e-5)),
        "across 180 degrees": Ground(WGS, 179.999, 0.1, (9e-5, 9e-5)),
        "over the pole": Ground("EPSG:3995", -120.0, 120.0),
        "with pixels of 12 m": Ground(UTM33, 300000.0, 5500000.0, (12.0, 12.0)),
        "with pixels that are not square": Ground(UTM33, 300000.0, 5500000.0, (14.0, 7.0)),
        "with pixels of 9.9 m": Ground(UTM33, 300000.0, 5500000.0, (9.9, 9.9)),
    }
    for name, ground in grounds.items():
        yield other(name, elsewhere(ground))
    yield other(
        "in a finer raster",
        lambda b: one(
            b,
            plan={
                "scene": {"optical": b.raster("f.tif", transform=b.ground.transform(0.25), shape=(96, 96))}
            },
        ),
    )
    yield other("without CRS", elsewhere(Ground("", 0.0, 240.0)))
    yield other("in Byte", elsewhere(HERE.shifted(100, 0), dtype="Byte"))
    yield other(
        "with a hole",
        lambda b: one(
            b,
            plan={
                "scene": {"optical": b.raster("h.tif", hole=lambda u, v: u > 20)},
                "hole": lambda u, v: u > 20,
            },
        ),
    )
    yield other(
        "with values ten times as large",
        lambda b: one(
            b,
            plan={"scene": {"optical": b.raster("v.tif", change=lambda a: a * 100 + 5000)}, "labels": False},
        ),
        Right(["optical: 3 of 3 bands"]),
    )
    yield other(
        "with a source the model does not know",
        lambda b: one(b, plan={"scene": {"optical": b.raster("a.tif"), "sar": b.raster("s.tif", "grey")}}),
        Right(["sar: given, but the model does not use it"]),
    )


def misfits():
    yield other(
        "without a source the model needs",
        lambda b: two(b, scene={"optical": b.raster("t.tif", "tint")}),
        Refused(ModalityError, ["lidar"], "classify"),
    )
    yield other(
        "with fewer bands",
        lambda b: one(b, plan={"scene": {"optical": b.raster("t.tif", "tint")}}),
        Refused(BandError, ["t.tif", "2 bands", "expects 3"], "classify"),
    )
    yield other(
        "with more bands",
        lambda b: one(
            b, plan={"scene": {"optical": b.raster("m.tif", change=lambda a: np.concatenate([a, a]))}}
        ),
        Refused(BandError, ["m.tif", "6 bands", "expects 3"], "classify"),
    )
    yield other(
        "with more bands, three of them named",
        lambda b: one(
            b,
            plan={
                "scene": {
                    "optical": {
                        "path": b.raster("m.tif", change=lambda a: np.concatenate([a * 0 + 1, a])),
                        "bands": "4-6",
                    }
                }
            },
        ),
    )
    yield other(
        "given as an unknown modality",
        lambda b: one(b, plan={"scene": {"radar": b.raster("r.tif")}}),
        Refused(JobError, ["radar"], "classify"),
    )
    yield other(
        "elsewhere than its second source",
        lambda b: two(
            b,
            scene={
                "optical": b.raster("t.tif", "tint"),
                "lidar": b.raster("h.tif", "height", transform=b.ground.transform(1, 90, 0)),
            },
        ),
        Refused(AlignmentError, ["do not overlap"], "classify"),
    )
