"""Files: formats, missing and damaged parts, names, archives, virtual and remote rasters."""

from __future__ import annotations

import gzip
import os
import shutil
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
from landfuse.core.errors import AlignmentError, RasterReadError
from osgeo import gdal

from .case import Case, Plan, Refused
from .ground import SIDE
from .plans import one

SUBJECT = "files and formats"
case = partial(Case, SUBJECT)


def cases():
    yield from formats()
    yield from damaged()
    yield from missing_parts()
    yield from names()
    yield from archives()
    yield from virtual()
    yield from remote()


def no_driver(name):
    """Return why a format cannot be tried, "" if it can."""
    driver = gdal.GetDriverByName(name)
    return "" if driver else f"this GDAL has no driver {name}"


def formats():
    table = (
        ("ENVI", "a.dat", {}),
        ("ENVI", "a.dat", {"options": ["INTERLEAVE=BIP"]}),
        ("ENVI", "a.dat", {"options": ["INTERLEAVE=BIL"]}),
        ("HFA", "a.img", {}),
        ("HFA", "a.img", {"options": ["COMPRESSED=YES"]}),
        ("PCIDSK", "a.pix", {}),
        ("ERS", "a.ers", {}),
        ("EHdr", "a.bil", {}),
        ("RST", "a.rst", {"kind": "grey"}),
        ("SAGA", "a.sdat", {"kind": "grey"}),
        ("RRASTER", "a.grd", {}),
        ("AAIGrid", "a.asc", {"kind": "grey"}),
        ("XYZ", "a.xyz", {"kind": "grey"}),
        ("netCDF", "a.nc", {"kind": "grey"}),
        ("PNG", "a.png", {"dtype": "Byte", "options": ["WORLDFILE=YES"]}),
        ("JPEG", "a.jpg", {"dtype": "Byte", "options": ["WORLDFILE=YES", "QUALITY=95"], "margin": 1.1}),
        ("WEBP", "a.webp", {"dtype": "Byte", "options": ["LOSSLESS=YES"]}),
        ("JP2OpenJPEG", "a.jp2", {"dtype": "Byte", "options": ["QUALITY=100", "REVERSIBLE=YES"]}),
        ("COG", "a.tif", {}),
        ("GPKG", "a.gpkg", {"dtype": "Byte", "options": ["TILE_FORMAT=PNG"]}),
        ("BMP", "a.bmp", {"dtype": "Byte"}),
        ("NITF", "a.ntf", {"dtype": "Byte"}),
        ("VRT", "a.vrt", {}),
    )
    for driver, name, how in table:
        how = dict(how)
        margin, kind, options = how.pop("margin", 0.2), how.pop("kind", "colour"), how.get("options", [])
        yield case(
            f"{driver}{' ' + ' '.join(options) if options else ''}",
            lambda b, d=driver, n=name, k=kind, h=how, m=margin: Plan(
                {"optical": in_format(b, d, n, k, **h)}, margin=m
            ),
            skip=no_driver(driver),
        )


def in_format(bench, driver, name, kind, **how):
    """Write by CreateCopy, as an export from QGIS does; where the format holds no CRS, the job gives it."""
    first = bench.raster("first.tif", kind, dtype=how.get("dtype", "Float32"))
    path = str(bench.folder / name)
    made = gdal.GetDriverByName(driver).CreateCopy(path, gdal.Open(first), options=how.get("options", []))
    made = None  # noqa: F841  closes the file
    return {"path": path, "crs": "" if gdal.Open(path).GetSpatialRef() else bench.ground.crs}


