"""What a preview is asked for: by what, of which extent, with how many pixels."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingUtils
from qgis.PyQt.QtCore import QCoreApplication

from ...core.job import Job
from ...core.job_kinds import ALL_KINDS
from ...processing_provider.translate import crs_text
from ..state import jobs
from ..state.context import DockContext

FOREST, MODEL = "forest", "model"
PIXELS, FEWEST_PIXELS = 160_000, 20_000
SLOW_SECONDS, QUICK_SECONDS = 2.5, 0.8
_DEFAULTS = {p.name: p.default for p in ALL_KINDS["preview"].parameters}


class PreviewRequests:
    """Makes the jobs of previews, whose maps go to a temporary folder. Main thread only."""

    def __init__(self, context: DockContext) -> None:
        self._context, self._session = context, context.session
        self._folder: Path | None = None  # made with the first job
        self._pixels = PIXELS  # what this computer affords
        self._number = 0

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def model_path(self) -> str:
        """Return the model of previews: the chosen one, else that of the last run; "" for none."""
        method = self._session.method
        if method.aim == "classify" and method.model:
            return method.model
        found = [run.outputs["model"] for run in self._session.runs if run.outputs.get("model")]
        return next((path for path in reversed(found) if Path(path).is_file()), "")

    def reason_not_to(self, kind: str) -> str:
        """Return in words why there can be no preview now, "" where there can."""
        runtime = self._context.runtime
        if runtime is not None and runtime.missing:  # looking for one with every edit would cost seconds
            return self.tr("The live map needs the deep-learning runtime.")
        if self._context.canvas.rotation():
            return self.tr("The live map is not shown while the map is turned.")
        if not self._session.used_sources():
            return self.tr("Choose the sources first.")
        if kind == MODEL:
            return "" if self.model_path() else self.tr("There is no trained model yet.")
        return "" if self._session.samples_layer() is not None else self.tr("There are no samples yet.")

    def job(self, kind: str) -> Job:
        """Return the job for what is in view now. Main thread: layers are read. Raises `LandfuseError`."""
        self._number += 1
        if self._folder is None:  # among QGIS's own temporary files, which it removes at its end
            self._folder = Path(QgsProcessingUtils.generateTempFilename("preview")).parent
        target = str(self._folder / f"preview_{self._number}.tif")
        values: dict[str, Any] = {"pixels": min(self._pixels, self._screen_pixels())}
        if kind == MODEL:
            values["model"] = self.model_path()
            asked = {**jobs.classify_parameters(self._session, values["model"]), "CLASSMAP": target}
            made = jobs.job_of("classify", asked, self._session)
        else:
            asked = {**jobs.scene_parameters(self._session), **jobs.sample_parameters(self._session)}
            made = jobs.job_of(
                "train", {**asked, "MODEL": str(self._folder / "none.safetensors")}, self._session
            )
        canvas = self._context.canvas
        box, crs = canvas.extent(), canvas.mapSettings().destinationCrs()
        extent = (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())
        return replace(
            made,
            kind="preview",
            grid=replace(made.grid, extent=extent, extent_crs=crs_text(crs)),
            parameters={**_DEFAULTS, **values},
            outputs={"classmap": target},
        )

    def remove_folder(self) -> None:
        """Remove the temporary folder with what is left in it."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _screen_pixels(self) -> int:
        size = self._context.canvas.mapSettings().outputSize()
        return max(256, size.width() * size.height())

    def keep_pace(self, seconds: float) -> None:
        """Take fewer pixels where an answer took long, and more again where there is time."""
        if seconds > SLOW_SECONDS:
            self._pixels = max(FEWEST_PIXELS, self._pixels // 2)
        elif seconds < QUICK_SECONDS:
            self._pixels = min(PIXELS, self._pixels * 2)
