"""A miniature of a benchmark scene, and files of both versions of MATLAB's format."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

ROWS, COLS, BANDS = 30, 44, 6
NAMES = ("water", "grass", "roof")


@pytest.fixture
def scene():
    """Arrays as MATLAB has them: `hsi` (H, W, C), `lidar` (H, W), `gt` with classes 1 to 3, 0 between."""
    gt = np.zeros((ROWS, COLS), np.uint8)
    for number, col in enumerate(range(2, COLS - 8, 10)):
        gt[4:26, col : col + 8] = number % 3 + 1
    noise = np.random.default_rng(3).normal(0, 3, (ROWS, COLS, BANDS))
    spectra = np.array([[40] * BANDS, [50, 60, 70, 80, 90, 100], [200] * BANDS, [120, 90, 60, 50, 40, 30]])
    hsi = np.uint16(np.clip(spectra[gt] + noise, 0, None))
    lidar = np.float32(10 * (gt == 3) + noise[:, :, 0] / 10)
    train = np.where(np.arange(ROWS)[:, None] < 12, gt, 0)
    test = np.where(np.arange(ROWS)[:, None] >= 18, gt, 0)
    return SimpleNamespace(hsi=hsi, lidar=lidar, gt=gt, train=train, test=test)


@pytest.fixture
def save_v5():
    io = pytest.importorskip("scipy.io", reason="needs the engine's packages")

    def save(path, **arrays):
        io.savemat(str(path), arrays)
        return str(path)

    return save


@pytest.fixture
def save_v73():
    """Writes what MATLAB writes with -v7.3: an HDF5 file behind a block of text, axes in reverse."""
    gdal = pytest.importorskip("osgeo.gdal")
    if gdal.GetDriverByName("netCDF") is None or gdal.GetDriverByName("HDF5") is None:
        pytest.skip("this GDAL writes or reads no HDF5")

    def save(path, header=b"MATLAB 7.3 MAT-file, Platform: GLNXA64", **arrays):
        """`**{"scene.hsi": ...}` puts an array into a group, as a structure is kept."""
        part = str(path) + ".nc"
        file = gdal.GetDriverByName("netCDF").CreateMultiDimensional(part, [], ["FORMAT=NC4"])
        root = file.GetRootGroup()
        kinds = {"uint8": gdal.GDT_Byte, "uint16": gdal.GDT_UInt16, "float32": gdal.GDT_Float32}
        for name, values in arrays.items():
            stored = np.ascontiguousarray(values.transpose() if header else values)
            place, _, name = name.rpartition(".")
            group = root.CreateGroup(place) if place else root
            sizes = [group.CreateDimension(f"{name}{i}", None, None, n) for i, n in enumerate(stored.shape)]
            kind = gdal.ExtendedDataType.Create(kinds[str(stored.dtype)])
            group.CreateMDArray(name, sizes, kind).WriteArray(stored)
            del sizes, group  # they hold the file open
        del root, file
        with open(part, "rb") as done:
            block = header.ljust(124) + b"\x00\x02IM" if header else b""
            path.write_bytes((block.ljust(512, b"\0") if header else b"") + done.read())
        return str(path)

    return save