def damaged():
    for name, change, words in (
        ("of no bytes", lambda c: b"", []),
        ("cut at 1 %", lambda c: c[: len(c) // 100], []),
        ("cut in half", lambda c: c[: len(c) // 2], []),
        ("cut before the last 100 bytes", lambda c: c[:-100], []),
        ("of text", lambda c: b"This is no raster.", []),
        ("of random bytes", lambda c: np.random.default_rng(0).bytes(5000), []),
        ("of zeros", lambda c: bytes(len(c)), []),
        ("with a head of zeros", lambda c: bytes(8) + c[8:], []),
        (
            "of HTML, as a failed download leaves it",
            lambda c: b"<!DOCTYPE html><html><body>404</body></html>",
            [],
        ),
        (
            "of a Git LFS pointer",
            lambda c: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            [],
        ),
    ):
        yield case(
            f"file {name}",
            lambda b, c=change: one_damaged(b, c),
            Refused(RasterReadError, ["colour.tif", *words]),
        )
        yield case(
            f"file {name}, when classifying",
            lambda b, c=change: one_damaged(b, c, "scene"),
            Refused(RasterReadError, ["scene.tif", *words], "classify"),
        )
    yield case(
        "compressed file with damaged blocks", damaged_blocks, Refused(RasterReadError, ["colour.tif"])
    )
    yield case(
        "folder as raster", lambda b: Plan({"optical": str(folder(b))}), Refused(RasterReadError, ["empty"])
    )
    yield case(
        "folder of other files as raster",
        lambda b: Plan({"optical": str(b.folder)}),
        Refused(RasterReadError, ["in"]),
    )
    yield case(
        "missing file",
        lambda b: Plan({"optical": "gone.tif"}),
        Refused(RasterReadError, ["gone.tif", "does not exist"]),
    )
    yield case(
        "vector layer as raster",
        lambda b: Plan({"optical": b.layer()}),
        Refused(RasterReadError, ["areas.gpkg"]),
    )
    yield case(
        "a link to nothing", lambda b: Plan({"optical": dangling(b)}), Refused(RasterReadError, ["link.tif"])
    )
    yield case("a link to the file", lambda b: Plan({"optical": link(b)}))


def one_damaged(bench, change, scene=""):
    path = bench.raster(f"{scene or 'colour'}.tif")
    Path(path).write_bytes(change(Path(path).read_bytes()))
    return (
        Plan({"optical": bench.raster("good.tif")}, scene={"optical": path})
        if scene
        else Plan({"optical": path})
    )


def damaged_blocks(bench):
    path = bench.raster("colour.tif", options=["COMPRESS=DEFLATE"])
    dataset = gdal.Open(path)  # a band dies with its dataset
    start = int(dataset.GetRasterBand(1).GetMetadataItem("BLOCK_OFFSET_0_0", "TIFF"))
    dataset = None
    content = bytearray(Path(path).read_bytes())
    content[start : start + 64] = bytes([0x55] * 64)
    Path(path).write_bytes(content)
    return Plan({"optical": path})


def folder(bench):
    path = bench.folder / "empty"
    path.mkdir()
    return path


def dangling(bench):
    path = bench.folder / "link.tif"
    os.symlink(bench.folder / "gone.tif", path)
    return str(path)


def link(bench):
    path = bench.folder / "link.tif"
    os.symlink(bench.raster("a.tif"), path)
    return str(path)


def missing_parts():
    def without(driver, name, lost, **how):
        def build(b):
            source = in_format(b, driver, name, how.pop("kind", "colour"), **how)
            for part in lost:
                (b.folder / part).unlink()
            return Plan({"optical": source["path"]})

        return build

    yield case(
        "ENVI without its header", without("ENVI", "a.dat", ["a.hdr"]), Refused(RasterReadError, ["a.dat"])
    )
    yield case(
        "ENVI without its data", without("ENVI", "a.dat", ["a.dat"]), Refused(RasterReadError, ["a.dat"])
    )
    yield case(
        "EHdr without its projection",
        without("EHdr", "a.bil", ["a.prj"]),
        Refused(AlignmentError, ["areas.gpkg", "none"]),
    )
    yield case(
        "EHdr without its header", without("EHdr", "a.bil", ["a.hdr"]), Refused(RasterReadError, ["a.bil"])
    )
    yield case("ERS without its data", without("ERS", "a.ers", ["a"]), Refused(RasterReadError, ["a.ers"]))
    yield case(
        "PNG without its world file",
        without("PNG", "a.png", ["a.wld", "a.png.aux.xml"], dtype="Byte", options=["WORLDFILE=YES"]),
        Refused(AlignmentError, ["areas.gpkg"]),
    )
    yield case(
        "PNG without its sidecar file",
        without("PNG", "a.png", ["a.png.aux.xml"], dtype="Byte", options=["WORLDFILE=YES"]),
        Refused(AlignmentError, ["areas.gpkg"]),
    )
    yield case("ENVI header of nonsense", nonsense_header, Refused(RasterReadError, ["a.dat"]))
    yield case("ENVI data shorter than the header says", short_data, Refused(RasterReadError, ["a.dat"]))
    yield case("external overviews of nonsense", lambda b: beside(b, ".ovr"))
    yield case("sidecar file of nonsense", lambda b: beside(b, ".aux.xml"))


def nonsense_header(bench):
    source = in_format(bench, "ENVI", "a.dat", "colour")
    (bench.folder / "a.hdr").write_text("ENVI\nsamples = many\nlines = 24\nbands = 3\n")
    return Plan({"optical": source["path"]})


def short_data(bench):
    source = in_format(bench, "ENVI", "a.dat", "colour")
    path = Path(source["path"])
    path.write_bytes(path.read_bytes()[:1000])
    return Plan({"optical": source["path"]})


def beside(bench, suffix):
    path = bench.raster("a.tif")
    Path(path + suffix).write_text("nonsense")
    return Plan({"optical": path})


def names():
    for name in (
        "with blank.tif",
        "Grünfläche Süd.tif",
        "日本.tif",
        "it's.tif",
        'say "so".tif',
        "50 %.tif",
        "%20.tif",
        "a&b<c>.tif",
        "a,b;c.tif",
        "a#b?c.tif",
        "[1] {2}.tif",
        "-leading.tif",
        "no_suffix",
        "two.dots.tif",
        "UPPER.TIF",
        "C:like.tif",
        "back\\slash.tif",
        "tab\tin.tif",
        "$HOME.tif",
        "emoji 🌲.tif",
        "x" * 200 + ".tif",
    ):
        shown = name if len(name) < 40 else f"of {len(name)} characters"
        yield case(
            f"name {shown!r}",
            lambda b, n=name: Plan({"optical": b.raster(n)}, b.samples(b.layer(named(n, "gpkg")))),
        )
    yield case(
        "map with blanks and umlauts in its name",
        lambda b: one(
            b,
            plan={
                "classify": {"outputs": {"classmap": "map.tif", "probabilities": "Grünfläche 50 % 'so'.tif"}}
            },
        ),
    )


def named(name, suffix):
    return f"{Path(name).stem[:150]}.{suffix}"


def archives():
    yield case("in a zip archive", lambda b: Plan({"optical": "/vsizip/" + zipped(b)}))
    yield case(
        "in a zip archive, named without the file within",
        lambda b: Plan({"optical": "/vsizip/" + str(Path(zipped(b)).parent)}),
    )
    yield case(
        "in a zip archive, a file that is not within",
        lambda b: Plan({"optical": "/vsizip/" + str(Path(zipped(b)).parent / "other.tif")}),
        Refused(RasterReadError, ["other.tif"]),
    )
    yield case(
        "zip archive given as it is",
        lambda b: Plan({"optical": str(Path(zipped(b)).parent)}),
        Refused(RasterReadError, ["a.zip"]),
    )
    yield case("in a gzip file", lambda b: Plan({"optical": "/vsigzip/" + gzipped(b)}))
    yield case("in a tar archive", lambda b: Plan({"optical": "/vsitar/" + tarred(b) + "/a.tif"}))
    yield case(
        "samples in a zip archive",
        lambda b: one(b, plan={"samples": b.samples("/vsizip/" + zipped(b, b.layer()))}),
    )


def zipped(bench, path=None):
    path = path or bench.raster("a.tif")
    archive = str(bench.folder / "a.zip")
    with zipfile.ZipFile(archive, "w") as file:
        file.write(path, Path(path).name)
    return f"{archive}/{Path(path).name}"


def gzipped(bench):
    path = bench.raster("a.tif")
    with open(path, "rb") as source, gzip.open(path + ".gz", "wb") as target:
        shutil.copyfileobj(source, target)
    return path + ".gz"


def tarred(bench):
    bench.raster("a.tif")
    return shutil.make_archive(str(bench.folder / "t"), "tar", bench.folder, "a.tif")


def virtual():
    yield case("VRT of one file", lambda b: Plan({"optical": vrt(b, "v.vrt", [b.raster("a.tif")])}))
    yield case(
        "VRT of VRT", lambda b: Plan({"optical": vrt(b, "w.vrt", [vrt(b, "v.vrt", [b.raster("a.tif")])])})
    )
    yield case("VRT of two halves", lambda b: Plan({"optical": vrt(b, "v.vrt", halves(b))}))
    yield case(
        "VRT of separate bands",
        lambda b: Plan(
            {
                "optical": vrt(
                    b, "v.vrt", [b.raster("t.tif", "tint"), b.raster("h.tif", "height")], separate=True
                )
            }
        ),
    )
    yield case("warped VRT", lambda b: Plan({"optical": warped(b)}, margin=1.0, reach=2.0))
    yield case("VRT with a missing source", lambda b: lost_source(b), Refused(RasterReadError, ["v.vrt"]))
    yield case(
        "VRT with a missing source, when classifying",
        lambda b: lost_source(b, "scene"),
        Refused(RasterReadError, ["v.vrt"], "classify"),
    )
    yield case(
        "VRT of VRT with a missing source",
        lambda b: lost_source(b, twice=True),
        Refused(RasterReadError, ["w.vrt"]),
    )
    yield case("VRT that is its own source", own_source, Refused(RasterReadError, ["v.vrt"]))
    yield case("VRT of broken XML", broken_xml, Refused(RasterReadError, ["v.vrt"]))
    yield case("VRT with relative sources in a moved folder", moved_folder)


def vrt(bench, name, paths, **how):
    path = str(bench.folder / name)
    gdal.BuildVRT(path, paths, **how).FlushCache()
    return path


def halves(bench):
    return [
        bench.raster("west.tif", shape=(SIDE, 10)),
        bench.raster("east.tif", transform=bench.ground.transform(1, 10, 0), shape=(SIDE, 14)),
    ]


def warped(bench):
    path = str(bench.folder / "v.vrt")
    gdal.Warp(path, bench.raster("a.tif"), format="VRT", dstSRS="EPSG:3035", dstNodata=-9999).FlushCache()
    return path


def lost_source(bench, scene="", twice=False):
    path = vrt(bench, "v.vrt", halves(bench))
    path = vrt(bench, "w.vrt", [path]) if twice else path
    os.remove(bench.folder / "east.tif")
    return (
        Plan({"optical": bench.raster("a.tif")}, scene={"optical": path})
        if scene
        else Plan({"optical": path})
    )


def own_source(bench):
    path = bench.folder / "v.vrt"
    vrt(bench, "v.vrt", [bench.raster("a.tif")])
    path.write_text(path.read_text().replace("a.tif", "v.vrt"))
    return Plan({"optical": str(path)})


def broken_xml(bench):
    path = bench.folder / "v.vrt"
    path.write_text('<VRTDataset rasterXSize="24" rasterYSize="24"><VRTRasterBand')
    return Plan({"optical": str(path)})


def moved_folder(bench):
    (bench.folder / "old").mkdir()
    bench.raster("old/a.tif")
    gdal.BuildVRT(str(bench.folder / "old" / "v.vrt"), [str(bench.folder / "old" / "a.tif")]).FlushCache()
    (bench.folder / "old").rename(bench.folder / "new")
    return Plan({"optical": str(bench.folder / "new" / "v.vrt")})


def remote():
    """Layers that have no file: here nothing answers."""
    wms = (
        "<GDAL_WMS><Service name='TMS'><ServerUrl>http://127.0.0.1:9/${z}/${x}/${y}.png</ServerUrl></Service>"
        "<DataWindow><UpperLeftX>-20037508.34</UpperLeftX><UpperLeftY>20037508.34</UpperLeftY>"
        "<LowerRightX>20037508.34</LowerRightX><LowerRightY>-20037508.34</LowerRightY><TileLevel>4</TileLevel>"
        "<TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>top</YOrigin></DataWindow>"
        "<Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY><BandsCount>3</BandsCount>"
        "<Timeout>2</Timeout><MaxConnections>1</MaxConnections></GDAL_WMS>"
    )
    yield case("WMS by its XML as name", lambda b: Plan({"optical": wms}), Refused(RasterReadError, ["WMS"]))
    yield case(
        "WMS by an XML file",
        lambda b: Plan({"optical": written(b, "wms.xml", wms)}),
        Refused(RasterReadError, ["wms.xml"]),
    )
    yield case(
        "WMS by its address",
        lambda b: Plan({"optical": "WMS:http://127.0.0.1:9/wms?LAYERS=a"}),
        Refused(RasterReadError, ["WMS"]),
    )
    yield case(
        "a web address",
        lambda b: Plan({"optical": "/vsicurl/http://127.0.0.1:9/a.tif"}),
        Refused(RasterReadError, ["a.tif"]),
    )
    yield case(
        "an address of QGIS's WMS provider",
        lambda b: Plan({"optical": "contextualWMSLegend=0&crs=EPSG:3857&layers=a&url=http://127.0.0.1:9/"}),
        Refused(RasterReadError, ["url="]),
    )
    yield case(
        "a raster in a database",
        lambda b: Plan({"optical": "PG:host=127.0.0.1 port=9 dbname=x table=y"}),
        Refused(RasterReadError, ["PG:"]),
    )


def written(bench, name, text):
    path = bench.folder / name
    path.write_text(text)
    return str(path)
