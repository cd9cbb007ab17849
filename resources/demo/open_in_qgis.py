"""Loads the demo scene into QGIS Desktop: `LANDFUSE_DEMO=FOLDER qgis --code resources/demo/open_in_qgis.py`.

FOLDER holds `scene` (made by `landfuse demoscene`) and, after `make demo`, the class map `fused_map.tif`.
QGIS runs this file while it starts; the work waits until the window is complete.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from landfuse.core.data.demo_scene.files import FILE_NAMES
from landfuse.core.data.raster_description import inspect
from qgis.core import (
    QgsContrastEnhancement,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsLayerTreeModel,
    QgsMapLayer,
    QgsMapThemeCollection,
    QgsMultiBandColorRenderer,
    QgsProject,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
    QgsSingleBandPseudoColorRenderer,
    QgsStyle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QDockWidget
from qgis.utils import iface

CLASS_MAP = "fused_map.tif"
RED_GREEN_BLUE = (655.0, 560.0, 480.0)  # nm


def open_demo() -> None:
    """Load, style and arrange the layers, zoom to them and show where the algorithms are."""
    folder = Path(os.environ["LANDFUSE_DEMO"])
    scene = folder / "scene"
    missing = [name for name in FILE_NAMES.values() if not (scene / name).is_file()]
    if missing:
        text = f"{scene} lacks {', '.join(missing)}. Run: landfuse demoscene {scene}"
        iface.messageBar().pushCritical("Landfuse", text)
        return
    project = QgsProject.instance()
    project.setTitle("Landfuse demo scene")
    optical = fill(project, scene, folder / CLASS_MAP)
    project.setCrs(optical.crs())
    add_themes(project)
    project.setDirty(False)  # nothing to save: the next start makes the same project
    arrange_panels()
    if not (folder / CLASS_MAP).is_file():
        text = "Next: 'Train, classify and assess' in the Processing Toolbox."
        iface.messageBar().pushInfo("Landfuse", text)
    # QGIS itself zooms to all layers once it has seen the first ones.
    QTimer.singleShot(500, lambda: zoom_to(optical))


def fill(project: QgsProject, scene: Path, class_map: Path) -> QgsRasterLayer:
    """Add samples, class map, sources and (hidden) truth from top to bottom; return the optical layer."""
    root = project.layerTreeRoot()
    samples = root.addGroup("Samples")
    add(samples, vector(scene / FILE_NAMES["reference_points"], "Reference points"), visible=False)
    add(samples, vector(scene / FILE_NAMES["training_areas"], "Training areas"))
    if class_map.is_file():
        add(root, QgsRasterLayer(str(class_map), "Class map (MIBF-Net)"), expanded=True)
    sources = root.addGroup("Sources")
    optical = true_color(scene / FILE_NAMES["optical"], "Optical, 1 m", by_name)
    add(sources, optical)
    add(sources, true_color(scene / FILE_NAMES["hsi"], "Hyperspectral, 4 m", by_wavelength))
    add(sources, heights(scene / FILE_NAMES["lidar"], "LiDAR height, 1 m"))
    add(sources, backscatter(scene / FILE_NAMES["sar"], "SAR, VV and VH"))
    add(root, QgsRasterLayer(str(scene / FILE_NAMES["truth"]), "True classes"), visible=False)
    return optical


def add(group: QgsLayerTreeGroup, layer: QgsMapLayer, visible: bool = True, expanded: bool = False) -> None:
    """Append `layer` to `group`."""
    QgsProject.instance().addMapLayer(layer, False)
    node = QgsLayerTreeLayer(layer)
    node.setItemVisibilityChecked(visible)
    node.setExpanded(expanded)
    group.addChildNode(node)


def vector(path: Path, name: str) -> QgsVectorLayer:
    """Return a vector layer in the style saved beside it."""
    return QgsVectorLayer(str(path), name, "ogr")


def by_wavelength(path: Path) -> list[int]:
    """Return the band numbers nearest to red, green and blue."""
    bands = inspect(str(path)).bands
    return [min(bands, key=lambda band: abs(band.wavelength - nm)).number for nm in RED_GREEN_BLUE]


def by_name(path: Path) -> list[int]:
    """Return the numbers of the bands called red, green and blue."""
    numbers = {band.name: band.number for band in inspect(str(path)).bands}
    return [numbers[name] for name in ("red", "green", "blue")]


def true_color(path: Path, name: str, find_bands: Callable[[Path], list[int]]) -> QgsRasterLayer:
    """Return the image with its red, green and blue bands as such."""
    return composite(QgsRasterLayer(str(path), name), find_bands(path))


def backscatter(path: Path, name: str) -> QgsRasterLayer:
    """Return the SAR image as VV, VH, VV: rough surfaces green, smooth ones and walls magenta."""
    return composite(QgsRasterLayer(str(path), name), [1, 2, 1])


def composite(layer: QgsRasterLayer, bands: list[int]) -> QgsRasterLayer:
    """Show three bands, each between its 2nd and 98th percentile."""
    layer.setRenderer(QgsMultiBandColorRenderer(layer.dataProvider(), *bands))
    layer.setContrastEnhancement(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
        QgsRasterMinMaxOrigin.Limits.CumulativeCut,
    )
    return layer


def heights(path: Path, name: str) -> QgsRasterLayer:
    """Return the height model, dark at the ground and bright at the 99th percentile."""
    layer = QgsRasterLayer(str(path), name)
    renderer = QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1)
    renderer.setClassificationMin(0.0)
    renderer.setClassificationMax(layer.dataProvider().cumulativeCut(1, 0.0, 0.99)[1])
    renderer.createShader(QgsStyle.defaultStyle().colorRamp("Magma"))
    layer.setRenderer(renderer)
    return layer


def add_themes(project: QgsProject) -> None:
    """Add a map theme per raster, for the eye button above the layers and for further map views."""
    root = project.layerTreeRoot()
    model = QgsLayerTreeModel(root)
    shown = {node: node.itemVisibilityChecked() for node in root.findLayers()}
    for node in shown:
        if isinstance(node.layer(), QgsRasterLayer):
            for other in shown:
                other.setItemVisibilityChecked(other is node)
            record = QgsMapThemeCollection.createThemeFromCurrentState(root, model)
            project.mapThemeCollection().insert(node.name(), record)
    for node, visible in shown.items():
        node.setItemVisibilityChecked(visible)


def arrange_panels() -> None:
    """Open the Processing Toolbox at Landfuse's algorithms, and give the browser's room to the layers."""
    panels = {panel.objectName(): panel for panel in iface.mainWindow().findChildren(QDockWidget)}
    if "Browser" in panels:
        panels["Browser"].hide()
    if "ProcessingToolbox" in panels:  # Processing can be switched off in the plugin manager
        panels["ProcessingToolbox"].show()
        panels["ProcessingToolbox"].searchBox.setText("landfuse")


def zoom_to(layer: QgsRasterLayer) -> None:
    """Show all of `layer` with a narrow margin."""
    extent = layer.extent()
    extent.scale(1.05)
    iface.mapCanvas().setExtent(extent)
    iface.mapCanvas().refresh()


iface.initializationCompleted.connect(open_demo)
