"""Where rasters lie: with and without CRS, overlaps, and the grid that is asked for."""

from __future__ import annotations

from functools import partial

import numpy as np
from landfuse.core.errors import AlignmentError, BandError, JobError, RasterReadError, SamplesError
from osgeo import gdal, osr

from .case import Case, Plan, Refused, Right
from .ground import SIDE, UTM33, Ground, reference
from .plans import LOCAL, around_in, extent_in_degrees, one, two

SUBJECT = "placement"
case = partial(Case, SUBJECT)


def cases():
    yield from crs_mixtures()
    yield from local_systems()
    yield from overlaps()
    yield from grids()


def crs_mixtures():
    yield case("plain", one)
    yield case("plain, two modalities", two)
    refused = Refused(AlignmentError, ["height.tif", "tint.tif", "without a CRS"])
    yield case("one of two rasters without CRS", lambda b: two(b, height={"crs": ""}), refused)
    yield case(
        "two of three rasters of one modality without CRS",
        lambda b: Plan(
            {"optical": [b.raster(n, crs="" if n != "a.tif" else None) for n in ("a.tif", "b.tif", "c.tif")]}
        ),
        Refused(AlignmentError, ["b.tif", "c.tif", "a.tif with a CRS"]),
    )
    yield case(
        "CRS missing in the file, given in the job",
        lambda b: Plan({"optical": {"path": b.raster("a.tif", crs=""), "crs": UTM33}}),
    )
    yield case(
        "wrong CRS in the file, the right one given in the job",
        lambda b: Plan(
            {
                "optical": {
                    "path": b.raster("a.tif", crs=UTM33, finish=lambda d: d.SetProjection("EPSG:3857")),
                    "crs": UTM33,
                }
            }
        ),
    )
    yield case(
        "an unknown code given as CRS",
        lambda b: Plan({"optical": {"path": b.raster("a.tif"), "crs": "EPSG:99999999"}}),
        Refused(AlignmentError, ["a.tif", "EPSG:99999999"]),
    )
    yield case(
        "nonsense given as CRS",
        lambda b: Plan({"optical": {"path": b.raster("a.tif"), "crs": "the usual one"}}),
        Refused(AlignmentError, ["a.tif", "the usual one"]),
    )
    yield case(
        "samples without CRS beside rasters with one",
        lambda b: one(b, plan={"samples": b.samples(b.layer(crs="", features=b.features()))}),
        Refused(AlignmentError, ["areas.gpkg", "the samples have none"]),
    )
    yield case(
        "samples with CRS beside rasters without",
        lambda b: one(b, plan={"samples": b.samples(b.layer(crs=UTM33, features=b.features()))}),
        Refused(AlignmentError, ["areas.gpkg", "the rasters have none"]),
        ground=LOCAL,
    )
    yield case(
        "label raster without CRS beside rasters with one",
        lambda b: one(b, plan={"samples": b.label_samples(b.labels(crs=""))}),
        Refused(AlignmentError, ["labels.tif", "has none"]),
    )
    yield case(
        "reference without CRS",
        lambda b: one(b, plan={"train": {"grid": {"reference": b.raster("ref.tif", crs="")}}}),
        Refused(AlignmentError, ["ref.tif", "has none"]),
    )
    yield case(
        "mask without CRS",
        lambda b: one(b, plan={"train": {"mask": b.raster("mask.tif", crs="")}}),
        Refused(AlignmentError, ["mask.tif"]),
    )


