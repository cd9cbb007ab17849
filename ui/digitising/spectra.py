"""What the sources measure: under the pointer, and in the training areas of each class."""

from __future__ import annotations

from qgis.core import QgsPointXY, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication, QTimer
from qgis.PyQt.QtGui import QHideEvent, QShowEvent
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from ...core.errors import LandfuseError
from ...core.evaluation.class_profiles import ClassProfiles, class_profiles, place_profile
from ...core.evaluation.sample_statistics import Spectra
from ...processing_provider.translate import crs_text
from .. import look
from ..state.context import DockContext
from .class_areas import areas_of, read_areas
from .scene_reader import SceneReader
from .spectra_chart import Axes, Curve, SpectraChart

_POINTER_WAIT, _EDIT_WAIT = 100, 400  # ms: between two places that are read, after the last edit
_SOURCES = {
    "hsi": "Hyperspectral",
    "lidar": "LiDAR",
    "sar": "SAR",
    "optical": "Optical",
    "other": "Other source",
}
_MEASURES = {
    "reflectance": "Reflectance",
    "sar_linear": "Backscatter (dB)",  # linear power is shown in dB as it is used
    "sar_db": "Backscatter (dB)",
    "height": "Height (m)",
    "height_above_ground": "Height above ground (m)",
    "terrain_height": "Height of the terrain (m)",
    "index": "Index",
    "other": "Value",
}


