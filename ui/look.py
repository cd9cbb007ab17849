"""How the dock looks: spacings, icons, muted text, and tool tips that say why something is off.

Colours come from what Qt really draws with, because QGIS's dark themes colour texts by style sheet and leave
the palette's text colour as it was.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QByteArray, QEvent, QRectF, QSize, Qt, QTimer
from qgis.PyQt.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from qgis.PyQt.QtSvg import QSvgRenderer
from qgis.PyQt.QtWidgets import QDialog, QLabel, QSizePolicy, QToolButton, QWidget

ICONS = Path(__file__).parents[1] / "resources" / "icons"
WIDTH = 320  # logical pixels: the narrowest dock that everything must fit into
MARGIN, GAP, TIGHT = 8, 6, 3  # logical pixels: around a section, between rows, inside a row
_MUTED = 0.7  # share of the text's colour in muted text; the rest is the background's
_SIZES = (16, 20, 24, 32, 48, 64)
_TIP = "landfuse_tip"


def ink(widget: QWidget | None = None) -> QColor:
    """Return the colour in which labels in `widget` are written."""
    probe = QLabel(widget if widget is not None and widget.isEnabled() else None)  # a disabled one dims it
    probe.ensurePolished()  # a style sheet puts its colours into the label's palette only now
    color = probe.palette().color(QPalette.ColorRole.WindowText)
    probe.setParent(None)
    probe.deleteLater()
    return color


def paper(widget: QWidget | None = None) -> QColor:
    """Return the background colour of panels.

    A style sheet colours windows and leaves the palette of what lies in them: a window is asked.
    """
    probe = QDialog()
    probe.ensurePolished()
    color = probe.palette().color(QPalette.ColorRole.Window)
    probe.deleteLater()
    return color


def mixed(one: QColor, other: QColor, share: float) -> QColor:
    """Return `share` of colour `one` with the rest of `other`."""
    parts = zip(one.getRgb()[:3], other.getRgb()[:3])
    return QColor(*(round(share * a + (1 - share) * b) for a, b in parts))


def muted(widget: QWidget | None = None) -> QColor:
    """Return a readable colour for what is of second rank."""
    return mixed(ink(widget), paper(widget), _MUTED)


def line_color(widget: QWidget | None = None) -> QColor:
    """Return the colour of hairlines between sections."""
    return mixed(ink(widget), paper(widget), 0.2)


def is_dark(widget: QWidget | None = None) -> bool:
    """Tell whether the theme is a dark one."""
    return paper(widget).lightness() < ink(widget).lightness()


class MutedLabel(QLabel):
    """A label in the muted colour, in whatever theme QGIS changes to.

    The colours are looked up between two events: while Qt is still dressing a widget, what is asked within
    answers with that widget's colours.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._color = ""
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._recolor)
        self._recolor()

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of the theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ParentChange) and hasattr(self, "_later"):
            self._later.start()

    def _recolor(self) -> None:
        color = muted(self.parentWidget()).name()
        if color != self._color:
            self._color = color
            self.setStyleSheet(f"color: {color}")


def hint(text: str = "", parent: QWidget | None = None) -> QLabel:
    """Return a small, wrapped, muted label."""
    label = MutedLabel(text, parent)
    label.setWordWrap(True)
    font = label.font()
    if font.pointSizeF() > 0:  # a font given in pixels has none
        font.setPointSizeF(0.92 * font.pointSizeF())
    label.setFont(font)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return label


def tool_button(icon_of_button: str | QIcon, tip: str, parent: QWidget | None = None) -> QToolButton:
    """Return a flat button with an icon (a name as for `icon`) and its tool tip."""
    button = QToolButton(parent)
    button.setIcon(icon(icon_of_button) if isinstance(icon_of_button, str) else icon_of_button)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setAutoRaise(True)
    button.setIconSize(QSize(16, 16))
    return button


def icon(name: str) -> QIcon:
    """Return an icon: `brush` is resources/icons/brush.svg, `/mActionAdd.svg` one of QGIS's own.

    In our own, `currentColor` is drawn in the colour of texts, so that they are seen in every theme.
    """
    if name.startswith("/"):
        return QgsApplication.getThemeIcon(name)
    return _drawn(name, ink().name())


@cache
def _drawn(name: str, color: str) -> QIcon:
    text = (ICONS / f"{name}.svg").read_text(encoding="utf-8")
    if "currentColor" not in text:
        return QIcon(str(ICONS / f"{name}.svg"))
    found = QIcon()
    renderer = QSvgRenderer(QByteArray(re.sub("currentColor", color, text).encode()))
    for size in _SIZES:
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(0, 0, size, size))
        painter.end()
        found.addPixmap(pixmap)
    return found


def explain(widget: Any, reason: str) -> None:
    """Disable a widget or action with `reason` in its tool tip; "" enables it and gives the tip back."""
    tip = widget.property(_TIP)
    if reason and tip is None:
        widget.setProperty(_TIP, widget.toolTip())
    widget.setEnabled(not reason)
    if reason:
        widget.setToolTip(reason)
    elif tip is not None:
        widget.setToolTip(tip)
        widget.setProperty(_TIP, None)