def local_systems():
    yield case("no CRS anywhere", two, ground=LOCAL)
    yield case(
        "no CRS anywhere, other pixel size and origin",
        lambda b: two(b, height={"transform": b.ground.transform(2, -2, -2), "shape": (14, 14)}, margin=1.1),
        ground=LOCAL,
    )
    yield case(
        "no CRS anywhere, finer second raster",
        lambda b: two(b, height={"transform": b.ground.transform(0.5, 0, 0), "shape": (48, 48)}, margin=0.3),
        ground=LOCAL,
    )
    yield case(
        "no CRS anywhere, pixel of 1 at the origin of y downwards",
        lambda b: one(b, transform=(0.0, 1.0, 0.0, 24.0, 0.0, -1.0)),
        ground=Ground("", 0.0, 24.0, (1.0, 1.0)),
    )
    yield case("local CRS in the file", lambda b: one(b, finish=local_crs), ground=LOCAL)

    def bare(b, shape=(SIDE, SIDE)):
        values = b.values("x.tif", "tint")[0]
        height = b.values("y.tif", "height", b.ground.transform(SIDE / shape[0]), shape)[0]
        return {"optical": b.write("x.tif", values, (), ""), "lidar": b.write("y.tif", height, (), "")}

    def bare_labels(b):
        return b.label_samples(b.write("labels.tif", labels_of(b), (), "", dtype="Byte"))

    pixels = Ground("", 0.0, 0.0, (1.0, 1.0))
    yield case("no georeference anywhere", lambda b: Plan(bare(b), b.samples()), ground=pixels)
    yield case("no georeference, label raster", lambda b: Plan(bare(b), bare_labels(b)), ground=pixels)
    yield case(
        "no georeference, other sizes",
        lambda b: Plan(bare(b, (12, 12)), b.samples()),
        Refused(AlignmentError, ["x.tif 24 x 24", "y.tif 12 x 12"]),
        ground=pixels,
    )
    yield case(
        "no georeference, label raster of another size",
        lambda b: Plan(
            bare(b), b.label_samples(b.write("labels.tif", np.ones((12, 12)), (), "", dtype="Byte"))
        ),
        Refused(AlignmentError, ["labels.tif"]),
        ground=pixels,
    )
    yield case(
        "georeference of one raster lost",
        lambda b: Plan(
            {
                "optical": b.raster("x.tif", "tint"),
                "lidar": b.write("y.tif", b.values("y", "height")[0], (), ""),
            }
        ),
        Refused(AlignmentError, ["y.tif with no georeference"]),
    )
    yield case(
        "one with coordinates, one without, none with CRS",
        lambda b: Plan(
            {
                "optical": b.raster("x.tif", "tint"),
                "lidar": b.write("y.tif", b.values("y", "height")[0], (), ""),
            }
        ),
        Refused(AlignmentError, ["y.tif with no georeference", "x.tif with coordinates"]),
        ground=LOCAL,
    )
    yield case(
        "CRS but no geotransform",
        lambda b: Plan({"optical": b.write("x.tif", b.values("x")[0], (), UTM33)}),
        Refused(AlignmentError, ["areas.gpkg"]),
    )
    yield case(
        "placed by ground control points",
        lambda b: Plan({"optical": b.write("x.tif", b.values("x")[0], (), "", finish=control_points(b))}),
        Refused(AlignmentError, ["x.tif", "ground control points"]),
    )


def labels_of(bench):
    path = bench.labels("placed.tif")
    return gdal.Open(path).ReadAsArray()


def local_crs(dataset):
    found = osr.SpatialReference()
    found.SetLocalCS("site")
    dataset.SetProjection(found.ExportToWkt())


def control_points(bench):
    def put(dataset):
        points = []
        for u, v in ((0, 0), (SIDE, 0), (0, SIDE), (SIDE, SIDE)):
            x, y = bench.ground.at(u, v)
            points.append(gdal.GCP(float(x), float(y), 0, u, v))
        dataset.SetGCPs(points, reference(bench.ground.crs).ExportToWkt())

    return put


def overlaps():
    yield case(
        "no overlap",
        lambda b: two(b, height={"transform": b.ground.transform(1, 100, 0)}),
        Refused(AlignmentError, ["'optical'", "'lidar'", "height.tif", "do not overlap"]),
    )
    yield case(
        "edges touch",
        lambda b: two(b, height={"transform": b.ground.transform(1, SIDE, 0)}),
        Refused(AlignmentError, ["do not overlap"]),
    )
    yield case(
        "three modalities that overlap in pairs only",
        lambda b: Plan(
            {
                "optical": b.raster("a.tif"),
                "lidar": b.raster("b.tif", "height", transform=b.ground.transform(1, 16, 0)),
                "other": b.raster("c.tif", "height", transform=b.ground.transform((1, 1), -16, 0)),
            }
        ),
        Refused(AlignmentError, ["do not overlap"]),
    )
    for side in (1, 2, 3):
        shift = SIDE - side
        yield case(
            f"overlap of {side} x {side} pixels, samples elsewhere",
            lambda b, s=shift: two(b, height={"transform": b.ground.transform(1, s, s)}),
            Refused(SamplesError, ["areas.gpkg"]),
        )
        yield case(
            f"overlap of {side} x {side} pixels when classifying",
            lambda b, s=shift: two(
                b,
                area=(s, s, SIDE, SIDE),
                scene={
                    "optical": str(b.folder / "tint.tif"),
                    "lidar": b.raster("far.tif", "height", transform=b.ground.transform(1, s, s)),
                },
            ),
        )
    yield case(
        "second source covers a half",
        lambda b: two(
            b, height={"transform": b.ground.transform(1, 0, 0), "shape": (24, 14)}, area=(0, 0, 14, 24)
        ),
        Right(),
    )
    yield case(
        "second source covers the middle",
        lambda b: two(
            b, height={"transform": b.ground.transform(1, 2, 2), "shape": (20, 20)}, area=(2, 2, 22, 22)
        ),
    )
    yield case(
        "origin off by half a pixel",
        lambda b: two(
            b, height={"transform": b.ground.transform(1, -0.5, -0.5), "shape": (26, 26)}, margin=1.0
        ),
    )
    yield case(
        "origin off by a thousandth of a pixel",
        lambda b: two(b, height={"transform": b.ground.transform(1, -0.001, 0.001)}),
    )
    yield case(
        "modalities overlap in invalid pixels only",
        lambda b: two(b, {"hole": lambda u, v: u < 12}, {"hole": lambda u, v: u >= 12}),
        Refused(SamplesError, ["areas.gpkg", "where all sources have data"]),
    )
    yield case(
        "modalities overlap in invalid pixels only, when classifying",
        lambda b: two(
            b,
            scene={
                "optical": b.raster("t2.tif", "tint", hole=lambda u, v: u < 12),
                "lidar": b.raster("h2.tif", "height", hole=lambda u, v: u >= 12),
            },
        ),
        Refused(AlignmentError, ["lidar, optical", "No pixel is valid"], "classify"),
    )
    for name, pixel, n, margin in (("4", 4, 8, 2.5), ("12", 12, 4, 8.5)):
        yield case(
            f"second source {name} times coarser",
            lambda b, p=pixel, k=n, m=margin: two(
                b,
                height={
                    "transform": b.ground.transform(p, -(p * k - 24) / 2, -(p * k - 24) / 2),
                    "shape": (k, k),
                },
                margin=m,
            ),
        )
    yield case(
        "second source 8 times finer",
        lambda b: two(b, height={"transform": b.ground.transform(0.125), "shape": (192, 192)}),
    )
    yield case(
        "only one pixel, many times larger than the scene, as second source",
        lambda b: Plan(
            {
                "optical": b.raster("a.tif"),
                "lidar": b.write("b.tif", np.full((1, 1, 1), 7.0), b.ground.transform(72, -24, -24), UTM33),
            }
        ),
    )
    for kind, t in (("1e12", (1e12, 10, 0, 5.8e6, 0, -10)), ("1e300", (1e300, 10, 0, 5.8e6, 0, -10))):
        yield case(
            f"second source at x = {kind}",
            lambda b, t=t: two(b, height={"finish": lambda d: d.SetGeoTransform(t)}),
            Refused(AlignmentError, ["height.tif"]),
        )


