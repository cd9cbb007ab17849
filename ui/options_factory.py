"""Offers the options page to QGIS without importing it before it is opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qgis.gui import QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QWidget

if TYPE_CHECKING:
    from .runtime_setup import RuntimeSetup

OPTIONS_PAGE = "LandfuseOptions"  # the object name by which QGIS opens the page


class OptionsFactory(QgsOptionsWidgetFactory):
    """Makes the page when the options are opened."""

    def __init__(self, icon: QIcon, runtime: Callable[[], RuntimeSetup]) -> None:
        super().__init__()
        self._icon, self._runtime = icon, runtime
        self.setTitle("Landfuse")
        self.setIcon(icon)

    def icon(self) -> QIcon:
        """The icon in the list of pages."""
        return self._icon

    def createWidget(self, parent: QWidget | None = None) -> QgsOptionsPageWidget:
        """Make the page."""
        from .options import OptionsPage

        return OptionsPage(self._runtime(), parent)
