"""Step 'Method': what to do, with which method, and the few settings that matter."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from qgis.PyQt.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from ...core.job_kinds import KINDS
from ...core.models.catalog import CATALOG
from .. import look
from ..fold import Fold
from ..lookup import Lookup, Work
from ..state import jobs
from ..state.choices import AIMS
from ..state.context import DockContext
from ..step import Step
from ..wheel import keep_wheel_for_scrolling
from .costs import Costs
from .method_list import MethodList, short_title
from .model_card import ModelCard, dropped_model
from .model_facts import Fit, ModelFacts, find_fit, read_facts
from .neighbourhood import Neighbourhood
from .reach import Reach, find_reach
from .settings_form import Editor, SettingsForm

TRAIN = {p.name: p for p in KINDS["train"].parameters}
IN_THE_OPEN = ("method", "preset", "patch_size", "epochs")


class MethodStep(Step):
    """Reads and changes `session.method`."""

    TITLE = "Method"

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._reach: Reach | None = None
        self._build()
        self._reaches = self._lookup(self._reach_found)
        self._models = self._lookup(self._model_read)
        self._fits = self._lookup(self._fit_found)
        self._costs = Costs(context, self)
        self._costs.found.connect(self.methods.show_costs)
        self.session.method_changed.connect(self._show)
        self.session.sources_changed.connect(self._look_ahead)
        self.session.samples_changed.connect(self._look_ahead)
        self._show()

    def shut_down(self) -> None:
        """Stop listening and give up what is looked up."""
        self.session.method_changed.disconnect(self._show)
        self.session.sources_changed.disconnect(self._look_ahead)
        self.session.samples_changed.disconnect(self._look_ahead)
        for lookup in (self._reaches, self._models, self._fits):
            lookup.stop()
        self._costs.shut_down()

    # Widgets

    def _build(self) -> None:
        self.aim = QComboBox()
        words = {
            "train_classify": self.tr("Train, then map the scene"),
            "train": self.tr("Train only"),
            "classify": self.tr("Map with a model file"),
        }
        for aim in AIMS:
            self.aim.addItem(words[aim], aim)
        self.aim.setToolTip(self.tr("What a run does: train a model, map the scene with one, or both."))
        keep_wheel_for_scrolling(self.aim)
        self.aim.currentIndexChanged.connect(self._aim_chosen)
        self.training = self._training_panel()
        self.model = ModelCard()
        self.model.chosen.connect(self._model_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(look.MARGIN, look.TIGHT, look.MARGIN, look.MARGIN)
        layout.setSpacing(look.GAP)
        for widget in (self.aim, self.training, self.model):
            layout.addWidget(widget)
        self.setAcceptDrops(True)

    def _training_panel(self) -> QWidget:
        self.methods = MethodList()
        self.methods.chosen.connect(self._method_chosen)
        self.more = SettingsForm(p for p in TRAIN.values() if p.name not in IN_THE_OPEN)
        self.more.changed.connect(self._settings_changed)
        tip = self.tr("Settings with good defaults that are seldom changed.")
        self.fold = Fold(self.tr("More settings"), tip, self.more)
        panel = QWidget()
        layout = QVBoxLayout(panel)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.GAP)
        layout.addWidget(self.methods)
        layout.addWidget(self._open_settings())
        layout.addWidget(self.fold)
        return panel

    def _open_settings(self) -> QWidget:
        self.preset = QComboBox()
        words = {
            "default": self.tr("Recommended"),
            "small": self.tr("Quick"),
            "paper": self.tr("As published"),
        }
        for choice in TRAIN["preset"].choices:
            self.preset.addItem(words.get(choice, choice), choice)
        self.preset.setToolTip(self.tr(TRAIN["preset"].help))
        keep_wheel_for_scrolling(self.preset)
        self.preset.currentIndexChanged.connect(self._preset_chosen)
        self.neighbourhood = Neighbourhood()
        self.neighbourhood.changed.connect(self._settings_changed)
        self.rounds = Editor(TRAIN["epochs"], self)
        self.rounds.changed.connect(self._settings_changed)
        self.network_only = QWidget()
        form = QFormLayout(self.network_only)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(QLabel(self.tr("Preset")), self.preset)
        form.addRow(QLabel(self.tr("Neighbourhood")), self.neighbourhood)
        form.addRow(QLabel(self.tr("Training rounds")), self.rounds.widget)
        return self.network_only

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for what was not asked for while the step was folded."""
        super().showEvent(event)
        self._look_at_costs()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept a single model file."""
        if dropped_model(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Map with the dropped model."""
        path = dropped_model(event.mimeData())
        if path:
            event.acceptProposedAction()
            self._model_chosen(path)

    # From the session

    def _show(self) -> None:
        """Bring the widgets in line with the session; announces nothing."""
        method = self.session.method
        for box, value in ((self.aim, method.aim), (self.preset, method.preset)):
            blocked = box.blockSignals(True)
            box.setCurrentIndex(box.findData(value))
            box.blockSignals(blocked)
        self.methods.choose(method.method)
        self.neighbourhood.set_side(method.parameters.get("patch_size", 0))
        self.rounds.show_value(method.parameters.get("epochs", TRAIN["epochs"].default))
        self.more.set_values(method.parameters)
        self.more.show_for(method.method)
        changed = sum(name not in IN_THE_OPEN for name in method.parameters)
        self.fold.set_title(
            self.tr("More settings ({} changed)").format(changed) if changed else self.tr("More settings")
        )
        self.training.setVisible(method.aim != "classify")
        self.model.setVisible(method.aim == "classify")
        is_network = method.method not in CATALOG or CATALOG[method.method].kind != "pixel"
        self.network_only.setVisible(is_network)
        has_patches = method.method in TRAIN["patch_size"].methods
        tiles = self.tr("This method labels whole tiles; their side is among the other settings.")
        look.explain(self.neighbourhood.box, "" if has_patches or not is_network else tiles)
        self._look_ahead()
        self._tell()

    def _tell(self) -> None:
        method = self.session.method
        if method.aim == "classify":
            text = Path(method.model).name if method.model else self.tr("no model file yet")
        else:
            side = method.parameters.get("patch_size", 0) or (self._reach.side if self._reach else 0)
            text = short_title(method.method)
            if self._reach is not None and self.network_only.isVisibleTo(self):
                text += f", {side * self._reach.pixel_metres:.3g} m"
        self.headline_changed.emit(text)

    # To the session

    def _aim_chosen(self) -> None:
        self.session.set_method(replace(self.session.method, aim=self.aim.currentData()))

    def _method_chosen(self, name: str) -> None:
        kept = {
            key: value
            for key, value in self.session.method.parameters.items()
            if key in TRAIN and (not TRAIN[key].methods or name in TRAIN[key].methods)
        }
        self.session.set_method(replace(self.session.method, method=name, parameters=kept))

    def _preset_chosen(self) -> None:
        self.session.set_method(replace(self.session.method, preset=self.preset.currentData()))

    def _settings_changed(self, *_: Any) -> None:
        chosen = self.more.values()
        for name, value in (("patch_size", self.neighbourhood.box.value()), ("epochs", self.rounds.value())):
            if value != TRAIN[name].default:
                chosen[name] = value
        self.session.set_method(replace(self.session.method, parameters=chosen))

    def _model_chosen(self, path: str) -> None:
        self.session.set_method(replace(self.session.method, aim="classify", model=path))

    # Looked up in the background

    def _lookup(self, found: Any) -> Lookup:
        lookup = Lookup(self.tr("Landfuse: looking at the sources"), self)
        lookup.answered.connect(found)
        return lookup

    def _look_ahead(self) -> None:
        """Ask for what the choices mean: metres of the neighbourhood, or the card of the model."""
        if self.session.method.aim == "classify":
            self._look_at_model(self.session.method.model)
        else:
            self._look_at_reach()
            self._look_at_costs()

    def _look_at_costs(self) -> None:
        """Ask what the methods cost; it keeps the processor busy, so only where it is seen."""
        if self.isVisible() and self.session.method.aim != "classify":
            self._costs.ask()

    def _look_at_reach(self) -> None:
        if not self.session.used_sources():
            self._reaches.stop()
            self._reach_found(None)
            return
        method = self.session.method
        samples = {k: v for k, v in jobs.sample_parameters(self.session).items() if k == "LABELS"}
        scene = {**jobs.scene_parameters(self.session), **samples}
        settings = {**method.parameters, "patch_size": 0, "method": method.method, "preset": method.preset}
        self._reaches.ask([scene, settings], partial(self._reach_work, scene, settings))

    def _reach_work(self, scene: dict[str, Any], settings: dict[str, Any]) -> Work:
        job = jobs.job_of("checkinputs", scene, self.session)
        return partial(find_reach, job, settings)

    def _reach_found(self, answer: Any) -> None:
        self._reach = answer if isinstance(answer, Reach) else None
        self.neighbourhood.set_reach(self._reach)
        self._tell()

    def _look_at_model(self, path: str) -> None:
        if not path:
            self._models.stop()
            self._fits.stop()
            self.model.show_nothing()
            return
        stamp = Path(path).stat().st_mtime_ns if Path(path).is_file() else 0
        self._models.ask([path, stamp], lambda: lambda _: read_facts(path))

    def _model_read(self, answer: Any) -> None:
        if not isinstance(answer, ModelFacts):
            self.model.show_error(answer)
            return
        self.model.show_facts(answer)
        self.model.show_fit(None)
        if not self.session.used_sources():
            return
        scene = jobs.scene_parameters(self.session)
        self._fits.ask([scene, answer.path, answer.made], partial(self._fit_work, scene, answer.path))

    def _fit_work(self, scene: dict[str, Any], path: str) -> Work:
        job = jobs.job_of("checkinputs", scene, self.session)
        return partial(find_fit, job, path)

    def _fit_found(self, answer: Any) -> None:
        self.model.show_fit(answer if isinstance(answer, Fit) else Fit(str(answer)))
