"""Processing parameters and outputs made from the job table `core.job_kinds.KINDS`, with their help."""

from __future__ import annotations

from collections.abc import Iterator

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
)
from qgis.PyQt.QtCore import QCoreApplication

from ..core.job_spec import MODALITIES, QUANTITIES, ZERO_MEANS, JobKind, Output, Parameter
from ..core.source_options import OPTIONS_HELP

MODALITY_LABELS = {
    "hsi": "Hyperspectral or multispectral layers",
    "lidar": "LiDAR layers (heights, intensity)",
    "sar": "SAR layers",
    "optical": "Optical layers (aerial or satellite)",
    "other": "Other layers",
}
AUTO = "auto"  # the choice that leaves a quantity to the program
# Files of the job table that are layers in QGIS, and the extension of those that are not.
LAYER_PARAMETERS = ("classmap",)
# Polygons, with the setting that names one of their fields.
ZONES, ZONE_FIELD = "zones", "zone_field"
FILE_EXTENSIONS = {
    "model": "safetensors", "trained": "safetensors", "scene_list": "csv", "published": "csv",
}  # fmt: skip
FILE_FILTERS = {
    "safetensors": "Landfuse models (*.safetensors)",
    "html": "HTML files (*.html)",
    "csv": "CSV files (*.csv)",
}
NUMBER_LABELS = {
    "OA": "Overall accuracy",
    "AA": "Average accuracy",
    "KAPPA": "Kappa",
    "F1": "Macro F1",
    "CLASSIFIED_PIXELS": "Classified pixels",
    "UNMAPPED_SHARE": "Share of the grid left unmapped",
    "OVERLAP_SHARE": "Share of the area common to all sources",
    "MAX_SHIFT": "Longest shift between two sources in metres",
    "PROBLEMS": "Problems found",
    "N_CLASSES": "Number of classes",
    "N_SAMPLES": "Usable pixels",
    "LEAST_SEPARABILITY": "Jeffries-Matusita distance of the least separable pair (0 to 2)",
    "N_CONFLICTS": "Likely conflicts",
    "N_FEATURES": "Bands written",
    "N_TRAINING": "Pixels in the training part",
    "N_TEST": "Pixels in the test part",
    "N_LEFT_OUT": "Pixels in neither part",
    "SCENES": "Scenes found",
    "MAPPED": "Scenes mapped in this run",
    "CELLS": "Runs of the comparison",
    "FINISHED": "Runs that are finished",
    "FAILED": "Runs that failed",
    "SKIPPED": "Scenes whose maps were finished already",
    "HECTARES": "Hectares with a class (pixel count)",
    "N_ZONES": "Number of zones",
    "SMALLEST_PATCH": "Smallest patch that is kept, in pixels",
    "CHANGED_SHARE": "Share of the map that changed",
}


def tr(text: str) -> str:
    """Translate interface text."""
    return QCoreApplication.translate("Landfuse", text)


def _finished(
    parameter: QgsProcessingParameterDefinition, text: str = "", advanced: bool = False
) -> QgsProcessingParameterDefinition:
    parameter.setHelp(tr(text))
    if advanced:
        parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    return parameter


def _number(
    name: str, label: str, default: float | None = None, minimum: float = 0.0
) -> QgsProcessingParameterNumber:
    kind = QgsProcessingParameterNumber.Type.Double
    return QgsProcessingParameterNumber(name, tr(label), kind, default, True, minimum)


def source_parameters() -> Iterator[QgsProcessingParameterDefinition]:
    """Yield the parameters of every algorithm that reads a scene: one list of rasters per modality."""
    raster = QgsProcessing.SourceType.TypeRaster
    for key in MODALITIES:
        layers = QgsProcessingParameterMultipleLayers(
            key.upper(), tr(MODALITY_LABELS[key]), raster, optional=True
        )
        yield _finished(
            layers,
            "One or more rasters of this kind. Rasters with the same bands that hardly overlap are "
            "joined to a mosaic, all others are joined as bands. Pixel sizes, extents and CRS may differ "
            "between sources.",
        )
    for key in MODALITIES:
        bands = QgsProcessingParameterString(
            f"{key.upper()}_BANDS", tr("Bands of {}").format(key.upper()), optional=True
        )
        yield _finished(
            bands,
            "Bands to use of each of these rasters, counted from 1, such as 1-120,150-200. Empty: all except "
            "those that are empty, constant, flagged bad or in the water-vapour ranges.",
            advanced=True,
        )
    for key in MODALITIES:
        quantity = QgsProcessingParameterEnum(
            f"{key.upper()}_QUANTITY",
            tr("What {} measures").format(key.upper()),
            [AUTO, *QUANTITIES],
            False,
            AUTO,
            True,
            usesStaticStrings=True,
        )
        yield _finished(
            quantity,
            "auto guesses it from names, metadata and values; the log and the reports say what was found. It "
            "decides how the raster is resampled and scaled.",
            advanced=True,
        )
    for key in MODALITIES:
        options = QgsProcessingParameterString(
            f"{key.upper()}_OPTIONS", tr("Settings of {}").format(key.upper()), optional=True
        )
        yield _finished(options, OPTIONS_HELP, advanced=True)
    yield from _grid_parameters()


