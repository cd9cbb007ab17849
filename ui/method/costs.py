"""What each method will cost on the chosen sources and this computer, asked of the engine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QObject, pyqtSignal

from ...core.forecast_job_kind import number_name
from ...core.inference.forecast import duration_in_words, size_in_words
from ...core.job_kinds import KINDS
from ...core.job_spec import JobResult
from ...core.models.catalog import CATALOG
from ...processing_provider import runtime
from ..lookup import Lookup, Work
from ..state import jobs
from ..state.context import DockContext

DELAY_MS = 1500  # the engine tries each method for about a second: not at every stroke of a form
_MEBIBYTE = 1 << 20


class Costs(QObject):
    """Asks the engine for a forecast of one method after the other; rests while a run goes on.

    One at a time, so that the live map, which shares the engine, waits for a second and not for all of them.
    `found` carries by method, as far as it is known, the time of training and mapping in words, and a whole
    sentence. Main thread only.
    """

    found = pyqtSignal(object)

    def __init__(self, context: DockContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._lookup = Lookup(self.tr("Landfuse: forecast of the methods"), self, DELAY_MS)
        self._lookup.answered.connect(self._answered)
        self._is_owed = False  # it was asked for and could not be answered then
        self._asked: dict[str, Any] = {}
        self._pending: list[str] = []
        self._words: dict[str, tuple[str, str]] = {}
        if context.runner is not None:
            context.runner.state_changed.connect(self._run_changed)
        if context.runtime is not None:
            context.runtime.ready.connect(self._again)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def ask(self) -> None:
        """Ask for what is chosen now, unless it cannot be known."""
        session, runner, setup = self._context.session, self._context.runner, self._context.runtime
        self._is_owed = setup is None or setup.missing or runner is None or runner.busy
        if self._is_owed or not session.used_sources():
            self.stop()
            return
        values = {**jobs.scene_parameters(session), **self._settings()}
        if values == self._asked and (self._pending or self._lookup.is_looking):
            return
        self._asked, self._words = values, {}
        self._pending = sorted(CATALOG, key=lambda method: method != session.method.method)
        self.found.emit({})
        self._next()

    def stop(self) -> None:
        """Ask no more, and say nothing that may be wrong by now."""
        self._pending, self._asked = [], {}
        self._lookup.stop()
        self.found.emit({})

    def shut_down(self) -> None:
        """Stop listening."""
        self._lookup.stop()
        if self._context.runner is not None:
            self._context.runner.state_changed.disconnect(self._run_changed)
        if self._context.runtime is not None:
            self._context.runtime.ready.disconnect(self._again)

    def _settings(self) -> dict[str, Any]:
        method, known = self._context.session.method, {p.name for p in KINDS["forecast"].parameters}
        chosen = {"preset": method.preset, **method.parameters}
        return {
            **{name.upper(): value for name, value in chosen.items() if name in known},
            **self._samples(),
        }

    def _samples(self) -> dict[str, int]:
        """Return how many pixels and classes there are, roughly: a forecast outlives the next few areas."""
        classes = self._context.classes
        counts = [c.pixels for c in classes.counts.values() if c.pixels] if classes is not None else []
        if len(counts) < 2:
            return {}
        return {"SAMPLE_COUNT": round(2 ** round(math.log2(sum(counts)))), "CLASS_COUNT": len(counts)}

    def _next(self) -> None:
        if self._pending:
            values = {**self._asked, "METHOD": self._pending.pop(0)}
            self._lookup.ask(values, partial(self._work, values))

    def _work(self, values: Mapping[str, Any]) -> Work:
        job = jobs.job_of("forecast", values, self._context.session)
        return partial(runtime.run, job)

    def _answered(self, answer: Any) -> None:
        if isinstance(answer, JobResult):
            self._words.update(self._in_words(answer.numbers))
        self.found.emit(dict(self._words))
        self._next()

    def _in_words(self, numbers: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
        words = {}
        for method in CATALOG:
            training, mapping, memory = (
                numbers.get(number_name(method, figure))
                for figure in ("TRAINING_SECONDS", "MAPPING_SECONDS", "TRAINING_MIB")
            )
            if training is not None and mapping is not None:
                text = self.tr("Here: about {training} to train, {mapping} to map")
                text = text.format(training=duration_in_words(training), mapping=duration_in_words(mapping))
                text += f", {size_in_words(memory * _MEBIBYTE)}." if memory else "."
                words[method] = duration_in_words(training + mapping), text
        return words

    def _run_changed(self) -> None:
        """Leave the engine to a run."""
        if not self._context.runner.busy:
            self._again()
        elif self._pending or self._lookup.is_looking:
            self._is_owed, self._pending, self._asked = True, [], {}
            self._lookup.stop()

    def _again(self) -> None:
        if self._is_owed:
            self.ask()
