"""Two runs of the small scene as the dock keeps them: trained, mapped, with all their files."""

from __future__ import annotations

import shutil

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")
pytest.importorskip("sklearn", reason="needs scikit-learn")

from landfuse.core.dispatch import run_job
from landfuse.ui.state.choices import RunRecord


@pytest.fixture(scope="session")
def made_runs(tmp_path_factory, make_scene):
    """Files of two runs on one scene; the second has a training area less."""
    scene = make_scene(tmp_path_factory.mktemp("runs"))
    records = []
    for number, areas in ((1, scene.areas()), (2, scene.areas()[:-1])):
        folder = scene.out / f"run_{number}"
        folder.mkdir()
        scene.write_areas("areas.gpkg", areas)
        model, report = str(folder / "model.safetensors"), str(folder / "report.html")
        trained = run_job(scene.train(outputs={"model": model, "report": report}))
        outputs = {name: str(folder / f"{name}.tif") for name in ("classmap", "uncertainty")}
        mapped = run_job(scene.classify(model, outputs=outputs))
        records.append((number, {**trained.outputs, **mapped.outputs}, dict(trained.numbers)))
    return scene, records


@pytest.fixture
def records(made_runs, scene_context, small_scene):
    """Copies of the two runs in the folder of the test, as the session keeps them."""
    scene, made = made_runs
    optical, lidar = scene_context.session.sources
    found = []
    for number, outputs, numbers in made:
        folder = small_scene.out / f"run_{number}"
        shutil.copytree(scene.out / f"run_{number}", folder)
        own = {name: path.replace(str(scene.out), str(small_scene.out)) for name, path in outputs.items()}
        sources = {"OPTICAL": list(optical.layers), "LIDAR": list(lidar.layers)}
        samples = {"SAMPLES": scene_context.session.samples.layer, "CLASS_FIELD": "class"}
        train = {**sources, **samples, "METHOD": "random_forest", "TREES": 5, "MODEL": own["model"]}
        classify = {**sources, "MODEL": own["model"], "CLASSMAP": own["classmap"]}
        parameters = {"train": train, "classify": classify}
        finished = f"2026-05-0{number}T10:00:00+00:00"
        found.append(RunRecord(f"Run {number}", str(folder), parameters, own, numbers, finished))
    return found
