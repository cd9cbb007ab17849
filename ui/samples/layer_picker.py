"""Which layer holds the training areas, and which of its fields the class and the group."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsFieldProxyModel, QgsMapLayer, QgsMapLayerProxyModel, QgsRasterLayer, QgsVectorLayer
from qgis.gui import QgsFieldComboBox, QgsMapLayerComboBox
from qgis.PyQt.QtCore import QCoreApplication, QSize, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QPushButton, QWidget

from .. import look
from ..state.choices import SamplesChoice
from ..state.session import Session

_TEXT = 10  # QMetaType's number of a text, the same in Qt 5 and 6
LIKELY_FIELDS = ("class", "class_id", "classid", "code", "landcover", "land_cover", "cover", "label", "type")


class LayerPicker(QWidget):
    """Reads and changes `session.samples`."""

    new_asked = pyqtSignal()
    layer_chosen = pyqtSignal(object)  # by the user

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._showing = False
        self._build()
        session.samples_changed.connect(self.show_choice)
        session.sources_changed.connect(self._leave_out)
        session.project.layersAdded.connect(self._leave_out)
        self._leave_out()
        self.show_choice()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def shut_down(self) -> None:
        """Stop listening."""
        self._session.samples_changed.disconnect(self.show_choice)
        self._session.sources_changed.disconnect(self._leave_out)
        self._session.project.layersAdded.disconnect(self._leave_out)

    def show_choice(self) -> None:
        """Show what the session says."""
        layer = self._session.samples_layer()
        fields = layer if isinstance(layer, QgsVectorLayer) else None
        self._showing = True
        self.layer.setLayer(layer)
        for box, name in (
            (self.class_field, self._session.samples.class_field),
            (self.group_field, self._session.samples.group_field),
        ):
            box.setLayer(fields)
            box.setField(name)
        self._showing = False
        for widget in self._of_fields:
            widget.setVisible(fields is not None)

    def _build(self) -> None:
        filters = QgsMapLayerProxyModel.Filter
        self.layer = QgsMapLayerComboBox(self)
        self.layer.setFilters(filters.HasGeometry | filters.RasterLayer)
        self.layer.setAllowEmptyLayer(True, self.tr("None"))
        self.layer.setToolTip(
            self.tr("Training areas: a layer of polygons, lines or points, or a raster of class values.")
        )
        self.new = QPushButton(look.icon("/mActionNewVectorLayer.svg"), self.tr("New"), self)
        self.new.setToolTip(
            self.tr("Make an empty layer of training areas in the project's folder, ready to draw into.")
        )
        self.class_field = self._field_box(
            self.tr("The field that holds the class: whole numbers, or texts."), allow_empty=False
        )
        self.group_field = self._field_box(
            self.tr(
                "A field that says what belongs together, such as the parcel or the field trip: a run never "
                "trains and tests on the same group. Without one, areas close together are one group."
            ),
            allow_empty=True,
        )
        for box in (self.layer, self.class_field, self.group_field):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(5)
        self.layer.layerChanged.connect(self._layer_chosen)
        self.class_field.fieldChanged.connect(self._fields_chosen)
        self.group_field.fieldChanged.connect(self._fields_chosen)
        self.new.clicked.connect(self.new_asked)
        self._lay_out()

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(look.GAP)
        first.addWidget(self.layer, 1)
        first.addWidget(self.new)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setVerticalSpacing(look.TIGHT)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.addRow(QLabel(self.tr("Layer"), self), first)
        second = QHBoxLayout()
        second.setSpacing(look.GAP)
        group, word = QLabel(self.tr("Group"), self), QLabel(self.tr("Class"), self)
        for widget, share in ((self.class_field, 3), (group, 0), (self.group_field, 2)):
            second.addWidget(widget, share)
        self._form.addRow(word, second)
        self._of_fields = (word, self.class_field, group, self.group_field)

    def _field_box(self, tip: str, allow_empty: bool) -> QgsFieldComboBox:
        kinds = QgsFieldProxyModel.Filter
        box = QgsFieldComboBox(self)
        box.setFilters(kinds.AllTypes if allow_empty else kinds.Numeric | kinds.String)
        box.setAllowEmptyFieldName(allow_empty)
        box.setToolTip(tip)
        return box

    def _leave_out(self, *_: object) -> None:
        """Keep the sources, and rasters of many bands, out of the list: they are no class values."""
        sources = {i for source in self._session.sources for i in source.layers}
        layers = self._session.project.mapLayers().values()
        self._showing = True
        self.layer.setExceptedLayerList([item for item in layers if _is_no_label(item, sources)])
        self.layer.setLayer(self._session.samples_layer())
        self._showing = False

    def _layer_chosen(self, layer: QgsMapLayer | None) -> None:
        if self._showing:
            return
        if layer is None:
            self._session.set_samples(SamplesChoice())
        elif layer.id() != self._session.samples.layer:
            self._session.set_samples(SamplesChoice(layer.id(), likely_field(layer)))
            self.layer_chosen.emit(layer)

    def _fields_chosen(self, *_: object) -> None:
        if self._showing:
            return
        chosen = self._session.samples
        self._session.set_samples(
            SamplesChoice(chosen.layer, self.class_field.currentField(), self.group_field.currentField())
        )

    def minimumSizeHint(self) -> QSize:
        """Return a width that fits the narrowest dock."""
        return QSize(look.WIDTH - 4 * look.MARGIN, super().minimumSizeHint().height())


def likely_field(layer: QgsMapLayer) -> str:
    """Return the field that most likely holds the class: of the style, with a usual name, or the first."""
    if not isinstance(layer, QgsVectorLayer):
        return ""
    fields = [f for f in layer.fields() if _holds_classes(f)]
    names = {f.name().lower(): f.name() for f in fields}
    renderer: Any = layer.renderer()
    if renderer is not None and renderer.type() == "categorizedSymbol":
        styled = renderer.classAttribute().strip('"').lower()
        if styled in names:
            return names[styled]
    usual = next((names[word] for word in LIKELY_FIELDS if word in names), "")
    whole = [f.name() for f in fields if f.name().lower() not in ("fid", "id", "objectid", "ogc_fid")]
    return usual or (whole[0] if whole else "")


def _holds_classes(field: Any) -> bool:
    kind = field.type()
    return field.isNumeric() or int(getattr(kind, "value", kind)) == _TEXT


def _is_no_label(layer: QgsMapLayer, sources: set[str]) -> bool:
    return isinstance(layer, QgsRasterLayer) and (layer.id() in sources or layer.bandCount() > 1)
