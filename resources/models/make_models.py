"""Writes train_classify_assess.model3: train, classify and assess in one graphical model.

Run it after a parameter was added: /usr/bin/python3 resources/models/make_models.py
The file must stay readable by the oldest supported QGIS, so run it there.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsProcessing,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterMultipleLayers,
)
from qgis.PyQt.QtCore import QPointF, QSizeF

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(__file__).resolve().with_name("train_classify_assess.model3")
# The name is part of the id; the provider shows a title instead (provider.MODEL_TITLES).
SOURCES = {
    "HSI": "Hyperspectral or multispectral layers",
    "LIDAR": "LiDAR layers (heights, intensity)",
    "SAR": "SAR layers",
    "OPTICAL": "Optical layers (aerial or satellite)",
    "OTHER": "Other layers",
}
_LAST = ("REFERENCE_CLASS_FIELD", "METHOD")
HELP = {
    "ALG_DESC": "Trains a model, maps the scene with it and compares the map with independent reference "
    "samples. Give at least one source, the samples with their class field, and reference samples that do "
    "not touch the training areas. Two reports tell the accuracy: one measured on held-back training groups, "
    "one on the reference samples.",
    **dict.fromkeys(SOURCES, "One or more rasters of this kind; optional."),
    "SAMPLES": "Training areas: polygons, lines or points with their class.",
    "CLASS_FIELD": "Field of the samples that holds the class (integer or text).",
    "REFERENCE_SAMPLES": "Independent samples to assess the map with.",
    "REFERENCE_CLASS_FIELD": "Field of the reference samples that holds the class.",
    "METHOD": "The network or forest to train.",
}  # fmt: skip


def main() -> None:
    """Write the model."""
    application = QgsApplication([], False)
    application.initQgis()
    _register_provider()
    if not build().toFile(str(TARGET)):
        raise SystemExit(f"{TARGET} cannot be written.")
    application.exitQgis()


def _register_provider() -> None:
    spec = importlib.util.spec_from_file_location(
        "landfuse", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    sys.modules["landfuse"] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    package.classFactory(None).initProcessing()


def build() -> QgsProcessingModelAlgorithm:
    """Return the model. The provider must be registered."""
    from landfuse.core.job_spec import METHODS

    model = QgsProcessingModelAlgorithm("train_classify_assess", "Classification", "classification")
    for position, parameter in enumerate(_parameters(METHODS)):
        component = QgsProcessingModelParameter(parameter.name())
        component.setPosition(QPointF(120 + 220 * (position % 4), 60 + 70 * (position // 4)))
        model.addModelParameter(parameter, component)
    model.addChildAlgorithm(_train())
    model.addChildAlgorithm(_classify())
    model.addChildAlgorithm(_assess())
    model.setParameterOrder([*SOURCES, "SAMPLES", "CLASS_FIELD", "REFERENCE_SAMPLES", *_LAST])
    model.setHelpContent(HELP)
    return model


def _parameters(methods: tuple[str, ...]) -> list[QgsProcessingParameterDefinition]:
    raster = QgsProcessing.SourceType.TypeRaster
    vector = [QgsProcessing.SourceType.TypeVectorAnyGeometry]
    layers = [
        QgsProcessingParameterMultipleLayers(n, text, raster, optional=True) for n, text in SOURCES.items()
    ]
    return [
        *layers,
        QgsProcessingParameterFeatureSource("SAMPLES", "Samples", vector),
        QgsProcessingParameterField("CLASS_FIELD", "Class field", "class", "SAMPLES"),
        QgsProcessingParameterFeatureSource("REFERENCE_SAMPLES", "Reference samples", vector),
        QgsProcessingParameterField(
            "REFERENCE_CLASS_FIELD", "Class field of the reference samples", "class", "REFERENCE_SAMPLES"
        ),
        QgsProcessingParameterEnum(
            "METHOD", "Method", list(methods), False, methods[0], False, usesStaticStrings=True
        ),
    ]


def _train() -> QgsProcessingModelChildAlgorithm:
    child = _child("train", "Train", 0)
    for name in (*SOURCES, "SAMPLES", "CLASS_FIELD", "METHOD"):
        _take(child, name, name)
    _publish(child, {"MODEL": "Model file", "REPORT": "Training report"})
    return child


def _classify() -> QgsProcessingModelChildAlgorithm:
    child = _child("classify", "Classify", 1)
    for name in SOURCES:
        _take(child, name, name)
    child.addParameterSources(
        "MODEL", [QgsProcessingModelChildParameterSource.fromChildOutput("train", "MODEL")]
    )
    _publish(child, {"CLASSMAP": "Class map"})
    return child


def _assess() -> QgsProcessingModelChildAlgorithm:
    child = _child("assess", "Assess", 2)
    child.addParameterSources(
        "CLASSMAP", [QgsProcessingModelChildParameterSource.fromChildOutput("classify", "CLASSMAP")]
    )
    _take(child, "SAMPLES", "REFERENCE_SAMPLES")
    _take(child, "CLASS_FIELD", "REFERENCE_CLASS_FIELD")
    _publish(child, {"REPORT": "Accuracy report", "TABLE": "Accuracy table"})
    return child


def _child(kind: str, title: str, position: int) -> QgsProcessingModelChildAlgorithm:
    child = QgsProcessingModelChildAlgorithm(f"landfuse:{kind}")
    child.setChildId(kind)
    child.setDescription(title)
    child.setPosition(QPointF(320 + 220 * position, 320 + 90 * position))
    return child


def _take(child: QgsProcessingModelChildAlgorithm, name: str, parameter: str) -> None:
    child.addParameterSources(name, [QgsProcessingModelChildParameterSource.fromModelParameter(parameter)])


def _publish(child: QgsProcessingModelChildAlgorithm, outputs: dict[str, str]) -> None:
    """Make outputs of a step outputs of the model; in the model they are named `step:OUTPUT`."""
    published = {}
    for position, (name, title) in enumerate(outputs.items()):
        output = QgsProcessingModelOutput(name, title)
        output.setChildId(child.childId())
        output.setChildOutputName(name)
        output.setPosition(child.position() + QPointF(230, 40 * position))
        output.setSize(QSizeF(200, 30))
        published[name] = output
    child.setModelOutputs(published)


if __name__ == "__main__":
    main()
