"""Hectares and share of each class, for the map or the zones of a polygon layer."""

from __future__ import annotations

import shutil
from pathlib import Path

from qgis.core import Qgis, QgsMapLayerProxyModel, QgsVectorLayer
from qgis.gui import QgsFieldComboBox, QgsMapLayerComboBox
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QFileDialog, QFormLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ...core.data.text_output import write_text_atomic
from ...core.errors import LandfuseError
from ...core.evaluation.class_areas import PIXEL_COUNT, AreaTable, areas_csv, class_areas
from ...core.progress import Progress
from .. import look
from ..state import jobs
from ..state.choices import RunRecord
from ..state.context import DockContext
from .run_files import files_of, percent
from .tables import FigureTable
from .worker import Worker

MOST_ROWS = 400  # a table of tens of thousands would stop QGIS for seconds
_HECTARE = 10_000.0  # m²


class AreasPanel(QWidget):
    """Measures when asked, since a large map takes a while; keeps no file unless it is saved."""

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._map = ""
        self.found: AreaTable | None = None
        self.worker = Worker(self)
        self.worker.done.connect(self._show)
        self.worker.failed.connect(self._failed)
        self.worker.busy_changed.connect(self._busy)
        self._build()
        self.set_run(None)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def shut_down(self) -> None:
        """Give up what is being measured."""
        self.worker.stop()

    def set_run(self, record: RunRecord | None) -> None:
        """Work with the map of this run."""
        self.worker.stop()
        self.found = None
        self._map = files_of(record).classmap if record is not None else ""
        self.table.hide()
        self.note.hide()
        self.save.hide()
        self._busy(False)

    def _build(self) -> None:
        self.zones = QgsMapLayerComboBox(self)
        self.zones.setFilters(QgsMapLayerProxyModel.Filter.PolygonLayer)
        self.zones.setAllowEmptyLayer(True, self.tr("the whole map"))
        self.zones.setLayer(None)
        self.zones.setMinimumWidth(80)
        self.zones.setToolTip(
            self.tr("Measure the whole map, or within the polygons of a layer, such as districts.")
        )
        self.field = QgsFieldComboBox(self)
        self.field.setAllowEmptyFieldName(True)
        self.field.setMinimumWidth(80)
        self.field.setToolTip(
            self.tr("Polygons with the same value are one zone. Empty: each polygon is a zone of its own.")
        )
        self.zones.layerChanged.connect(self._zones_chosen)
        self.measure = QPushButton(self.tr("Measure"), self)
        self.measure.setToolTip(
            self.tr("Count the pixels of each class, each with its area on the ellipsoid.")
        )
        self.measure.clicked.connect(self._measure)
        self.save = QPushButton(self.tr("Save as CSV..."), self)
        self.save.setToolTip(self.tr("Write the table to a file that spreadsheets open."))
        self.save.clicked.connect(self._save)
        self.table = FigureTable(self)
        self.note = look.hint(self.tr(PIXEL_COUNT), self)
        self._lay_out()
        self._zones_chosen(self.zones.currentLayer())

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        form = QFormLayout()
        form.addRow(self.tr("Within"), self.zones)
        form.addRow(self.tr("Zone names"), self.field)
        self._form = form
        layout.addLayout(form)
        layout.addWidget(self.measure)
        layout.addWidget(self.table)
        layout.addWidget(self.note)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.save)
        layout.addLayout(row)

    def _zones_chosen(self, layer: QgsVectorLayer | None) -> None:
        self.field.setLayer(layer)
        for widget in (self.field, self._form.labelForField(self.field)):
            widget.setVisible(layer is not None)

    def _busy(self, busy: bool) -> None:
        reason = "" if self._map else self.tr("This run has no map, or its file is gone.")
        look.explain(self.measure, self.tr("Measuring...") if busy else reason)
        self.measure.setText(self.tr("Measuring...") if busy else self.tr("Measure"))

    def _measure(self) -> None:
        layer = self.zones.currentLayer()
        asked = {"CLASSMAP": self._map}
        if layer is not None:
            asked.update(ZONES=layer.id(), ZONE_FIELD=self.field.currentField())
        try:  # the layer is read here, with its unsaved edits
            wanted = jobs.job_of("classareas", asked, self._context.session).parameters
        except LandfuseError as error:
            self._failed(error)
            return

        def work(progress: Progress) -> AreaTable:
            try:
                return class_areas(
                    wanted["classmap"], wanted["zones"], wanted["zone_field"], progress=progress
                )
            finally:
                if wanted["zones"]:
                    shutil.rmtree(Path(wanted["zones"]).parent, ignore_errors=True)  # the snapshot's own

        self.worker.start(self.tr("Landfuse: area of each class"), work)

    def _failed(self, error: Exception) -> None:
        self._context.tell(str(error), Qgis.MessageLevel.Warning)

    def _show(self, found: AreaTable) -> None:
        self.found = found
        several = len(found.zones) > 1
        unit = self.tr("Hectares") if found.is_metric else found.unit
        scale = _HECTARE if found.is_metric else 1.0
        head = [self.tr("Class"), unit, self.tr("Share"), *([self.tr("Zone")] if several else [])]
        rows, colors = [], []
        for zone in found.zones:
            for item in zone.classes:
                line = [item.land_class.name, f"{item.size / scale:,.2f}", percent(item.share)]
                rows.append([*line, *([zone.name] if several else [])])
                colors.append(item.land_class.color)
        self.table.fill(head, rows[:MOST_ROWS], colors)
        note = self.tr(PIXEL_COUNT)
        if len(rows) > MOST_ROWS:
            more = self.tr("The first {} of {} lines are shown; the CSV file has them all.")
            note = f"{more.format(MOST_ROWS, len(rows))} {note}"
        self.note.setText(note)
        for widget in (self.table, self.note, self.save):
            widget.show()

    def _save(self) -> None:
        if self.found is None:
            return
        start = str(Path(self._map).with_name("areas.csv"))
        path, _ = QFileDialog.getSaveFileName(self, self.tr("Save the table"), start, "CSV (*.csv)")
        if not path:
            return
        path = path if path.lower().endswith(".csv") else f"{path}.csv"
        try:
            write_text_atomic(path, areas_csv(self.found))
        except LandfuseError as error:
            self._context.tell(str(error), Qgis.MessageLevel.Critical)
