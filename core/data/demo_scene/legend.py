"""The classes of the demo scene and the materials that its surfaces are made of."""

from __future__ import annotations

from ..classes import LandClass

WATER, PAVEMENT, TILED_ROOF, FLAT_ROOF, SOIL, GRASS, CROPS, SHRUBS, TREES = range(1, 10)

CLASSES = (
    LandClass(WATER, "water", "#1f78b4"),
    LandClass(PAVEMENT, "pavement", "#8c8c8c"),
    LandClass(TILED_ROOF, "tiled roof", "#e31a1c"),
    LandClass(FLAT_ROOF, "flat roof", "#6a3d9a"),
    LandClass(SOIL, "bare soil", "#a6611a"),
    LandClass(GRASS, "grassland", "#b2df8a"),
    LandClass(CROPS, "crops", "#ffb000"),
    LandClass(SHRUBS, "shrubs", "#33a02c"),
    LandClass(TREES, "trees", "#005a32"),
)

# A material is not a class: grass, shrubs and trees are all LEAVES, roads and dark roofs all ASPHALT. What
# tells such classes apart is the height; what tells CROP from LEAVES is the short-wave infrared.
MATERIALS = ("water", "asphalt", "concrete", "gravel", "metal", "clay tile", "soil", "leaves", "crop canopy")
(M_WATER, M_ASPHALT, M_CONCRETE, M_GRAVEL, M_METAL, M_TILE, M_SOIL, M_LEAVES, M_CROP) = range(len(MATERIALS))
