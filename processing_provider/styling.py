"""Names and styles of result layers when Processing loads them into the project."""

from __future__ import annotations

from functools import partial

from qgis.core import (
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QTimer

# QGIS keeps only the C++ half of a post-processor: without a reference Python collects it before its use.
_alive: dict[str, QgsProcessingLayerPostProcessorInterface] = {}
_MOST_KEPT = 100


class ClassMapStyler(QgsProcessingLayerPostProcessorInterface):
    """Shows a class map in the colours and with the names of its classes: the style file written beside it.

    QGIS reads that file by itself, unless a default style for rasters is set in the Processing options. The
    legend is unfolded.
    """

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        if not isinstance(layer, QgsRasterLayer):
            return
        layer.loadDefaultStyle()
        if layer.renderer() is None or layer.renderer().type() != "paletted":
            feedback.pushWarning(
                f"The style file beside {layer.source()} is missing; the layer is shown without names."
            )
        layer.triggerRepaint()
        # QGIS 3.30 and later put the layer into the tree only after this.
        QTimer.singleShot(0, partial(show_legend, layer.id()))


class SamplesStyler(QgsProcessingLayerPostProcessorInterface):
    """Shows samples in the colours and with the names of their classes: the style file beside them."""

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        if not isinstance(layer, QgsVectorLayer):
            return
        layer.loadDefaultStyle()
        layer.triggerRepaint()
        QTimer.singleShot(0, partial(show_legend, layer.id()))


def show_legend(layer_id: str) -> None:
    """Unfold the classes below the layer in the layer tree, if it is there."""
    node = QgsProject.instance().layerTreeRoot().findLayer(layer_id)
    if node is not None:
        node.setExpanded(True)


def style_on_load(
    context: QgsProcessingContext,
    path: str,
    name: str,
    kind: type[QgsProcessingLayerPostProcessorInterface] = ClassMapStyler,
) -> None:
    """Name and style the class map (or, with `SamplesStyler`, the samples) at `path` if it will be loaded."""
    if not name_on_load(context, path, name):
        return
    if len(_alive) >= _MOST_KEPT:
        _alive.pop(next(iter(_alive)))
    _alive[path] = styler = kind()
    context.layerToLoadOnCompletionDetails(path).setPostProcessor(styler)


def load_class_map(context: QgsProcessingContext, path: str, name: str, output: str) -> None:
    """Have Processing load a class map that is not a destination of its own, named and styled."""
    details = QgsProcessingContext.LayerDetails(name, context.project(), output)
    context.addLayerToLoadOnCompletion(path, details)
    style_on_load(context, path, name)


def name_on_load(context: QgsProcessingContext, path: str, name: str) -> bool:
    """Name the layer of `path` if Processing will load it, and say whether it will."""
    if not path or not context.willLoadLayerOnCompletion(path):
        return False
    context.layerToLoadOnCompletionDetails(path).name = name
    return True
