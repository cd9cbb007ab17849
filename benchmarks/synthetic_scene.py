"""A scene of shapes and noise with 144 + 1 bands, and a model with random weights: for speed and memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import registered  # noqa: F401  makes `landfuse` importable
from landfuse.core.data.classes import class_list
from landfuse.core.data.coordinates import make_grid
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.normalisation import fit_preprocess
from landfuse.core.data.raster_info import RasterLayout
from landfuse.core.data.raster_io import crs_wkt
from landfuse.core.data.raster_output import RasterOutput
from landfuse.core.data.stack import Stack
from landfuse.core.data.windows import iter_tiles
from landfuse.core.job import GridRequest, RasterInput
from landfuse.core.models.catalog import build_model
from landfuse.core.models.config import ModelConfig
from landfuse.core.models.model_file import TrainedModel, write_model

N_CLASSES = 9
BANDS = {"hsi": 144, "lidar": 1}


def write_scene(folder: Path, rows: int, cols: int) -> dict[str, str]:
    """Write tiled int16 rasters of smooth random values; return their paths by modality."""
    grid = make_grid(crs_wkt("EPSG:32633"), (400000.0, 2.0, 0.0, 5800000.0, 0.0, -2.0), rows, cols)
    generator = np.random.default_rng(1)
    paths = {}
    for key, n_bands in BANDS.items():
        paths[key] = str(folder / f"{key}_{rows}x{cols}.tif")
        layout = RasterLayout("Int16", tuple(f"band {i + 1}" for i in range(n_bands)), -32768.0)
        spectra = generator.integers(200, 6000, (n_bands, 12))
        with RasterOutput(paths[key], grid, layout) as output:
            for window in iter_tiles(rows, cols, 256):
                r, c = np.mgrid[window.row : window.row_stop, window.col : window.col_stop]
                kind = (np.sin(r / 17) + np.cos(c / 23) + np.sin((r + c) / 41)) * 2 + 6
                values = spectra[:, kind.astype(int)] + generator.integers(-150, 150, (n_bands, *kind.shape))
                output.write(window, values.astype(np.int16))
    return paths


def write_random_model(paths: dict[str, str], path: Path, patch_size: int, components: int = 0) -> None:
    """Write a MIBF-Net with random weights whose normalisation is fitted to the scene."""
    import torch

    inputs = {key: (RasterInput(name),) for key, name in paths.items()}
    modalities = describe_inputs(inputs)
    grid, _ = choose_grid(modalities, GridRequest())
    counts = {
        key: components if components and len(m.bands) > components else 0 for key, m in modalities.items()
    }
    with Stack(modalities, grid) as stack:
        preprocess = fit_preprocess(stack, "stretch", counts)
    config = ModelConfig({key: preprocess[key].n_out for key in modalities}, N_CLASSES, patch_size, {})
    torch.manual_seed(0)
    network = build_model("mibf_net", config).eval()
    model = TrainedModel(
        method="mibf_net",
        config=network.config,
        modalities={key: m.to_json() for key, m in modalities.items()},
        preprocess=preprocess,
        classes=class_list(range(1, N_CLASSES + 1)),
        grid={"pixel_metres": grid.pixel_metres},
        arrays={name: tensor.numpy() for name, tensor in network.state_dict().items()},
    )
    write_model(path, model)
