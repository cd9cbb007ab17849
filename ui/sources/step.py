"""Step 'Sources': which layer is what kind of source, and how the sources fit together."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices, QDragEnterEvent, QDragMoveEvent, QDropEvent
from qgis.PyQt.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from ...core.environment import home
from ...core.errors import LandfuseError
from ...core.job_spec import MODALITIES
from ...processing_provider import runtime
from .. import look
from ..errand import Errand
from ..state import jobs
from ..state.choices import SourceChoice
from ..state.context import DockContext
from ..step import Step
from .dropped import dropped_layers
from .guess import guess_sources, look_at
from .merge import with_sources
from .pixel_size import PixelSize
from .project_layers import as_values, raster_layers, why_not_a_source
from .row import SourceRow
from .scene_check import SceneCheck, forecast
from .scene_facts import SceneFacts
from .verdict import Verdict
from .words import kinds, length

_REPORT = "inputs_report.html"


class SourcesStep(Step):
    """Reads and changes `session.sources`, and checks them in the background after every change."""

    TITLE = "Sources"

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.rows: list[SourceRow] = []
        self.facts: SceneFacts | None = None
        self._looked_at: dict[str, tuple[str, ...]] = {}  # the layers that the facts are about
        self._errand = Errand(context, self)
        self._errand.ended.connect(lambda: look.explain(self.verdict.report, ""))
        self._check = SceneCheck(self.session, self)
        self._check.found.connect(self._found)
        self._build()
        self.setAcceptDrops(True)
        project = self.session.project
        self._links = [
            (self.session.sources_changed, self._show),
            (self.session.samples_changed, self._look),
            (self.session.method_changed, self._method_changed),
            (project.cleared, self._errand.forget),
            (project.layersAdded, self._layers_changed),
            (project.layersRemoved, self._layers_changed),
        ]
        for signal, slot in self._links:
            signal.connect(slot)
        self._layers_changed()
        self._show()

    def shut_down(self) -> None:
        """Stop looking and listening."""
        for signal, slot in self._links:
            signal.disconnect(slot)
        self._links = []
        self._check.stop()
        for row in self.rows:
            row.shut_down()
        self._errand.forget()

    # Widgets

    def _build(self) -> None:
        self._row_box = QVBoxLayout()
        self._row_box.setSpacing(look.TIGHT)
        self.empty = look.hint(
            self.tr("Add a source for each kind of image, or drop layers here from the layer tree."), self
        )
        self.add = QToolButton(self)
        self.add.setText(self.tr("Add a source"))
        self.add.setToolTip(self.tr("Add a source of another kind"))
        self.add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.add.setMenu(QMenu(self.add))
        self.guess = QToolButton(self)
        self.guess.setText(self.tr("Guess"))
        self.guess.setToolTip(
            self.tr("Find out from bands, wavelengths and names what the other layers are, and add them")
        )
        self.guess.clicked.connect(lambda: self._guess([]))
        line = QHBoxLayout()
        line.addWidget(self.add)
        line.addWidget(self.guess)
        line.addStretch(1)
        self.pixel_size = PixelSize(self)
        self.pixel_size.changed.connect(self._pixel_size_chosen)
        self.verdict = Verdict(self)
        self.verdict.report_wanted.connect(self._make_report)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(look.MARGIN, look.TIGHT, look.MARGIN, look.MARGIN)
        layout.setSpacing(look.GAP)
        layout.addLayout(self._row_box)
        layout.addWidget(self.empty)
        layout.addLayout(line)
        for widget in (self.pixel_size, self.verdict):
            layout.addWidget(widget)

    def _fill_menu(self) -> None:
        taken = {source.key for source in self.session.sources}
        menu = self.add.menu()
        menu.clear()
        for key, name in kinds().items():
            if key not in taken:
                menu.addAction(name).triggered.connect(partial(self._add_source, key))
        full = self.tr("There is a source of every kind; add layers to them.")
        look.explain(self.add, full if menu.isEmpty() else "")

    # Dropping layers

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept raster layers from the layer tree."""
        if self._dropped(event):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Accept raster layers over any place of the step."""
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add the layers to the row under the mouse, or where they belong by guess."""
        layers = self._dropped(event)
        if not layers:
            return
        event.acceptProposedAction()
        place = event.position().toPoint() if hasattr(event, "position") else event.pos()
        row = next((r for r in self.rows if r.geometry().contains(place)), None)
        if row is None:
            self._guess(layers)
        else:
            new = [i for i in layers if i not in row.choice.layers]
            self._row_changed(row, replace(row.choice, layers=(*row.choice.layers, *new)))

    def _dropped(self, event: QDropEvent) -> list[str]:
        found = (self.session.layer(i) for i in dropped_layers(event.mimeData()))
        return [layer.id() for layer in found if layer is not None and not why_not_a_source(layer)]

    # From the session

    def _show(self) -> None:
        """Bring the rows in line with the session; widgets stay, so that none goes while it is used."""
        sources = self.session.sources
        while len(self.rows) < len(sources):
            self._make_row()
        while len(self.rows) > len(sources):
            row = self.rows.pop()
            row.shut_down()
            self._row_box.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._show_rows()
        self.empty.setVisible(not sources)
        self._fill_menu()
        self._look()

    def _show_rows(self) -> None:
        sources = self.session.sources
        for row, source in zip(self.rows, sources):
            taken = [other.key for other in sources if other is not source]
            is_known = self.facts is not None and self._looked_at.get(source.key) == source.layers
            facts = self.facts.sources.get(source.key) if is_known and source.used else None
            row.set_choice(source, taken, facts)

    def _make_row(self) -> None:
        row = SourceRow(self.session.project, self)
        row.set_excepted(self._unsuitable)
        row.changed.connect(lambda choice: self._row_changed(row, choice))
        row.removed.connect(lambda: self._row_removed(row))
        self._row_box.addWidget(row)
        self.rows.append(row)

    def _layers_changed(self, *_: object) -> None:
        layers = list(self.session.project.mapLayers().values())
        self._unsuitable = [layer for layer in layers if why_not_a_source(layer)]
        for row in self.rows:
            row.set_excepted(self._unsuitable)
        none = self.tr("The project has no raster layer yet.")
        look.explain(self.guess, "" if len(layers) > len(self._unsuitable) else none)

    def _method_changed(self) -> None:
        self._show_cost()
        self._look()

    # To the session

    def _row_changed(self, row: SourceRow, choice: SourceChoice) -> None:
        position = self.rows.index(row)
        sources = list(self.session.sources)
        sources[position] = choice
        self.session.set_sources(sources)

    def _row_removed(self, row: SourceRow) -> None:
        position = self.rows.index(row)
        self.session.set_sources(s for n, s in enumerate(self.session.sources) if n != position)

    def _add_source(self, key: str) -> None:
        sources = [*self.session.sources, SourceChoice(key)]
        self.session.set_sources(sorted(sources, key=lambda s: MODALITIES.index(s.key)))

    def _pixel_size_chosen(self, side: float) -> None:
        method = self.session.method
        grid = {name: value for name, value in method.grid.items() if name != "PIXEL_SIZE"}
        self.session.set_method(replace(method, grid={**grid, "PIXEL_SIZE": side} if side else grid))

    def _guess(self, layers: list[str]) -> None:
        """Add layers where they belong: those given, else all of the project that are in no row yet."""
        project = self.session.project
        named = {i for source in self.session.sources for i in source.layers}
        found = [project.mapLayer(i) for i in layers] or raster_layers(project)
        values = as_values(layer for layer in found if layer.id() not in named)
        if values:
            self._errand.start(
                self.tr("Landfuse: looking at the layers"),
                lambda progress: guess_sources(look_at(values, progress)),
                lambda rows: self.session.set_sources(with_sources(self.session.sources, rows)),
            )

    # In the background

    def _look(self) -> None:
        """Check the sources again, unless that was done with the same choices."""
        self._show_size()
        is_used = bool(self.session.used_sources())
        self.verdict.setVisible(is_used)
        self.pixel_size.setVisible(is_used)
        if is_used:
            self.verdict.show_looking()
            self._check.look()
        else:
            self._check.stop()
            self.facts = None
        self._tell()

    def _found(self, answer: Any) -> None:
        self.facts = answer if isinstance(answer, SceneFacts) else None
        self._looked_at = {source.key: source.layers for source in self.session.sources}
        if self.facts is None:
            self.verdict.show_error(str(answer))
        else:
            self.verdict.show_facts(self.facts)
        self._show_rows()
        self._show_size()
        self._show_cost()
        self._tell()

    def _make_report(self) -> None:
        folder = Path(self.session.folder) if self.session.folder else home() / "reports"
        target = str(folder / _REPORT)
        scene = {**jobs.scene_parameters(self.session), **jobs.sample_parameters(self.session)}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            job = jobs.job_of("checkinputs", {**scene, "REPORT": target}, self.session)
        except (LandfuseError, OSError) as error:
            self.context.tell(str(error), Qgis.MessageLevel.Critical)
            return
        look.explain(self.verdict.report, self.tr("The report is being written."))
        self._errand.start(
            self.tr("Landfuse: reporting on the sources"),
            lambda progress: runtime.run(job, progress),
            lambda _: QDesktopServices.openUrl(QUrl.fromLocalFile(target)),
        )

    # In words

    def _show_size(self) -> None:
        asked = float(self.session.method.grid.get("PIXEL_SIZE") or 0.0)
        facts = self.facts
        metres = facts.pixel_metres if facts is not None and not asked else math.nan
        self.pixel_size.show_size(asked, metres, facts.has_crs if facts is not None else True)

    def _show_cost(self) -> None:
        if self.facts is not None:
            self.verdict.show_cost(self.facts, forecast(self.session, self.facts))

    def _tell(self) -> None:
        count = len(self.session.used_sources())
        if not count:
            self.headline_changed.emit(self.tr("none chosen"))
            return
        text = self.tr("1 source") if count == 1 else self.tr("{} sources").format(count)
        if self.facts is not None and self.facts.rows:
            text += f", {length(self.facts.pixel_metres, self.facts.has_crs)}"
        self.headline_changed.emit(text)
