"""The dock: the steps from layers to a map, in any order, in one narrow panel."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QCoreApplication, Qt, QTimer
from qgis.PyQt.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from . import look
from .front import Front
from .run.runner import Runner
from .runtime_setup import RuntimeSetup
from .samples.class_table import ClassTable
from .section import Section
from .settings import used_device
from .state.context import DockContext
from .state.pace import PaceKeeper
from .state.project_store import ProjectStore
from .state.session import Session
from .step import Step

OBJECT_NAME = "LandfuseDock"  # QGIS remembers the place of a dock by its object name
# (key, title, module, class) in the order of the panel; a module is imported when its step is built.
STEPS: tuple[tuple[str, str, str, str], ...] = (
    ("sources", "Sources", ".sources.step", "SourcesStep"),
    ("samples", "Classes and samples", ".samples.step", "SamplesStep"),
    ("method", "Method", ".method.step", "MethodStep"),
    ("run", "Run", ".run.step", "RunStep"),
    ("result", "Result", ".result.step", "ResultStep"),
)
OPEN_AT_FIRST = ("sources", "samples")


class LandfuseDock(QgsDockWidget):
    """The panel with all steps. The first step is built with it, the others one by one afterwards."""

    def __init__(self, iface: Any, runtime: RuntimeSetup) -> None:
        super().__init__("Landfuse", iface.mainWindow())
        self.setObjectName(OBJECT_NAME)
        self.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        self.context = _make_context(iface, runtime)
        self._store = ProjectStore(self.context.session, self)
        self._store.load()
        self._pace = PaceKeeper(self.context.runner, used_device, self)
        self.steps: dict[str, Step] = {}
        self.sections: dict[str, Section] = {}
        self._waiting = list(STEPS)
        self._build_frame()
        self._later = QTimer(self)
        self._later.setInterval(0)
        self._later.timeout.connect(self._build_next)
        self._later.start()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def finish_building(self) -> None:
        """Build the steps that still wait."""
        while self._waiting:
            self._build_next()

    def shut_down(self) -> None:
        """Take everything back, when the plugin is unloaded; the dock must not be used afterwards."""
        self._later.stop()
        self.front.shut_down()
        for step in reversed(list(self.steps.values())):
            step.shut_down()
        self._pace.shut_down()
        self._store.shut_down()
        for shared in (self.context.runner, self.context.classes, self.context.session):
            shared.shut_down()

    def _build_frame(self) -> None:
        """Lay out the empty sections in a scroll area."""
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.front = Front(self.context, content)
        layout.addWidget(self.front)
        for key, title, _, _ in STEPS:
            section = self.sections[key] = Section(key, self.tr(title), content)
            section.restore(default=key in OPEN_AT_FIRST)
            layout.addWidget(section)
        layout.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        scroll.setMinimumWidth(look.WIDTH)
        self.setWidget(scroll)

    def _build_next(self) -> None:
        """Build the next step; between two of them QGIS draws and answers."""
        if not self._waiting:
            self._later.stop()
            return
        key, _, module, name = self._waiting.pop(0)
        section = self.sections[key]
        step = getattr(import_module(module, __package__), name)(self.context)
        step.headline_changed.connect(section.header.set_state)
        section.set_body(step)
        self.steps[key] = step


def _make_context(iface: Any, runtime: RuntimeSetup) -> DockContext:
    session = Session()
    return DockContext(iface, session, ClassTable(session), Runner(session, runtime), runtime)
