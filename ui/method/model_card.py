"""A model file to map with: picked or dropped, with its card and what does not fit the sources."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog, QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from .method_list import short_title
from .model_facts import Fit, ModelFacts

EXTENSION = ".safetensors"
FOLDER_SETTING = "landfuse/model_folder"
SCORE_NAMES = {"OA": "overall accuracy", "AA": "average accuracy", "KAPPA": "kappa", "F1": "F1"}


class ModelCard(QFrame):
    """Lets the user choose a model file and shows what is in it."""

    chosen = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.button = QPushButton(self.tr("Choose a model file..."))
        self.button.setToolTip(
            self.tr("Choose a model that was trained before; its file can also be dropped here.")
        )
        self.button.clicked.connect(self._browse)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        layout = QVBoxLayout(self)
        for widget in (self.button, self.text, self.verdict):
            layout.addWidget(widget)
        self.show_nothing()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def show_nothing(self) -> None:
        """Say how to choose a model."""
        self.text.setText(escape(self.tr("No model yet. Choose a file, or drop it here.")))
        self.show_fit(None)

    def show_error(self, error: Exception) -> None:
        """Show why a file is no model."""
        self.text.setText(f"<b>{escape(self.tr('This model cannot be used.'))}</b><br>{escape(str(error))}")
        self.show_fit(None)

    def show_facts(self, facts: ModelFacts) -> None:
        """Show the card."""
        rows = [
            f"<b>{escape(Path(facts.path).name)}</b>, {escape(short_title(facts.method))}",
            escape(self.tr("Trained {}").format(facts.made)),
            *(f"<b>{key.upper()}</b> {escape(words)}" for key, words in facts.sources),
            self._scores(facts),
            " ".join(_swatch(c.color, c.name) for c in facts.classes),
        ]
        self.text.setText("<br>".join(row for row in rows if row))

    def show_fit(self, fit: Fit | None) -> None:
        """Show whether the model suits the sources; None where that is not known."""
        if fit is None:
            self.verdict.setText("")
        elif fit.problem:
            title = self.tr("Does not fit the sources.")
            self.verdict.setText(f"<b>{escape(title)}</b> {escape(fit.problem)}")
        else:
            title = self.tr("Fits the chosen sources.")
            self.verdict.setText(escape(" ".join([title, *fit.notes])))
        self.verdict.setVisible(fit is not None)

    def _browse(self) -> None:
        settings = QgsSettings()
        start = settings.value(FOLDER_SETTING, "", type=str)
        title, wanted = self.tr("Model file"), self.tr("Landfuse models (*{})").format(EXTENSION)
        path, _ = QFileDialog.getOpenFileName(self, title, start, wanted)
        if path:
            settings.setValue(FOLDER_SETTING, str(Path(path).parent))
            self.chosen.emit(path)

    def _scores(self, facts: ModelFacts) -> str:
        if not facts.scores:
            return escape(self.tr("Not scored."))
        named = [f"{self.tr(SCORE_NAMES[name])} {value:.3f}" for name, value in facts.scores.items()]
        where = self.tr("measured on {}").format(facts.measured_on) if facts.measured_on else ""
        return escape(", ".join([*named, where]).strip(", "))


def dropped_model(data: Any) -> str:
    """Return the path of the one model file that is dragged, "" for anything else."""
    paths = [url.toLocalFile() for url in data.urls()] if data.hasUrls() else []
    return paths[0] if len(paths) == 1 and paths[0].lower().endswith(EXTENSION) else ""


def _swatch(color: str, name: str) -> str:
    return f'<span style="color: {color}">&#9632;</span>&nbsp;{escape(name).replace(" ", "&nbsp;")}'