class SpectraView(QWidget):
    """Spectra of one source at a time. It reads only while it is seen, in threads of its own."""

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        # Two threads: the pointer must not wait for the areas of all classes.
        self._places, self._means = SceneReader(context.session), SceneReader(context.session)
        self._profiles: ClassProfiles | None = None
        self._place: list[Spectra] = []
        self._problem = ""
        self._pointer: QgsPointXY | None = None
        self._layer: QgsVectorLayer | None = None
        self._stale = True
        self._build()
        self._pointer_timer = self._timer(_POINTER_WAIT, self._read_place)
        self._edit_timer = self._timer(_EDIT_WAIT, self._read_means)
        self._connect()
        self._follow_layer()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def showEvent(self, event: QShowEvent) -> None:
        """Read what has changed while nobody looked."""
        super().showEvent(event)
        if self._stale:
            self._edit_timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop reading."""
        super().hideEvent(event)
        self._pointer_timer.stop()

    def shut_down(self) -> None:
        """Stop listening and reading, when the plugin is unloaded."""
        self._pointer_timer.stop()
        self._edit_timer.stop()
        self._unfollow_layer()
        for signal, slot in self._links:
            signal.disconnect(slot)
        self._places.shut_down()
        self._means.shut_down()

    def _build(self) -> None:
        self.source = QComboBox(self)
        self.source.setToolTip(self.tr("The source whose measurements are shown."))
        self.source.currentIndexChanged.connect(self._draw)
        self.spread = QCheckBox(self.tr("Spread"), self)
        self.spread.setChecked(True)
        self.spread.setToolTip(self.tr("Show in which range the middle 80 % of the pixels of a class lie."))
        self.spread.toggled.connect(self._draw)
        self.chart = SpectraChart(self)
        self.chart.setToolTip(
            self.tr("Mean of each class in its colour; dashed: the place under the pointer on the map.")
        )
        row = QHBoxLayout()
        row.setSpacing(look.GAP)
        row.addWidget(self.source, 1)
        row.addWidget(self.spread)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        layout.addLayout(row)
        layout.addWidget(self.chart)
        self._draw()

    def _timer(self, wait: int, slot) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(wait)
        timer.timeout.connect(slot)
        return timer

    def _connect(self) -> None:
        context = self.context
        self._links = [
            (context.canvas.xyCoordinates, self._point),
            (context.session.sources_changed, self._sources_changed),
            (context.session.method_changed, self._invalidate),
            (context.session.samples_changed, self._follow_layer),
            (context.classes.changed, self._classes_changed),
            (context.classes.current_changed, self._draw),
        ]
        for signal, slot in self._links:
            signal.connect(slot)

    def _follow_layer(self) -> None:
        """Listen to the edits of the training areas."""
        self._unfollow_layer()
        layer = self.context.classes.source
        if isinstance(layer, QgsVectorLayer):
            self._layer = layer
            layer.layerModified.connect(self._invalidate)
            layer.dataChanged.connect(self._invalidate)
            layer.willBeDeleted.connect(self._unfollow_layer)
        self._invalidate()

    def _unfollow_layer(self) -> None:
        layer, self._layer = self._layer, None
        if layer is not None:
            layer.layerModified.disconnect(self._invalidate)
            layer.dataChanged.disconnect(self._invalidate)
            layer.willBeDeleted.disconnect(self._unfollow_layer)

    def _sources_changed(self) -> None:
        self._place, self._profiles, self._problem = [], None, ""
        self._draw()
        self._invalidate()

    def _classes_changed(self) -> None:
        """Follow names and colours at once; areas that changed their class follow after the reading."""
        self._draw()
        self._invalidate()

    def _invalidate(self, *_: object) -> None:
        self._stale = True
        if self.isVisible():
            self._edit_timer.start()

    def _point(self, point: QgsPointXY) -> None:
        self._pointer = point
        if self.isVisible() and not self._pointer_timer.isActive():
            self._pointer_timer.start()

    def _read_place(self) -> None:
        if self._pointer is None or not self._places.has_sources():
            return
        x, y = self._pointer.x(), self._pointer.y()
        crs = crs_text(self.context.canvas.mapSettings().destinationCrs())
        self._places.ask(
            lambda scene, progress: place_profile(scene, x, y, crs),
            self._show_place,
            self._fail,
            replaces=True,
        )

    def _read_means(self) -> None:
        """Ask for the means of all classes; an earlier question that still waits is dropped."""
        self._stale = False
        areas = areas_of(self.context.classes)
        if areas is None or not self._means.has_sources():
            self._means.forget()
            self._show_means(None)
            return
        self._means.ask(
            lambda scene, progress: class_profiles(
                scene, areas.classes, read_areas(areas, progress), areas.crs, progress
            ),
            self._show_means,
            self._fail,
            replaces=True,
        )

    def _show_place(self, spectra: list[Spectra]) -> None:
        self._place, self._problem = spectra, ""
        self._draw()

    def _show_means(self, profiles: ClassProfiles | None) -> None:
        self._profiles, self._problem = profiles, ""
        self._draw()

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, LandfuseError):
            raise error
        self._place, self._profiles, self._problem = [], None, str(error)
        self._draw()

    def _spectra(self) -> list[Spectra]:
        """Return what is known of each source: of the classes, else of the place."""
        means = list(self._profiles.spectra) if self._profiles is not None else []
        return means or self._place

    def _draw(self, *_: object) -> None:
        self._list_sources()
        chosen = next((s for s in self._spectra() if s.title == self.source.currentData()), None)
        if chosen is None:
            self.chart.show_curves(Axes(), (), None, self._nothing())
            return
        title = self.tr("Wavelength (nm)") if chosen.wavelengths else self.tr("Band")
        measure = self.tr(_MEASURES.get(chosen.quantity, "Value"))
        axes = Axes(chosen.names, chosen.wavelengths, title, measure)
        place = next((s for s in self._place if s.title == chosen.title and s.names == chosen.names), None)
        here = Curve(place.mean[0]) if place is not None else None
        self.chart.show_curves(axes, self._curves(chosen), here, self._nothing())

    def _curves(self, spectra: Spectra) -> list[Curve]:
        profiles, curves = self._profiles, []
        if profiles is None or spectra not in profiles.spectra:
            return []
        rows = {row.value: row for row in self.context.classes.rows}
        current = self.context.classes.current
        for number, item in enumerate(profiles.classes):
            row = rows.get(item.value)
            if row is None or not profiles.pixels[number]:
                continue
            low, high = (
                (spectra.low[number], spectra.high[number]) if self.spread.isChecked() else (None, None)
            )
            strong = current is not None and current.value == item.value
            curves.append(Curve(spectra.mean[number], low, high, row.color, strong))
        return curves

    def _list_sources(self) -> None:
        """Offer the sources that spectra are known of; the one that was chosen stays, else most bands win."""
        known = self._spectra()
        titles = [s.title for s in known]
        if titles == [self.source.itemData(i) for i in range(self.source.count())]:
            return
        chosen = self.source.currentData()
        self.source.blockSignals(True)
        self.source.clear()
        for title in titles:
            key, _, file = title.partition(", ")
            name = self.tr(_SOURCES.get(key, key))
            self.source.addItem(f"{name}, {file}" if file else name, title)
        if chosen not in titles and known:
            chosen = max(known, key=lambda s: len(s.names)).title
        self.source.setCurrentIndex(titles.index(chosen) if titles else -1)
        self.source.blockSignals(False)
        look.explain(self.source, "" if titles else self.tr("Nothing has been measured yet."))

    def _nothing(self) -> str:
        if self._problem:
            return self._problem
        if not self._places.has_sources():
            return self.tr("Choose a source to see what it measures.")
        return self.tr("Draw training areas, or move over the map, to see what the sources measure there.")
