import json
from pathlib import Path

import pytest
from landfuse.core.errors import JobError, OutputError
from landfuse.core.job import Job
from landfuse.core.job_file import parse_job, read_job
from landfuse.core.job_kinds import KINDS
from landfuse.core.job_spec import METHODS, PATCH_METHODS, PIXEL_METHODS, PUBLISHED, TILE_METHODS
from landfuse.core.models.catalog import CATALOG

FOLDER = Path("/data/city").resolve()


def train(**changes):
    job = {
        "landfuse_job": 1,
        "kind": "train",
        "inputs": {"hsi": [{"path": "hyper.tif", "bands": "1-100"}], "lidar": [{"path": "height.tif"}]},
        "samples": {"path": "areas.gpkg", "class_field": "class"},
        "outputs": {"model": "out/city.safetensors"},
    }
    return {key: value for key, value in {**job, **changes}.items() if value is not None}


def test_methods_of_the_jobs_are_those_of_the_catalog():
    assert set(METHODS) == set(CATALOG)
    assert set(PUBLISHED) == {name for name, entry in CATALOG.items() if entry.release}
    for methods, kind in ((PATCH_METHODS, "patch"), (TILE_METHODS, "tile"), (PIXEL_METHODS, "pixel")):
        assert set(methods) == {name for name, entry in CATALOG.items() if entry.kind == kind}


def test_every_kind_names_known_types_and_unique_parameters():
    for spec in KINDS.values():
        names = [parameter.name for parameter in spec.parameters]
        assert len(names) == len(set(names))
        for parameter in spec.parameters:
            assert parameter.checked(parameter.default) == parameter.default
            assert isinstance(parameter.default, parameter.python_type)


def test_relative_paths_are_relative_to_the_folder():
    job = parse_job(train(mask="mask.tif", grid={"reference": "../grid.tif"}), FOLDER)
    assert job.inputs["hsi"][0].path == str(FOLDER / "hyper.tif")
    assert job.outputs["model"] == str(FOLDER / "out" / "city.safetensors")
    assert job.mask == str(FOLDER / "mask.tif")
    assert job.grid.reference == str(FOLDER.parent / "grid.tif")
    assert job.samples.path == str(FOLDER / "areas.gpkg")


def test_gdals_names_of_datasets_are_made_absolute_by_the_file_in_them():
    given = ["/vsizip/city.zip/a.tif", 'NETCDF:"a.nc":band', "/abs/b.tif", 'HDF5:"/abs/c.h5"://cube', "WMS:x"]
    job = parse_job(train(inputs={"hsi": [{"path": path} for path in given]}), FOLDER)
    inside = str((FOLDER / "a.nc").resolve())
    expected = [given[0], f'NETCDF:"{inside}":band', *given[2:]]
    assert [raster.path for raster in job.inputs["hsi"]] == expected


def test_a_map_is_not_written_into_a_folder_that_is_read(tmp_path):
    (tmp_path / "scenes").mkdir()
    (tmp_path / "m.safetensors").touch()
    job = {
        "kind": "classify", "inputs": {"optical": [{"path": "scenes"}]},
        "parameters": {"model": "m.safetensors"}, "outputs": {"classmap": "scenes/map.tif"},
    }  # fmt: skip
    with pytest.raises(OutputError, match="lies in a folder whose rasters this job reads"):
        parse_job(job, tmp_path)
    assert parse_job({**job, "outputs": {"classmap": "map.tif"}}, tmp_path).inputs["optical"][0].path == str(
        (tmp_path / "scenes").resolve()
    )


def test_parameters_that_are_not_given_take_their_defaults():
    job = parse_job(train(parameters={"epochs": 7}), FOLDER)
    expected = {parameter.name: parameter.default for parameter in KINDS["train"].parameters}
    assert job.parameters == {**expected, "epochs": 7}


