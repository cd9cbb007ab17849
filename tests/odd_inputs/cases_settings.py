"""Settings of rasters, samples and masks: fill, speckle filter, derived bands, classes by other numbers."""

from __future__ import annotations

import json
from functools import partial

from landfuse.core.errors import ClassesError, JobError, SamplesError

from .case import Case, Plan, Refused, Right
from .plans import corner_hole, one

SUBJECT = "settings"
case = partial(Case, SUBJECT)


def cases():
    yield from of_rasters()
    yield from of_samples()
    yield from of_masks()


def gap(u, v):
    """Return the part of the north-western block, of class 1, where the height is missing."""
    return (u < 6) & (v < 8)


def height(bench, path, **settings):
    """Return the plan of an image and heights with settings."""
    inputs = {"optical": bench.raster("tint.tif", "tint"), "lidar": {"path": path, **settings}}
    return Plan(inputs)


def set_to(**settings):
    return lambda b: Plan({"optical": {"path": b.raster("a.tif"), **settings}})


def of_rasters():
    def lidar(**settings):
        return lambda b: height(b, b.raster("h.tif", "height", nodata=-1, hole=gap), **settings)

    yield case("missing heights filled with those of the class", lidar(fill=50.0))
    yield case(
        "missing heights of a coarser raster filled",
        lambda b: (lambda plan: Plan(plan.inputs, margin=1.1))(
            height(
                b,
                b.raster(
                    "h.tif", "height", nodata=-1, hole=gap, transform=b.ground.transform(2), shape=(12, 12)
                ),
                fill=50.0,
            )
        ),
    )
    yield case("nothing missing, a fill given", lambda b: height(b, b.raster("h.tif", "height"), fill=-5.0))
    yield case("a fill of text", set_to(fill="mean"), Refused(JobError, ["fill"]))
    yield case("a scale and an offset", set_to(scale=0.01, offset=-7.0))
    yield case("a negative scale", set_to(scale=-2.0))
    yield case("a scale of 0", set_to(scale=0.0), Refused(JobError, ["a.tif", "scale"]))
    yield case("a scale of text", set_to(scale="big"), Refused(JobError, ["scale"]))
    yield case("a join that does not exist", set_to(join="stack"), Refused(JobError, ["a.tif", "stack"]))
    yield case(
        "a quantity that does not exist", set_to(quantity="colour"), Refused(JobError, ["a.tif", "colour"])
    )
    yield case(
        "a resampling that does not exist",
        set_to(resampling="lanczos"),
        Refused(JobError, ["a.tif", "lanczos"]),
    )
    yield case("a setting that does not exist", set_to(speed=5), Refused(JobError, ["speed"]))
    yield case("a nodata value of text", set_to(nodata="none"), Refused(JobError, ["nodata"]))
    yield case(
        "resampled by nearest neighbour, twice as fine",
        lambda b: Plan(
            {"optical": {"path": b.raster("a.tif"), "resampling": "nearest"}},
            classify={"grid": {"pixel_size": 5.0}},
        ),
    )
    for side in (3, 5):
        yield case(
            f"speckle filter of {side} pixels",
            lambda b, s=side: Plan(
                {"sar": {"path": b.raster("vv.tif", "grey"), "quantity": "sar_linear", "speckle": s}},
                margin=2.6,
            ),
        )
    for side in (4, 1, 99, -3):
        yield case(
            f"speckle filter of {side} pixels, which cannot be",
            lambda b, s=side: Plan({"sar": {"path": b.raster("vv.tif", "grey"), "speckle": s}}),
            Refused(JobError, ["vv.tif", str(side)]),
        )
    yield case(
        "slope beside the height",
        lambda b: (lambda p: Plan(p.inputs, margin=1.1))(
            height(b, b.raster("dsm.tif", "height"), derived=["slope", "roughness"])
        ),
    )
    yield case(
        "a derived band that does not exist",
        set_to(derived=["aspect"]),
        Refused(JobError, ["a.tif", "aspect"]),
    )


def of_samples():
    def numbered(names, **settings):
        return lambda b: one(b, plan={"samples": b.samples(b.layer(features=b.features(names)), **settings)})

    yield case("class 70000 numbered anew", numbered({1: 1, 2: 2, 3: 70000}, renumber=True), Right(["70000"]))
    yield case("negative classes numbered anew", numbered({1: -9, 2: -5, 3: 4}, renumber=True))
    yield case("class 0 as a class", numbered({1: 0, 2: 2, 3: 3}, zero="class"))
    yield case(
        "class 0 as unlabelled, one class left",
        numbered({1: 0, 2: 2, 3: 2}),
        Refused(SamplesError, ["areas.gpkg"]),
    )
    yield case(
        "class 0 and class 70000",
        numbered({1: 0, 2: 2, 3: 70000}, zero="class"),
        Refused(ClassesError, ["70000"]),
    )
    yield case(
        "a meaning of 0 that does not exist", numbered(None, zero="water"), Refused(JobError, ["water"])
    )
    yield case("a radius below 0", numbered(None, radius=-5.0), Refused(JobError, ["radius"]))
    yield case("points with a radius each", with_radius)
    yield case(
        "a radius field that is missing",
        lambda b: with_radius(b, "width"),
        Refused(SamplesError, ["p.geojson", "'width'"]),
    )
    yield case(
        "a radius field of text",
        lambda b: with_radius(b, "note"),
        Refused(SamplesError, ["p.geojson", "note"]),
    )
    yield case(
        "groups by a field that is missing",
        numbered(None, group_field="site"),
        Refused(SamplesError, ["areas.gpkg", "'site'"]),
    )
    yield case(
        "label raster of large numbers, numbered anew",
        lambda b: one(
            b,
            plan={
                "samples": {
                    **b.label_samples(b.labels(dtype="UInt32", change=lambda a: a * 100000)),
                    "renumber": True,
                }
            },
        ),
    )


def with_radius(bench, field="radius"):
    """Write points in the middle of the training areas with a radius each, the last without."""
    features = []
    for u, v, u_stop, v_stop, value in bench.boxes():
        x, y = bench.ground.at((u + u_stop) / 2, (v + v_stop) / 2)
        properties = {"class": value, "radius": 5.0 + value * 5, "note": "near"}
        geometry = {"type": "Point", "coordinates": [float(x), float(y)]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}}
    path = bench.folder / "p.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
    return one(bench, plan={"samples": bench.samples(str(path), radius_field=field)})


def of_masks():
    def cloud(b):
        """Write a mask of 9 in a corner and 4 elsewhere."""
        return b.raster(
            "scl.tif",
            "grey",
            dtype="Byte",
            change=lambda a: a * 0 + 4,
            hole=corner_hole,
            nodata=9,
            finish=lambda d: d.GetRasterBand(1).DeleteNoDataValue(),
        )

    def masked(values, **plan):
        return lambda b: one(b, plan={"classify": {"mask": cloud(b), "mask_values": values}, **plan})

    yield case("mask values 9", masked("9", hole=corner_hole))
    yield case("mask values 3,8-10", masked("3,8-10", hole=corner_hole))
    yield case("mask values that do not occur", masked("77"))
    yield case("mask values of text", masked("clouds"), Refused(JobError, ["clouds"], "classify"))
    yield case(
        "mask values without a mask",
        lambda b: one(b, plan={"classify": {"mask_values": "3"}}),
        Refused(JobError, ["mask"], "classify"),
    )
