"""The row of buttons that draw training areas on the map."""

from __future__ import annotations

from qgis.core import QgsVectorLayer, QgsWkbTypes
from qgis.gui import QgsMapTool
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QShowEvent
from qgis.PyQt.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from .. import look
from ..state.context import DockContext
from .area_tool import AreaTool
from .brush_tool import BrushTool
from .grow_tool import GrowTool
from .intake import AreaIntake
from .outline_tools import FreehandTool, PolygonTool, RectangleTool
from .pick_tools import DeleteTool, RelabelTool
from .preview import POLYGON
from .scene_reader import SceneReader

# (key, class, icon, name) in the order of the buttons; None is a gap.
TOOLS: tuple[tuple[str, type[AreaTool], str, str] | None, ...] = (
    ("polygon", PolygonTool, "area_polygon", "Draw a polygon"),
    ("freehand", FreehandTool, "area_freehand", "Draw freehand"),
    ("rectangle", RectangleTool, "area_rectangle", "Draw a rectangle"),
    ("brush", BrushTool, "area_brush", "Paint with a brush"),
    ("grow", GrowTool, "area_grow", "Grow an area from here"),
    None,
    ("relabel", RelabelTool, "area_relabel", "Give an area the current class"),
    ("delete", DeleteTool, "area_delete", "Delete an area"),
)
_PICKING = ("relabel", "delete")  # these work on lines and points as well


class DigitisingBar(QWidget):
    """Buttons for the tools, at most one of them down, and a line on how the tool is used.

    A button comes up when another tool of QGIS is chosen. Clicking it again gives the tool before back.
    """

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.reader = SceneReader(context.session)
        self.intake = AreaIntake(context, self.reader)
        self.tools: dict[str, AreaTool] = {}
        self.buttons: dict[str, QToolButton] = {}
        self._before: QgsMapTool | None = None  # what was chosen in QGIS
        self._build()
        context.canvas.mapToolSet.connect(self._follow)
        context.classes.changed.connect(self.refresh)
        context.session.sources_changed.connect(self._prepare)
        context.session.method_changed.connect(self._prepare)
        self.refresh()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    @property
    def active(self) -> str:
        """The key of the tool that is on, "" for none."""
        on = self.context.canvas.mapTool()
        return next((key for key, tool in self.tools.items() if tool is on), "")

    def choose(self, key: str) -> None:
        """Switch a tool on; "" gives the map back the tool it had before."""
        if key == self.active:
            return
        if key:
            self._make_layer_active()
            self.context.canvas.setMapTool(self.tools[key])
        else:
            self._give_back()

    def refresh(self) -> None:
        """See which tools can be used, and switch off the one that cannot any more."""
        for key, button in self.buttons.items():
            reason = self._reason(key)
            look.explain(button, reason)
            if reason and key == self.active:
                self.choose("")

    def showEvent(self, event: QShowEvent) -> None:
        """Open the sources that were chosen while nobody could draw."""
        super().showEvent(event)
        self._prepare()

    def shut_down(self) -> None:
        """Give the map back and end everything, when the plugin is unloaded."""
        self.choose("")
        self.context.canvas.mapToolSet.disconnect(self._follow)
        self.context.classes.changed.disconnect(self.refresh)
        self.context.session.sources_changed.disconnect(self._prepare)
        self.context.session.method_changed.disconnect(self._prepare)
        self.intake.shut_down()
        self.reader.shut_down()
        for tool in self.tools.values():
            tool.deleteLater()
        self.tools.clear()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(look.TIGHT)
        for item in TOOLS:
            if item is None:
                row.addSpacing(2 * look.GAP)
            else:
                row.addWidget(self._add(*item))
        row.addStretch(1)
        self.hint = look.hint("", self)
        self.hint.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        layout.addLayout(row)
        layout.addWidget(self.hint)

    def _add(self, key: str, kind: type[AreaTool], icon: str, name: str) -> QToolButton:
        self.tools[key] = kind(self.intake)
        tip = f"<b>{self.tr(name)}</b><br>{self.tr(kind.HINT)}"
        if key != "delete":
            tip += "<br>" + self.tr("Keys 1 to 9, . and , choose the class. Esc cancels. The wheel zooms.")
        button = self.buttons[key] = look.tool_button(icon, tip, self)
        button.setAccessibleName(self.tr(name))
        button.setCheckable(True)
        button.clicked.connect(lambda checked, key=key: self.choose(key if checked else ""))
        return button

    def _reason(self, key: str) -> str:
        """Return why a tool cannot be used, "" where it can."""
        classes = self.context.classes
        if classes.layer is None:
            return classes.refusal
        if key == "delete":
            return ""
        if not classes.rows:
            return self.tr("Add a class first.")
        if key not in _PICKING and not _takes_polygons(classes.layer):
            return self.tr("The training areas are a layer of lines or points; areas need one of polygons.")
        if key == "grow" and not self.reader.has_sources():
            return self.tr("Choose a source first: areas grow on what the sources measure.")
        return ""

    def _make_layer_active(self) -> None:
        """Have QGIS's undo and redo act on the training areas: they belong to the active layer."""
        layer = self.context.classes.layer
        if self.context.iface.activeLayer() is not layer:
            self.context.iface.setActiveLayer(layer)

    def _follow(self, new: QgsMapTool | None, old: QgsMapTool | None) -> None:
        """Show which tool is on, and remember what was on before ours."""
        ours = list(self.tools.values())
        if old is not None and old not in ours:
            self._before = old
        for key, button in self.buttons.items():
            button.setChecked(self.tools[key] is new)
        on = next((tool for tool in ours if tool is new), None)
        self.hint.setText(self.tr(on.HINT) if on is not None else "")
        self.hint.setVisible(on is not None)
        if on is not None and old not in ours:
            self._prepare()

    def _give_back(self) -> None:
        canvas, on = self.context.canvas, self.tools.get(self.active)
        if on is None:
            return
        if self._before is not None and not sip.isdeleted(self._before):
            canvas.setMapTool(self._before)
        else:
            canvas.unsetMapTool(on)

    def _prepare(self) -> None:
        """Open the sources in the background while the user still looks for the place to draw."""
        self.refresh()
        if self.isVisible() or self.active:
            self.reader.prepare()


def _takes_polygons(layer: QgsVectorLayer) -> bool:
    return layer.geometryType() == POLYGON or layer.wkbType() == QgsWkbTypes.Type.Unknown
