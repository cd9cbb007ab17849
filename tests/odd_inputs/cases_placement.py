"""Where rasters lie: with and without CRS, turned, flipped, in degrees, across 180 degrees, tiny overlaps."""

from __future__ import annotations

import math

import numpy as np
from landfuse.core.errors import AlignmentError, BandError, RasterReadError, SamplesError
from osgeo import gdal, osr

from .case import Case, Plan, Refused, Right
from .ground import SIDE, UTM33, Ground, moved

SUBJECT = "placement"
LOCAL = Ground(crs="", x=0.0, y=240.0)
T = Ground().transform()


def cases():
    yield from crs_mixtures()
    yield from local_systems()
    yield from turned()
    yield from systems()
    yield from degrees()
    yield from antimeridian()
    yield from overlaps()
    yield from grids()


def case(name, build, expected=Right(), **more):  # noqa: B008  it is frozen
    return Case(SUBJECT, name, build, expected, **more)


def two(bench, tint=None, height=None, **plan):
    """Return the plan of two modalities that are both needed; the arguments change how they are written."""
    inputs = {
        "optical": bench.raster("tint.tif", "tint", **(tint or {})),
        "lidar": bench.raster("height.tif", "height", **(height or {})),
    }
    return Plan(inputs, **plan)


def one(bench, name="colour.tif", plan=None, **how):
    return Plan({"optical": bench.raster(name, "colour", **how)}, **(plan or {}))


def crs_mixtures():
    yield case("plain", one)
    yield case("plain, two modalities", two)
    refused = Refused(AlignmentError, ["height.tif", "tint.tif", "without a CRS"])
    yield case("one of two rasters without CRS", lambda b: two(b, height={"crs": ""}), refused)
    yield case(
        "two of three rasters of one modality without CRS",
        lambda b: Plan({"optical": [b.raster(n, crs="" if n != "a.tif" else None) for n in ("a.tif", "b.tif", "c.tif")]}),
        Refused(AlignmentError, ["b.tif", "c.tif", "a.tif with a CRS"]),
    )  # fmt: skip
    yield case(
        "CRS missing in the file, given in the job",
        lambda b: Plan({"optical": {"path": b.raster("a.tif", crs=""), "crs": UTM33}}),
    )
    yield case(
        "wrong CRS in the file, the right one given in the job",
        lambda b: Plan({"optical": {"path": b.raster("a.tif", crs=UTM33, finish=lambda d: d.SetProjection("EPSG:3857")), "crs": UTM33}}),
    )  # fmt: skip
    yield case(
        "an unknown code given as CRS",
        lambda b: Plan({"optical": {"path": b.raster("a.tif"), "crs": "EPSG:99999999"}}),
        Refused(AlignmentError, ["EPSG:99999999"]),
    )
    yield case(
        "nonsense given as CRS",
        lambda b: Plan({"optical": {"path": b.raster("a.tif"), "crs": "the usual one"}}),
        Refused(AlignmentError, ["the usual one"]),
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
        lambda b: Plan(bare(b), b.label_samples(b.write("labels.tif", np.ones((12, 12)), (), "", dtype="Byte"))),
        Refused(AlignmentError, ["labels.tif"]),
        ground=pixels,
    )  # fmt: skip
    yield case(
        "georeference of one raster lost",
        lambda b: Plan({"optical": b.raster("x.tif", "tint"), "lidar": b.write("y.tif", b.values("y", "height")[0], (), "")}),
        Refused(AlignmentError, ["y.tif with no georeference"]),
    )  # fmt: skip
    yield case(
        "one with coordinates, one without, none with CRS",
        lambda b: Plan({"optical": b.raster("x.tif", "tint"), "lidar": b.write("y.tif", b.values("y", "height")[0], (), "")}),
        Refused(AlignmentError, ["y.tif with no georeference", "x.tif with coordinates"]),
        ground=LOCAL,
    )  # fmt: skip
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
        dataset.SetGCPs(points, osr.SpatialReference("PROJCS" and bench_wkt(bench)).ExportToWkt())

    return put


