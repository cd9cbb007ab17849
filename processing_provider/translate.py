"""From what the user chose in QGIS to values of core. Layers are read here, before the job starts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsMapLayer,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingUtils,
    QgsRasterLayer,
    QgsVectorLayer,
)

from ..core.errors import BandError, RasterReadError, SamplesError, VectorReadError
from ..core.job import GridRequest, Job, RasterInput, SamplesInput
from ..core.job_file import parse_job
from ..core.job_kinds import KINDS
from ..core.job_spec import MODALITIES, Parameter
from ..core.source_options import options_of_rasters
from .definitions import AUTO, LAYER_PARAMETERS, ZONE_FIELD, ZONES
from .snapshot import ZONE, Snapshot, write_polygons, write_samples, write_zones

_PROVIDER_OPTIONS = re.compile(r"\|(option|credential|authcfg):.*$")
_BAND_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


@dataclass(frozen=True)
class Request:
    """What an algorithm was called with; `notes` gather what the user should know about the layers."""

    algorithm: QgsProcessingAlgorithm
    parameters: Mapping[str, Any]
    context: QgsProcessingContext
    notes: list[str] = field(default_factory=list)

    def given(self, name: str) -> bool:
        """Say whether the algorithm has parameter `name` and the user filled it in."""
        definition = self.algorithm.parameterDefinition(name)
        if definition is None:
            return False
        value = self.parameters.get(name)
        return value is not None and str(value) not in ("", "NULL") and value != []

    def text(self, name: str) -> str:
        """Return a text parameter, "" where it is absent."""
        return (
            self.algorithm.parameterAsString(self.parameters, name, self.context) if self.given(name) else ""
        )

    def choice(self, name: str) -> str:
        """Return a choice, "" where it is absent or left to the program."""
        if not self.given(name):
            return ""
        chosen = self.algorithm.parameterAsEnumString(self.parameters, name, self.context)
        return "" if chosen == AUTO else chosen

    def number(self, name: str) -> float | None:
        """Return a number, None where it is absent."""
        if not self.given(name):
            return None
        return self.algorithm.parameterAsDouble(self.parameters, name, self.context)


def make_job(kind: str, request: Request) -> Job:
    """Return the validated job for a call of the algorithm of this kind. Raises `LandfuseError`."""
    spec = KINDS[kind]
    samples = _samples(request, "SAMPLES", "LABELS") if spec.takes_samples else None
    tests = _samples(request, "TEST_SAMPLES", "TEST_LABELS") if spec.takes_test_samples else None
    job = Job(
        kind=kind,
        inputs=sources(request) if spec.reads_scene else {},
        samples=samples.input if samples else None,
        test_samples=tests.input if tests else None,
        classes=samples.classes if samples else (),
        grid=grid(request) if spec.reads_scene else GridRequest(),
        mask=mask(request) if spec.reads_scene else "",
        mask_values=request.text("MASK_VALUES") if spec.reads_scene else "",
        parameters={p.name: _setting(request, p) for p in spec.parameters},
        outputs=_outputs(request, spec.outputs, samples.input.type if samples else ""),
    )
    return parse_job(json.loads(json.dumps(job.to_json())), Path.cwd())


def sources(request: Request) -> dict[str, tuple[RasterInput, ...]]:
    """Return the rasters of every modality."""
    inputs = {}
    for key in MODALITIES:
        name = key.upper()
        bands = checked_bands(request.text(f"{name}_BANDS"), f"{name}_BANDS")
        given = _given(request, name) if request.given(name) else []
        if given:
            quantity = request.choice(f"{name}_QUANTITY")
            options = options_of_rasters(request.text(f"{name}_OPTIONS"), len(given), f"{name}_OPTIONS")
            inputs[key] = tuple(
                raster_input(item, {"bands": bands, "quantity": quantity, **own})
                for item, own in zip(given, options)
            )
    return inputs


def without_products(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters without folders and products among the sources: they are no layers to QGIS."""
    kept = dict(parameters)
    for name in {key.upper() for key in MODALITIES} & set(kept):
        wanted = _listed(kept[name])
        layers = [item for item in wanted if not _is_product(item)]
        if len(layers) < len(wanted):
            kept[name] = layers
    return kept


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _is_product(item: Any) -> bool:
    if not isinstance(item, str):
        return False
    from ..core.data.products import is_product  # here: it brings numpy, and QGIS's start would wait for it

    return is_product(item)


def _given(request: Request, name: str) -> list[QgsMapLayer | str]:
    """Return the layers of a source in the order given; folders and products as their paths."""
    wanted = _listed(request.parameters[name])
    products = [item for item in wanted if _is_product(item)]
    if not products:
        return list(_layers(request, name, wanted))
    parts = [[item] if item in products else _layers(request, name, [item]) for item in wanted]
    return [item for part in parts for item in part]


