"""What a training run starts from: the aligned sources and the samples on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..data.classes import classes_from_json
from ..data.grid import Grid
from ..data.grid_choice import choose_grid
from ..data.holes import find_holes, hidden_nodata_warnings
from ..data.modalities import Modality, describe_inputs
from ..data.sample_set import SampleSet, require_trainable
from ..data.samples import drop_invalid, median_sample_width, read_samples
from ..data.stack import Stack
from ..errors import SamplesError
from ..job import Job, SamplesInput
from ..progress import Progress


@dataclass(frozen=True)
class Scene:
    """The aligned sources and the samples on them; `notes` say in words what was decided and left out."""

    modalities: dict[str, Modality]
    stack: Stack
    samples: SampleSet
    notes: tuple[str, ...]

    @property
    def grid(self) -> Grid:
        """The common grid."""
        return self.stack.grid


@contextmanager
def open_scene(job: Job, progress: Progress) -> Iterator[Scene]:
    """Align the sources of a training job and read its samples.

    Raises `AlignmentError`, `RasterReadError` or `SamplesError` for sources and samples that cannot be used.
    """
    if job.samples is None:
        raise ValueError("a training job has samples")
    progress(0.0, "Looking at the sources")
    modalities = describe_inputs(job.inputs)
    grid, grid_notes = _grid(job, job.samples, modalities)
    with Stack(modalities, grid, job.mask, job.mask_values) as stack:
        mask_notes = stack.require_mask()
        for line in hidden_nodata_warnings(modalities):
            progress.warn(line)
        progress(0.2, "Reading the samples")
        with named_place(job.samples.path):
            classes = classes_from_json(job.classes)
            samples = read_samples(job.samples, grid, classes, progress.part(0.2, 0.6))
            samples = drop_invalid(samples, stack, progress.part(0.6, 1.0))
            require_trainable(samples)
        notes = [note for modality in modalities.values() for note in modality.notes]
        holes = [found.text for found in find_holes(modalities, grid)]
        yield Scene(modalities, stack, samples, (*notes, *grid_notes, *mask_notes, *holes, *samples.notes))


@contextmanager
def named_place(path: str) -> Iterator[None]:
    """Name the file in errors about samples that cannot know where they came from."""
    try:
        yield
    except SamplesError as error:
        if error.where:
            raise
        raise SamplesError(error.what, where=path, remedy=error.remedy) from error


def _grid(job: Job, samples: SamplesInput, modalities: dict[str, Modality]) -> tuple[Grid, tuple[str, ...]]:
    if samples.type == "raster":
        return choose_grid(modalities, job.grid, labels_path=samples.path)
    return choose_grid(modalities, job.grid, samples_pixel=median_sample_width(samples))