def bench_wkt(bench):
    found = osr.SpatialReference()
    found.SetFromUserInput(bench.ground.crs)
    return found.ExportToWkt()


def flipped(ground, across, down, n=SIDE):
    """Return the geotransform of the same ground with pixels counted from the east or from the south."""
    x, y = ground.at(n if across else 0, n if down else 0)
    width, height = ground.unit
    return (float(x), -width if across else width, 0.0, float(y), 0.0, height if down else -height)


def rotated(ground, angle, n=36, pixel=1.0):
    """Return the geotransform of n x n pixels turned about the middle of the ground."""
    a, size = math.radians(angle), pixel * ground.unit[0]
    x, y = ground.at(SIDE / 2, SIDE / 2)
    right, down = (size * math.cos(a), size * math.sin(a)), (size * math.sin(a), -size * math.cos(a))
    corner = x - n / 2 * (right[0] + down[0]), y - n / 2 * (right[1] + down[1])
    return (float(corner[0]), right[0], down[0], float(corner[1]), right[1], down[1])


def sheared(ground):
    """Return a geotransform whose columns lean."""
    x, y = ground.at(-6, -2)
    return (float(x), ground.unit[0], 0.2 * ground.unit[0], float(y), 0.0, -ground.unit[1])


def turned():
    flips = {"south-up": (False, True), "east-west flipped": (True, False), "both flipped": (True, True)}
    for name, (across, down) in flips.items():
        for ground, where in ((Ground(), ""), (LOCAL, ", no CRS")):
            turn = flipped(ground, across, down)
            yield case(f"{name} source{where}", lambda b, t=turn: one(b, transform=t), ground=ground)
            yield case(
                f"{name} second source{where}", lambda b, t=turn: two(b, height={"transform": t}), ground=ground
            )
        turn = flipped(Ground(), across, down)
        yield case(
            f"{name} label raster",
            lambda b, t=turn: one(b, plan={"samples": b.label_samples(b.labels(transform=t))}),
        )
        yield case(
            f"{name} reference",
            lambda b, t=turn: one(b, plan={"classify": {"grid": {"reference": b.raster("r.tif", transform=t)}}}),
        )  # fmt: skip
        yield case(
            f"{name} mask",
            lambda b, t=turn: one(
                b,
                plan={
                    "classify": {"mask": b.raster("m.tif", transform=t, change=lambda a: a * 0 + 1, hole=corner_hole, nodata=0)},
                    "hole": corner_hole,
                },
            ),
        )  # fmt: skip
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
    refused = Refused(AlignmentError, ["rotated"])
    yield case("only source rotated", lambda b: one(b, transform=turn, shape=(36, 36)), refused)
    yield case(
        "only source rotated, pixel size given",
        lambda b: one(b, transform=turn, shape=(36, 36), plan={"train": {"grid": {"pixel_size": 10.0}}}),
        refused,
    )
    yield case(
        "only source rotated, reference given",
        lambda b: one(
            b, transform=turn, shape=(36, 36),
            plan={"train": {"grid": {"reference": ref(b)}}, "classify": {"grid": {"reference": ref(b)}}, "margin": 1.0},
        ),
    )  # fmt: skip
    yield case(
        "only source rotated by 90 degrees",
        lambda b: one(b, transform=rotated(Ground(), 90, SIDE), shape=(SIDE, SIDE)),
        refused,
    )
    yield case(
        "rotated label raster",
        lambda b: one(b, plan={"samples": b.label_samples(b.labels(transform=turn, shape=(36, 36)))}),
        Refused(AlignmentError, ["label raster", "rotated"]),
    )
    yield case(
        "rotated label raster, reference given",
        lambda b: one(
            b,
            plan={"samples": b.label_samples(b.labels(transform=turn, shape=(36, 36))), "train": {"grid": {"reference": ref(b)}}},
        ),
    )  # fmt: skip
    yield case(
        "rotated reference",
        lambda b: one(b, plan={"train": {"grid": {"reference": b.raster("r.tif", transform=turn)}}}),
        Refused(AlignmentError, ["reference", "rotated"]),
    )
    yield case(
        "geotransform with pixels of no size",
        lambda b: one(b, finish=lambda d: d.SetGeoTransform((4e5, 0, 0, 5.8e6, 0, 0))),
        Refused(AlignmentError, ["colour.tif"]),
    )
    yield case(
        "geotransform with NaN",
        lambda b: one(b, name="colour.vrt", driver="VRT", finish=lambda d: d.SetGeoTransform((4e5, math.nan, 0, 5.8e6, 0, -10))),
        Refused(AlignmentError, ["colour.vrt"]),
    )  # fmt: skip


