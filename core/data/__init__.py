"""Rasters, vectors, grids and samples: everything between files and arrays."""
