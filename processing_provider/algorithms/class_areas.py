"""Hectares and share of each class."""

from __future__ import annotations

from ..base import LandfuseAlgorithm


class ClassAreas(LandfuseAlgorithm):
    """A class map in, the area of each class out, whole or by zones."""

    KIND = "classareas"
    ICON = "class_areas.svg"
    GROUP = ("classification", "Classification")
    TAGS = ("area", "hectares", "statistics", "zonal", "zones", "share", "percentage", "unique values")
    WANTED = ("table", "report")

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "Each map pixel counts with its area on the ellipsoid of the map's coordinate system, "
                "whatever the projection does to it. A pixel belongs to the zone that its centre is in; "
                "zones may overlap. Unsaved edits, filters and 'selected features only' are respected."
            ),
            self.tr(
                "A pixel count is not an estimate of the true area: classes that are confused with each "
                "other gain or lose by it. It needs no deep-learning runtime."
            ),
        ]
