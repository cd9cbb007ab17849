"""Benchmark scenes of the field: MATLAB and contest files into rasters, label rasters and class lists."""
