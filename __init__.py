"""Landfuse: land-cover maps from several co-registered sources with deep fusion networks."""

from __future__ import annotations

from typing import Any


def classFactory(iface: Any) -> Any:
    """Return the plugin object (the entry point that QGIS calls)."""
    from .plugin import LandfusePlugin

    return LandfusePlugin(iface)
