"""What the steps of the dock share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qgis.core import Qgis
from qgis.gui import QgsMapCanvas

from .session import Session

if TYPE_CHECKING:
    from ..run.runner import Runner
    from ..runtime_setup import RuntimeSetup
    from ..samples.class_table import ClassTable

SECONDS_SHOWN = 8


@dataclass(frozen=True)
class DockContext:
    """The session, the classes of its samples, what runs jobs, the runtime, and QGIS's own interface.

    `runtime`: whether the deep-learning runtime is there (`missing`), and how far its installation is
    (`progress`, `ready`, `failed`).
    """

    iface: Any  # QgisInterface
    session: Session
    classes: ClassTable
    runner: Runner
    runtime: RuntimeSetup

    @property
    def canvas(self) -> QgsMapCanvas:
        """The main map."""
        return self.iface.mapCanvas()

    def tell(self, text: str, level: Qgis.MessageLevel = Qgis.MessageLevel.Info) -> None:
        """Show `text` in QGIS's message bar; an error stays until it is closed."""
        seconds = 0 if level == Qgis.MessageLevel.Critical else SECONDS_SHOWN
        self.iface.messageBar().pushMessage("Landfuse", text, level, seconds)
