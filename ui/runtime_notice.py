"""The notice that the deep-learning runtime is missing: size, place, consent, and how far it is."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QWidget

from ..core.inference.forecast import size_in_words
from ..core.setup_runtime import SetupPlan
from .notice import Notice
from .runtime_setup import RuntimeSetup

_MEGABYTE = 10**6


class RuntimeNotice(Notice):
    """Appears where no runtime is on record and none is found; layers, classes and drawing work meanwhile."""

    def __init__(self, runtime: RuntimeSetup, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runtime = runtime
        self._later = self.add_button(
            self.tr("Later"), self.tr("Hide this; a run that needs the runtime asks again"), self.hide
        )
        self._install = self.add_button(
            self.tr("Install"), self.tr("Download and install in the background"), self._agree
        )
        self._cancel = self.add_button(
            self.tr("Cancel"), self.tr("Stop the installation; nothing half-made is left"), runtime.stop
        )
        self._links = [
            (runtime.planned, self._offer),
            (runtime.progress, self._report),
            (runtime.ready, self.hide),
            (runtime.failed, self._tell),
        ]
        for signal, slot in self._links:
            signal.connect(slot)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def begin(self) -> None:
        """Show an installation that is under way, or look for a runtime where none is on record."""
        if self._runtime.busy:
            self._report(self._runtime.share, self._runtime.stage)
        elif self._runtime.missing:
            self._runtime.look()

    def shut_down(self) -> None:
        """Stop listening."""
        for signal, slot in self._links:
            signal.disconnect(slot)
        self._links = []

    def _offer(self, plan: SetupPlan) -> None:
        text = self.tr(
            "Training and mapping need it; everything else works without. {} are downloaded and {} used in "
            "{}. Nothing else on this computer is changed."
        ).format(
            size_in_words(plan.download_size * _MEGABYTE),
            size_in_words(plan.disk_size * _MEGABYTE),
            plan.folder,
        )
        self._show(self.tr("The deep-learning runtime is not installed yet"), text)

    def _report(self, share: float, stage: str) -> None:
        text = self.tr("{} ({} %). You can go on with layers, classes and drawing.").format(
            stage, round(100 * share)
        )
        self._show(self.tr("Installing the deep-learning runtime"), text, share)

    def _tell(self, reason: str) -> None:
        if self._runtime.missing:
            self._show(self.tr("The deep-learning runtime is not installed"), reason)

    def _show(self, title: str, text: str, share: float | None = None) -> None:
        is_running = share is not None
        for button in (self._later, self._install):
            button.setVisible(not is_running)
        self._cancel.setVisible(is_running)
        self.show_text(title, text, share)

    def _agree(self) -> None:
        if self._runtime.plan is not None:
            self._runtime.install(self._runtime.plan)
        else:
            self._runtime.offer()
