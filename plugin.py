"""The plugin that QGIS loads: registers the Processing provider and the menu. No logic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction

from .processing_provider.engine_client import close_shared_client
from .processing_provider.provider import LandfuseProvider

ICON = Path(__file__).parent / "resources" / "icons" / "landfuse.svg"


class LandfusePlugin:
    """Registers what the plugin offers and takes it back on unload. `iface` is None in qgis_process."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.menu = self.tr("&Landfuse")
        self.provider = None
        self._actions: list[QAction] = []
        self._setup = None

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def initProcessing(self) -> None:
        """Register the provider; the only entry point that qgis_process calls."""
        self.provider = LandfuseProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)
        # The graphical models find their steps only once the provider is registered (QGIS 3.22).
        self.provider.refreshAlgorithms()

    def initGui(self) -> None:
        """Register the provider and fill the menu."""
        self.initProcessing()
        action = QAction(
            QIcon(str(ICON)), self.tr("Set up the deep-learning runtime..."), self.iface.mainWindow()
        )
        action.triggered.connect(self.set_up_runtime)
        self.iface.addPluginToRasterMenu(self.menu, action)
        self._actions.append(action)

    def set_up_runtime(self) -> None:
        """Offer to install the environment of the engine."""
        from .ui.runtime_setup import RuntimeSetup

        if self._setup is None:
            self._setup = RuntimeSetup(self.iface)
        self._setup.offer()

    def unload(self) -> None:
        """Take everything back, so that the plugin can be reloaded."""
        for action in self._actions:
            self.iface.removePluginRasterMenu(self.menu, action)
        self._actions.clear()
        if self._setup is not None:
            self._setup.stop()
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        close_shared_client()
