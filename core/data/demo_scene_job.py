"""The job that writes the synthetic demo scene into a folder."""

from __future__ import annotations

from pathlib import Path

from ..job import Job
from ..job_spec import JobResult
from ..progress import Progress
from .demo_scene.files import check_folder, write_scene
from .demo_scene.scene import make_scene


def run(job: Job, progress: Progress) -> JobResult:
    """Make the scene of the job's seed and write it into its folder, which is made where it is missing.

    The result names the folder and every file: `hsi`, `lidar`, `sar`, `optical`, `truth`, `training_areas`,
    `reference_points`. Raises `OutputError`.
    """
    folder = Path(job.outputs["folder"])
    check_folder(folder)
    scene = make_scene(int(job.parameters["seed"]), progress.part(0.0, 0.8))
    paths = write_scene(scene, folder, progress.part(0.8, 1.0))
    progress.log(
        f"Demo scene with {len(scene.areas)} training areas and {len(scene.points)} reference points."
    )
    progress(1.0, "Done")
    return JobResult(outputs={"folder": str(folder), **paths})
