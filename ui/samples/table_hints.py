"""What is to be known of the training areas: how they are counted, what is wrong, and what helps."""

from __future__ import annotations

from qgis.core import QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...core.evaluation.sample_statistics import FEW, NONE, THIN
from .. import look
from .class_table import ClassTable
from .class_words import GOOD_PLACES

_SHOWN = 3  # classes named in a line


class TableHints(QWidget):
    """One or two lines below the class table, and a button where one click helps."""

    def __init__(self, table: ClassTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self.text = look.hint("", self)
        self.button = QPushButton(self)
        self.button.clicked.connect(self._help)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        layout.addWidget(self.text)
        layout.addWidget(self.button)
        table.changed.connect(self.refresh)
        table.counts_changed.connect(self.refresh)
        self.refresh()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def shut_down(self) -> None:
        """Stop listening."""
        self._table.changed.disconnect(self.refresh)
        self._table.counts_changed.disconnect(self.refresh)

    def refresh(self) -> None:
        """Say what is to be known now."""
        lines = [line for line in (*self._state(), *self._counting()) if line]
        self.text.setText("\n".join(lines))
        self.text.setVisible(bool(lines))
        word, tip = self._offer()
        self.button.setText(word)
        self.button.setToolTip(tip)
        self.button.setVisible(bool(word))

    def _state(self) -> list[str]:
        table, layer = self._table, self._table.source
        lines = []
        if layer is None:
            text = self.tr("Make a new layer of training areas, or choose one that is in the project.")
            return [text]
        if table.refusal:
            lines.append(table.refusal)
        if isinstance(layer, QgsVectorLayer) and layer.subsetString():
            text = self.tr("The layer is filtered: what the filter hides is neither counted nor used.")
            lines.append(text)
        if not table.is_drawn_by_class and table.field:
            lines.append(self.tr("The layer is drawn by something else than its classes."))
        if table.outside:
            values = ", ".join(str(v) for v in table.outside[:_SHOWN])
            text = self.tr("A map cannot hold the class values {}: they are left out.")
            lines.append(text.format(values))
        return lines

    def _counting(self) -> list[str]:
        table, pixels = self._table, self._table.pixels
        if pixels.problem:
            return [pixels.problem]
        lines = [self._lacking()]
        if pixels.figures and not isinstance(table.source, QgsRasterLayer):
            text = self.tr("Counted on map pixels of {pixel:.3g} m; areas within {gap:.3g} m are one place.")
            lines.append(text.format(pixel=pixels.pixel_metres, gap=pixels.gap_metres))
        return lines

    def _lacking(self) -> str:
        """Name the classes that have too few samples."""
        counts = self._table.counts
        few = [r.name for r in self._table.rows if counts[r.value].verdict in (FEW, NONE)]
        thin = [r.name for r in self._table.rows if counts[r.value].verdict == THIN]
        lines = []
        if few:
            lines.append(self.tr("Not enough samples: {}.").format(_listed(few)))
        if thin:
            text = self.tr("Thin: {names}. {places} separate places are good.")
            lines.append(text.format(names=_listed(thin), places=GOOD_PLACES))
        return " ".join(lines)

    def _offer(self) -> tuple[str, str]:
        """Return the word and the tool tip of the button that helps, "" for none."""
        table = self._table
        if table.outside and not table.refusal:
            tip = self.tr("Number the classes 1, 2, 3 ... in the layer. One undo takes it back.")
            return self.tr("Renumber the classes"), tip
        if table.rows and table.can_style and not table.is_drawn_by_class:
            tip = self.tr("Give the layer a style with a colour for each class. The present style is lost.")
            return self.tr("Draw the layer by class"), tip
        return "", ""

    def _help(self) -> None:
        if self._table.outside and not self._table.refusal:
            self._table.renumber()
        else:
            self._table.draw_by_class()


def headline(table: ClassTable) -> str:
    """Return the state in a few words, such as "5 classes, 31 areas"."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    if table.source is None:
        return tr("no samples yet")
    n_classes = len(table.rows)
    classes = tr("1 class") if n_classes == 1 else tr("{} classes").format(n_classes)
    areas = [count.areas for count in table.counts.values()]
    if isinstance(table.source, QgsRasterLayer):
        return tr("{}, label raster").format(classes)
    total = sum(n or 0 for n in areas)
    return f"{classes}, " + (tr("1 area") if total == 1 else tr("{} areas").format(total))


def _listed(names: list[str]) -> str:
    more = f" +{len(names) - _SHOWN}" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
