"""The plugin on a machine without torch: it loads, lists its algorithms and runs those that need none."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from landfuse.core.job_kinds import KINDS

pytest.importorskip("qgis.core", reason="needs QGIS")

# A child, because torch may be imported already here; `None` makes every import of it fail.
SCRIPT = """
import importlib.util, json, sys
from pathlib import Path

for name in ("torch", "sklearn", "scipy", "safetensors"):
    sys.modules[name] = None
root, folder = Path(sys.argv[1]), sys.argv[2]
spec = importlib.util.spec_from_file_location(
    "landfuse", root / "__init__.py", submodule_search_locations=[str(root)]
)
sys.modules["landfuse"] = package = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)

from qgis.core import QgsApplication

application = QgsApplication([], False)
application.initQgis()
sys.path.append(str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins"))
import processing
from processing.core.Processing import Processing

Processing.initialize()
plugin = package.classFactory(None)
plugin.initProcessing()
ids = sorted(a.id() for a in plugin.provider.algorithms())
results = {}
STEPS
print("RESULT " + json.dumps([ids, results], default=str))
"""
LISTING = ""
STEPS = """
run = lambda name, **values: results.setdefault(name, processing.run("landfuse:" + name, values))
scene = Path(run("demoscene", FOLDER=folder)["FOLDER"])
raster = lambda word: str(next(p for p in sorted(scene.glob("*.tif")) if word in p.name))
run("checkinputs", LIDAR=raster("lidar"), OPTICAL=raster("optical"), REPORT=folder + "/inputs.html")
truth = raster("truth")
areas = str(scene / "training_areas.gpkg")
parts = {"TRAINING": folder + "/training.gpkg", "TEST": folder + "/test.gpkg"}
run("splitsamples", LIDAR=raster("lidar"), SAMPLES=areas, CLASS_FIELD="class", **parts)
report = {"REPORT": folder + "/samples.html", "CONFLICTS": folder + "/conflicts.gpkg"}
run("samplereport", LIDAR=raster("lidar"), SAMPLES=areas, CLASS_FIELD="class", **report)
run("assess", CLASSMAP=truth, LABELS=truth, REPORT=folder + "/accuracy.html")
"""


def in_child(root, folder, steps):
    """Run the script and return what it found: the ids of the algorithms, and results by name."""
    import json

    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "LANDFUSE_HOME": str(folder / "home")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("STEPS", steps), str(root), str(folder / "out")],
        env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    answer = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert answer, done.stdout + done.stderr
    return json.loads(answer[0][len("RESULT ") :])


def test_the_plugin_loads_and_lists_its_algorithms(root, tmp_path):
    ids, _ = in_child(root, tmp_path, LISTING)
    assert ids == sorted(f"landfuse:{kind}" for kind in (*KINDS, "train_classify_assess"))


def test_algorithms_that_need_no_torch_run(root, tmp_path):
    _, results = in_child(root, tmp_path, STEPS)
    assert results["assess"]["OA"] == 1.0
    assert results["splitsamples"]["N_TEST"] > 0
    assert 0 < results["samplereport"]["LEAST_SEPARABILITY"] < 2
    assert 0 < results["checkinputs"]["OVERLAP_SHARE"] <= 1
    assert (tmp_path / "out" / "accuracy.html").is_file()
