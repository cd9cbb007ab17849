"""The engine: reading, training, mapping and scoring, without QGIS and without Qt."""