def ref(bench):
    path = bench.folder / "ref.tif"
    return str(path) if path.exists() else bench.raster("ref.tif")


def corner_hole(u, v):
    return (u < 6) & (v < 10)


def systems():
    """Projections and units of all sorts: the ground lies in each of them."""
    wkt = (
        'PROJCS["site",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
        'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
        'PARAMETER["latitude_of_origin",50],PARAMETER["central_meridian",13.5],PARAMETER["scale_factor",1],'
        'PARAMETER["false_easting",5000],PARAMETER["false_northing",10000],UNIT["metre",1]]'
    )
    grounds = {
        "metres, not square": Ground(unit=(10.0, 6.0)),
        "very flat pixels": Ground(unit=(30.0, 10.0)),
        "US survey feet": Ground("EPSG:2263", 980000.0, 200000.0, (30.0, 30.0)),
        "international feet": Ground("EPSG:2222", 700000.0, 1100000.0, (30.0, 30.0)),
        "Web Mercator in the north": Ground("EPSG:3857", 2200000.0, 11000000.0, (30.0, 30.0)),
        "polar stereographic, north": Ground("EPSG:3995", -300000.0, -2000000.0, (30.0, 30.0)),
        "polar stereographic over the pole": Ground("EPSG:3995", -120.0, 120.0, (10.0, 10.0)),
        "polar stereographic, south": Ground("EPSG:3031", 1000000.0, 1500000.0, (30.0, 30.0)),
        "southern UTM": Ground("EPSG:32733", 400000.0, 6200000.0),
        "equal area": Ground("EPSG:3035", 4500000.0, 3200000.0),
        "own transverse Mercator": Ground(wkt, 5000.0, 22000.0),
        "kilometres": Ground("+proj=utm +zone=33 +datum=WGS84 +units=km", 400.0, 5800.0, (0.01, 0.01)),
        "compound with heights": Ground("EPSG:25832+5783", 500000.0, 5500000.0),
        "another datum": Ground("EPSG:31468", 4500000.0, 5500000.0),
        "south-orientated axes": Ground("EPSG:2048", -50000.0, -3000000.0),
        "1 mm pixels": Ground(unit=(0.001, 0.001)),
        "10 km pixels": Ground("EPSG:3035", 4000000.0, 3000000.0, (10000.0, 10000.0)),
    }
    for name, ground in grounds.items():
        yield case(name, two, ground=ground)
    for name in ("metres, not square", "US survey feet", "polar stereographic, north", "Web Mercator in the north"):
        yield case(
            f"{name}, label raster",
            lambda b: two(b, samples=b.label_samples(b.labels())),
            ground=grounds[name],
        )
    for name, crs in (
        ("UTM 32", "EPSG:32632"), ("Web Mercator", "EPSG:3857"), ("equal area", "EPSG:3035"), ("ETRS89", "EPSG:25833"),
        ("Gauss-Krueger", "EPSG:31469"), ("degrees", "EPSG:4326"), ("compound", "EPSG:25833+5783"),
    ):  # fmt: skip
        yield case(
            f"second source in {name}",
            lambda b, c=crs: two(b, height=around_in(b.ground, c, 0.5), margin=1.0),
        )
        yield case(
            f"label raster in {name}",
            lambda b, c=crs: one(b, plan={"samples": labels_in(b, c), "margin": 1.0, "train": {"grid": {"reference": ref(b)}}}),
        )  # fmt: skip
        yield case(
            f"samples in {name}",
            lambda b, c=crs: one(b, plan={"samples": b.samples(b.layer(crs=c))}),
        )
        yield case(
            f"mask in {name}",
            lambda b, c=crs: one(
                b,
                plan={
                    "classify": {"mask": b.raster("m.tif", change=lambda a: a * 0 + 1, hole=corner_hole, nodata=0, **around_in(b.ground, c, 0.5))},
                    "hole": corner_hole, "margin": 1.0,
                },
            ),
        )  # fmt: skip
    yield case(
        "heights in a CRS with a vertical part, image without",
        lambda b: two(b, height={"crs": "EPSG:25832+5783"}),
        ground=Ground("EPSG:25832", 500000.0, 5500000.0),
    )
    yield case(
        "WKT that names no code",
        lambda b: two(b, height={"finish": lambda d: d.SetProjection(without_code())}),
    )


