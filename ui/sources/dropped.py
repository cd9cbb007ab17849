"""Which layers are dragged from QGIS's layer tree."""

from __future__ import annotations

from qgis.PyQt.QtCore import QMimeData
from qgis.PyQt.QtXml import QDomDocument

LAYER_TREE = "application/qgis.layertreemodeldata"


def dropped_layers(data: QMimeData) -> list[str]:
    """Return the ids of the layers in what is dragged, groups included; [] for anything else."""
    if not data.hasFormat(LAYER_TREE):
        return []
    document = QDomDocument()
    document.setContent(data.data(LAYER_TREE))
    nodes = document.elementsByTagName("layer-tree-layer")
    return [nodes.at(i).toElement().attribute("id") for i in range(nodes.count())]
