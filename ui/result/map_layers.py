"""The layers of a run in the project: its map, its certainty, and where they stand in the layer tree."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from qgis.core import (
    QgsColorRampShader,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsMapLayer,
    QgsProject,
    QgsRasterBandStats,
    QgsRasterLayer,
    QgsRasterShader,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QColor

from ..state.choices import RunRecord
from ..state.session import Session

# Certain to uncertain, readable for colour-blind eyes: the ends of "viridis", the middle between.
_CERTAINTY = ((0.0, "#440154"), (0.4, "#31688e"), (0.7, "#35b779"), (1.0, "#fde725"))


def tr(text: str) -> str:
    """Translate interface text."""
    return QCoreApplication.translate("Landfuse", text)


def load_map(session: Session, record: RunRecord) -> QgsRasterLayer | None:
    """Return the layer of the run's map, loaded with its legend if it is not there; None without a map.

    The record in the session keeps the id of the layer.
    """
    path = record.outputs.get("classmap", "")
    layer = layer_of(session.project, path)
    if layer is None:
        layer = _add(session, path, tr("{}: map").format(record.name))
    if layer is not None and layer.id() != record.layer:
        session.set_runs(replace(r, layer=layer.id()) if r.name == record.name else r for r in session.runs)
    return layer


def load_certainty(session: Session, record: RunRecord) -> QgsRasterLayer | None:
    """Return the layer of the maximum probability, loaded if it is not there; None where the run has none."""
    path = record.outputs.get("uncertainty", "")
    layer = layer_of(session.project, path)
    if layer is None:
        layer = _add(session, path, tr("{}: maximum probability").format(record.name))
        if layer is not None:
            _style_certainty(layer)
    return layer


def load_second_map(session: Session, path: str, name: str) -> QgsRasterLayer | None:
    """Return the layer of a map made from a run's map, loaded above it if it is not there."""
    return layer_of(session.project, path) or _add(session, path, name)


def layer_of(project: QgsProject, path: str) -> QgsRasterLayer | None:
    """Return the raster layer of the project that shows the file at `path`."""
    if not path:
        return None
    wanted = os.path.normcase(os.path.realpath(path))
    rasters = (layer for layer in project.mapLayers().values() if isinstance(layer, QgsRasterLayer))
    files = (layer for layer in rasters if layer.providerType() == "gdal")
    return next((x for x in files if os.path.normcase(os.path.realpath(x.source())) == wanted), None)


def set_visible(project: QgsProject, layer: QgsMapLayer, visible: bool) -> None:
    """Tick a layer in the layer tree, with the groups it is in, or untick it."""
    node = project.layerTreeRoot().findLayer(layer.id())
    if node is None:
        return
    if visible:
        node.setItemVisibilityCheckedParentRecursive(True)
    else:
        node.setItemVisibilityChecked(False)


def _add(session: Session, path: str, name: str) -> QgsRasterLayer | None:
    if not path or not Path(path).is_file():
        return None
    layer = QgsRasterLayer(path, name)
    if not layer.isValid():
        return None
    layer.loadDefaultStyle()  # the qml beside it, whatever the options say of rasters
    session.project.addMapLayer(layer, False)
    group, position = _place(session)
    node = QgsLayerTreeLayer(layer)
    group.insertChildNode(position, node)
    node.setExpanded(True)
    return layer


def _place(session: Session) -> tuple[QgsLayerTreeGroup, int]:
    """Return where a map belongs: above sources and older maps, below samples that are on top."""
    root = session.project.layerTreeRoot()
    samples = root.findLayer(session.samples.layer) if session.samples.layer else None
    rasters = [*(layer.id() for layer in session.source_layers()), *_made_by_runs(session)]
    top = _topmost(root, rasters)
    if samples is not None:
        holder, at = _top_level(root, samples)
        if holder is samples and (top is None or at < top):
            return root, at + 1
    return root, top if top is not None else 0


def _made_by_runs(session: Session) -> list[str]:
    """Return the ids of the raster layers whose files lie in the folders of runs."""
    folders = {os.path.normcase(os.path.realpath(run.folder)) for run in session.runs}
    return [
        layer.id()
        for layer in session.project.mapLayers().values()
        if isinstance(layer, QgsRasterLayer)
        and os.path.dirname(os.path.normcase(os.path.realpath(layer.source()))) in folders
    ]


def _topmost(root: QgsLayerTreeGroup, layer_ids: Iterable[str]) -> int | None:
    """Return the highest position below the root that one of the layers, or its group, has."""
    nodes = [root.findLayer(layer_id) for layer_id in layer_ids]
    return min((_top_level(root, node)[1] for node in nodes if node is not None), default=None)


def _top_level(root: QgsLayerTreeGroup, node: QgsLayerTreeLayer) -> tuple[object, int]:
    """Return the child of the root that holds a node, and its position."""
    holder = node
    while holder.parent() is not None and holder.parent() is not root and holder.parent() != root:
        holder = holder.parent()
    return holder, root.children().index(holder)


def _style_certainty(layer: QgsRasterLayer) -> None:
    provider = layer.dataProvider()
    stats = provider.bandStatistics(1, QgsRasterBandStats.Stats.Min, layer.extent(), 100_000)
    low = max(0.0, min(float(stats.minimumValue), 0.99))
    ramp = QgsColorRampShader(low, 1.0)
    ramp.setColorRampType(QgsColorRampShader.Type.Interpolated)
    ramp.setColorRampItemList(
        [
            QgsColorRampShader.ColorRampItem(
                low + share * (1 - low), QColor(color), f"{low + share * (1 - low):.2f}"
            )
            for share, color in _CERTAINTY
        ]
    )
    shader = QgsRasterShader(low, 1.0)
    shader.setRasterShaderFunction(ramp)
    layer.setRenderer(QgsSingleBandPseudoColorRenderer(provider, 1, shader))
    layer.triggerRepaint()
