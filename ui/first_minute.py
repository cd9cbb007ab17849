"""The two ways into the dock: the demo scene, and the layers that the project has."""

from __future__ import annotations

from pathlib import Path

from qgis.core import Qgis, QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QObject, QTimer

from ..core.environment import home
from ..core.job import Job
from ..core.job_file import parse_job
from ..core.progress import Progress
from ..processing_provider import runtime
from .errand import Errand
from .sources.guess import guess_sources, look_at
from .sources.project_layers import as_values, guess_samples, raster_layers
from .state.choices import MethodChoice, SamplesChoice, SourceChoice
from .state.context import DockContext
from .state.folder import FOLDER_SETTING

SOURCES = ("hsi", "lidar", "sar", "optical")
_SETTLED_MS = 500  # QGIS zooms to all layers by itself once it has seen the first ones


class FirstMinute(Errand):
    """Does what the welcome offers."""

    def __init__(self, context: DockContext, parent: QObject | None = None) -> None:
        super().__init__(context, parent)
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLED_MS)
        self._settled.timeout.connect(self._zoom_to_demo)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def try_demo(self) -> None:
        """Make the demo scene, load it into an empty project, and choose sources, samples and a method."""
        project = self._context.session.project
        if project.mapLayers() and not self._context.iface.newProject(True):  # asks whether to save
            return
        folder = demo_folder()
        job = parse_job(
            {"landfuse_job": 1, "kind": "demoscene", "outputs": {"folder": str(folder / "scene")}}, folder
        )
        self.start(
            self.tr("Landfuse: making the demo scene"),
            lambda progress: _make(job, progress),
            lambda _: self._show_demo(folder),
        )

    def use_layers(self) -> None:
        """Look at the raster layers of the project and make sources of them."""
        layers = as_values(raster_layers(self._context.session.project))
        self.start(
            self.tr("Landfuse: looking at the layers"),
            lambda progress: guess_sources(look_at(layers, progress)),
            self._take_sources,
        )

    def _show_demo(self, folder: Path) -> None:
        from .demo_layers import CLASS_FIELD, load_demo  # opening the dock need not wait for it

        session = self._context.session
        layers = load_demo(session.project, folder / "scene")
        session.set_folder(str(folder))
        session.set_sources(SourceChoice(key, (layers[key].id(),)) for key in SOURCES)
        session.set_samples(SamplesChoice(layers["training_areas"].id(), CLASS_FIELD))
        session.set_method(MethodChoice())
        self._settled.start()

    def _zoom_to_demo(self) -> None:
        from .demo_layers import zoom_to

        layers = self._context.session.source_layers()
        if layers:
            zoom_to(self._context.canvas, layers[-1])

    def _take_sources(self, rows: list[SourceChoice]) -> None:
        session = self._context.session
        if not rows:
            self._context.tell(
                self.tr(
                    "No layer holds measured values: class maps, masks and pictures from the web do not."
                ),
                Qgis.MessageLevel.Warning,
            )
            return
        session.set_sources(rows)
        if not session.samples.layer:
            session.set_samples(guess_samples(session.project))


def demo_folder() -> Path:
    """Return a folder for one more demo, beside the runtime or where the options say."""
    chosen = QgsSettings().value(FOLDER_SETTING, "", type=str)
    place = Path(chosen) if chosen and Path(chosen).is_dir() else home()
    names = (f"demo_{number}" if number > 1 else "demo" for number in range(1, 10**6))
    return next(place / name for name in names if not (place / name).exists())


def _make(job: Job, progress: Progress) -> None:
    runtime.run(job, progress)
