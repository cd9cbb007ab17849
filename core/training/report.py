"""Fills in the report of a training run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..data.raster_io import crs_name
from ..evaluation.report import TrainingReport, write_training_report
from ..job import Job
from ..models.catalog import CATALOG
from .provenance import versions

if TYPE_CHECKING:
    from ..data.grid import Grid
    from ..data.modalities import Modality
    from ..models.config import ModelConfig
    from .fit import Fit
    from .scene import Scene
    from .score import Score


def write_report(path: str, job: Job, scene: Scene, fit: Fit, score: Score | None, seconds: float) -> None:
    """Write the HTML report of a training run. Raises `OutputError`."""
    entry = CATALOG[fit.model.method]
    classes = scene.samples.classes
    report = TrainingReport(
        title=f"Training of {Path(job.outputs['model']).stem}",
        method_title=entry.title,
        paper=entry.paper,
        settings=[(name.replace("_", " "), str(value)) for name, value in fit.settings.items()],
        sources=[(key, _source_text(m)) for key, m in scene.modalities.items()],
        grid_text=_grid_text(scene.grid, fit.model.config),
        classes=classes,
        matrix=score.matrix if score else None,
        measured_on=score.measured_on if score else "",
        not_assessed=[classes[i].name for i in score.not_assessed] if score else [],
        curves=fit.curves,
        notes=(*_warnings(fit), *scene.notes, *(score.notes if score else ())),
        timings=[("whole run", f"{seconds:.0f} s"), ("training of the saved model", f"{fit.seconds:.0f} s")],
        versions=list(versions().items()),
        n_places=score.n_places if score else None,
        place_interval=score.place_interval if score else None,
        saved_model=score.saved_model
        if score
        else "The saved model was trained on all samples and not scored.",
    )
    write_training_report(path, report)


def _warnings(fit: Fit) -> tuple[str, ...]:
    return (str(fit.settings["warning"]),) if "warning" in fit.settings else ()


def _source_text(modality: Modality) -> str:
    files = ", ".join(Path(raster.path).name for raster in modality.rasters)
    return f"{len(modality.bands)} bands of {files}; {modality.quantity}; {modality.pixel_metres:g} m pixels"


def _grid_text(grid: Grid, config: ModelConfig) -> str:
    place = crs_name(grid.crs) if grid.crs else "local coordinates"
    return (
        f"{grid.rows} x {grid.cols} map pixels of {grid.metres[0]:g} x {grid.metres[1]:g} m in {place}; "
        f"{'tile' if config.tile_size else 'patch'} {config.side} x {config.side} map pixels "
        f"({grid.metres_of(config.side):g} m)"
    )
