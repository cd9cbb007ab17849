"""The one place that knows what is chosen in the open project. Steps read it, change it and listen to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from .choices import MethodChoice, RunRecord, SamplesChoice, SourceChoice, from_json, to_json

SCHEMA = 1


class Session(QObject):
    """The choices in the open project. Setting an equal value announces nothing. Main thread only.

    A layer that leaves the project leaves the choices as well.
    """

    sources_changed = pyqtSignal()
    samples_changed = pyqtSignal()  # another layer or field; not: other features
    method_changed = pyqtSignal()
    runs_changed = pyqtSignal()
    folder_changed = pyqtSignal()
    changed = pyqtSignal()  # any of them

    def __init__(self, project: QgsProject | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.project = project or QgsProject.instance()
        self._sources: tuple[SourceChoice, ...] = ()
        self._samples = SamplesChoice()
        self._method = MethodChoice()
        self._runs: tuple[RunRecord, ...] = ()
        self._folder = ""
        self.project.layersWillBeRemoved.connect(self._forget_layers)

    @property
    def sources(self) -> tuple[SourceChoice, ...]:
        """The rows of the sources."""
        return self._sources

    def set_sources(self, sources: Iterable[SourceChoice]) -> None:
        self._set("_sources", tuple(sources), self.sources_changed)

    @property
    def samples(self) -> SamplesChoice:
        """Where the samples are."""
        return self._samples

    def set_samples(self, samples: SamplesChoice) -> None:
        self._set("_samples", samples, self.samples_changed)

    @property
    def method(self) -> MethodChoice:
        """What to run."""
        return self._method

    def set_method(self, method: MethodChoice) -> None:
        self._set("_method", method, self.method_changed)

    @property
    def runs(self) -> tuple[RunRecord, ...]:
        """The finished runs, the latest last."""
        return self._runs

    def set_runs(self, runs: Iterable[RunRecord]) -> None:
        self._set("_runs", tuple(runs), self.runs_changed)

    @property
    def folder(self) -> str:
        """Absolute path of the folder for samples, models, maps and runs; "" until there is one."""
        return self._folder

    def set_folder(self, folder: str) -> None:
        self._set("_folder", folder, self.folder_changed)

    def used_sources(self) -> tuple[SourceChoice, ...]:
        """Return the sources of the next run: those switched on that have a layer."""
        return tuple(s for s in self._sources if s.used and s.layers)

    def layer(self, layer_id: str) -> QgsMapLayer | None:
        """Return a layer of the project, None where it is gone."""
        return self.project.mapLayer(layer_id)

    def source_layers(self) -> list[QgsRasterLayer]:
        """Return the raster layers of the used sources."""
        found = (self.layer(i) for source in self.used_sources() for i in source.layers)
        return [layer for layer in found if isinstance(layer, QgsRasterLayer)]

    def samples_layer(self) -> QgsMapLayer | None:
        """Return the layer of the samples, None where there is none."""
        return self.layer(self._samples.layer)

    def to_json(self) -> dict[str, Any]:
        """Return all choices as plain values, paths absolute."""
        return {
            "landfuse_session": SCHEMA,
            "sources": [to_json(s) for s in self._sources],
            "samples": to_json(self._samples),
            "method": to_json(self._method),
            "runs": [to_json(r) for r in self._runs],
            "folder": self._folder,
        }

    def restore(self, items: Mapping[str, Any]) -> None:
        """Take over what `to_json` returned; an empty mapping empties the session."""
        self.set_sources(from_json(SourceChoice, s) for s in items.get("sources", ()))
        self.set_samples(from_json(SamplesChoice, items.get("samples", {})))
        self.set_method(from_json(MethodChoice, items.get("method", {})))
        self.set_runs(from_json(RunRecord, r) for r in items.get("runs", ()))
        self.set_folder(items.get("folder", ""))

    def forget_absent_layers(self) -> None:
        """Leave out layers that are not in the project, as after it was changed without the plugin."""
        named = {i for source in self._sources for i in source.layers}
        named |= {self._samples.layer, *(run.layer for run in self._runs)} - {""}
        self._forget_layers(i for i in named if self.layer(i) is None)

    def shut_down(self) -> None:
        """Stop listening to the project, when the plugin is unloaded."""
        self.project.layersWillBeRemoved.disconnect(self._forget_layers)

    def _set(self, name: str, value: Any, signal: Any) -> None:
        if getattr(self, name) != value:
            setattr(self, name, value)
            signal.emit()
            self.changed.emit()

    def _forget_layers(self, gone: Iterable[str]) -> None:
        lost = set(gone)
        self.set_sources(
            replace(s, layers=tuple(i for i in s.layers if i not in lost)) for s in self._sources
        )
        if self._samples.layer in lost:
            self.set_samples(SamplesChoice())
        self.set_runs(replace(r, layer="") if r.layer in lost else r for r in self._runs)
