"""The two ways into the dock: the demo scene, and the layers that the project has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qgis.core import Qgis, QgsMapLayer, QgsSettings
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
        self._loading: Iterator[None] | None = None
        self._layers: dict[str, QgsMapLayer] = {}
        self._folder = Path()
        self._next = QTimer(self)
        self._next.setInterval(0)
        self._next.timeout.connect(self._load_next)
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
            lambda _: self._load_demo(folder),
        )

    def use_layers(self) -> None:
        """Look at the raster layers of the project and make sources of them."""
        layers = as_values(raster_layers(self._context.session.project))
        self.start(
            self.tr("Landfuse: looking at the layers"),
            lambda progress: guess_sources(look_at(layers, progress)),
            self._take_sources,
        )

    @property
    def busy(self) -> bool:
        """Whether one of the two is under way."""
        return super().busy or self._loading is not None

    def forget(self) -> None:
        """Cancel, and change nothing any more."""
        super().forget()
        self._next.stop()
        self._loading = None

    def _load_demo(self, folder: Path) -> None:
        """Begin to load the layers; QGIS answers between two of them."""
        from .demo_layers import loading  # opening the dock need not wait for it

        self._folder, self._layers = folder, {}
        self._loading = loading(self._context.session.project, folder / "scene", self._layers)
        self._next.start()

    def _load_next(self) -> None:
        try:
            next(self._loading)
        except StopIteration:
            self._next.stop()
            self._loading = None
            self._choose_demo()
            self.ended.emit()

    def _choose_demo(self) -> None:
        from .demo_layers import CLASS_FIELD

        session, layers = self._context.session, self._layers
        session.set_folder(str(self._folder))
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
