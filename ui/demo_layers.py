"""The layers of the demo scene in QGIS: loaded, named, styled and arranged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

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
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QCoreApplication

from ..core.data.demo_scene.files import FILE_NAMES
from ..core.data.raster_description import inspect

RED_GREEN_BLUE = (655.0, 560.0, 480.0)  # nm
CLASS_FIELD = "class"
HIDDEN = ("reference_points", "truth")


def tr(text: str) -> str:
    """Translate interface text."""
    return QCoreApplication.translate("Landfuse", text)


def missing_files(scene: Path) -> list[str]:
    """Return the names of the demo's files that are not in the folder `scene`."""
    return [name for name in FILE_NAMES.values() if not (scene / name).is_file()]


def load_demo(project: QgsProject, scene: Path, class_map: str = "") -> dict[str, QgsMapLayer]:
    """Fill an empty project with the scene and return the layers by the names of `FILE_NAMES`.

    `class_map`: path of a map to show as well.
    """
    layers: dict[str, QgsMapLayer] = {}
    for _ in loading(project, scene, layers, class_map):
        pass
    return layers


def loading(
    project: QgsProject, scene: Path, layers: dict[str, QgsMapLayer], class_map: str = ""
) -> Iterator[None]:
    """Load the scene a layer at a time, so that QGIS can answer between two; they are put into `layers`.

    Samples, class map, sources and the (hidden) truth, from top to bottom.
    """
    paths = {key: scene / name for key, name in FILE_NAMES.items()}
    makers: dict[str, Callable[[], QgsMapLayer]] = {
        "reference_points": lambda: vector(paths["reference_points"], tr("Reference points")),
        "training_areas": lambda: vector(paths["training_areas"], tr("Training areas")),
        "optical": lambda: true_color(paths["optical"], tr("Optical, 1 m"), by_name),
        "hsi": lambda: true_color(paths["hsi"], tr("Hyperspectral, 4 m"), by_wavelength),
        "lidar": lambda: heights(paths["lidar"], tr("LiDAR height, 1 m")),
        "sar": lambda: backscatter(paths["sar"], tr("SAR, VV and VH")),
        "truth": lambda: QgsRasterLayer(str(paths["truth"]), tr("True classes")),
    }
    root = project.layerTreeRoot()
    samples = root.addGroup(tr("Samples"))
    if class_map:
        add(project, root, QgsRasterLayer(class_map, tr("Class map (MIBF-Net)")), expanded=True)
    sources = root.addGroup(tr("Sources"))
    groups = {"reference_points": samples, "training_areas": samples, "truth": root}
    for key, make in makers.items():
        layers[key] = make()
        add(project, groups.get(key, sources), layers[key], visible=key not in HIDDEN)
        yield
    project.setCrs(layers["optical"].crs())
    add_themes(project)


def add(
    project: QgsProject,
    group: QgsLayerTreeGroup,
    layer: QgsMapLayer,
    visible: bool = True,
    expanded: bool = False,
) -> None:
    """Append `layer` to `group`."""
    project.addMapLayer(layer, False)
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


def zoom_to(canvas: QgsMapCanvas, layer: QgsMapLayer) -> None:
    """Show all of `layer`, in the CRS of the map, with a narrow margin."""
    extent = canvas.mapSettings().layerExtentToOutputExtent(layer, layer.extent())
    extent.scale(1.05)
    canvas.setExtent(extent)
    canvas.refresh()
