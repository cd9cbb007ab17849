"""The picture of the demo: inputs, truth and result side by side, drawn by QGIS itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from qgis.core import (
    QgsContrastEnhancement,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsMultiBandColorRenderer,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
    QgsRectangle,
    QgsSingleBandGrayRenderer,
)
from qgis.PyQt.QtCore import QRect, QSize, Qt
from qgis.PyQt.QtGui import QColor, QFont, QImage, QPainter

PANE, GAP, TITLE, LEGEND = 420, 16, 34, 150
PANES = (
    ("Hyperspectral (true colour)", "HSI", (12, 8, 4)),
    ("LiDAR height", "LIDAR", (1,)),
    ("SAR (VV)", "SAR", (1,)),
    ("Optical (near infrared, red, green)", "OPTICAL", (4, 3, 2)),
)


def draw(path: Path, scene: Mapping[str, str], class_map: str) -> str:
    """Draw the four inputs, the truth and the class map to a PNG and return its path."""
    result = QgsRasterLayer(class_map, "result")
    truth = QgsRasterLayer(scene["TRUTH"], "truth")
    panes = [(title, styled(scene[key], bands)) for title, key, bands in PANES]
    panes += [("Truth", truth), ("Landfuse: MIBF-Net, all sources", result)]
    width, height = 3 * PANE + 4 * GAP, 2 * (PANE + TITLE + GAP) + GAP + LEGEND
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(QFont("Sans", 12))
    for number, (title, layer) in enumerate(panes):
        x = GAP + number % 3 * (PANE + GAP)
        y = GAP + number // 3 * (PANE + TITLE + GAP)
        painter.drawText(QRect(x, y, PANE, TITLE), Qt.AlignmentFlag.AlignVCenter, title)
        painter.drawImage(x, y + TITLE, rendered(layer, result.extent(), result.crs()))
    _draw_legend(painter, result, height - LEGEND)
    painter.end()
    if not image.save(str(path)):
        raise OSError(f"{path} cannot be written")
    return str(path)


def styled(path: str, bands: tuple[int, ...]) -> QgsRasterLayer:
    """Return a raster layer stretched from 2 to 98 per cent, in grey or in colour."""
    layer = QgsRasterLayer(path, Path(path).stem)
    provider = layer.dataProvider()
    if len(bands) == 1:
        renderer = QgsSingleBandGrayRenderer(provider, bands[0])
    else:
        renderer = QgsMultiBandColorRenderer(provider, *bands)
    layer.setRenderer(renderer)
    layer.setContrastEnhancement(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
        QgsRasterMinMaxOrigin.Limits.CumulativeCut,
        layer.extent(),
    )
    return layer


def rendered(layer: QgsRasterLayer, extent: QgsRectangle, crs: object) -> QImage:
    """Return the layer drawn as a square of the extent."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(crs)
    settings.setExtent(extent)
    settings.setOutputSize(QSize(PANE, PANE))
    settings.setBackgroundColor(QColor("#dddddd"))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage()


def _draw_legend(painter: QPainter, layer: QgsRasterLayer, top: int) -> None:
    for number, entry in enumerate(layer.renderer().classes()):
        x = GAP + number % 5 * 260
        y = top + GAP + number // 5 * 40
        painter.fillRect(x, y, 28, 20, entry.color)
        painter.drawText(QRect(x + 38, y - 5, 215, 30), Qt.AlignmentFlag.AlignVCenter, entry.label)
