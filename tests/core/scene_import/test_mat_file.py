from __future__ import annotations

import sys

import numpy as np
import pytest
from landfuse.core.data import raster_io
from landfuse.core.errors import MissingDependencyError, RasterReadError
from landfuse.core.scene_import.mat_file import read_variable, variables


@pytest.fixture(params=["v5", "v7.3"])
def save(request, save_v5, save_v73):
    return save_v5 if request.param == "v5" else save_v73


def test_variables_are_listed_with_their_shapes_as_in_matlab(scene, save, tmp_path):
    path = save(tmp_path / "a.mat", HSI=scene.hsi, gt=scene.gt)
    assert variables(path) == {"HSI": (30, 44, 6), "gt": (30, 44)}


def test_a_variable_comes_back_with_its_axes_in_place(scene, save, tmp_path):
    path = save(tmp_path / "a.mat", HSI=scene.hsi, lidar=scene.lidar, gt=scene.gt)
    for name, expected in (("HSI", scene.hsi), ("lidar", scene.lidar), ("gt", scene.gt)):
        found = read_variable(path, name)
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected)


def test_without_a_name_the_only_variable_is_meant(scene, save, tmp_path):
    assert np.array_equal(read_variable(save(tmp_path / "a.mat", HSI=scene.hsi), ""), scene.hsi)
    with pytest.raises(RasterReadError, match=r"2 variables.*HSI \(30 x 44 x 6\), gt \(30 x 44\)"):
        read_variable(save(tmp_path / "b.mat", HSI=scene.hsi, gt=scene.gt), "")


def test_an_apostrophe_swaps_rows_and_columns(scene, save, tmp_path):
    path = save(tmp_path / "a.mat", HSI=scene.hsi, gt=scene.gt)
    assert np.array_equal(read_variable(path, "gt'"), scene.gt.T)
    assert np.array_equal(read_variable(path, "HSI'"), scene.hsi.transpose(1, 0, 2))


def test_a_missing_variable_is_told_with_those_that_are_there(scene, save, tmp_path):
    path = save(tmp_path / "a.mat", HSI=scene.hsi, gt=scene.gt)
    with pytest.raises(RasterReadError, match=r"'hsi'.*HSI \(30 x 44 x 6\)") as caught:
        read_variable(path, "hsi")
    assert caught.value.where == path


def test_fields_of_a_structure_and_sparse_matrices_are_read(scene, save_v5, tmp_path):
    sparse = pytest.importorskip("scipy.sparse")
    path = save_v5(
        tmp_path / "a.mat",
        hsi={"Data": scene.hsi, "info": {"wavelength": np.arange(6.0)}, "name": "CASI"},
        labels=sparse.csc_matrix(scene.gt.astype(float)),
        text="words",
    )
    shapes = variables(path)
    assert shapes["hsi.Data"] == (30, 44, 6)
    assert shapes["hsi.info.wavelength"] == (1, 6)
    assert "text" not in shapes
    assert np.array_equal(read_variable(path, "hsi.Data"), scene.hsi)
    assert np.array_equal(read_variable(path, "labels"), scene.gt)


def test_an_hdf5_file_that_matlab_did_not_write_keeps_its_axes(scene, save_v73, tmp_path):
    path = save_v73(tmp_path / "a.mat", header=b"", HSI=scene.hsi)
    assert np.array_equal(read_variable(path, "HSI"), scene.hsi)


def test_a_structure_of_version_73_is_read_by_the_names_of_its_fields(scene, save_v73, tmp_path):
    path = save_v73(tmp_path / "a.mat", gt=scene.gt, **{"scene.hsi": scene.hsi})
    assert variables(path) == {"gt": (30, 44), "scene.hsi": (30, 44, 6)}
    assert np.array_equal(read_variable(path, "scene.hsi"), scene.hsi)


@pytest.mark.parametrize("content", [b"", b"no MATLAB file at all, but longer than a header" * 20])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(RasterReadError) as caught:
        read_variable(str(tmp_path / "a.mat"), "x")
    assert caught.value.remedy


def test_a_file_that_is_cut_off_is_refused(scene, save, tmp_path):
    path = tmp_path / "a.mat"
    save(path, HSI=scene.hsi, gt=scene.gt)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(RasterReadError):
        read_variable(str(path), "HSI")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(RasterReadError, match="cannot be read"):
        variables(str(tmp_path / "absent.mat"))


def test_without_scipy_the_error_names_it(scene, save_v5, tmp_path, monkeypatch):
    path = save_v5(tmp_path / "a.mat", HSI=scene.hsi)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(MissingDependencyError, match="SciPy"):
        read_variable(path, "HSI")


def test_without_any_reader_of_hdf5_the_remedies_are_told(scene, save_v73, tmp_path, monkeypatch):
    path = save_v73(tmp_path / "a.mat", HSI=scene.hsi)
    monkeypatch.setitem(sys.modules, "h5py", None)
    monkeypatch.setattr(raster_io.gdal, "OpenEx", lambda *args, **settings: None)
    with pytest.raises(RasterReadError, match=r"7\.3") as caught:
        read_variable(path, "HSI")
    for word in ("h5py", "HDF5 driver", "-v7"):
        assert word in caught.value.remedy