def _layers(request: Request, name: str, wanted: list[Any]) -> list[QgsMapLayer]:
    """Return the layers that items of a source stand for. Raises `RasterReadError` for what is none."""
    given = {**request.parameters, name: wanted}
    layers = request.algorithm.parameterAsLayerList(given, name, request.context)
    if len(layers) >= len(wanted):
        return layers
    for item in wanted:  # Processing leaves out silently what it cannot load
        if isinstance(item, str) and QgsProcessingUtils.mapLayerFromString(item, request.context) is None:
            raise _not_readable(item, name)
    raise _not_readable(str(wanted), name)


def _not_readable(item: str, name: str) -> RasterReadError:
    return RasterReadError(
        f"{name}: '{item}' cannot be read as a raster layer.",
        remedy="Check the path, or load it into QGIS first.",
    )


def raster_input(layer: QgsMapLayer | str, settings: Mapping[str, Any] | None = None) -> RasterInput:
    """Return what core must know of a layer, CRS and nodata set only in QGIS included, or of a product.

    `settings`: further keys of a job's raster, such as `bands`.
    """
    values = dict(settings or {})
    nodata, derived = tuple(values.pop("nodata", ())), tuple(values.pop("derived", ()))
    if isinstance(layer, str):
        return RasterInput(layer, nodata=nodata, derived=derived, **values)
    path, nodata = raster_path(layer), (*_nodata_set_in_qgis(layer), *nodata)
    if _ignores_nodata_of_file(layer):
        values["file_nodata"] = False
    return RasterInput(path, crs=_crs_set_in_qgis(layer), nodata=nodata, derived=derived, **values)


def raster_path(layer: QgsMapLayer) -> str:
    """Return the name by which GDAL opens the layer. Raises `RasterReadError` for a layer without a file."""
    if not isinstance(layer, QgsRasterLayer):
        raise RasterReadError("This is not a raster layer.", where=layer.name())
    if layer.providerType() != "gdal":
        raise RasterReadError(
            f"The layer comes from '{layer.providerType()}', not from a raster file: its pixels are "
            "pictures, not measured values.",
            where=layer.name(),
            remedy="Export it to GeoTIFF as raw data (Layer > Save As), or choose the original file.",
        )
    if not layer.isValid():
        raise RasterReadError(
            "The raster layer is not valid.", where=layer.name(), remedy="Repair its source."
        )
    return _PROVIDER_OPTIONS.sub("", layer.source())


def _crs_set_in_qgis(layer: QgsRasterLayer) -> str:
    chosen, stored = layer.crs(), layer.dataProvider().crs()
    return crs_text(chosen) if chosen.isValid() and chosen != stored else ""


def crs_text(crs: QgsCoordinateReferenceSystem) -> str:
    """Return an authority code that GDAL knows, else WKT; "" for no CRS."""
    if not crs.isValid():
        return ""
    code = crs.authid()
    if code.upper().startswith(("EPSG:", "ESRI:")):
        return code
    return crs.toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT_PREFERRED_GDAL)


def _nodata_set_in_qgis(layer: QgsRasterLayer) -> tuple[float, ...]:
    provider = layer.dataProvider()
    ranges = [r for band in range(1, layer.bandCount() + 1) for r in provider.userNoDataValues(band)]
    if any(r.min() != r.max() for r in ranges):
        raise RasterReadError(
            "The layer has a range of additional nodata values.",
            where=layer.name(),
            remedy="Give single values in Layer Properties > Transparency, or a mask.",
        )
    return tuple(sorted({r.min() for r in ranges}))


def _ignores_nodata_of_file(layer: QgsRasterLayer) -> bool:
    """Say whether the nodata value that the file declares is switched off in QGIS."""
    provider = layer.dataProvider()
    declared = [band for band in range(1, layer.bandCount() + 1) if provider.sourceHasNoDataValue(band)]
    off = [band for band in declared if not provider.useSourceNoDataValue(band)]
    if off and len(off) < len(declared):
        raise RasterReadError(
            "The file's nodata value is switched off for some of the bands only.",
            where=layer.name(),
            remedy="Switch it on or off for all in Layer Properties > Transparency.",
        )
    return bool(off)


def checked_bands(text: str, where: str) -> str:
    """Return a band list such as `1-120,150-200` without blanks. Raises `BandError` for anything else."""
    text = text.replace(" ", "")
    for part in text.split(",") if text else []:
        match = _BAND_RANGE.fullmatch(part)
        first = int(match.group(1)) if match else 0
        if match is None or first < 1 or int(match.group(2) or first) < first:
            raise BandError(
                f"'{part}' is not a band or a range of bands.",
                where=where,
                remedy="Write it as 1-120,150-200.",
            )
    return text


