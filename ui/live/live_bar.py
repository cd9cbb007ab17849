"""The switch of the live map, and how it is shown."""

from __future__ import annotations

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtGui import QHideEvent, QShowEvent
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QSlider, QVBoxLayout, QWidget

from .. import look
from ..state.context import DockContext
from .live_map import LiveMap
from .preview_on_map import OPACITY
from .preview_request import FOREST, MODEL

SETTING = "landfuse/live_map"


class LiveBar(QWidget):
    """One or two lines below the class table: on or off, by what, how opaque, and what it does now."""

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.live_map = LiveMap(context, self)
        self._build()
        self.live_map.state_changed.connect(self._tell)
        context.session.method_changed.connect(self._offer_model)
        context.session.runs_changed.connect(self._offer_model)
        self._offer_model()
        self.switch.setChecked(QgsSettings().value(SETTING, True, type=bool))
        self._explain(self.switch.isChecked())

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def shut_down(self) -> None:
        """Take the preview off the map and stop listening."""
        self._context.session.method_changed.disconnect(self._offer_model)
        self._context.session.runs_changed.disconnect(self._offer_model)
        self.live_map.shut_down()

    def _build(self) -> None:
        self.switch = QCheckBox(self.tr("Live map"), self)
        self.switch.setToolTip(
            self.tr(
                "Map what is in view while you draw, on the map only and never in the project. "
                "It rests while a run uses the computer."
            )
        )
        self.switch.toggled.connect(self._switched)
        self.by = QComboBox(self)
        self.by.addItem(self.tr("Random forest of the samples"), FOREST)
        self.by.addItem(self.tr("Trained model"), MODEL)
        self.by.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.by.setToolTip(
            self.tr(
                "What makes the live map: a random forest of the samples as they are now, or the model "
                "that is chosen or was trained last."
            )
        )
        self.by.currentIndexChanged.connect(lambda _: self.live_map.set_kind(self.by.currentData()))
        self.opacity = QSlider(Qt.Orientation.Horizontal, self)
        self.opacity.setRange(5, 100)
        self.opacity.setValue(OPACITY)
        self.opacity.setMinimumWidth(60)
        self.opacity.setToolTip(self.tr("How much the live map covers what lies below it."))
        self.opacity.valueChanged.connect(lambda value: self.live_map.set_opacity(value / 100))
        self.state = look.hint("", self)
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        row = QHBoxLayout()
        row.setSpacing(look.GAP)
        row.addWidget(self.switch)
        row.addWidget(self.by, 2)
        row.addWidget(self.opacity, 1)
        layout.addLayout(row)
        layout.addWidget(self.state)

    def _switched(self, on: bool) -> None:
        QgsSettings().setValue(SETTING, on)
        self._explain(on)
        self.live_map.set_on(on and self.isVisible())

    def _explain(self, on: bool) -> None:
        for widget in (self.by, self.opacity):
            look.explain(widget, "" if on else self.tr("The live map is off."))

    def showEvent(self, event: QShowEvent) -> None:
        """Go on where the section is opened."""
        super().showEvent(event)
        self.live_map.set_on(self.switch.isChecked())

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest, and give the map free, while the section is folded or the panel closed."""
        super().hideEvent(event)
        if not event.spontaneous():  # a window that is minimised goes on
            self.live_map.set_on(False)

    def _offer_model(self) -> None:
        """Let the trained model be chosen only where there is one."""
        item = self.by.model().item(self.by.findData(MODEL))
        has_model = self.live_map.has_model()
        item.setEnabled(has_model)
        item.setToolTip(
            "" if has_model else self.tr("There is no trained model yet: run, or choose a model.")
        )
        if not has_model and self.by.currentData() == MODEL:
            self.by.setCurrentIndex(self.by.findData(FOREST))

    def _tell(self, text: str) -> None:
        self.state.setText(text)
        self.state.setVisible(bool(text))
