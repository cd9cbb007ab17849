"""Coordinate systems: projections, units, datums, heights, degrees."""

from __future__ import annotations

from functools import partial

from landfuse.core.errors import AlignmentError
from osgeo import osr

from .case import Case, Refused
from .ground import Ground
from .plans import WGS, around_in, corner_hole, corner_mask, labels_in, one, ref, two

SUBJECT = "coordinate systems"
case = partial(Case, SUBJECT)


def cases():
    yield from systems()
    yield from degrees()


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
    for name in (
        "metres, not square",
        "US survey feet",
        "polar stereographic, north",
        "Web Mercator in the north",
    ):
        yield case(
            f"{name}, label raster",
            lambda b: two(b, samples=b.label_samples(b.labels())),
            ground=grounds[name],
        )
    for name, crs in (
        ("UTM 32", "EPSG:32632"),
        ("Web Mercator", "EPSG:3857"),
        ("equal area", "EPSG:3035"),
        ("ETRS89", "EPSG:25833"),
        ("Gauss-Krueger", "EPSG:31469"),
        ("degrees", "EPSG:4326"),
        ("compound", "EPSG:25833+5783"),
    ):
        yield case(
            f"second source in {name}",
            lambda b, c=crs: two(b, height=around_in(b.ground, c, 0.5), margin=1.0),
        )
        yield case(
            f"label raster in {name}",
            lambda b, c=crs: one(
                b, plan={"samples": labels_in(b, c), "margin": 1.0, "train": {"grid": {"reference": ref(b)}}}
            ),
        )
        yield case(
            f"samples in {name}",
            lambda b, c=crs: one(b, plan={"samples": b.samples(b.layer(crs=c))}),
        )
        yield case(
            f"mask in {name}",
            lambda b, c=crs: one(
                b,
                plan={
                    "classify": {"mask": corner_mask(b, **around_in(b.ground, c, 0.5))},
                    "hole": corner_hole,
                    "margin": 1.0,
                },
            ),
        )
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
        Refused(AlignmentError, ["pixel size", "0.0001", "colour.tif"]),
    )