def grid(request: Request) -> GridRequest:
    """Return what the user fixed of the grid."""
    algorithm, parameters, context = request.algorithm, request.parameters, request.context
    extent, extent_crs = None, ""
    if request.given("EXTENT"):
        box = algorithm.parameterAsExtent(parameters, "EXTENT", context)
        extent = (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())
        extent_crs = crs_text(algorithm.parameterAsExtentCrs(parameters, "EXTENT", context))
    reference = ""
    if request.given("REFERENCE"):
        reference = raster_path(_raster(request, "REFERENCE"))
    return GridRequest(request.number("PIXEL_SIZE") or None, extent, extent_crs, reference)


def _raster(request: Request, name: str) -> QgsRasterLayer:
    layer = request.algorithm.parameterAsRasterLayer(request.parameters, name, request.context)
    if layer is None:
        raise _not_readable(str(request.parameters[name]), name)
    return layer


def mask(request: Request) -> str:
    """Return the path of the mask: the raster itself, or a snapshot of the polygons."""
    if not request.given("MASK"):
        return ""
    layer = request.algorithm.parameterAsLayer(request.parameters, "MASK", request.context)
    if layer is None:
        raise VectorReadError(f"MASK: '{request.parameters['MASK']}' cannot be read as a layer.")
    if isinstance(layer, QgsVectorLayer):
        return write_polygons(layer, request.context)
    return raster_path(layer)


def _samples(request: Request, vector: str, raster: str) -> Snapshot | None:
    if request.given(raster):
        path = raster_path(_raster(request, raster))
        return Snapshot(SamplesInput(path, "raster", **_class_meaning(request)), ())
    if not request.given(vector):
        return None
    algorithm, parameters, context = request.algorithm, request.parameters, request.context
    source = algorithm.parameterAsSource(parameters, vector, context)
    if source is None:
        raise SamplesError(f"{vector}: '{parameters[vector]}' cannot be read as a vector layer.")
    layer = algorithm.parameterAsVectorLayer(parameters, vector, context)
    wanted = SamplesInput(
        "",
        class_field=request.text("CLASS_FIELD"),
        group_field=request.text("GROUP_FIELD") if vector == "SAMPLES" else "",
        radius=request.number("SAMPLE_RADIUS") or 0.0,
        radius_field=request.text("RADIUS_FIELD"),
        **_class_meaning(request),
    )
    found = write_samples(source, layer, wanted, context)
    request.notes.extend(found.notes)
    return found


def _class_meaning(request: Request) -> dict[str, Any]:
    """Return how the numbers of samples become class values."""
    renumber = request.given("RENUMBER") and request.algorithm.parameterAsBoolean(
        request.parameters, "RENUMBER", request.context
    )
    return {"zero": request.choice("CLASS_ZERO") or "unlabelled", "renumber": bool(renumber)}


def _setting(request: Request, spec: Parameter) -> Any:
    """Return one setting of the job in the type that the job table asks for."""
    name, algorithm = spec.name.upper(), request.algorithm
    if spec.name in LAYER_PARAMETERS:
        return raster_path(_raster(request, name))
    if spec.name == ZONES:
        return _zones(request)
    if spec.name == ZONE_FIELD:  # the snapshot has its own
        return ZONE if request.given(ZONES.upper()) else ""
    read = {
        "int": algorithm.parameterAsInt,
        "float": algorithm.parameterAsDouble,
        "str": algorithm.parameterAsString,
        "bool": algorithm.parameterAsBoolean,
        "choice": algorithm.parameterAsEnumString,
        "file": algorithm.parameterAsFile,
        "folder": algorithm.parameterAsFile,
    }[spec.type]
    return read(request.parameters, name, request.context)


def _zones(request: Request) -> str:
    """Return the path of a snapshot of the zones, "" where there are none."""
    name = ZONES.upper()
    if not request.given(name):
        return ""
    source = request.algorithm.parameterAsSource(request.parameters, name, request.context)
    if source is None:
        raise VectorReadError(f"{name}: '{request.parameters[name]}' cannot be read as a vector layer.")
    return write_zones(source, request.text(ZONE_FIELD.upper()), request.context)


def _outputs(request: Request, outputs: Mapping[str, Any], samples: str) -> dict[str, str]:
    """Return the paths of the outputs; those for samples of another type than `samples` are left out.

    A form asks for both by default. What is not read here is not loaded afterwards either.
    """
    algorithm, parameters, context = request.algorithm, request.parameters, request.context
    paths = {}
    for name, spec in outputs.items():
        if spec.samples not in ("", samples):
            continue
        layer = spec.type in ("raster", "vector")
        read = algorithm.parameterAsOutputLayer if layer else algorithm.parameterAsFileOutput
        paths[name] = read(parameters, name.upper(), context)
    return {name: path for name, path in paths.items() if path}