def _grid_parameters() -> Iterator[QgsProcessingParameterDefinition]:
    kinds = [QgsProcessing.SourceType.TypeRaster, QgsProcessing.SourceType.TypeVectorPolygon]
    yield _finished(
        QgsProcessingParameterMapLayer("MASK", tr("Mask"), optional=True, types=kinds),
        "A raster (0 = leave out) or polygons (inside = kept). Empty: the whole area common to all sources.",
        advanced=True,
    )
    yield _finished(
        QgsProcessingParameterString("MASK_VALUES", tr("Mask values to leave out"), optional=True),
        "Values of a raster mask to leave out, such as 3,8-10. Empty: 0, or what its kind of mask means.",
        advanced=True,
    )
    yield _finished(
        _number("PIXEL_SIZE", "Pixel size in map units"),
        "Side of a map pixel. Empty: chosen from the labels, the model or the finest source.",
        advanced=True,
    )
    yield _finished(
        QgsProcessingParameterExtent("EXTENT", tr("Extent"), optional=True),
        "The area to work on. Empty: where all sources are.",
        advanced=True,
    )
    yield _finished(
        QgsProcessingParameterRasterLayer("REFERENCE", tr("Reference grid"), optional=True),
        "A raster whose CRS, pixel size and alignment the result takes.",
        advanced=True,
    )


def sample_parameters(required: bool) -> Iterator[QgsProcessingParameterDefinition]:
    """Yield SAMPLES with its fields and LABELS; `required` only changes the help, as one of two is needed."""
    either = "Give either this or a label raster." if required else "Optional."
    yield _finished(
        QgsProcessingParameterFeatureSource(
            "SAMPLES", tr("Samples"), [QgsProcessing.SourceType.TypeVectorAnyGeometry], optional=True
        ),
        f"Polygons, lines or points with their class. {either} Unsaved edits, filters and 'selected features "
        "only' are respected. Names and colours come from a categorised style on the class field.",
    )
    yield _finished(
        _field("CLASS_FIELD", "Class field", "class"),
        "Integer (the class value, 1 to 65535; 0 = unlabelled) or text (numbered in alphabetical order; case "
        "and blanks make no difference).",
    )
    yield _finished(
        _field("GROUP_FIELD", "Group field"),
        "Samples with the same value, such as one field parcel, never fall on both sides of a split. "
        "Empty: each polygon is a group.",
        advanced=True,
    )
    yield _finished(
        _number("SAMPLE_RADIUS", "Radius around points and lines in metres", 0.0),
        "0: the pixel that contains the point, the pixels the line touches.",
        advanced=True,
    )
    yield _finished(
        _field("RADIUS_FIELD", "Radius field"),
        "Radius in metres of each point or line, instead of one for all; NULL and 0 mean none.",
        advanced=True,
    )
    yield _finished(
        QgsProcessingParameterRasterLayer("LABELS", tr("Label raster"), optional=True),
        "A raster of class values instead of a vector layer; 0 and nodata are unlabelled.",
    )
    yield from _class_parameters()


def _class_parameters() -> Iterator[QgsProcessingParameterDefinition]:
    zero = QgsProcessingParameterEnum(
        "CLASS_ZERO",
        tr("Class value 0 means"),
        list(ZERO_MEANS),
        False,
        ZERO_MEANS[0],
        True,
        usesStaticStrings=True,
    )
    yield _finished(
        zero,
        "unlabelled: such samples are left out. class: 0 is a class of its own and gets the smallest free "
        "value in the map, where 0 is nodata.",
        advanced=True,
    )
    yield _finished(
        QgsProcessingParameterBoolean("RENUMBER", tr("Number the classes anew"), False, True),
        "Number the classes 1, 2, 3 ... in ascending order; needed for class values below 0 or above 65535. "
        "The names keep the old values.",
        advanced=True,
    )