def without_code():
    found = osr.SpatialReference()
    found.ImportFromProj4("+proj=utm +zone=33 +datum=WGS84 +units=m")
    return found.ExportToWkt()


def around_in(ground, crs, pixel):
    """Return transform, shape and crs of a north-up raster in another CRS that covers the ground with a rim."""
    edge = np.linspace(-1.0, SIDE + 1.0, 14)
    u, v = np.meshgrid(edge, edge)
    x, y = moved(*ground.at(u, v), ground.crs, crs)
    if x.max() - x.min() > 180:  # across 180 degrees
        x = np.where(x < 0, x + 360, x)
    far_x, far_y = (x.max() - x.min()) / (SIDE + 2), (y.max() - y.min()) / (SIDE + 2)
    cols, rows = math.ceil((SIDE + 2) / pixel), math.ceil((SIDE + 2) / pixel)
    transform = (float(x.min()), far_x * pixel, 0.0, float(y.max()), 0.0, -far_y * pixel)
    return {"transform": transform, "shape": (rows, cols), "crs": crs}


def labels_in(bench, crs):
    return bench.label_samples(bench.labels(**around_in(bench.ground, crs, 0.5)))


WGS = "EPSG:4326"


def degrees():
    """Pixels in degrees: the map comes in UTM unless degrees are asked for."""
    grounds = {
        "degrees": Ground(WGS, 13.0, 52.0, (1e-4, 1e-4)),
        "degrees near the pole": Ground(WGS, 13.0, 82.0, (1e-3, 1e-4)),
        "degrees on the equator": Ground(WGS, 32.9988, 0.0012, (1e-4, 1e-4)),
        "degrees in the south": Ground(WGS, -70.0, -33.0, (1e-4, 1e-4)),
        "degrees, not square": Ground(WGS, 13.0, 60.0, (2e-4, 1e-4)),
        "degrees of another datum": Ground("EPSG:4314", 10.0, 50.0, (1e-4, 1e-4)),
        "degrees 3D": Ground("EPSG:4979", 13.0, 52.0, (1e-4, 1e-4)),
        "degrees on a zone border": Ground(WGS, 11.9988, 50.0, (1e-4, 1e-4)),
        "half degrees": Ground(WGS, 0.0, 12.0, (0.02, 0.02)),
        "gradians": Ground("EPSG:4807", 2.0, 52.0, (1e-4, 1e-4)),
    }
    for name, ground in grounds.items():
        yield case(name, lambda b: two(b, margin=1.6), ground=ground)
    ground = grounds["degrees"]
    yield case(
        "degrees, a finer source beside",
        lambda b: two(b, height={"transform": b.ground.transform(0.5), "shape": (48, 48)}, margin=1.6),
        ground=ground,
    )
    yield case(
        "degrees kept by a pixel size in degrees",
        lambda b: two(b, train={"grid": {"pixel_size": 1e-4}}, classify={"grid": {"pixel_size": 1e-4}}),
        ground=ground,
    )
    yield case(
        "degrees kept by a reference",
        lambda b: two(b, train={"grid": {"reference": ref(b)}}, classify={"grid": {"reference": ref(b)}}),
        ground=ground,
    )
    yield case(
        "degrees, label raster in degrees",
        lambda b: two(b, samples=b.label_samples(b.labels()), margin=1.6),
        ground=ground,
    )
    yield case(
        "degrees given as metres: image in UTM, samples in degrees without CRS",
        lambda b: one(b, plan={"samples": b.samples(b.layer(crs="", features=b.features(crs=WGS)))}),
        Refused(AlignmentError, ["areas.gpkg"]),
    )
    yield case(
        "coordinates of UTM called degrees",
        lambda b: one(b, finish=lambda d: d.SetProjection("EPSG:4326")),
        Refused(AlignmentError, ["colour.tif"]),
    )
    yield case(
        "a pixel size of 0.0001 asked for a source in metres",
        lambda b: one(b, plan={"train": {"grid": {"pixel_size": 1e-4}}}),
        Refused(AlignmentError, ["pixel"]),
    )


