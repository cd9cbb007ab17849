"""What an empty dock offers: the demo, or the layers that are in the project already."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication, QEvent, QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon, QPainter, QPaintEvent, QPalette, QPen
from qgis.PyQt.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from . import look

_ICON = 32  # logical pixels


class OfferButton(QAbstractButton):
    """A large button: icon, what it does in bold, and what happens then."""

    def __init__(self, icon: QIcon, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(title)
        self.setAccessibleDescription(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._picture, self._title, self._text = QLabel(self), QLabel(title, self), look.hint(text, self)
        self._picture.setPixmap(icon.pixmap(QSize(_ICON, _ICON)))
        self._picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._lay_out()

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(look.TIGHT)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(look.MARGIN + 2, look.MARGIN + 2, look.MARGIN + 2, look.MARGIN + 2)
        layout.setSpacing(look.MARGIN + 2)
        layout.addWidget(self._picture)
        layout.addLayout(words, 1)
        for label in (self._title, self._text):
            words.addWidget(label)
        for label in (self._picture, self._title, self._text):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_text(self, text: str) -> None:
        """Change what stands below the title."""
        self._text.setText(text)
        self.setAccessibleDescription(text)

    def changeEvent(self, event: QEvent) -> None:
        """Dim the icon and the texts of a button that is off."""
        super().changeEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a rounded frame, in the accent colour under the mouse and with the focus."""
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        is_hot = self.isEnabled() and (self.underMouse() or self.hasFocus())
        ground = look.mixed(accent, look.paper(self), 0.18 if self.isDown() else 0.08)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(accent if is_hot else look.line_color(self), 1.2))
        painter.setBrush(ground if is_hot else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.6, 0.6, -0.6, -0.6), 4, 4)
        painter.end()


class Welcome(QWidget):
    """The two offers, and the progress of the one that was taken. The dock does what they say."""

    demo_wanted = pyqtSignal()
    layers_wanted = pyqtSignal()
    stop_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.demo = OfferButton(
            look.icon("demo_scene"),
            self.tr("Try the demo"),
            self.tr("A small town seen by four sensors, with training areas. Made in seconds, 9 MB."),
            self,
        )
        self.layers = OfferButton(
            look.icon("/mIconRaster.svg"), self.tr("Use the layers in this project"), ""
        )
        self.demo.setToolTip(self.tr("Make the synthetic demo scene and load it into an empty project"))
        self.layers.setToolTip(self.tr("Find out which raster layer is what kind of source"))
        self._state, self._bar = look.hint("", self), QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._stop = QPushButton(self.tr("Cancel"), self)
        self._stop.setToolTip(self.tr("Stop; nothing is left behind"))
        self._lay_out()
        self.demo.clicked.connect(lambda: self.demo_wanted.emit())
        self.layers.clicked.connect(lambda: self.layers_wanted.emit())
        self._stop.clicked.connect(lambda: self.stop_wanted.emit())
        self.set_progress(None)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def set_layers(self, count: int) -> None:
        """Say how many raster layers the project has."""
        none = self.tr("The project has no raster layer yet. Add the images of your area first.")
        texts = {
            0: none,
            1: self.tr("One raster layer: Landfuse finds out what kind of source it is, and you correct it."),
        }
        many = self.tr(
            "{} raster layers: Landfuse finds out which is what, checks how they fit together, and you "
            "correct it."
        )
        self.layers.set_text(texts.get(count, many.format(count)))
        look.explain(self.layers, "" if count else none)

    def set_progress(self, share: float | None, stage: str = "") -> None:
        """Show how far the work is; None for none."""
        for widget in (self._state, self._bar, self._stop):
            widget.setVisible(share is not None)
        self.demo.setVisible(share is None)
        self.layers.setVisible(share is None)
        if share is not None:
            self._bar.setValue(round(100 * share))
            self._state.setText(stage)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(look.MARGIN, look.MARGIN, look.MARGIN, look.MARGIN + look.GAP)
        layout.setSpacing(look.MARGIN)
        title = QLabel(self.tr("From layers to a land-cover map"), self)
        font = title.font()
        font.setBold(True)
        if font.pointSizeF() > 0:
            font.setPointSizeF(1.2 * font.pointSizeF())
        title.setFont(font)
        text = self.tr("Say which layer is what, draw a few training areas, and press Run.")
        for widget in (title, look.hint(text, self), self.demo, self.layers, self._state, self._bar):
            layout.addWidget(widget)
        layout.addWidget(self._stop, 0, Qt.AlignmentFlag.AlignRight)
