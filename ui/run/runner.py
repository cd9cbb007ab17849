"""Runs what the dock asks for: makes the jobs, works them off in the background, keeps the record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QObject, pyqtSignal

from ...core.errors import Cancelled, LandfuseError, MissingDependencyError
from ...processing_provider.task import CoreTask
from ..state.session import Session
from .plan import MapView, Parameters, RunPlan, make_plan, run_plan

IDLE, WAITING, RUNNING, CANCELLING = "idle", "waiting", "running", "cancelling"


class Runner(QObject):
    """One run at a time; main thread only. The map of a finished run is not loaded here.

    `started` carries the `RunPlan`, `reported` the events of the engine, `finished` the `RunRecord` that was
    added to the session, `failed` an exception (`Cancelled` where the user stopped the run); of the last two
    there is one for every run. `state_changed` follows `state`, and the percentage while it is `WAITING`.

    `setup`: the `RuntimeSetup` that is offered where the deep-learning runtime is missing; the run then
    waits for it and starts by itself, with the samples as they are then.
    """

    started = pyqtSignal(object)
    reported = pyqtSignal(object)
    finished = pyqtSignal(object)
    failed = pyqtSignal(object)
    state_changed = pyqtSignal()

    def __init__(self, session: Session, setup: Any = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._setup = setup
        self._state = IDLE
        self._asked: Parameters = {}
        self._plan: RunPlan | None = None
        self._task: CoreTask | None = None
        self._reason: LandfuseError | None = None  # why the program itself stopped the run
        self._has_waited = False
        self.runtime_percent = 0
        self.view: Callable[[], MapView | None] = lambda: None  # what the user sees of the map, to show first
        session.project.cleared.connect(self._project_closed)
        if setup is not None:
            setup.progress.connect(self._runtime_progress)
            setup.planned.connect(self._runtime_planned)
            setup.ready.connect(self._runtime_ready)
            setup.failed.connect(self._runtime_failed)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    @property
    def state(self) -> str:
        """`IDLE`, `WAITING` for the runtime, `RUNNING` or `CANCELLING`."""
        return self._state

    @property
    def busy(self) -> bool:
        """Whether there is a run: then another cannot start."""
        return self._state != IDLE

    def start(self, parameters: Parameters) -> bool:
        """Start a run in `session.folder`, in the background; False while there is another.

        `parameters`: {"train": {...}, "classify": {...}} or one of the two, as `state.jobs` makes them.
        What is wrong with them is told by `failed`, as all that goes wrong later.
        """
        if self.busy:
            return False
        self._asked, self._reason, self._has_waited = parameters, None, False
        if self._setup is not None and self._setup.missing:
            self._wait_for_runtime()
        else:
            self._begin()
        return True

    def cancel(self) -> None:
        """Stop the run; `failed` with `Cancelled` follows within two seconds."""
        if self._state == WAITING:
            self._end(Cancelled())
        elif self._task is not None and self._state == RUNNING:
            self._set_state(CANCELLING)
            self._task.cancel()

    def shut_down(self) -> None:
        """Stop the run and listen no more, when the plugin is unloaded."""
        self._session.project.cleared.disconnect(self._project_closed)
        if self._setup is not None:
            self._setup.progress.disconnect(self._runtime_progress)
            self._setup.planned.disconnect(self._runtime_planned)
            self._setup.ready.disconnect(self._runtime_ready)
            self._setup.failed.disconnect(self._runtime_failed)
        self.cancel()

    def _begin(self) -> None:
        self._set_state(RUNNING)
        try:
            self._plan = make_plan(self._session, self._asked, self.view())
        except LandfuseError as error:
            self._end(error)
            return
        plan = self._plan
        title = self.tr("Landfuse: {}").format(plan.name)
        self._task = CoreTask(title, lambda progress: run_plan(plan, progress))
        self._task.reported.connect(self.reported)
        self._task.succeeded.connect(self._succeeded)
        self._task.failed.connect(self._task_failed)
        self.started.emit(plan)
        for note in plan.notes:
            self.reported.emit({"event": "log", "level": "info", "text": note})
        QgsApplication.taskManager().addTask(self._task)

    def _succeeded(self, result: Any) -> None:
        plan, self._task = self._plan, None
        if self._state == CANCELLING:  # it was done before it could be stopped
            self._end(self._reason or Cancelled())
            return
        record = plan.record(result)
        plan.forget_look()
        self._plan = None
        self._session.set_runs([*self._session.runs, record])
        self._set_state(IDLE)
        self.finished.emit(record)

    def _task_failed(self, error: Exception) -> None:
        self._task = None
        is_missing = isinstance(error, MissingDependencyError) and self._setup is not None
        if is_missing and not self._has_waited and self._state == RUNNING:
            self._remove_plan()
            self._wait_for_runtime()
            return
        self._end(self._reason or error)

    def _end(self, error: Exception) -> None:
        self._remove_plan()
        self._set_state(IDLE)
        self.failed.emit(error)

    def _remove_plan(self) -> None:
        if self._plan is not None:
            self._plan.remove()
            self._plan.forget_look()
            self._plan = None

    def _set_state(self, state: str) -> None:
        self._state = state
        self.state_changed.emit()

    def _project_closed(self) -> None:
        """Stop: the record, the layers and the folder belong to the project that is gone."""
        if not self.busy:
            return
        self._reason = LandfuseError(
            self.tr("The project was closed while its run went on, so the run was stopped."),
            remedy=self.tr("Open the project again and press Run."),
        )
        if self._state == WAITING:
            self._end(self._reason)
        else:
            self.cancel()

    # The runtime

    def _wait_for_runtime(self) -> None:
        self._has_waited = True
        self.runtime_percent = round(100 * self._setup.share)
        self._set_state(WAITING)
        if not self._setup.busy:
            self._setup.look()

    def _runtime_planned(self, _: Any) -> None:
        """Ask, as nothing was found that could be used as it is."""
        if self._state == WAITING:
            self._setup.offer()

    def _runtime_progress(self, share: float, _: str) -> None:
        percent = round(100 * share)
        if self._state == WAITING and percent != self.runtime_percent:
            self.runtime_percent = percent
            self.state_changed.emit()

    def _runtime_ready(self) -> None:
        if self._state == WAITING:
            self._begin()

    def _runtime_failed(self, reason: str) -> None:
        if self._state == WAITING:
            self._end(MissingDependencyError(reason))
