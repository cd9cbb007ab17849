"""Style files (.qml) beside class maps and samples: coloured and named wherever QGIS opens the layer."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from .classes import LandClass

# Layer of a symbol of QGIS and its properties; {rgb} stands for "r,g,b" of the class. White edges stand out
# on images and on a class map in the same colours.
_SYMBOLS = {
    "fill": (
        "SimpleFill",
        {"color": "{rgb},150", "outline_color": "255,255,255,255", "outline_width": "0.4"},
    ),
    "line": ("SimpleLine", {"line_color": "{rgb},255", "line_width": "0.8"}),
    "marker": (
        "SimpleMarker",
        {"color": "{rgb},255", "outline_color": "255,255,255,255", "outline_width": "0.3", "size": "2.2"},
    ),
}


def paletted_qml(classes: Sequence[LandClass], band: int = 1) -> str:
    """Return the layer style of QGIS 3.22 and later that shows each class in its colour, under its name."""
    entries = "".join(
        f'        <paletteEntry value="{c.value}" color={quoteattr(c.color)} label={quoteattr(c.name)}'
        ' alpha="255"/>\n'
        for c in classes
    )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.22.0" styleCategories="Symbology">\n'
        "  <pipe>\n"
        f'    <rasterrenderer type="paletted" band="{band}" opacity="1" alphaBand="-1" nodataColor="">\n'
        "      <rasterTransparency/>\n"
        f"      <colorPalette>\n{entries}      </colorPalette>\n"
        "    </rasterrenderer>\n"
        '    <brightnesscontrast brightness="0" contrast="0" gamma="1"/>\n'
        '    <huesaturation saturation="0" grayscaleMode="0" colorizeOn="0" colorizeStrength="100"/>\n'
        '    <rasterresampler maxOversampling="2"/>\n'
        "  </pipe>\n"
        "  <blendMode>0</blendMode>\n"
        "</qgis>\n"
    )


def samples_qml(classes: Sequence[LandClass], field: str, symbol: str) -> str:
    """Return the style of a vector layer with one symbol per class, by the class values in `field`.

    `symbol`: "fill" for polygons, tinted so that the image below stays visible, "line", or "marker" for
    points.
    """
    categories = "".join(
        f'      <category symbol="{i}" value="{c.value}" label={quoteattr(c.name)} render="true"/>\n'
        for i, c in enumerate(classes)
    )
    symbols = "".join(_symbol(i, c, symbol) for i, c in enumerate(classes))
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.22.0" styleCategories="Symbology">\n'
        f'  <renderer-v2 type="categorizedSymbol" attr={quoteattr(field)} forceraster="0">\n'
        f"    <categories>\n{categories}    </categories>\n"
        f"    <symbols>\n{symbols}    </symbols>\n"
        "  </renderer-v2>\n"
        "</qgis>\n"
    )


def _symbol(position: int, land_class: LandClass, kind: str) -> str:
    layer, properties = _SYMBOLS[kind]
    rgb = ",".join(str(v) for v in land_class.rgb)
    lines = "".join(
        f'          <prop k="{key}" v="{value.format(rgb=rgb)}"/>\n' for key, value in properties.items()
    )
    return (
        f'      <symbol name="{position}" type="{kind}" alpha="1" clip_to_extent="1">\n'
        f'        <layer class="{layer}" enabled="1" locked="0" pass="0">\n{lines}        </layer>\n'
        "      </symbol>\n"
    )