EAST = Ground("EPSG:32660", 693000.0, 5543000.0)  # its middle lies near 179.72 E; see `astride`


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


def antimeridian():
    north, south = astride(), astride("EPSG:32760")
    west = astride("EPSG:32601")
    for name, ground in (("UTM 60", north), ("UTM 1", west), ("UTM 60 south", south)):
        yield case(f"180 degrees, all in {name}", two, ground=ground)
        yield case(
            f"180 degrees, {name}, second source in longitudes beyond 180",
            lambda b: two(b, height=beyond_180(b), margin=1.0),
            ground=ground,
        )
        yield case(
            f"180 degrees, {name}, second source in longitudes below -180",
            lambda b: two(b, height=beyond_180(b, -1), margin=1.0),
            ground=ground,
        )
        yield case(
            f"180 degrees, {name}, second source in two tiles",
            lambda b: Plan({"optical": b.raster("t.tif", "tint"), "lidar": split(b, "h", "height")}, margin=1.0),
            ground=ground,
        )
        yield case(
            f"180 degrees, {name}, samples in degrees",
            lambda b: one(b, plan={"samples": b.samples(b.layer(crs=WGS))}),
            ground=ground,
        )
        yield case(
            f"180 degrees, {name}, all in longitudes beyond 180",
            lambda b: two(b, beyond_180(b), beyond_180(b), margin=2.0),
            ground=ground,
        )
        yield case(
            f"180 degrees, {name}, all in two tiles",
            lambda b: Plan({"optical": split(b, "t", "tint"), "lidar": split(b, "h", "height")}, margin=2.0),
            ground=ground,
        )
        yield case(
            f"180 degrees, {name}, one beyond 180, the other in two tiles",
            lambda b: Plan({"optical": b.raster("t.tif", "tint", **beyond_180(b)), "lidar": split(b, "h", "height")}, margin=2.0),
            ground=ground,
        )  # fmt: skip
        yield case(
            f"180 degrees, {name}, one beyond 180, the other below -180",
            lambda b: two(b, beyond_180(b), beyond_180(b, -1), margin=2.0),
            ground=ground,
        )
        yield case(
            f"180 degrees, {name}, map kept in degrees beyond 180",
            lambda b: two(
                b, beyond_180(b), beyond_180(b), margin=1.0,
                train={"grid": {"reference": ref_in(b)}}, classify={"grid": {"reference": ref_in(b)}},
            ),
            ground=ground,
        )  # fmt: skip
        yield case(
            f"180 degrees, {name}, sources in tiles and UTM, map in degrees beyond 180",
            lambda b: Plan(
                {"optical": b.raster("t.tif", "tint", **rim(b)), "lidar": split(b, "h", "height")}, margin=1.0,
                train={"grid": {"reference": ref_in(b)}}, classify={"grid": {"reference": ref_in(b)}},
            ),
            ground=ground,
        )  # fmt: skip
        yield case(
            f"180 degrees, {name}, label raster beyond 180",
            lambda b: one(b, plan={"samples": labels_in(b, WGS), "margin": 1.0}, **rim(b)),
            ground=ground,
        )
        yield case(
            f"180 degrees, {name}, mask beyond 180",
            lambda b: one(
                b,
                plan={
                    "classify": {"mask": b.raster("m.tif", change=lambda a: a * 0 + 1, hole=corner_hole, nodata=0, **beyond_180(b))},
                    "hole": corner_hole, "margin": 1.0,
                },
            ),
            ground=ground,
        )  # fmt: skip
    yield case(
        "180 degrees, UTM 60 and UTM 1",
        lambda b: two(b, height=around_in(b.ground, "EPSG:32601", 0.5), margin=1.0),
        ground=north,
    )
    yield case(
        "extent in degrees across 180",
        lambda b: one(b, plan={"classify": {"grid": extent_in_degrees(b)}, "area": (0, 0, 24, 24), "margin": 1.5}),
        ground=north,
    )  # fmt: skip


