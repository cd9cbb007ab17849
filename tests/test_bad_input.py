"""Bad input, each with its own clear error: what is wrong, where, and what to do; and nothing is left behind.

Every case runs the whole job. What is covered elsewhere, and not repeated here:

- another spelling, order or kind of each mistake: tests/core/data/test_{samples,class_field,label_raster,
  modalities,grid_choice,aligned_reader,raster_io}.py; every way to damage a model file:
  tests/core/models/test_model_file.py;
- a disk that fills up: tests/core/data/test_raster_output.py (class map), tests/core/test_dispatch.py;
- torch missing before any work: tests/core/training/test_train_job.py and inference/test_classify_job.py; the
  whole QGIS side without torch: tests/test_torch_absent.py; checking a Python: core/test_environment.py;
- an engine that crashes, hangs, is killed at its start or is of another version:
  tests/processing_provider/test_engine_client.py;
- a patch side that is even, and other wrong settings: tests/core/training/test_train_job.py.
"""

from __future__ import annotations

import ast
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from landfuse.core import errors
from landfuse.core.data.drafts import scratch_prefix
from landfuse.core.dispatch import run_job
from landfuse.core.environment import EngineRecord
from landfuse.core.errors import (
    AlignmentError,
    BandError,
    ClassesError,
    EngineError,
    LandfuseError,
    MissingDependencyError,
    ModalityError,
    ModelFileError,
    OutputError,
    RasterReadError,
    SamplesError,
    VectorReadError,
)
from landfuse.core.progress import Progress
from landfuse.processing_provider.engine_client import EngineClient

pytest.importorskip("sklearn", reason="needs the engine's packages")
gdal = pytest.importorskip("osgeo.gdal")


@pytest.fixture(scope="module")
def model(make_scene, tmp_path_factory):
    """A forest of the whole scene."""
    scene = make_scene(tmp_path_factory.mktemp("training"))
    job = scene.train({**scene.forest, "test_fraction": 0.0}, outputs={"model": "forest.safetensors"})
    return run_job(job).outputs["model"]


def scratch():
    """Names in the temporary folder that a run of this process left."""
    return {path.name for path in Path(tempfile.gettempdir()).glob(f"{scratch_prefix()}*")}


@pytest.fixture
def failing(small_scene):
    """Return a function that runs a job, checks that it fails well, and returns the error.

    `make(scene)` gives the job; `culprits` are texts that the message must name.
    """

    def run(make, kind, culprits, progress=None):
        before = scratch()
        with pytest.raises(kind) as caught:
            run_job(make(small_scene), progress or Progress())
        check_words(caught.value, kind, culprits)
        assert small_scene.left() == []
        assert [p.name for p in small_scene.folder.parent.rglob(".*")] == []
        assert scratch() == before
        return caught.value

    return run


def check_words(error, kind, culprits):
    assert type(error) is kind
    assert error.what
    assert error.where
    assert error.remedy
    assert [culprit for culprit in culprits if culprit not in str(error)] == []
    for sign in ("Traceback", 'File "', "NoneType", "object at 0x", ".landfuse-"):
        assert sign not in str(error)


def samples(areas, **changes):
    """A training job on other areas; `areas(scene)` gives (WKT, value)."""

    def make(scene):
        path = scene.write_areas("mine.gpkg", areas(scene))
        return scene.train(samples={"path": path, "class_field": "class"}, **changes)

    return make


def sources(**rasters):
    """A training job with other sources; each is a function of the scene that gives a path."""
    return lambda scene: scene.train(inputs=replaced(scene, rasters))


def replaced(scene, rasters):
    """The sources of a scene with some replaced, or left out where `rasters` has None."""
    inputs = {key: [{"path": path(scene)}] for key, path in rasters.items() if path}
    return {k: v for k, v in {**scene.inputs, **inputs}.items() if rasters.get(k, True)}


def text_file(scene, name="notes.tif"):
    path = scene.folder / name
    path.write_text("This is not a raster.")
    return str(path)


