"""Step 'Classes and samples': which layer, its classes, and what is drawn into it."""

from __future__ import annotations

from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QEvent
from qgis.PyQt.QtWidgets import QDockWidget, QFileDialog, QVBoxLayout, QWidget

from ...core.errors import LandfuseError
from .. import look
from ..digitising.spectra import SpectraView
from ..digitising.toolbar import DigitisingBar
from ..fold import Fold
from ..live.live_bar import LiveBar
from ..state.choices import SamplesChoice
from ..state.context import DockContext
from ..state.folder import needed_folder
from ..step import Step
from .class_buttons import ClassButtons
from .class_edits import areas_box
from .class_lists import read_list, write_list
from .class_table import ClassTable
from .layer_picker import LayerPicker
from .new_layer import areas_crs, free_title, make_areas
from .table_hints import TableHints, headline
from .table_view import ClassTableView
from .undo_keys import UndoKeys


class SamplesStep(Step):
    """The layer picker, the class table, and the drawing tools."""

    TITLE = "Classes and samples"

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.table: ClassTable = context.classes
        self.picker = LayerPicker(self.session, self)
        self.view = ClassTableView(self.table, self)
        self.buttons = ClassButtons(self.table, self.view, self)
        self.hints = TableHints(self.table, self)
        self.digitising = DigitisingBar(context, self)
        self.live = LiveBar(context, self)
        self.spectra = SpectraView(context, self)
        tip = self.tr("What the sources measure under the pointer, and on the areas of each class.")
        self.spectra_fold = Fold(self.tr("Spectra"), tip, self.spectra, self)
        self._keys = UndoKeys(self.table, self)
        self._keys.watch(self)
        self._lay_out()
        self._connect()
        self._tell()

    def shut_down(self) -> None:
        """Stop listening; the layer and its edits stay as they are."""
        self.table.changed.disconnect(self._tell)
        self.table.counts_changed.disconnect(self._tell)
        self._keys.watch(None)
        for part in (self.spectra, self.live, self.digitising):
            part.shut_down()
        for part in (self.picker, self.view, self.buttons, self.hints):
            part.shut_down()

    def event(self, event: QEvent) -> bool:
        """Take Ctrl+Z for the whole dock, once the step is in it."""
        if event.type() == QEvent.Type.Show:
            self._keys.watch(self._dock() or self)
        return super().event(event)

    def new_layer(self) -> None:
        """Make a layer of training areas with a first class, and have the class named."""
        folder = needed_folder(self.context)
        if not folder:
            return
        with self._told():
            title = free_title(self.session.project, self.tr("Training areas"))
            layer = make_areas(folder, areas_crs(self.session), title)
            self.session.project.addMapLayer(layer)
            self.session.set_samples(SamplesChoice(layer.id(), "class"))
            self.context.iface.setActiveLayer(layer)
            self.add_class()

    def add_class(self) -> None:
        """Add a class and have it named."""
        with self._told():
            row = self.table.add_class()
            self.view.rename(row.value)

    def delete_classes(self) -> None:
        """Delete the selected classes with their areas; the history brings them back."""
        values = self.view.chosen_values()
        counts = [self.table.counts[v].areas or 0 for v in values]
        names = ", ".join(f"'{self.table.row(v).name}'" for v in values)
        with self._told():
            self.table.delete(values)
            if sum(counts):
                text = self.tr("{names} deleted with {count} areas. Ctrl+Z brings them back.")
                self.context.tell(text.format(names=names, count=sum(counts)))

    def merge_classes(self, values: list[int], into: int) -> None:
        """Make the areas of some classes those of another."""
        with self._told():
            self.table.merge(values, into)

    def zoom_to_classes(self) -> None:
        """Show all areas of the selected classes on the map."""
        layer, canvas = self.table.source, self.context.canvas
        stored = [self.table.row(v).stored for v in self.view.chosen_values()]
        box = areas_box(layer, self.table.field, stored)
        if not box.isNull():
            box = canvas.mapSettings().layerExtentToOutputExtent(layer, box)
            box.scale(1.1)
            canvas.setExtent(box)
            canvas.refresh()

    def import_list(self) -> None:
        """Have the user choose a list of classes and take it."""
        kinds = self.tr("Lists of classes (*.csv *.txt *.qml)")
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Import classes"), self.session.folder, kinds)
        if path:
            with self._told():
                count = self.table.take_list(read_list(path))
                self.context.tell(self.tr("{} classes imported.").format(count))

    def export_list(self) -> None:
        """Have the user choose a file and write the list of classes."""
        kinds = self.tr("Table (*.csv)") + ";;" + self.tr("Style of QGIS (*.qml)")
        path, kind = QFileDialog.getSaveFileName(self, self.tr("Export classes"), self.session.folder, kinds)
        if path:
            ending = ".qml" if "qml" in kind else ".csv"
            path = path if path.lower().endswith((".csv", ".qml")) else path + ending
            with self._told():
                write_list(path, self.table.rows, self.table.source)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(look.MARGIN, look.TIGHT, look.MARGIN, look.MARGIN)
        layout.setSpacing(look.GAP)
        for part in (self.picker, self.view, self.buttons, self.hints):
            layout.addWidget(part)
        for part in (self.digitising, self.live, self.spectra_fold):
            layout.addWidget(part)

    def _connect(self) -> None:
        self.table.changed.connect(self._tell)
        self.table.counts_changed.connect(self._tell)
        self.picker.new_asked.connect(self.new_layer)
        self.picker.layer_chosen.connect(self.context.iface.setActiveLayer)  # Edit > Undo follows it
        self.view.add_asked.connect(self.add_class)
        self.view.delete_asked.connect(self.delete_classes)
        self.view.zoom_asked.connect(self.zoom_to_classes)
        self.view.refused.connect(lambda text: self.context.tell(text, Qgis.MessageLevel.Warning))
        self.buttons.add_asked.connect(self.add_class)
        self.buttons.delete_asked.connect(self.delete_classes)
        self.buttons.merge_asked.connect(self.merge_classes)
        self.buttons.import_asked.connect(self.import_list)
        self.buttons.export_asked.connect(self.export_list)

    def _tell(self) -> None:
        has_layer = self.table.source is not None
        for part in (self.view, self.buttons, self.digitising, self.live, self.spectra_fold):
            part.setVisible(has_layer)
        self.headline_changed.emit(headline(self.table))

    def _dock(self) -> QDockWidget | None:
        parent = self.parentWidget()
        while parent is not None and not isinstance(parent, QDockWidget):
            parent = parent.parentWidget()
        return parent

    def _told(self) -> _Told:
        return _Told(self.context)


class _Told:
    """Shows an error of the user's in the message bar, where it belongs."""

    def __init__(self, context: DockContext) -> None:
        self._context = context

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if not isinstance(error, LandfuseError):
            return False
        self._context.tell(str(error), Qgis.MessageLevel.Warning)
        return True
