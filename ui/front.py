"""What stands above the steps: notices, and the welcome as long as nothing is chosen."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QVBoxLayout, QWidget

from .first_minute import FirstMinute
from .missing_notice import MissingNotice
from .runtime_notice import RuntimeNotice
from .sources.project_layers import raster_layers
from .state.context import DockContext
from .welcome import Welcome


class Front(QWidget):
    """Shows the welcome while no layer is chosen, and the notices when there is something to say."""

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.runtime = RuntimeNotice(context.runtime, self)
        self.missing = MissingNotice(context, self)
        self.welcome = Welcome(self)
        self.first_minute = FirstMinute(context, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)  # a line of the background between two notices
        for widget in (self.runtime, self.missing, self.welcome):
            layout.addWidget(widget)
        self.welcome.demo_wanted.connect(self.first_minute.try_demo)
        self.welcome.layers_wanted.connect(self.first_minute.use_layers)
        self.welcome.stop_wanted.connect(self.first_minute.stop)
        self.first_minute.progress.connect(self.welcome.set_progress)
        self.first_minute.ended.connect(self._show_offers)
        project = context.session.project
        self._links = [
            (context.session.sources_changed, self._show_offers),
            (project.layersAdded, self._show_offers),
            (project.layersRemoved, self._show_offers),
            (project.cleared, self.first_minute.forget),  # it belongs to the project that is gone
            (project.cleared, self._show_offers),
        ]
        for signal, slot in self._links:
            signal.connect(slot)
        self._show_offers()
        self.runtime.begin()

    def shut_down(self) -> None:
        """Stop what is under way and listen no more."""
        for signal, slot in self._links:
            signal.disconnect(slot)
        self._links = []
        self.first_minute.forget()
        self.runtime.shut_down()
        self.missing.shut_down()

    def _show_offers(self, *_: object) -> None:
        session = self._context.session
        is_empty = not any(source.layers for source in session.sources)
        self.welcome.setVisible(is_empty or self.first_minute.busy)
        if not self.first_minute.busy:
            self.welcome.set_progress(None)
        if is_empty:
            self.welcome.set_layers(len(raster_layers(session.project)))
