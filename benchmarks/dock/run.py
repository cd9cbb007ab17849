"""From Run to the map, and how late QGIS's event loop is meanwhile, in QGIS Desktop under Xvfb.

    python benchmarks/dock/run.py [--case NAME ...] [--keep FOLDER]

Five classes of the demo scene with 50 map pixels each, in five places of 10 pixels; all four sources, the
method's defaults. The Run button of the dock is pressed; a timer of 10 ms says how late the event loop is.
Writes benchmarks/dock/results.json. The whole machine must be free for the figures to mean anything.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import registered
from dock.table import markdown
from osgeo import gdal, ogr, osr

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
CASES = {
    "MIBF-Net": {"method": "mibf_net"},
    "random forest": {"method": "random_forest"},
}
PLACES, ROWS, COLS, N_CLASSES = 5, 2, 5, 5  # 5 places of 2 x 5 map pixels in each of 5 classes
LIMIT_S = 700
_ONCE = ("press_s", "first_look_s", "finished_s", "seen_s")
TIMES = (*_ONCE, *(f"again_{name}" for name in _ONCE))


def draw_samples(scene: Path, path: Path) -> None:
    """Write rectangles, each in one class of the truth and far from the others, in the commonest classes."""
    dataset = gdal.Open(str(scene / "truth.tif"))
    truth, origin = dataset.ReadAsArray(), dataset.GetGeoTransform()
    values, counts = np.unique(truth[truth > 0], return_counts=True)
    classes = values[np.argsort(-counts)][:N_CLASSES]
    reference = osr.SpatialReference(wkt=dataset.GetProjection())
    target = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    layer = target.CreateLayer("areas", reference, ogr.wkbPolygon)
    layer.CreateField(ogr.FieldDefn("class", ogr.OFTInteger))
    random = np.random.default_rng(3)
    for value in classes:
        taken = []
        while len(taken) < PLACES:
            row, col = random.integers(0, truth.shape[0] - ROWS), random.integers(0, truth.shape[1] - COLS)
            inside = (truth[row : row + ROWS, col : col + COLS] == value).all()
            if inside and all(max(abs(row - r), abs(col - c)) > 40 for r, c in taken):
                taken.append((row, col))
                layer.CreateFeature(area(layer, origin, row, col, int(value)))
    del layer, target


def area(layer: ogr.Layer, origin: tuple[float, ...], row: int, col: int, value: int) -> ogr.Feature:
    """Return one rectangle of whole pixels of the truth."""
    x, y, side = origin[0] + col * origin[1], origin[3] + row * origin[5], origin[1]
    right, bottom = x + COLS * side, y - ROWS * side
    feature = ogr.Feature(layer.GetLayerDefn())
    wkt = f"POLYGON(({x} {y}, {right} {y}, {right} {bottom}, {x} {bottom}, {x} {y}))"
    feature.SetGeometry(ogr.CreateGeometryFromWkt(wkt))
    feature.SetField("class", value)
    return feature


def measure(folder: Path, choice: dict[str, str]) -> dict[str, object]:
    """Start QGIS with the dock, press Run and return what was found."""
    folder.mkdir(parents=True)
    (folder / "plugins").mkdir()
    (folder / "out").mkdir()
    (folder / "plugins" / "landfuse").symlink_to(registered.ROOT)
    scene = folder.parent / "scene"
    draw_samples(scene, folder / "samples.gpkg")
    profile = [sys.executable, str(registered.ROOT / "resources" / "demo" / "desktop_profile.py")]
    subprocess.run([*profile, str(folder / "profiles")], check=True)
    environment = {
        **os.environ, "QGIS_PLUGINPATH": str(folder / "plugins"), "LANDFUSE_SCENE": str(scene),
        "LANDFUSE_BENCH": str(folder), "LANDFUSE_CHOICE": json.dumps(choice),
    }  # fmt: skip
    command = [
        "xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", "qgis", "--nologo", "--noversioncheck",
        "--profiles-path", str(folder / "profiles"), "--code", str(HERE / "in_qgis.py"),
    ]  # fmt: skip
    with (folder / "qgis.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            process.wait(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            print("QGIS did not leave by itself.", flush=True)  # what it found counts all the same
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return json.loads((folder / "found.json").read_text(encoding="utf-8"))


def summary(found: dict[str, object]) -> dict[str, object]:
    """Return the figures that are recorded."""
    late = {name: np.array(values or [0.0]) for name, values in found["late_ms"].items()}
    return {
        "seconds": {name: round(found[name], 2) for name in TIMES if name in found},
        "engine_processor_s": {
            "first_look": found.get("first_look_engine_s"),
            "all": found["engine_s"][-1][1],
        },
        "stages": [stage for stage in found["stages"] if stage[2] is not None],
        "accuracy": found["numbers"].get("OA"),
        "late_ms": {
            name: {
                "ticks": len(values),
                "p50": round(float(np.percentile(values, 50)), 1),
                "p99": round(float(np.percentile(values, 99)), 1),
                "largest": round(float(values.max()), 1),
            }
            for name, values in late.items()
        },
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--keep", type=Path, help="folder for all that QGIS writes; it must not exist")
    wanted = parser.parse_args()
    folder = wanted.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    write = [sys.executable, str(registered.ROOT / "core" / "__main__.py"), "demoscene"]
    subprocess.run([*write, str(folder / "scene")], check=True, stdout=subprocess.DEVNULL)
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for name in wanted.case:
        found = measure(folder / name.replace(" ", "_"), CASES[name])
        if found["error"]:
            raise SystemExit(f"{name}: {found['error']}")
        results[name] = summary(found)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(markdown(results))
    if not wanted.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
