"""The face in QGIS Desktop."""
