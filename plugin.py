"""The plugin that QGIS loads: registers the Processing provider, the menu and the dock. No logic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, Qt, QTimer
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction

from .processing_provider.engine_client import close_shared_client
from .processing_provider.provider import LandfuseProvider
from .ui.options_factory import OPTIONS_PAGE, OptionsFactory

if TYPE_CHECKING:
    from .ui.dock import LandfuseDock
    from .ui.runtime_setup import RuntimeSetup

ICON = Path(__file__).parent / "resources" / "icons" / "landfuse.svg"
OPEN_SETTING = "landfuse/dock_open"


class LandfusePlugin:
    """Registers what the plugin offers and takes it back on unload. `iface` is None in qgis_process."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.menu = self.tr("&Landfuse")
        self.provider = None
        self._actions: list[QAction] = []
        self._open: QAction | None = None
        self._dock: LandfuseDock | None = None
        self._setup: RuntimeSetup | None = None
        self._options: OptionsFactory | None = None

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def initProcessing(self) -> None:
        """Register the provider; the only entry point that qgis_process calls."""
        self.provider = LandfuseProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)
        # The graphical models find their steps only once the provider is registered (QGIS 3.22).
        self.provider.refreshAlgorithms()

    def initGui(self) -> None:
        """Register the provider and fill menu and toolbar. The dock is made when it is first opened."""
        self.initProcessing()
        self._open = self._add_action(self.tr("Landfuse panel"), self.show_dock)
        self._open.setIcon(QIcon(str(ICON)))
        self._open.setCheckable(True)
        self._open.setToolTip(self.tr("Open the Landfuse panel: land-cover maps from several layers"))
        self.iface.addToolBarIcon(self._open)
        self._add_action(self.tr("Set up the deep-learning runtime..."), self.set_up_runtime)
        self._add_action(self.tr("Options..."), self.show_options)
        self._add_action(self.tr("Help"), self.show_help)
        self._options = OptionsFactory(QIcon(str(ICON)), self._runtime)
        self.iface.registerOptionsWidgetFactory(self._options)
        if QgsSettings().value(OPEN_SETTING, False, type=bool):
            self._reopen_later()

    def show_dock(self, shown: bool = True) -> None:
        """Show or hide the panel."""
        if shown or self._dock is not None:
            self.dock().setUserVisible(shown)
            QgsSettings().setValue(OPEN_SETTING, shown)

    def dock(self) -> LandfuseDock:
        """Return the panel, made and put into its last place at the first call."""
        if self._dock is None:
            from .ui.dock import LandfuseDock

            self._dock = LandfuseDock(self.iface, self._runtime())
            if not self.iface.mainWindow().restoreDockWidget(self._dock):
                self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._dock)
            self._dock.visibilityChanged.connect(self._open.setChecked)
            self._dock.closed.connect(lambda: QgsSettings().setValue(OPEN_SETTING, False))
        return self._dock

    def set_up_runtime(self) -> None:
        """Open the panel, which shows how far an installation is, and offer to install the runtime."""
        self.show_dock()
        self._runtime().offer()

    def show_options(self) -> None:
        """Open QGIS's options at the page of the plugin."""
        self.iface.showOptionsDialog(self.iface.mainWindow(), OPTIONS_PAGE)

    def show_help(self) -> None:
        """Open the help, which needs no network."""
        from .ui.help import open_help

        open_help(self.iface)

    def unload(self) -> None:
        """Take everything back, so that the plugin can be reloaded."""
        for action in self._actions:
            self.iface.removePluginRasterMenu(self.menu, action)
        if self._open is not None:
            self.iface.removeToolBarIcon(self._open)
        if self._options is not None:
            self.iface.unregisterOptionsWidgetFactory(self._options)
            self._options = None
        self._actions.clear()
        self._open = None
        self._remove_dock()
        if self._setup is not None:
            self._setup.shut_down()
            self._setup = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        close_shared_client()

    def _add_action(self, text: str, slot: Callable[..., None]) -> QAction:
        action = QAction(text, self.iface.mainWindow())
        action.triggered.connect(slot)
        self.iface.addPluginToRasterMenu(self.menu, action)
        self._actions.append(action)
        return action

    def _reopen_later(self) -> None:
        """Open the panel as it was last time, once QGIS is complete: its start does not wait for that."""
        if self.iface.mainWindow().isVisible():  # the plugin is switched on or reloaded
            QTimer.singleShot(0, self._reopen)
        else:
            self.iface.initializationCompleted.connect(self._reopen)

    def _reopen(self) -> None:
        if self._open is not None:  # the plugin may have been unloaded meanwhile
            self.show_dock()

    def _runtime(self) -> RuntimeSetup:
        if self._setup is None:
            from .ui.runtime_setup import RuntimeSetup

            self._setup = RuntimeSetup(self.iface)
        return self._setup

    def _remove_dock(self) -> None:
        dock, self._dock = self._dock, None
        if dock is not None:
            dock.visibilityChanged.disconnect()
            dock.shut_down()
            self.iface.removeDockWidget(dock)
            dock.deleteLater()