def rim(bench):
    """Return how a raster in the ground's own CRS covers it with a rim of two units."""
    return {"transform": bench.ground.transform(1, -2, -2), "shape": (SIDE + 4, SIDE + 4)}


def ref_in(bench):
    path = bench.folder / "ref_wgs.tif"
    return str(path) if path.exists() else bench.raster("ref_wgs.tif", **beyond_180(bench))


def extent_in_degrees(bench):
    x, y = moved(*bench.ground.at([-2, 26], [26, -2]), bench.ground.crs, WGS)
    return {"extent": [float(x[0]), float(y[0]), float(x[1]), float(y[1])], "extent_crs": WGS}


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
                b, area=(s, s, SIDE, SIDE),
                scene={"optical": str(b.folder / "tint.tif"), "lidar": b.raster("far.tif", "height", transform=b.ground.transform(1, s, s))},
            ),
        )  # fmt: skip
    yield case(
        "second source covers a half",
        lambda b: two(b, height={"transform": b.ground.transform(1, 0, 0), "shape": (24, 14)}, area=(0, 0, 14, 24)),
        Right(),
    )
    yield case(
        "second source covers the middle",
        lambda b: two(b, height={"transform": b.ground.transform(1, 2, 2), "shape": (20, 20)}, area=(2, 2, 22, 22)),
    )
    yield case(
        "origin off by half a pixel",
        lambda b: two(b, height={"transform": b.ground.transform(1, -0.5, -0.5), "shape": (26, 26)}, margin=1.0),
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
        Refused(AlignmentError, ["optical, lidar", "No pixel is valid"], "classify"),
    )
    for name, pixel, n, margin in (("4", 4, 8, 2.5), ("12", 12, 4, 8.5)):
        yield case(
            f"second source {name} times coarser",
            lambda b, p=pixel, k=n, m=margin: two(
                b, height={"transform": b.ground.transform(p, -(p * k - 24) / 2, -(p * k - 24) / 2), "shape": (k, k)}, margin=m,
            ),
        )  # fmt: skip
    yield case(
        "second source 8 times finer",
        lambda b: two(b, height={"transform": b.ground.transform(0.125), "shape": (192, 192)}),
    )
    yield case(
        "only one pixel, many times larger than the scene, as second source",
        lambda b: Plan(
            {"optical": b.raster("a.tif"), "lidar": b.write("b.tif", np.full((1, 1, 1), 7.0), b.ground.transform(72, -24, -24), UTM33)}
        ),
    )  # fmt: skip
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
        lambda b: one(b, plan={"classify": {"grid": {"extent": [400240, 5800000, 400000, 5799760]}}}),
        Refused(AlignmentError, ["extent"], "classify"),
    )
    yield case(
        "extent of one pixel",
        lambda b: one(b, plan={"classify": {"grid": {"extent": [400050, 5799940, 400060, 5799950]}}, "area": (5, 5, 6, 6)}),
    )  # fmt: skip
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
            Refused(AlignmentError, ["pixel"]),
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
        lambda b: one(b, plan={"classify": {"grid": {"reference": b.raster("r.tif", transform=b.ground.transform(1, 500, 0))}}}),
    )  # fmt: skip
    yield case(
        "reference in another CRS",
        lambda b: one(
            b, plan={"classify": {"grid": {"reference": b.raster("r.tif", **around_in(b.ground, "EPSG:3035", 1.0))}}, "margin": 1.5}
        ),
    )  # fmt: skip
    yield case(
        "all bands named wrongly",
        lambda b: Plan({"optical": {"path": b.raster("a.tif"), "bands": "4"}}),
        Refused(BandError, ["a.tif", "3 bands"]),
    )