def _field(name: str, label: str, default: str | None = None) -> QgsProcessingParameterField:
    """Return a field of SAMPLES; `default` is what a form chooses if the layer has such a field."""
    return QgsProcessingParameterField(name, tr(label), default, "SAMPLES", optional=True)


def test_sample_parameters() -> Iterator[QgsProcessingParameterDefinition]:
    """Yield TEST_SAMPLES and TEST_LABELS."""
    yield _finished(
        QgsProcessingParameterFeatureSource(
            "TEST_SAMPLES",
            tr("Test samples"),
            [QgsProcessing.SourceType.TypeVectorAnyGeometry],
            optional=True,
        ),
        "Independent samples to score on, with the same class field as the samples. They replace the "
        "held-back part; all samples are then used for training.",
        advanced=True,
    )
    yield _finished(
        QgsProcessingParameterRasterLayer("TEST_LABELS", tr("Test label raster"), optional=True),
        "A raster of class values to score on.",
        advanced=True,
    )


def job_parameter(spec: Parameter) -> QgsProcessingParameterDefinition:
    """Return the Processing parameter of one setting of the job table."""
    return _finished(_bare_parameter(spec), spec.help, spec.advanced)


def _bare_parameter(spec: Parameter) -> QgsProcessingParameterDefinition:
    name, label, optional = spec.name.upper(), tr(spec.label), not spec.required
    if spec.name in LAYER_PARAMETERS:
        return QgsProcessingParameterRasterLayer(name, label, optional=optional)
    if spec.name in (ZONES, ZONE_FIELD):
        return _zones_parameter(spec)
    if spec.type == "choice":
        return QgsProcessingParameterEnum(
            name, label, list(spec.choices), False, spec.default, False, usesStaticStrings=True
        )
    if spec.type == "bool":
        return QgsProcessingParameterBoolean(name, label, spec.default)
    if spec.type == "folder":
        folder = QgsProcessingParameterFile.Behavior.Folder
        return QgsProcessingParameterFile(name, label, folder, "", spec.default or None, optional)
    if spec.type == "file":
        file = QgsProcessingParameterFile.Behavior.File
        extension = FILE_EXTENSIONS.get(spec.name, "")
        return QgsProcessingParameterFile(name, label, file, extension, spec.default or None, optional)
    if spec.type == "str":
        return QgsProcessingParameterString(name, label, spec.default, False, True)
    kinds = QgsProcessingParameterNumber.Type
    parameter = QgsProcessingParameterNumber(
        name, label, kinds.Integer if spec.type == "int" else kinds.Double, spec.default
    )
    if spec.minimum is not None:
        parameter.setMinimum(spec.minimum)
    if spec.maximum is not None:
        parameter.setMaximum(spec.maximum)
    return parameter


def _zones_parameter(spec: Parameter) -> QgsProcessingParameterDefinition:
    if spec.name == ZONE_FIELD:
        return QgsProcessingParameterField(
            ZONE_FIELD.upper(), tr(spec.label), None, ZONES.upper(), optional=True
        )
    polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
    return QgsProcessingParameterFeatureSource(ZONES.upper(), tr(spec.label), polygons, optional=True)


def job_output(name: str, spec: Output, wanted: bool) -> QgsProcessingParameterDefinition:
    """Return the destination parameter of one output; `wanted` ticks an optional output by default."""
    arguments = {"optional": not spec.required, "createByDefault": spec.required or wanted}
    if spec.type == "raster":
        return QgsProcessingParameterRasterDestination(name.upper(), tr(spec.label), **arguments)
    if spec.type == "vector":
        shape = QgsProcessing.SourceType.TypeVectorAnyGeometry
        return QgsProcessingParameterVectorDestination(name.upper(), tr(spec.label), shape, **arguments)
    if spec.type == "folder":
        return QgsProcessingParameterFolderDestination(name.upper(), tr(spec.label), **arguments)
    return QgsProcessingParameterFileDestination(
        name.upper(), tr(spec.label), FILE_FILTERS[spec.extension], **arguments
    )


def number_outputs(kind: JobKind) -> Iterator[QgsProcessingOutputNumber]:
    """Yield the figures that a job of this kind returns."""
    for name in kind.numbers:
        yield QgsProcessingOutputNumber(name, tr(NUMBER_LABELS.get(name, name)))
