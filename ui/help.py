"""The help, which lies in the plugin and opens without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication, QUrl
from qgis.PyQt.QtGui import QDesktopServices

HELP_PAGE = Path(__file__).parents[1] / "resources" / "help" / "index.html"


def open_help(iface: Any) -> None:
    """Open the help in the browser, or say where it should be."""
    if HELP_PAGE.is_file() and QDesktopServices.openUrl(QUrl.fromLocalFile(str(HELP_PAGE))):
        return
    text = QCoreApplication.translate("Landfuse", "The help cannot be opened: {}").format(HELP_PAGE)
    iface.messageBar().pushMessage("Landfuse", text, Qgis.MessageLevel.Warning)
