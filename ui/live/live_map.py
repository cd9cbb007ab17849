"""The map of what is in view while samples are still drawn: asks the engine, shows the newest answer."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication, QObject, QTimer, pyqtSignal

from ...core.errors import Cancelled, LandfuseError
from ...core.job import Job
from ...core.job_spec import JobResult
from ...core.progress import Progress
from ...processing_provider import runtime
from ...processing_provider.task import CoreTask
from ..state.context import DockContext
from .preview_item import PreviewItem
from .preview_on_map import PreviewOnMap, remove_map
from .preview_request import FOREST, MODEL, PreviewRequests

DRAWN_MS, MOVED_MS = 150, 350  # quiet after an edit, after a move of the map


class LiveMap(QObject):
    """Keeps a preview of the visible extent up to date. Nothing of it is in the project.

    `state_changed` carries what it does, in words. The newest request wins: one under way is cancelled, or
    its answer dropped. While a run uses the engine it rests.
    """

    state_changed = pyqtSignal(str)
    shown = pyqtSignal()  # a new preview is on the map

    def __init__(self, context: DockContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context, self._session = context, context.session
        self.kind = FOREST
        self.seconds = 0.0  # from the request to the answer, the last time
        self._on = False
        self._task: CoreTask | None = None
        self._is_stale = False
        self._is_warm = False  # a cancelled start would only begin again
        self._is_hidden = False  # for the result of a run, until the next edit
        self._requests = PreviewRequests(context)
        self._layer: QgsVectorLayer | None = None
        self._preview = PreviewOnMap(context.canvas)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._request)
        self._listen()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    @property
    def is_on(self) -> bool:
        """Whether previews are wanted."""
        return self._on

    def set_on(self, on: bool) -> None:
        """Switch previews on or off; off takes the preview off the map."""
        if on == self._on:
            return
        self._on, self._is_hidden = on, False
        if on:
            self.refresh()
            return
        self._timer.stop()
        self._drop_task(cancel=True)
        self._preview.clear()
        self.state_changed.emit("")

    def set_kind(self, kind: str) -> None:
        """Map with a `FOREST` of the samples, or with the trained `MODEL`."""
        if kind != self.kind:
            self.kind, self._is_hidden = kind, False
            self._preview.clear()
            self.refresh()

    def set_opacity(self, opacity: float) -> None:
        """Set how much the preview covers, from 0 to 1."""
        self._preview.set_opacity(opacity)

    def refresh(self, delay: int = 0) -> None:
        """Ask for a new preview after `delay` ms without another request."""
        if self._on:
            self._timer.start(delay)

    def has_model(self) -> bool:
        """Tell whether there is a trained model to preview with."""
        return bool(self._requests.model_path())

    @property
    def item(self) -> PreviewItem | None:
        """The picture on the map, None while there is none."""
        return self._preview.item

    def shut_down(self) -> None:
        """Stop, and leave nothing on the map, on disk or connected."""
        self.set_on(False)
        self._hear_layer(None)
        for signal, slot in self._signals():
            with contextlib.suppress(TypeError, RuntimeError):  # the sender may be gone already
                signal.disconnect(slot)
        self._requests.remove_folder()

    # What is listened to

    def _signals(self) -> list[tuple[Any, Callable[..., None]]]:
        session, runner = self._session, self._context.runner
        found = [
            (session.samples_changed, self._samples_chosen),
            (session.sources_changed, self._edited),
            (session.method_changed, self._method_changed),
            (session.runs_changed, self._method_changed),
            (self._context.canvas.extentsChanged, self._moved),
        ]
        if runner is not None:
            found += [(runner.state_changed, self._run_changed), (runner.finished, self._make_way)]
        if self._context.runtime is not None:
            found.append((self._context.runtime.changed, self._runtime_changed))
        return found

    def _listen(self) -> None:
        for signal, slot in self._signals():
            signal.connect(slot)
        self._samples_chosen()

    def _samples_chosen(self) -> None:
        layer = self._session.samples_layer()
        self._hear_layer(layer if isinstance(layer, QgsVectorLayer) else None)
        self._edited()

    def _hear_layer(self, layer: QgsVectorLayer | None) -> None:
        if self._layer is not None:
            with contextlib.suppress(TypeError, RuntimeError):  # a layer that was removed is gone
                for signal in (self._layer.layerModified, self._layer.rendererChanged):
                    signal.disconnect(self._edited)
                self._layer.afterRollBack.disconnect(self._edited)
        self._layer = layer
        self._preview.set_samples(layer)
        if layer is not None:
            for signal in (layer.layerModified, layer.rendererChanged, layer.afterRollBack):
                signal.connect(self._edited)

    def _edited(self) -> None:
        if self.kind == FOREST:
            self._is_hidden = False
            self.refresh(DRAWN_MS)

    def _moved(self) -> None:
        if not self._is_hidden:
            self.refresh(MOVED_MS)

    def _make_way(self, record: object) -> None:
        """Let the map of a run that has ended be seen."""
        self._timer.stop()
        self._preview.clear()
        self._is_hidden = True
        if self._on:
            self.state_changed.emit(
                self.tr("Hidden for the result of the run; the next edit brings it back.")
            )

    def _method_changed(self) -> None:
        if self.kind == MODEL and not self._is_hidden:
            self.refresh(DRAWN_MS)

    def _run_changed(self) -> None:
        if self._context.runner.busy:
            self._timer.stop()
            self._drop_task(cancel=True)
            if self._on:
                self.state_changed.emit(self.tr("Rests while a run uses the computer."))
        else:
            self.refresh(DRAWN_MS)

    def _runtime_changed(self) -> None:
        if not self._is_hidden:
            self.refresh(DRAWN_MS)

    # Asking

    def _request(self) -> None:
        if not self._on or (self._context.runner is not None and self._context.runner.busy):
            return
        if self._task is not None:
            self._drop_task(cancel=self._is_warm)
            return  # its end starts the next one
        reason = self._requests.reason_not_to(self.kind)
        if reason:
            self._preview.clear()
            self.state_changed.emit(reason)
            return
        try:
            job = self._requests.job(self.kind)
        except LandfuseError as error:
            self._preview.clear()
            self.state_changed.emit(error.what)
            return
        self._start(job)

    def _start(self, job: Job) -> None:
        started = time.monotonic()

        def work(progress: Progress) -> tuple[JobResult, float]:
            try:
                return runtime.run(job, progress), time.monotonic() - started
            finally:
                if job.samples is not None and job.samples.type == "vector":
                    shutil.rmtree(Path(job.samples.path).parent, ignore_errors=True)  # the snapshot's own

        self._is_stale = False
        self._task = CoreTask(self.tr("Landfuse: live map"), work, silent=True)
        self._task.succeeded.connect(self._answered)
        self._task.failed.connect(self._failed)
        self.state_changed.emit(self.tr("Mapping what is in view..."))
        QgsApplication.taskManager().addTask(self._task)

    def _drop_task(self, cancel: bool) -> None:
        """Make the answer that is under way worthless, and stop it if told so."""
        self._is_stale = True
        if self._task is not None and cancel:
            self._task.cancel()

    def _answered(self, answer: tuple[JobResult, float]) -> None:
        result, seconds = answer
        was_warm, self._task, self._is_warm = self._is_warm, None, True
        if self._is_stale or not self._on:
            remove_map(result.outputs["classmap"])
            self.refresh()
            return
        self.seconds = seconds
        if was_warm:  # the first answer also paid for starting the engine
            self._requests.keep_pace(seconds)
        self._show(result)

    def _failed(self, error: Exception) -> None:
        self._task = None
        if self._is_stale or isinstance(error, Cancelled):
            self.refresh()
            return
        self._preview.clear()
        self.state_changed.emit(error.what if isinstance(error, LandfuseError) else str(error))

    # Showing

    def _show(self, result: JobResult) -> None:
        if not self._preview.show(result.outputs["classmap"], self._caption()):
            self.state_changed.emit(self.tr("The preview cannot be shown."))
            return
        self.state_changed.emit(self._told(result))
        self.shown.emit()

    def _caption(self) -> str:
        if self.kind == MODEL:
            return self.tr("Preview: {}").format(Path(self._requests.model_path()).parent.name or "model")
        return self.tr("Preview: random forest")

    def _told(self, result: JobResult) -> str:
        numbers = result.numbers
        size = self.tr("pixels of {:.3g} m, {:.1f} s").format(numbers["PIXEL_METRES"], self.seconds)
        if self.kind == MODEL:
            return size
        told = self.tr("{} sample pixels in {} classes").format(numbers["N_SAMPLES"], numbers["N_CLASSES"])
        return f"{told}; {size}"
