"""A finished run as calls of Processing algorithms that need no project: every layer is named by its file."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer, QgsVectorLayer, QgsWkbTypes
from qgis.PyQt.QtCore import QCoreApplication

from ...core.data.classes import classes_from_json
from ...core.data.map_style import samples_qml
from ...core.data.text_output import write_text_atomic
from ...core.errors import LandfuseError, VectorReadError
from ...core.job_file import read_job
from ...core.job_spec import MODALITIES
from ...core.source_options import options_of_rasters
from ...processing_provider.snapshot import CLASS, GROUP, RADIUS
from ...processing_provider.translate import raster_input
from ..state import jobs
from ..state.choices import RunRecord
from ..state.session import Session

Values = dict[str, Any]
_OF_SAMPLES = ("SAMPLES", "CLASS_FIELD", "GROUP_FIELD", "RADIUS_FIELD", "CLASS_ZERO", "RENUMBER")
_SYMBOLS = {
    QgsWkbTypes.GeometryType.PolygonGeometry: "fill",
    QgsWkbTypes.GeometryType.LineGeometry: "line",
}


@dataclass(frozen=True)
class Recipe:
    """Calls of algorithms in order, as (kind of job, parameters); `notes` say what the user should know."""

    name: str
    calls: tuple[tuple[str, Values], ...]
    notes: tuple[str, ...] = ()


def tr(text: str) -> str:
    """Translate interface text."""
    return QCoreApplication.translate("Landfuse", text)


def make_recipe(record: RunRecord, session: Session) -> Recipe:
    """Return the calls that repeat a run. Main thread: layers are read.

    Training areas are named by their file only where that gives the same samples and classes; otherwise by
    the copy that was kept beside the model. Raises `LandfuseError` for a layer that has left the project.
    """
    notes: list[str] = []
    calls = []
    for kind, parameters in record.parameters.items():
        values = dict(parameters)
        if kind == "train" and values.get("SAMPLES"):
            values = _with_samples(values, record, session, notes)
        calls.append((kind, _with_files(values, session, notes)))
    return Recipe(record.name, tuple(calls), tuple(dict.fromkeys(notes)))


def kept_samples(record: RunRecord) -> Path:
    """Return where the samples of a run with a training were kept."""
    return Path(record.outputs["model"]).with_suffix(".samples.gpkg")


def kept_job(record: RunRecord) -> Path:
    """Return where the resolved job of a run with a training was kept."""
    return Path(record.outputs["model"]).with_suffix(".job.json")


def _with_files(values: Values, session: Session, notes: list[str]) -> Values:
    """Return the parameters with files instead of layers."""
    named = {}
    for name, value in values.items():
        if name.lower() in MODALITIES:
            named.update(_source(name, value, values, session, notes))
        elif isinstance(value, str) and isinstance(session.layer(value), QgsMapLayer):
            named[name] = _file_of(session.layer(value))
        elif name not in named:
            named[name] = value
    return named


def _source(name: str, ids: Any, values: Values, session: Session, notes: list[str]) -> Values:
    """Return the files of one modality, with what was set for its layers only in QGIS as options."""
    ids = list(ids) if isinstance(ids, (list, tuple)) else [ids]
    text = values.get(f"{name}_OPTIONS", "")
    options = [text] if text else []
    files = []
    for number, (layer_id, own) in enumerate(zip(ids, options_of_rasters(text, len(ids), name)), start=1):
        raster = raster_input(_layer(layer_id, session))
        files.append(raster.path)
        if raster.nodata:
            listed = ",".join(map(repr, (*raster.nodata, *own.get("nodata", ()))))
            options.append(f"{number}.nodata={listed}")
        if not raster.file_nodata:
            options.append(f"{number}.file_nodata=no")
        if raster.crs:
            notes.append(
                tr("{} has its coordinate system only in QGIS; assign it to the file.").format(raster.path)
            )
    return {name: files, **({f"{name}_OPTIONS": "; ".join(options)} if options else {})}


def _layer(layer_id: str, session: Session) -> QgsRasterLayer:
    layer = session.layer(layer_id)
    if layer is None:
        raise LandfuseError(
            tr("A source of the run has left the project."),
            where=layer_id,
            remedy=tr("Save the run as job files: the training job names the files by itself."),
        )
    return layer


def _file_of(layer: QgsMapLayer) -> str:
    return layer.source() if isinstance(layer, QgsVectorLayer) else raster_input(layer).path


def _with_samples(values: Values, record: RunRecord, session: Session, notes: list[str]) -> Values:
    layer = session.layer(values["SAMPLES"])
    reason = _why_not_the_layer(layer, values, record)
    if not reason:
        return {**values, "SAMPLES": layer.source()}
    kept = kept_samples(record)
    if not kept.is_file():
        raise VectorReadError(tr("The kept samples of the run are gone."), where=str(kept))
    _style_kept(record)
    notes.append(
        tr("The samples are the copy kept with the run, {file}: {reason}.").format(file=kept, reason=reason)
    )
    changed = {name: value for name, value in values.items() if name not in _OF_SAMPLES}
    changed.update(SAMPLES=str(kept), CLASS_FIELD=CLASS)
    for name, field in (("GROUP_FIELD", GROUP), ("RADIUS_FIELD", RADIUS)):
        if values.get(name):
            changed[name] = field
    return changed


def _why_not_the_layer(layer: QgsMapLayer | None, values: Values, record: RunRecord) -> str:
    """Return why the samples' own file would not give the run's samples and classes, "" if it would."""
    if layer is None:
        return tr("the layer has left the project")
    if layer.isModified():
        return tr("the layer has unsaved edits")
    path = Path(layer.source().split("|")[0])
    if layer.providerType() != "ogr" or not path.is_file():
        return tr("the layer is not a file")
    if path.stat().st_mtime > Path(record.outputs["model"]).stat().st_mtime:
        return tr("the file was changed after the run")
    if _classes_from_file({**values, "SAMPLES": layer.source()}) != _kept_classes(record):
        return tr("names and colours of the classes are not saved with the layer")
    return ""


def _classes_from_file(values: Values) -> list[tuple[Any, ...]]:
    """Return the classes that a call from outside the project would find."""
    alone = Session(QgsProject())
    try:
        job = jobs.job_of("splitsamples", {k: v for k, v in values.items() if k in _OF_SAMPLES}, alone)
    finally:
        alone.shut_down()
    return _plain(job.classes)


def _kept_classes(record: RunRecord) -> list[tuple[Any, ...]]:
    return _plain(read_job(kept_job(record)).classes)


def _plain(classes: Any) -> list[tuple[Any, ...]]:
    return [(c["value"], c["name"], c["color"]) for c in classes]


def _style_kept(record: RunRecord) -> None:
    """Save names and colours of the classes beside the kept samples: a snapshot takes them from there."""
    kept = kept_samples(record)
    layer = QgsVectorLayer(str(kept), "kept", "ogr")
    classes = classes_from_json(read_job(kept_job(record)).classes)
    symbol = _SYMBOLS.get(layer.geometryType(), "marker")
    write_text_atomic(kept.with_suffix(".qml"), samples_qml(classes, CLASS, symbol))


def qgis_process_name() -> str:
    """Return the program to call; on Debian the script of that name passes a flag that it refuses."""
    return "qgis_process.bin" if shutil.which("qgis_process.bin") else "qgis_process"
