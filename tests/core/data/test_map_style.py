from __future__ import annotations

import xml.etree.ElementTree as ET

from landfuse.core.data.classes import LandClass
from landfuse.core.data.map_style import paletted_qml


def test_names_are_escaped_and_classes_keep_their_order():
    classes = [LandClass(9, 'a "b" & <c>', "#010203"), LandClass(2, "Gewässer", "#aabbcc")]
    style = ET.fromstring(paletted_qml(classes))
    renderer = style.find("pipe/rasterrenderer")
    assert renderer.get("type") == "paletted"
    assert renderer.get("band") == "1"
    found = [(e.get("value"), e.get("label"), e.get("color")) for e in renderer.iter("paletteEntry")]
    assert found == [("9", 'a "b" & <c>', "#010203"), ("2", "Gewässer", "#aabbcc")]