def test_a_job_survives_the_way_through_json():
    description = train(
        grid={"pixel_size": 2, "extent": [0, 1, 2.5, 3], "extent_crs": "EPSG:32633"},
        classes=[{"value": 3, "name": "Wald", "color": "#00ff00"}],
        test_samples={"path": "test.tif", "type": "raster"},
        parameters={"refit": False, "method": "random_forest"},
        resolved={"device": "cpu"},
    )
    job = parse_job(description, FOLDER)
    assert parse_job(job.to_json(), Path("/elsewhere")) == job
    assert parse_job(json.loads(json.dumps(job.to_json())), Path("/elsewhere")) == job


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colour": 1}, "Unknown key 'colour'"),
        ({"parameters": {"epoch": 3}}, "Unknown key 'epoch'"),
        ({"outputs": {"model": "m", "map": "x"}}, "Unknown key 'map'"),
        ({"grid": {"pixelsize": 3}}, "Unknown key 'pixelsize'"),
        ({"inputs": {"hsi": [{"path": "a", "band": "1"}]}}, "Unknown key 'band'"),
        ({"inputs": {"radar": [{"path": "a"}]}}, "Unknown modality 'radar'"),
        ({"inputs": {"hsi": "a.tif"}}, "must be of type list"),
        ({"inputs": {}}, "No source"),
        ({"samples": None}, "No samples"),
        ({"samples": {"path": "a.gpkg"}}, "class_field"),
        ({"samples": {"path": "a.gpkg", "type": "text", "class_field": "c"}}, "'text'"),
        ({"outputs": {}}, "Output 'model' is missing"),
        ({"kind": "fly"}, "Unknown kind"),
        ({"landfuse_job": 2}, "version 2"),
        ({"parameters": {"epochs": -1}}, "below"),
        ({"parameters": {"epochs": 1.5}}, "must be of type int"),
        ({"parameters": {"epochs": True}}, "must be of type int"),
        ({"parameters": {"refit": 1}}, "must be of type bool"),
        ({"parameters": {"method": "magic"}}, "not one of"),
        ({"parameters": {"gap": float("nan")}}, "not a number"),
        ({"grid": {"pixel_size": 0}}, "not positive"),
        ({"grid": {"extent": [0, 0, 0, 1]}}, "no area"),
        ({"grid": {"extent": [0, 0, 1]}}, "An extent is"),
    ],
)
def test_a_wrong_job_is_refused_in_words(changes, words):
    with pytest.raises(JobError) as caught:
        parse_job(train(**changes), FOLDER)
    assert words in str(caught.value)


def test_samples_for_a_job_that_takes_none_are_refused():
    description = train(kind="classify", parameters={"model": "m"}, outputs={"classmap": "map.tif"})
    with pytest.raises(JobError, match="takes no samples"):
        parse_job(description, FOLDER)


def test_sources_for_a_job_that_reads_none_are_refused():
    with pytest.raises(JobError, match="reads no sources"):
        parse_job(train(kind="modelinfo", samples=None, outputs={}, parameters={"model": "m"}), FOLDER)


def test_a_job_file_is_read_with_paths_beside_it(tmp_path):
    path = tmp_path / "city.job.json"
    path.write_text(json.dumps(train()), encoding="utf-8")
    job = read_job(path)
    assert isinstance(job, Job)
    assert job.outputs["model"] == str(tmp_path.resolve() / "out" / "city.safetensors")


@pytest.mark.parametrize(
    ("text", "words"), [("{", "not JSON"), ("[1]", "An object"), (None, "cannot be read")]
)
def test_a_broken_job_file_is_refused_in_words(tmp_path, text, words):
    path = tmp_path / "city.job.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(JobError, match=words):
        read_job(path)


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"outputs": {"model": "hsi.tif"}}, "hsi.tif"),
        ({"outputs": {"model": "sub/../areas.gpkg"}}, "areas.gpkg"),
        ({"outputs": {"model": "m.safetensors", "report": "m.safetensors"}}, "m.safetensors"),
        ({"mask": "mask.tif", "outputs": {"model": "mask.tif"}}, "mask.tif"),
    ],
)
def test_an_output_may_not_replace_an_input_or_another_output(changes, taken, tmp_path):
    values = {
        "kind": "train",
        "inputs": {"hsi": [{"path": "hsi.tif"}]},
        "samples": {"path": "areas.gpkg", "class_field": "class"},
        **changes,
    }
    with pytest.raises(OutputError, match="another name") as caught:
        parse_job(values, tmp_path)
    assert caught.value.where.endswith(taken)


def test_a_class_map_may_not_replace_the_model_that_makes_it(tmp_path):
    job = {
        "kind": "classify", "inputs": {"hsi": [{"path": "hsi.tif"}]}, "parameters": {"model": "m.tif"},
        "outputs": {"classmap": "m.tif"},
    }  # fmt: skip
    with pytest.raises(OutputError, match="is read by this job"):
        parse_job(job, tmp_path)
