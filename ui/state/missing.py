"""What a project names and does not find, and how it is found again elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsDataProvider, QgsMapLayer

from ...core.progress import Progress, silent
from .project_store import with_paths
from .session import Session

LAYER, FILE, FOLDER = "layer", "file", "folder"


@dataclass(frozen=True)
class Named:
    """Something that the choices name: a layer (by its id in `layer`), a file or a folder at `path`."""

    kind: str
    name: str
    path: str
    layer: str = ""


def named_things(session: Session) -> list[Named]:
    """Return what the choices of the session name. Main thread; touches no disk."""
    found = [Named(FOLDER, "Folder of the project", session.folder)] if session.folder else []
    found += [Named(LAYER, layer.name(), path_of(layer), layer.id()) for layer in _layers(session)]
    model = session.method.model
    found += [Named(FILE, f"Model {Path(model).name}", model)] if model else []
    for run in session.runs:
        found += [Named(FILE, f"{run.name}, {output}", path) for output, path in run.outputs.items() if path]
    return found


def absent(things: Iterable[Named], invalid: Iterable[str], progress: Progress = silent) -> list[Named]:
    """Return those that are not there: the layers `invalid`, and paths that do not exist. Any thread."""
    broken, gone = set(invalid), []
    for thing in things:
        progress.check()
        if thing.layer in broken if thing.kind == LAYER else not os.path.exists(thing.path):
            gone.append(thing)
    return gone


def invalid_layers(session: Session) -> list[str]:
    """Return the ids of the chosen layers that QGIS could not load."""
    return [layer.id() for layer in _layers(session) if not layer.isValid()]


def search(things: Sequence[Named], folder: str, progress: Progress = silent) -> dict[str, str]:
    """Look for what is absent below `folder`; returns new paths by old ones. Any thread.

    Of several files of the same name the one counts whose folders agree with the old path the longest.
    """
    wanted: dict[str, list[str]] = {}
    for thing in things:
        wanted.setdefault(os.path.basename(os.path.normpath(thing.path)), []).append(thing.path)
    found: dict[str, list[str]] = {}
    for place, folders, files in os.walk(folder):
        progress.check()
        for name in (*folders, *files):
            for old in wanted.get(name, ()):
                found.setdefault(old, []).append(os.path.join(place, name))
    return {old: max(places, key=lambda new, old=old: _agreement(old, new)) for old, places in found.items()}


def relink(session: Session, things: Iterable[Named], moved: Mapping[str, str]) -> None:
    """Let layers and choices point to the new paths. Main thread."""
    for thing in things:
        if thing.kind == LAYER and thing.path in moved:
            _relink_layer(session.layer(thing.layer), thing.path, moved[thing.path])
    session.restore(with_paths(session.to_json(), lambda text: moved.get(text, text)))


def path_of(layer: QgsMapLayer) -> str:
    """Return the file of a layer, without what QGIS appends to it."""
    return layer.source().split("|")[0]


def _relink_layer(layer: QgsMapLayer | None, old: str, new: str) -> None:
    if layer is not None:
        source = layer.source().replace(old, new, 1)
        options = QgsDataProvider.ProviderOptions()
        layer.setDataSource(source, layer.name(), layer.providerType() or "gdal", options)


def _layers(session: Session) -> list[QgsMapLayer]:
    ids = [i for source in session.sources for i in source.layers] + [session.samples.layer]
    layers = (session.layer(i) for i in dict.fromkeys(ids) if i)
    return [layer for layer in layers if layer is not None]


def _agreement(old: str, new: str) -> int:
    """Return how many names two paths have in common, counted from the end."""
    pairs = zip(reversed(Path(old).parts), reversed(Path(new).parts))
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count