def grids():
    yield case(
        "extent outside the sources",
        lambda b: one(b, plan={"train": {"grid": {"extent": [0, 0, 10, 10]}}}),
        Refused(AlignmentError, ["extent"]),
    )
    yield case(
        "extent that is upside down",
        lambda b: one(b, plan={"classify": {"grid": {"extent": [400000, 5800000, 400240, 5799760]}}}),
        Refused(JobError, ["extent"], "classify"),
    )
    yield case(
        "extent that ends west of its beginning",
        lambda b: one(b, plan={"classify": {"grid": {"extent": [400240, 5799760, 400000, 5800000]}}}),
        Refused(AlignmentError, ["extent", "holds nothing"], "classify"),
    )
    yield case(
        "extent of one pixel",
        lambda b: one(
            b,
            plan={"classify": {"grid": {"extent": [400050, 5799940, 400060, 5799950]}}, "area": (5, 5, 6, 6)},
        ),
    )
    yield case(
        "extent in degrees",
        lambda b: one(b, plan={"classify": {"grid": extent_in_degrees(b)}}),
    )
    yield case(
        "extent given with nonsense as CRS",
        lambda b: one(b, plan={"classify": {"grid": {"extent": [0, 0, 1, 1], "extent_crs": "mine"}}}),
        Refused(AlignmentError, ["mine"], "classify"),
    )
    yield case(
        "coarser pixel size for the map",
        lambda b: one(b, plan={"classify": {"grid": {"pixel_size": 20.0}}, "margin": 1.1}),
    )
    yield case(
        "finer pixel size for the map",
        lambda b: one(b, plan={"classify": {"grid": {"pixel_size": 5.0}}, "margin": 1.1}),
    )
    for size in (0.0, -10.0):
        yield case(
            f"pixel size {size:g}",
            lambda b, s=size: one(b, plan={"train": {"grid": {"pixel_size": s}}}),
            Refused(JobError, ["Pixel size"]),
        )
    yield case(
        "pixel size larger than the scene",
        lambda b: one(b, plan={"train": {"grid": {"pixel_size": 1000.0}}}),
        Refused(SamplesError),
    )
    yield case(
        "reference that is missing",
        lambda b: one(b, plan={"train": {"grid": {"reference": "gone.tif"}}}),
        Refused(RasterReadError, ["gone.tif"]),
    )
    yield case(
        "reference elsewhere",
        lambda b: one(
            b,
            plan={
                "classify": {
                    "grid": {"reference": b.raster("r.tif", transform=b.ground.transform(1, 500, 0))}
                }
            },
        ),
    )
    yield case(
        "reference in another CRS",
        lambda b: one(
            b,
            plan={
                "classify": {
                    "grid": {"reference": b.raster("r.tif", **around_in(b.ground, "EPSG:3035", 1.0))}
                },
                "margin": 1.5,
            },
        ),
    )
    yield case(
        "all bands named wrongly",
        lambda b: Plan({"optical": {"path": b.raster("a.tif"), "bands": "4"}}),
        Refused(BandError, ["a.tif", "3 bands"]),
    )
