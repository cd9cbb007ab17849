"""`make demo`: the whole job on the synthetic scene, through QGIS Processing.

    python3 resources/demo/run_demo.py FOLDER

Makes the demo scene, trains MIBF-Net on all sources and on each source alone, and the random forest on all,
classifies and assesses each at the reference points, and leaves in FOLDER: a styled class map, a picture with
inputs, truth and result side by side, and a report with the comparison.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROCESSING = "/usr/share/qgis/python/plugins"
sys.path[:0] = [str(Path(os.environ["QGIS_PLUGINPATH"])), PROCESSING]

from qgis.core import QgsApplication, QgsProcessingFeedback  # noqa: E402  the path comes first

SOURCES = {"HSI": "hsi.tif", "LIDAR": "lidar.tif", "SAR": "sar.tif", "OPTICAL": "optical.tif"}


class Narrator(QgsProcessingFeedback):
    """Prints warnings, and what is done at most once a second."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""

    def setProgressText(self, text: str) -> None:  # noqa: N802  QGIS names it
        self._text = text

    def reportError(self, error: str, fatalError: bool = False) -> None:  # noqa: N802, N803  QGIS names it
        print("   ", error, flush=True)

    def pushWarning(self, warning: str) -> None:  # noqa: N802  QGIS names it
        print("   ", warning, flush=True)


def main(folder: Path) -> None:
    """Run the demo into `folder` and print what it made."""
    application = QgsApplication([], False)
    application.initQgis()
    started = time.monotonic()
    run(folder, start_processing())
    print(f"\nThe demo took {time.monotonic() - started:.0f} s.")
    application.exitQgis()


def start_processing():
    """Start Processing with the Landfuse provider and return the `processing` module."""
    import processing
    from landfuse.plugin import LandfusePlugin
    from processing.core.Processing import Processing

    Processing.initialize()
    plugin = LandfusePlugin(None)
    plugin.initProcessing()
    start_processing.plugin = plugin  # kept alive
    return processing


def run(folder: Path, processing) -> None:
    """Scene, models, maps, report, picture."""
    folder.mkdir(parents=True, exist_ok=True)
    scene = folder / "scene"
    print(f"Demo scene -> {scene}", flush=True)
    processing.run("landfuse:demoscene", {"FOLDER": str(scene)}, feedback=Narrator())
    runs = {"MIBF-Net, all sources": ("mibf_net", list(SOURCES))}
    runs.update({f"MIBF-Net, {key} alone": ("mibf_net", [key]) for key in SOURCES})
    runs["Random forest, all sources"] = ("random_forest", list(SOURCES))
    results = {}
    for name, (method, keys) in runs.items():
        started = time.monotonic()
        results[name] = map_with(processing, scene, folder, method, keys)
        numbers = results[name]["numbers"]
        print(
            f"{name}: OA {numbers['OA']:.3f}, kappa {numbers['KAPPA']:.3f}, macro F1 {numbers['F1']:.3f} at the "
            f"reference points ({time.monotonic() - started:.0f} s)",
            flush=True,
        )
    report = write_report(scene, folder, results)
    picture = draw(scene, folder, results)
    print(f"\nClass map  {results['MIBF-Net, all sources']['map']}")
    print(f"Picture    {picture}\nReport     {report}")


def map_with(processing, scene: Path, folder: Path, method: str, keys: list[str]) -> dict:
    """Train, classify and assess with some of the sources."""
    stem = "fused" if len(keys) == len(SOURCES) else keys[0].lower()
    stem = stem if method == "mibf_net" else f"{stem}_forest"
    model, class_map = str(folder / f"{stem}.safetensors"), str(folder / f"{stem}_map.tif")
    sources = {key: [str(scene / SOURCES[key])] for key in keys}
    samples = str(scene / "training_areas.gpkg")
    processing.run(
        "landfuse:train",
        {
            **sources, "SAMPLES": samples, "CLASS_FIELD": "class", "METHOD": method, "MODEL": model,
            "REPORT": str(folder / f"{stem}_training.html"), "REFERENCE": str(scene / SOURCES["OPTICAL"]),
        },
        feedback=Narrator(),
    )  # fmt: skip
    processing.run("landfuse:classify", {**sources, "MODEL": model, "CLASSMAP": class_map}, feedback=Narrator())
    numbers = processing.run(
        "landfuse:assess",
        {
            "CLASSMAP": class_map, "SAMPLES": str(scene / "reference_points.gpkg"), "CLASS_FIELD": "class",
            "REPORT": str(folder / f"{stem}_accuracy.html"), "TABLE": str(folder / f"{stem}_accuracy.csv"),
        },
        feedback=Narrator(),
    )  # fmt: skip
    return {"map": class_map, "numbers": numbers}
