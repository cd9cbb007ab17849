"""`make demo`: the whole job on the synthetic scene, through QGIS Processing.

    python3 resources/demo/run_demo.py FOLDER

Makes the demo scene, trains MIBF-Net on all sources, classifies and assesses the map at the reference points.
For comparison it trains MIBF-Net on each source alone, and the random forest on all, and scores them at the
same points. Leaves in FOLDER a styled class map, a picture with inputs, truth and result side by side, and a
report.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROCESSING = "/usr/share/qgis/python/plugins"
sys.path[:0] = [os.environ["QGIS_PLUGINPATH"], PROCESSING, str(Path(__file__).parent)]

from picture import draw  # noqa: E402  found through the path above
from qgis.core import QgsApplication, QgsProcessingFeedback  # noqa: E402

SOURCES = ("HSI", "LIDAR", "SAR", "OPTICAL")
# Training epochs of every network: half of what `train` would choose here, to keep the demo short.
EPOCHS = 8


@dataclass(frozen=True)
class Contestant:
    """One model of the comparison."""

    name: str
    stem: str
    sources: tuple[str, ...]
    method: str = "mibf_net"


FUSED = Contestant("MIBF-Net, all sources", "fused", SOURCES)
OTHERS = (
    *(Contestant(f"MIBF-Net, {key} alone", key.lower(), (key,)) for key in SOURCES),
    Contestant("Random forest, all sources", "forest", SOURCES, "random_forest"),
)


class Narrator(QgsProcessingFeedback):
    """Prints warnings and errors only."""

    def reportError(self, error: str, fatalError: bool = False) -> None:  # noqa: N802, N803  QGIS names it
        print("   ", error, flush=True)

    def pushWarning(self, warning: str) -> None:  # noqa: N802  QGIS names it
        print("   ", warning, flush=True)


class Demo:
    """The steps of the demo, each one call of a Processing algorithm."""

    def __init__(self, processing: Any, folder: Path) -> None:
        self._processing, self._folder = processing, folder
        self.scene: dict[str, str] = {}

    def run(self) -> None:
        """Scene, models, map, picture, report."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self.scene = self._call("demoscene", FOLDER=str(self._folder / "scene"))
        numbers = {FUSED.name: self._train(FUSED)}
        class_map = str(self._folder / "fused_map.tif")
        self._call("classify", **self._inputs(FUSED), MODEL=self._model(FUSED), CLASSMAP=class_map)
        report, table = str(self._folder / "accuracy.html"), str(self._folder / "accuracy.csv")
        assessed = self._call(
            "assess",
            CLASSMAP=class_map,
            SAMPLES=self.scene["REFERENCE_POINTS"],
            CLASS_FIELD="class",
            REPORT=report,
            TABLE=table,
        )
        numbers[FUSED.name] = {key: assessed[key] for key in ("OA", "KAPPA", "F1")}
        numbers.update({other.name: self._train(other) for other in OTHERS})
        comparison = self._comparison(class_map)
        picture = draw(self._folder / "demo.png", self.scene, class_map)
        self._tell(
            numbers, {"Class map": class_map, "Picture": picture, "Report": comparison, "Table": table}
        )

    def _train(self, contestant: Contestant) -> dict[str, float]:
        """Train a model; all but the fused one only on the training areas, scored at the reference points."""
        started = time.monotonic()
        held_back = {} if contestant is FUSED else {"TEST_SAMPLES": self.scene["REFERENCE_POINTS"]}
        numbers = self._call(
            "train",
            **self._inputs(contestant),
            **held_back,
            SAMPLES=self.scene["TRAINING_AREAS"],
            CLASS_FIELD="class",
            METHOD=contestant.method,
            EPOCHS=EPOCHS,
            REFERENCE=self.scene["OPTICAL"],
            MODEL=self._model(contestant),
            REPORT=str(self._folder / f"{contestant.stem}_training.html"),
        )
        print(f"  {contestant.name}: {time.monotonic() - started:.0f} s", flush=True)
        return numbers

    def _comparison(self, class_map: str) -> str:
        """Write the report with the matrices of all models at the reference points."""
        from landfuse.core.data.classes import classes_from_json
        from landfuse.core.evaluation.accuracy_sections import ComparisonRow
        from landfuse.core.evaluation.assess_job import assess
        from landfuse.core.evaluation.assess_report import assessment
        from landfuse.core.evaluation.confusion import ConfusionMatrix
        from landfuse.core.evaluation.report import write_assessment_report
        from landfuse.core.job import SamplesInput
        from landfuse.core.models.model_file import read_metadata

        result = assess(class_map, SamplesInput(self.scene["REFERENCE_POINTS"], class_field="class"))
        rows = [ComparisonRow.of(FUSED.name, result.matrix, "the class map at the reference points")]
        for other in OTHERS:
            facts = read_metadata(self._model(other))
            matrix = ConfusionMatrix(facts["scores"]["matrix"], classes_from_json(facts["classes"]))
            rows.append(ComparisonRow.of(other.name, matrix, "the model at the reference points"))
        return write_comparison(self._folder / "demo.html", assessment(result), rows, write_assessment_report)

    def _inputs(self, contestant: Contestant) -> dict[str, list[str]]:
        return {key: [self.scene[key]] for key in contestant.sources}

    def _model(self, contestant: Contestant) -> str:
        return str(self._folder / f"{contestant.stem}.safetensors")

    def _call(self, algorithm: str, **parameters: Any) -> dict[str, Any]:
        print(f"landfuse:{algorithm}", flush=True)
        return self._processing.run(f"landfuse:{algorithm}", parameters, feedback=Narrator())

    def _tell(self, numbers: dict[str, dict[str, float]], files: dict[str, str]) -> None:
        print("\nAt the 360 reference points:")
        for name, found in numbers.items():
            print(f"  {name:28} OA {found['OA']:.3f}  kappa {found['KAPPA']:.3f}  macro F1 {found['F1']:.3f}")
        print()
        for name, path in files.items():
            print(f"{name:10} {path}")


def write_comparison(path: Path, report: Any, rows: list[Any], write: Any) -> str:
    """Write the assessment of the fused map with the comparison of all models."""
    from dataclasses import replace

    write(path, replace(report, title="Landfuse demo", comparison=rows))
    return str(path)


def main(folder: Path) -> None:
    """Run the demo into `folder`."""
    application = QgsApplication([], False)
    application.initQgis()
    started = time.monotonic()
    try:
        plugin, processing = start_processing()
        Demo(processing, folder).run()
        plugin.unload()
    finally:
        application.exitQgis()
    print(f"\nThe demo took {time.monotonic() - started:.0f} s.")


def start_processing() -> tuple[Any, Any]:
    """Start Processing with the Landfuse provider; return the plugin (to be kept) and `processing`."""
    import processing
    from landfuse.plugin import LandfusePlugin
    from processing.core.Processing import Processing

    Processing.initialize()
    plugin = LandfusePlugin(None)
    plugin.initProcessing()
    return plugin, processing


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