def truncated(scene):
    path = scene.write_raster("half.tif", scene.optical())
    os.truncate(path, 5000)
    return path


def far(scene):
    return scene.write_raster("far.tif", scene.height(), pixel=4.0, x=scene.X + 5000)


def nothing_but_nan(scene):
    return scene.write_raster("nan.tif", np.full((4, 48, 48), np.nan, np.float32))


CASES = {
    # sources
    "no overlap": (sources(lidar=far), AlignmentError, ["'optical'", "'lidar'", "far.tif", "do not overlap"]),
    "one without CRS": (
        sources(lidar=lambda s: s.write_raster("bare.tif", s.height(), pixel=4.0, crs="")),
        AlignmentError,
        ["bare.tif", "optical.tif"],
    ),
    "missing raster": (sources(optical=lambda s: str(s.folder / "gone.tif")), RasterReadError, ["gone.tif"]),
    "not a raster": (sources(optical=text_file), RasterReadError, ["notes.tif"]),
    "truncated raster": (sources(optical=truncated), RasterReadError, ["half.tif"]),
    "nothing but NaN": (sources(optical=nothing_but_nan), BandError, ["nan.tif", "nodata everywhere"]),
    "band that does not exist": (
        lambda s: s.train(inputs={"optical": [{**s.inputs["optical"][0], "bands": "1-9"}]}),
        BandError,
        ["optical.tif", "4 bands"],
    ),
    "extent elsewhere": (
        lambda s: s.train(grid={"extent": [0, 0, 10, 10]}),
        AlignmentError,
        ["extent", "outside the sources"],
    ),
    # samples
    "too few": (
        samples(lambda s: [*(a for a in s.areas() if a[1] != 3), (s.box(3, 27, 4, 29), 3)]),
        SamplesError,
        ["mine.gpkg", "class 3 (2)"],
    ),
    "a listed class without samples": (
        samples(lambda s: s.areas(), classes=[{"value": v, "name": f"c{v}"} for v in (1, 2, 3, 9)]),
        SamplesError,
        ["mine.gpkg", "c9 (0)"],
    ),
    "one class": (samples(lambda s: s.areas((7, 7, 7))), SamplesError, ["mine.gpkg", "'class 7'"]),
    "samples elsewhere": (
        samples(lambda s: [(s.box(500, 500, 505, 505), 1), (s.box(510, 500, 515, 505), 2)]),
        SamplesError,
        ["mine.gpkg", "No training area lies inside"],
    ),
    "a mask that leaves nothing": (
        lambda s: s.train(mask=s.write_raster("mask.tif", np.zeros((48, 48), np.uint8))),
        AlignmentError,
        ["mask.tif", "leaves nothing of the scene"],
    ),
    "samples where nothing is valid": (
        lambda s: s.train(mask=s.write_raster("mask.tif", np.eye(48, 48, 47, dtype=np.uint8))),
        SamplesError,
        ["areas.gpkg", "where all sources have data"],
    ),
    "empty class field": (
        samples(lambda s: s.areas((None, None, None))),
        SamplesError,
        ["mine.gpkg", "'class'", "empty"],
    ),
    "blank class field": (
        samples(
            lambda s: s.areas(("", " ", "")),
        ),
        SamplesError,
        ["mine.gpkg", "empty"],
    ),
    "mixed class field": (
        samples(lambda s: s.areas(("1", "trees", "3"))),
        SamplesError,
        ["mine.gpkg", "'class'", "1, 3", "trees"],
    ),
    "class field of measurements": (
        samples(lambda s: s.areas((0.5, 1.25, 2.0))),
        SamplesError,
        ["0.5, 1.25"],
    ),
    "missing class field": (
        lambda s: s.train(samples={**s.samples, "class_field": "kind"}),
        SamplesError,
        ["areas.gpkg", "'kind'"],
    ),
    "class values too large": (
        samples(lambda s: s.areas((1, 2, 70000))),
        ClassesError,
        ["mine.gpkg", "70000", "65535", "Renumber"],
    ),
    "class list that fits nothing": (
        samples(lambda s: s.areas(), classes=[{"value": 40}, {"value": 50}]),
        SamplesError,
        ["40, 50", "1, 2, 3"],
    ),
    "missing sample file": (
        lambda s: s.train(samples={"path": "gone.gpkg", "class_field": "class"}),
        VectorReadError,
        ["gone.gpkg"],
    ),
    "not a sample file": (
        lambda s: s.train(samples={"path": text_file(s, "notes.gpkg"), "class_field": "class"}),
        VectorReadError,
        ["notes.gpkg"],
    ),
    "raster without labels": (
        lambda s: s.train(
            samples={"path": s.write_raster("zero.tif", np.zeros((48, 48), np.uint8)), "type": "raster"}
        ),
        SamplesError,
        ["zero.tif"],
    ),
    # outputs
    "missing output folder": (
        lambda s: s.train(outputs={"model": "none/m.safetensors"}),
        OutputError,
        ["none", "m.safetensors"],
    ),
    "missing folder of the report": (
        lambda s: s.train(outputs={"model": "m.safetensors", "report": "none/r.html"}),
        OutputError,
        ["r.html"],
    ),
    "output over an input": (
        lambda s: s.train(outputs={"model": s.inputs["lidar"][0]["path"]}),
        OutputError,
        ["lidar.tif"],
    ),
    "output is a folder": (
        lambda s: s.train(outputs={"model": str(s.folder)}),
        OutputError,
        ["folder of this name"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_training_with_bad_input_says_what_where_and_what_to_do(failing, name):
    failing(*CASES[name])


def with_model(change):
    """Return a function that gives a classification job whose model file `change(bytes)` has damaged."""

    def make(scene, model):
        path = scene.folder / "damaged.safetensors"
        path.write_bytes(change(Path(model).read_bytes()))
        return scene.classify(path)

    return make


def newer(content):
    """Raise the format version in the header of a model file."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    description = json.loads(header["__metadata__"]["landfuse"])
    header["__metadata__"]["landfuse"] = json.dumps({**description, "landfuse_model": 99})
    changed = json.dumps(header).encode()
    return len(changed).to_bytes(8, "little") + changed + content[8 + length :]


def other_program(content):
    header = b'{"weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    return len(header).to_bytes(8, "little") + header + b"\0\0\0\0"


def other_sources(**rasters):
    """A classification job with other sources, as `sources`."""
    return lambda scene, model: scene.classify(model, inputs=replaced(scene, rasters))


CLASSIFY_CASES = {
    "modality missing": (other_sources(lidar=None), ModalityError, ["lidar", "optical"]),
    "other band count": (
        other_sources(optical=lambda s: s.write_raster("rgb.tif", s.optical()[:3])),
        BandError,
        ["rgb.tif", "'optical'", "3 bands", "expects 4"],
    ),
    "no overlap": (other_sources(lidar=far), AlignmentError, ["'optical'", "'lidar'", "far.tif"]),
    "nothing but NaN": (other_sources(optical=nothing_but_nan), AlignmentError, ["optical", "valid"]),
    "truncated raster": (other_sources(optical=truncated), RasterReadError, ["half.tif"]),
    "model missing": (
        lambda s, model: s.classify("gone.safetensors"),
        ModelFileError,
        ["gone.safetensors", "cannot be read"],
    ),
    "model truncated": (
        with_model(lambda b: b[: len(b) // 2]),
        ModelFileError,
        ["damaged.safetensors", "not complete"],
    ),
    "model empty": (with_model(lambda b: b""), ModelFileError, ["damaged.safetensors"]),
    "model foreign": (
        with_model(lambda b: b"PK\3\4 a zip file of another program"),
        ModelFileError,
        ["damaged.safetensors"],
    ),
    "model of another program": (
        with_model(other_program),
        ModelFileError,
        ["damaged.safetensors", "not written by Landfuse"],
    ),
    "model newer": (with_model(newer), ModelFileError, ["damaged.safetensors", "99", "Update"]),
    "missing output folder": (
        lambda s, model: s.classify(model, outputs={"classmap": "none/map.tif"}),
        OutputError,
        ["none", "map.tif"],
    ),
    "output over the model": (
        lambda s, model: s.classify(model, outputs={"classmap": model}),
        OutputError,
        ["forest.safetensors", "read by this job"],
    ),
}


@pytest.mark.parametrize("name", CLASSIFY_CASES)
def test_classifying_bad_input_says_what_where_and_what_to_do(failing, model, name):
    make, kind, culprits = CLASSIFY_CASES[name]
    failing(lambda scene: make(scene, model), kind, culprits)


LATER_NAMED = {"sample_set.py", "samples.py"}  # the jobs add the file: training/scene.named_place


def test_every_error_in_the_code_says_where_and_what_to_do(root):
    kinds = {
        k.__name__ for k in vars(errors).values() if isinstance(k, type) and issubclass(k, LandfuseError)
    }
    found = []
    for part in ("data", "models", "training", "inference", "evaluation"):
        for path in (root / "core" / part).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in kinds:
                    needed = {"remedy"} if path.name in LATER_NAMED else {"where", "remedy"}
                    if needed - {keyword.arg for keyword in node.keywords}:
                        found.append(f"{path.relative_to(root)}:{node.lineno}")
    assert found == []


@pytest.fixture(params=["train", "classify"])
def job_of(request, model):
    """Return a function that gives a job of either kind, and the name of its main output."""
    if request.param == "train":
        return lambda scene: scene.train(report=True), "m.safetensors"
    return lambda scene: scene.classify(model, outputs=("classmap", "uncertainty")), "classmap.tif"


def test_a_folder_that_is_not_writable_is_told_before_the_run(failing, job_of, monkeypatch):
    make, name = job_of
    make_folder = tempfile.mkdtemp

    def refuse(*args, **kwargs):
        if kwargs.get("dir") is not None and Path(kwargs["dir"]).name == "out":
            raise PermissionError(13, "Permission denied")
        return make_folder(*args, **kwargs)

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    events = []
    failing(make, OutputError, [name, "Permission denied"], Progress(events.append))
    assert events == []


def test_an_output_in_use_is_told_before_the_run_and_stays(small_scene, job_of, monkeypatch):
    make, name = job_of
    target = small_scene.out / name
    target.write_text("older")
    replace, events = os.replace, []

    def refuse(source, goal, **kwargs):
        if Path(goal) == target:
            raise PermissionError(13, "The process cannot access the file")  # as Windows says
        replace(source, goal, **kwargs)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError) as caught:
        run_job(make(small_scene), Progress(events.append))
    check_words(caught.value, OutputError, [name, "in use", "Close it in QGIS"])
    assert events == []
    assert (small_scene.left(), target.read_text()) == ([name], "older")


def test_an_output_that_another_program_takes_during_the_run_leaves_older_files(
    small_scene, job_of, monkeypatch
):
    make, name = job_of
    run_job(make(small_scene))
    before = {path.name: path.read_bytes() for path in small_scene.out.iterdir()}
    replace = os.replace

    def take(event):
        def refuse(source, goal, **kwargs):
            if Path(goal) == small_scene.out / name:
                raise PermissionError(13, "The process cannot access the file")
            replace(source, goal, **kwargs)

        monkeypatch.setattr(os, "replace", refuse)

    with pytest.raises(OutputError) as caught:
        run_job(make(small_scene), Progress(take))
    check_words(caught.value, OutputError, [name])
    assert {path.name: path.read_bytes() for path in small_scene.out.iterdir()} == before


@pytest.mark.parametrize("method", ["forest", "network"])
def test_nan_and_infinities_in_rasters_are_left_out_not_learned(small_scene, method):
    pytest.importorskip("torch")
    image, height = small_scene.optical(), small_scene.height()
    image[:, 4, 4], image[2, 5, 5], image[:, 40:, 40:] = np.nan, np.inf, -np.inf
    height[0, 0, 10], height[0, 20, 20] = np.inf, np.nan
    small_scene.inputs = {
        "optical": [{"path": small_scene.write_raster("o.tif", image)}],
        "lidar": [{"path": small_scene.write_raster("l.tif", height, pixel=4.0)}],
    }
    events = []
    result = run_job(small_scene.train(getattr(small_scene, method)), Progress(events.append))
    assert all(np.isfinite(value) for value in result.numbers.values())
    assert any("samples on pixels without data dropped" in e.get("text", "") for e in events)
    from landfuse.core.models.model_file import read_model

    trained = read_model(small_scene.out / "m.safetensors")
    assert all(np.isfinite(array).all() for array in trained.preprocess.to_arrays().values())
    found = run_job(small_scene.classify(small_scene.out / "m.safetensors"))
    assert 0.8 < found.numbers["CLASSIFIED_PIXELS"] / 48**2 < 1 - 64 / 48**2


def lose(path, stage, seen=None):
    """A progress that cuts a file off when `stage` is reached for the second time (or the first)."""
    reached = [] if seen is None else seen

    def receive(event):
        if event.get("stage") == stage:
            reached.append(event)
            os.truncate(path, 200)

    return Progress(receive)


@pytest.fixture
def small_cache():
    """Let GDAL forget what it has read, as it must with large scenes."""
    size = gdal.GetCacheMax()
    gdal.SetCacheMax(1 << 14)
    yield
    gdal.SetCacheMax(size)


@pytest.mark.parametrize("stage", ["Reading the samples", "Measuring the bands", "growing trees"])
def test_a_raster_that_disappears_during_training_is_an_error(failing, small_cache, small_scene, stage):
    reached = []
    path = small_scene.inputs["optical"][0]["path"]
    failing(lambda s: s.train(report=True), RasterReadError, ["optical.tif"], lose(path, stage, reached))
    assert reached


@pytest.mark.parametrize("stage", ["Comparing the bands with training", "classifying"])
def test_a_raster_that_disappears_during_classification_is_an_error(
    failing, small_cache, small_scene, model, stage
):
    reached = []
    path = small_scene.inputs["optical"][0]["path"]
    job = small_scene.classify(model, {"tile_size": 8}, ("classmap", "probabilities"))
    failing(lambda s: job, RasterReadError, ["optical.tif"], lose(path, stage, reached))
    assert reached


class BrokenTorch:
    """Finds a torch whose libraries do not load, as on a Windows without the Visual C++ runtime."""

    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise OSError("[WinError 126] Error loading c10.dll or one of its dependencies")


def test_a_broken_torch_is_told_apart_from_a_missing_one(failing, monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(sys, "meta_path", [BrokenTorch(), *sys.meta_path])
    events = []
    failing(
        lambda s: s.train(s.network),
        MissingDependencyError,
        ["torch", "does not load", "c10.dll", "Set up"],
        Progress(events.append),
    )
    assert events == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without a signal")
def test_an_engine_that_the_system_kills_is_explained_and_leaves_nothing(small_scene):
    pytest.importorskip("torch")
    client, killed = EngineClient(EngineRecord(sys.executable)), []

    def kill(event):
        if str(event.get("stage", "")).startswith("training") and not killed:
            killed.append(client._engine.pid)
            os.kill(killed[0], signal.SIGKILL)

    job = small_scene.train({**small_scene.network, "epochs": 100000}, report=True)
    with pytest.raises(EngineError) as caught:
        client.run(job, Progress(kill))
    client.close()
    check_words(caught.value, EngineError, ["SIGKILL", "memory ran out", "smaller tile or batch size"])
    assert caught.value.where == sys.executable
    assert small_scene.left() == []
    assert list(Path(tempfile.gettempdir()).glob(f"{scratch_prefix(killed[0])}*")) == []
