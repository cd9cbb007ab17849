"""Vector samples: formats, coordinate systems, geometries, class values."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

from landfuse.core.errors import AlignmentError, ClassesError, RasterReadError, SamplesError, VectorReadError
from osgeo import gdal, ogr

from .case import Case, Refused, Right
from .plans import LOCAL, WGS, one

SUBJECT = "vector samples"
case = partial(Case, SUBJECT)


def cases():
    yield from formats()
    yield from parts_of_files()
    yield from systems()
    yield from geometries()
    yield from odd_geometries()
    yield from class_values()
    yield from tables()


def sampled(samples, **plan):
    """Return a build function: the usual image with other samples."""
    return lambda b: one(b, plan={"samples": samples(b), **plan})


def formats():
    table = (
        ("GPKG", "a.gpkg", {}),
        ("ESRI Shapefile", "a.shp", {"geometry": ogr.wkbPolygon}),
        ("FlatGeobuf", "a.fgb", {}),
        ("GML", "a.gml", {}),
        ("SQLite", "a.sqlite", {}),
        ("MapInfo File", "a.tab", {}),
        ("MapInfo File", "a.mif", {}),
        ("OGR_GMT", "a.gmt", {}),
        ("OpenFileGDB", "a.gdb", {"geometry": ogr.wkbPolygon}),
        ("JML", "a.jml", {}),
    )
    for driver, name, how in table:
        yield case(
            f"{driver} {Path(name).suffix}",
            sampled(lambda b, d=driver, n=name, h=how: b.samples(b.layer(n, driver=d, **h))),
            skip=cannot_write(driver),
        )
    for driver, name in (
        ("GeoJSON", "a.geojson"),
        ("GeoJSONSeq", "a.geojsonl"),
        ("LIBKML", "b.kml"),
        ("LIBKML", "c.kmz"),
        ("GML", "d.gml"),
        ("GPKG", "d.gpkg"),
        ("FlatGeobuf", "d.fgb"),
    ):
        yield case(
            f"{driver} {Path(name).suffix} in degrees",
            sampled(lambda b, d=driver, n=name: b.samples(b.layer(n, driver=d, crs=WGS))),
            skip=cannot_write(driver),
        )
    yield case(
        "GML 3.2 in degrees, latitude first",
        sampled(lambda b: b.samples(translated(b, "a.gml", "GML", datasetCreationOptions=["FORMAT=GML3.2"]))),
    )
    yield case(
        "GML 3.2 in degrees, longitude first",
        sampled(
            lambda b: b.samples(
                translated(
                    b, "a.gml", "GML", datasetCreationOptions=["FORMAT=GML3.2", "SRSNAME_FORMAT=SHORT"]
                )
            )
        ),
    )
    yield case(
        "GeoJSON with its CRS named, as before 2016",
        sampled(lambda b: b.samples(b.layer("a.geojson", driver="GeoJSON", options=["RFC7946=NO"]))),
    )
    yield case(
        "GeoJSON of 2016, in degrees",
        sampled(
            lambda b: b.samples(b.layer("a.geojson", driver="GeoJSON", crs=WGS, options=["RFC7946=YES"]))
        ),
    )
    yield case(
        "GeoJSON of UTM coordinates that names no CRS",
        sampled(lambda b: b.samples(b.layer("a.geojson", driver="GeoJSON", crs="", features=b.features()))),
        Refused(SamplesError, ["a.geojson"]),
    )
    yield case(
        "CSV with WKT beside placed rasters",
        sampled(lambda b: b.samples(csv_of(b))),
        Refused(AlignmentError, ["a.csv", "the samples have none"]),
    )
    yield case("CSV with WKT, no CRS anywhere", sampled(lambda b: b.samples(csv_of(b))), ground=LOCAL)
    yield case(
        "CSV without geometries",
        sampled(lambda b: b.samples(written(b, "a.csv", "class,name\n1,a\n2,b\n3,c\n"))),
        Refused(SamplesError, ["a.csv"]),
        ground=LOCAL,
    )
    yield case(
        "DXF, which has no class field",
        sampled(lambda b: b.samples(dxf(b))),
        Refused(SamplesError, ["a.dxf", "class"]),
    )


def cannot_write(name):
    driver = ogr.GetDriverByName(name)
    known = driver is not None and driver.TestCapability(ogr.ODrCCreateDataSource)
    return "" if known else f"this GDAL does not write {name}"


def translated(bench, name, driver, **how):
    source = bench.layer("first.gpkg", crs=WGS)
    path = str(bench.folder / name)
    made = gdal.VectorTranslate(path, source, format=driver, **how)
    made = None  # noqa: F841  closes the file
    return path


def csv_of(bench):
    lines = ["WKT,class", *(f'"{wkt}",{value}' for wkt, value in bench.features())]
    return written(bench, "a.csv", "\n".join(lines) + "\n")


def written(bench, name, text):
    path = bench.folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def dxf(bench):
    path = str(bench.folder / "a.dxf")
    dataset = ogr.GetDriverByName("DXF").CreateDataSource(path)
    layer = dataset.CreateLayer("entities")
    for wkt, _ in bench.features():
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(ogr.CreateGeometryFromWkt(wkt))
        layer.CreateFeature(feature)
    feature = layer = dataset = None
    return path


def shapefile(bench, lost=(), **how):
    path = bench.layer("a.shp", driver="ESRI Shapefile", geometry=ogr.wkbPolygon, **how)
    for suffix in lost:
        Path(path).with_suffix(suffix).unlink()
    return path


def parts_of_files():
    yield case(
        "Shapefile without .prj",
        sampled(lambda b: b.samples(shapefile(b, [".prj"]))),
        Refused(AlignmentError, ["a.shp", "the samples have none"]),
    )
    yield case(
        "Shapefile without .dbf",
        sampled(lambda b: b.samples(shapefile(b, [".dbf"]))),
        Refused(SamplesError, ["a.shp", "'class'"]),
    )
    yield case(
        "Shapefile without .shx",
        sampled(lambda b: b.samples(shapefile(b, [".shx"]))),
        Refused(VectorReadError, ["a.shp"]),
    )
    yield case(
        "Shapefile without .shp",
        sampled(lambda b: b.samples(shapefile(b, [".shp"]))),
        Refused(VectorReadError, ["a.shp"]),
    )
    yield case(
        "Shapefile whose field name was cut to ten letters",
        sampled(lambda b: b.samples(shapefile(b, field="landcover_class"), class_field="landcover_class")),
        Refused(SamplesError, ["a.shp", "'landcover_class'", "landcover_"]),
    )
    yield case(
        "Shapefile, the cut name given",
        sampled(lambda b: b.samples(shapefile(b, field="landcover_class"), class_field="landcover_")),
    )
    yield case(
        "Shapefile with names in Latin-1",
        sampled(
            lambda b: b.samples(
                shapefile(
                    b,
                    features=b.features({1: "Äcker", 2: "Höfe", 3: "Wälder"}),
                    options=["ENCODING=ISO-8859-1"],
                )
            ),
            values=(3, 1, 2),
        ),
        Right(["Äcker"]),
    )
    yield case(
        "Shapefile with names whose encoding is not told",
        sampled(lambda b: b.samples(latin_without_cpg(b)), values=(3, 1, 2)),
        Right(["Äcker"]),
    )
    yield case(
        "layer file of no bytes",
        sampled(lambda b: b.samples(written(b, "a.gpkg", ""))),
        Refused(VectorReadError, ["a.gpkg"]),
    )
    yield case(
        "layer file cut in half",
        sampled(lambda b: b.samples(cut(b.layer()))),
        Refused(VectorReadError, ["areas.gpkg"]),
    )
    yield case(
        "GeoJSON cut in half",
        sampled(lambda b: b.samples(cut(b.layer("a.geojson", driver="GeoJSON", crs=WGS)))),
        Refused(VectorReadError, ["a.geojson"]),
    )
    yield case(
        "missing layer file",
        sampled(lambda b: b.samples("gone.gpkg")),
        Refused(VectorReadError, ["gone.gpkg"]),
    )
    yield case("folder of Shapefiles", sampled(lambda b: b.samples(str(Path(shapefile(b)).parent))))
    yield case(
        "raster as vector layer",
        sampled(lambda b: b.samples(b.raster("x.tif"))),
        Refused(VectorReadError, ["x.tif"]),
    )
    yield case(
        "vector layer as label raster",
        sampled(lambda b: b.label_samples(b.layer())),
        Refused(RasterReadError, ["areas.gpkg"]),
    )
    yield case(
        "layer that is not in the file",
        sampled(lambda b: b.samples(layer="other")),
        Refused(VectorReadError, ["areas.gpkg", "'other'", "areas"]),
    )
    yield case(
        "an address of a database",
        sampled(lambda b: b.samples("PG:dbname=x host=127.0.0.1 port=9")),
        Refused(VectorReadError, ["PG:"]),
    )


def latin_without_cpg(bench):
    path = shapefile(
        bench, features=bench.features({1: "Äcker", 2: "Höfe", 3: "Wälder"}), options=["ENCODING=ISO-8859-1"]
    )
    Path(path).with_suffix(".cpg").unlink()
    table = Path(path).with_suffix(".dbf")
    content = bytearray(table.read_bytes())
    content[29] = 0  # the language driver
    table.write_bytes(content)
    return path


def cut(path):
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: len(content) // 2])
    return path


def systems():
    yield case(
        "samples in the wrong zone",
        sampled(lambda b: b.samples(b.layer(crs="EPSG:32632", features=b.features()))),
        Refused(SamplesError, ["areas.gpkg", "same place"]),
    )
    yield case(
        "degrees called metres",
        sampled(lambda b: b.samples(b.layer(features=b.features(crs=WGS)))),
        Refused(SamplesError, ["areas.gpkg", "same place"]),
    )
    yield case(
        "metres called degrees",
        sampled(lambda b: b.samples(b.layer(crs=WGS, features=b.features()))),
        Refused(SamplesError, ["areas.gpkg"]),
    )
    yield case(
        "latitude and longitude swapped",
        sampled(
            lambda b: b.samples(b.layer(crs=WGS, features=[(swapped(w), v) for w, v in b.features(crs=WGS)]))
        ),
        Refused(SamplesError, ["areas.gpkg", "same place"]),
    )
    yield case("samples in degrees of another datum", sampled(lambda b: b.samples(b.layer(crs="EPSG:4258"))))
    yield case("samples in a CRS with heights", sampled(lambda b: b.samples(b.layer(crs="EPSG:25833+5783"))))
    yield case(
        "samples in longitudes beyond 180",
        sampled(lambda b: b.samples(b.layer(crs=WGS, features=b.features(crs=WGS, shift=(360, 0))))),
    )


def swapped(wkt):
    geometry = ogr.CreateGeometryFromWkt(wkt)
    geometry.SwapXY()
    return geometry.ExportToWkt()


def geometries():
    """Each training area as another kind of geometry."""
    kinds = {
        "polygons with Z": lambda b, box: with_z(b.wkt(box)),
        "polygons with M": lambda b, box: with_m(b.wkt(box)),
        "multipolygons": lambda b, box: "MULTIPOLYGON(" + halves(b, box) + ")",
        "geometry collections": lambda b, box: f"GEOMETRYCOLLECTION({b.wkt(box)}, {point(b, box)})",
        "collections within collections": lambda b, box: (
            f"GEOMETRYCOLLECTION(GEOMETRYCOLLECTION({b.wkt(box)}))"
        ),
        "points": point,
        "points with Z": lambda b, box: with_z(point(b, box)),
        "multipoints": lambda b, box: "MULTIPOINT(" + ", ".join(places(b, box)) + ")",
        "lines": lambda b, box: "LINESTRING(" + ", ".join(places(b, box)) + ")",
        "multilines": lambda b, box: "MULTILINESTRING((" + ", ".join(places(b, box)) + "))",
        "circular strings": lambda b, box: "CIRCULARSTRING(" + ", ".join(places(b, box)) + ")",
        "curve polygons": lambda b, box: "CURVEPOLYGON(" + b.wkt(box)[len("POLYGON(") :],
        "curve polygons of arcs": circle,
        "triangles": lambda b, box: "TRIANGLE(" + triangle(b, box) + ")",
        "TINs": lambda b, box: "TIN((" + triangle(b, box) + "))",
        "polyhedral surfaces": lambda b, box: "POLYHEDRALSURFACE(" + b.wkt(box)[len("POLYGON") :] + ")",
        "multisurfaces": lambda b, box: "MULTISURFACE(" + b.wkt(box)[len("POLYGON") :] + ")",
        "polygons that turn the other way": lambda b, box: reversed_ring(b.wkt(box)),
        "polygons with a hole": lambda b, box: holed(b, box),
        "polygons with repeated points": lambda b, box: repeated(b.wkt(box)),
        "polygons whose last point is left out": lambda b, box: unclosed(b.wkt(box)),
        "polygons smaller than a pixel": lambda b, box: b.wkt(
            (box[0] + 1.1, box[1] + 1.1, box[0] + 1.3, box[1] + 1.3)
        ),
        "slivers": lambda b, box: b.wkt((box[0], box[1] + 1.1, box[2], box[1] + 1.3)),
        "many points on the outline": lambda b, box: densified(b.wkt(box)),
    }
    for name, make in kinds.items():
        yield case(
            name,
            sampled(
                lambda b, m=make: b.samples(b.layer(features=[(m(b, box), box[4]) for box in b.boxes()]))
            ),
        )
    for radius in (15.0, 1000000.0):
        expected = Right() if radius < 100 else Refused(SamplesError, ["areas.gpkg", "two classes"])
        yield case(
            f"points with a radius of {radius:g} m",
            sampled(
                lambda b, r=radius: b.samples(
                    b.layer(features=[(point(b, box), box[4]) for box in b.boxes()]), radius=r
                )
            ),
            expected,
        )
    yield case(
        "lines with a radius",
        sampled(
            lambda b: b.samples(
                b.layer(
                    features=[("LINESTRING(" + ", ".join(places(b, box)) + ")", box[4]) for box in b.boxes()]
                ),
                radius=12.0,
            )
        ),
    )
    yield case(
        "all kinds in one layer",
        sampled(
            lambda b: b.samples(
                b.layer(features=[(make(b, box), box[4]) for make, box in zip(kinds.values(), b.boxes())])
            )
        ),
    )


def point(bench, box):
    return f"POINT({places(bench, box)[1]})"


def places(bench, box):
    """Return three places of a training area as coordinates."""
    u = (box[0] + 0.6, (box[0] + box[2]) / 2 + 0.3, box[2] - 0.6)
    v = (box[1] + 0.6, (box[1] + box[3]) / 2 - 0.4, box[3] - 0.6)
    x, y = bench.ground.at(u, v)
    return [f"{float(a)!r} {float(b)!r}" for a, b in zip(x, y)]


def halves(bench, box):
    u, v, u_stop, v_stop = box[:4]
    return ", ".join(
        bench.wkt(part)[len("POLYGON") :] for part in ((u, v, u + 1.5, v_stop), (u + 2.5, v, u_stop, v_stop))
    )


def triangle(bench, box):
    x, y = bench.ground.at([box[0], box[2], box[0], box[0]], [box[1], box[1], box[3], box[1]])
    return "(" + ", ".join(f"{a} {b}" for a, b in zip(x, y)) + ")"


def circle(bench, box):
    u, v = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    x, y = bench.ground.at([u - 2, u + 2, u - 2], [v, v, v])
    return "CURVEPOLYGON(CIRCULARSTRING(" + ", ".join(f"{a} {b}" for a, b in zip(x, y)) + "))"


def with_z(wkt):
    geometry = ogr.CreateGeometryFromWkt(wkt)
    geometry.Set3D(True)
    return geometry


def with_m(wkt):
    geometry = ogr.CreateGeometryFromWkt(wkt)
    geometry.SetMeasured(True)
    return geometry


def reversed_ring(wkt):
    inner = wkt[wkt.index("((") + 2 : -2].split(", ")
    return "POLYGON((" + ", ".join(inner[::-1]) + "))"


def repeated(wkt):
    inner = wkt[wkt.index("((") + 2 : -2].split(", ")
    return "POLYGON((" + ", ".join(p for p in inner for _ in range(3)) + "))"


def unclosed(wkt):
    inner = wkt[wkt.index("((") + 2 : -2].split(", ")
    ring = ogr.Geometry(ogr.wkbLinearRing)
    for p in inner[:-1]:
        ring.AddPoint_2D(*map(float, p.split()))
    polygon = ogr.Geometry(ogr.wkbPolygon)
    polygon.AddGeometry(ring)
    return polygon


def holed(bench, box):
    outer = bench.wkt(box)[len("POLYGON(") : -1]
    u, v = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    inner = bench.wkt((u - 0.9, v - 0.9, u + 0.9, v + 0.9))[len("POLYGON(") : -1]
    return f"POLYGON({outer}, {inner})"


def densified(wkt):
    geometry = ogr.CreateGeometryFromWkt(wkt)
    geometry.Segmentize(0.05)
    return geometry


def odd_geometries():
    def beside(*extra):
        return sampled(lambda b: b.samples(b.layer(features=[*b.features(), *extra])))

    far = "POLYGON((1e9 1e9, 1e9 1.1e9, 1.1e9 1.1e9, 1e9 1e9))"
    yield case("one without a geometry", beside((None, 1)), Right(["1 feature without a geometry ignored"]))
    yield case(
        "one that is empty", beside(("POLYGON EMPTY", 1)), Right(["1 feature without a geometry ignored"])
    )
    yield case("one far away", beside((far, 1)), Right(["1 feature outside the grid ignored"]))
    yield case("one at 1e30", beside(("POINT(1e30 1e30)", 1)), Right(["1 feature outside the grid ignored"]))
    yield case(
        "one at 1e308", beside(("POLYGON((-1e308 -1e308, -1e308 1e307, -1e307 -1e308, -1e308 -1e308))", 1))
    )
    yield case(
        "one at NaN",
        sampled(lambda b: b.samples(b.layer(features=[*b.features(), (nan_point(), 1)]))),
        Right(["ignored"]),
    )
    yield case(
        "one at infinity in degrees",
        sampled(lambda b: b.samples(b.layer(crs=WGS, features=[*b.features(crs=WGS), ("POINT(13 95)", 1)]))),
        Right(["ignored"]),
    )
    yield case(
        "a polygon of two points",
        sampled(lambda b: b.samples(b.layer(features=[*b.features(), (few_points(2), 1)]))),
    )
    yield case(
        "a line of one point",
        sampled(lambda b: b.samples(b.layer(features=[*b.features(), ("LINESTRING(400020 5799980)", 1)]))),
    )
    yield case(
        "one that crosses itself",
        sampled(lambda b: b.samples(b.layer(features=[*b.features(), (bow_tie(b), 1)]))),
        Right(["Invalid geometries repaired: 1"]),
    )
    yield case("all of them twice", sampled(lambda b: b.samples(b.layer(features=b.features() * 2))))
    yield case(
        "one class lies on top of another",
        sampled(lambda b: b.samples(b.layer(features=[*b.features(), (b.wkt((2, 2, 4, 6)), 2)]))),
        Right(["pixels claimed by two classes dropped"]),
    )
    yield case(
        "a polygon with text as class among numbers",
        sampled(
            lambda b: b.samples(
                b.layer(features=[*[(w, str(v)) for w, v in b.features()], (b.wkt((2, 2, 6, 6)), "?")])
            )
        ),
        Refused(SamplesError, ["areas.gpkg", "'class'", "?"]),
    )
    yield case(
        "1000 areas",
        sampled(
            lambda b: b.samples(
                b.layer(
                    features=[
                        (
                            b.wkt(
                                (
                                    box[0] + i % 20 / 5,
                                    box[1] + i // 20 % 20 / 5,
                                    box[0] + i % 20 / 5 + 0.1,
                                    box[1] + i // 20 % 20 / 5 + 0.1,
                                )
                            ),
                            box[4],
                        )
                        for box in b.boxes()
                        for i in range(112)
                    ]
                )
            )
        ),
    )


def nan_point():
    found = ogr.Geometry(ogr.wkbPoint)
    found.AddPoint_2D(math.nan, math.nan)
    return found


def few_points(count):
    ring = ogr.Geometry(ogr.wkbLinearRing)
    for i in range(count):
        ring.AddPoint_2D(400020 + 10 * i, 5799980)
    polygon = ogr.Geometry(ogr.wkbPolygon)
    polygon.AddGeometry(ring)
    return polygon


def bow_tie(bench):
    x, y = bench.ground.at([2, 6, 2, 6, 2], [2, 6, 6, 2, 2])
    return "POLYGON((" + ", ".join(f"{a} {b}" for a, b in zip(x, y)) + "))"


def class_values():
    for values in ((1, 2, 300), (1, 3, 300), (7, 65535, 2), (255, 254, 1), (256, 1, 2)):
        yield case(f"classes {values}", valued(dict(zip((1, 2, 3), values)), values=values))
    yield case("classes as floats", valued({1: 1.0, 2: 2.0, 3: 3.0}))
    yield case("classes as 64-bit numbers", valued(None, kind=ogr.OFTInteger64))
    yield case("classes as text of numbers", valued({1: "1", 2: "2", 3: "3"}))
    yield case("classes as text with zeros", valued({1: "01", 2: "02", 3: "03"}))
    yield case(
        "classes as names", valued({1: "a field", 2: "b wood", 3: "c lake"}), Right(["a field", "c lake"])
    )
    yield case(
        "classes as names with blanks around", sampled(lambda b: b.samples(b.layer(features=padded(b))))
    )
    yield case("classes as names of other scripts", valued({1: "Äcker", 2: "лес", 3: "湖"}))
    yield case("classes as very long names", valued({1: "a" * 500, 2: "b" * 500, 3: "c" * 500}))
    yield case("classes as names with signs", valued({1: 'a "<&>"', 2: "b, c; d", 3: "e | f\nnewline"}))
    yield case("class 0 beside three classes", zero_beside, Right(["taken as unlabelled"]))
    yield case("class -1", valued({1: -1, 2: 2, 3: 3}), Refused(ClassesError, ["areas.gpkg", "-1"]))
    yield case("class 70000", valued({1: 1, 2: 2, 3: 70000}), Refused(ClassesError, ["areas.gpkg", "70000"]))
    yield case(
        "class 2 ** 40",
        valued({1: 1, 2: 2, 3: 2**40}, kind=ogr.OFTInteger64),
        Refused(ClassesError, ["areas.gpkg", str(2**40)]),
    )
    yield case("class 1.5", valued({1: 1.5, 2: 2.0, 3: 3.0}), Refused(SamplesError, ["areas.gpkg", "1.5"]))
    yield case("class 1e300", valued({1: 1e300, 2: 2.0, 3: 3.0}), Refused(ClassesError, ["areas.gpkg"]))
    yield case(
        "class NULL on some",
        valued({1: 1, 2: 2, 3: 3, 0: None}, extra=None),
        Right(["1 feature without a class ignored"]),
    )
    yield case("class NULL on all", valued({}), Refused(SamplesError, ["areas.gpkg", "empty"]))
    yield case(
        "class NaN on some",
        valued({1: 1.0, 2: 2.0, 3: 3.0}, extra=math.nan),
        Right(["1 feature without a class ignored"]),
    )
    yield case("one class", valued({1: 5, 2: 5, 3: 5}), Refused(SamplesError, ["areas.gpkg", "one class"]))
    yield case(
        "a class field of dates",
        valued({1: "2020/01/01", 2: "2020/01/02", 3: "2020/01/03"}, kind=ogr.OFTDate),
        Refused(SamplesError, ["areas.gpkg", "'class'"]),
    )
    yield case(
        "a class field of raw bytes",
        valued({}, kind=ogr.OFTBinary),
        Refused(SamplesError, ["areas.gpkg", "'class'"]),
    )
    yield case(
        "a class field that is missing",
        sampled(lambda b: b.samples(class_field="kind")),
        Refused(SamplesError, ["areas.gpkg", "'kind'", "class"]),
    )
    yield case(
        "a class field in other case",
        sampled(lambda b: b.samples(class_field="CLASS")),
        Refused(SamplesError, ["areas.gpkg", "'CLASS'", "class"]),
    )
    yield case(
        "a class field with blanks and quotes in its name",
        sampled(lambda b: b.samples(b.layer(field='my "class" ü'), class_field='my "class" ü')),
    )
    yield case(
        "values far from the class list",
        lambda b: one(b, plan={"train": {"classes": [{"value": 40}, {"value": 50}]}}),
        Refused(SamplesError, ["40, 50"]),
    )
    yield case(
        "a listed class without samples",
        lambda b: one(b, plan={"train": {"classes": [{"value": v} for v in (1, 2, 3, 9)]}}),
        Refused(SamplesError, ["areas.gpkg"]),
    )
    yield case("class numbers from a list of names", listed)


def valued(names, kind=None, extra=..., **plan):
    def build(b):
        features = b.features() if names is None else b.features({**dict.fromkeys((1, 2, 3)), **names})
        features += [] if extra is ... else [(b.wkt((2, 2, 3, 3)), extra)]
        return one(b, plan={"samples": b.samples(b.layer(features=features, kind=kind)), **plan})

    return build


def padded(bench):
    names = {1: " a ", 2: "b ", 3: " c"}
    return [
        (wkt, names[value] if i % 2 else names[value].strip())
        for i, (wkt, value) in enumerate(bench.features())
    ]


def zero_beside(bench):
    features = [*bench.features(), (bench.wkt((2, 2, 3, 3)), 0)]
    return one(bench, plan={"samples": bench.samples(bench.layer(features=features))})


def listed(bench):
    features = bench.features({1: "wood", 2: "field", 3: "lake"})
    classes = [{"value": 30, "name": "lake"}, {"value": 10, "name": "wood"}, {"value": 20, "name": "field"}]
    plan = {
        "samples": bench.samples(bench.layer(features=features)),
        "train": {"classes": classes},
        "values": (10, 20, 30),
    }
    return one(bench, plan=plan)


def tables():
    yield case(
        "an empty layer",
        sampled(lambda b: b.samples(b.layer(features=[]))),
        Refused(SamplesError, ["areas.gpkg"]),
    )
    yield case(
        "a table without geometries",
        sampled(lambda b: b.samples(b.layer(features=[(None, v) for v in (1, 2, 3)], geometry=ogr.wkbNone))),
        Refused(SamplesError, ["areas.gpkg"]),
    )
    yield case(
        "two layers in one file, the second has the field",
        sampled(lambda b: b.samples(two_layers(b))),
        Right(["'second' is used"]),
    )


def two_layers(bench):
    path = bench.layer(field="other")
    dataset = ogr.Open(path, 1)
    source = ogr.Open(bench.layer("b.gpkg"))
    dataset.CopyLayer(source.GetLayer(0), "second")
    dataset = source = None
    return path
