"""What the sources measure at one place and, on average, in the training areas of each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..data.claims import settle
from ..data.classes import LandClass
from ..data.digitising_scene import DigitisingScene
from ..data.geometry_pixels import ShapeBatch
from ..data.sample_set import SampleSet
from ..data.sample_values import SampleValues, read_sample_values
from ..data.vector_io import inner_point, shapes_of
from ..data.windows import Window
from ..errors import SamplesError
from ..progress import Progress, silent
from .sample_statistics import Spectra, class_spectra

if TYPE_CHECKING:
    from ..data.spans import Spans

PIXELS_PER_CLASS = 2000  # looked at; more change a mean by less than can be seen
_PLACE = LandClass(1, "", "#000000")


@dataclass(frozen=True)
class LabelledArea:
    """A training area: its class as an index of the list of classes, and its geometry as WKB."""

    label: int
    wkb: bytes


@dataclass(frozen=True, eq=False)
class ClassProfiles:
    """Spectra of all classes, one per source (or raster of a source), and the pixels they were read from."""

    classes: tuple[LandClass, ...]
    pixels: tuple[int, ...]
    spectra: tuple[Spectra, ...]


def place_profile(scene: DigitisingScene, x: float, y: float, crs: str) -> list[Spectra]:
    """Return what each source measures at a place, as the mean of a single class; [] beside the sources.

    The spectra are those of `class_profiles`, in the same order and with the same bands.
    """
    pixel = scene.pixel_at(x, y, crs)
    if pixel is None:
        return []
    row, col = pixel
    data = scene.stack.read(Window(row, col, 1, 1)).data
    at, zero = np.array([[row], [col]], dtype=np.int64), np.zeros(1, dtype=np.int64)
    one = SampleSet(at[0], at[1], zero, zero, zero, (_PLACE,))
    values = SampleValues(one, {key: bands.reshape(1, -1) for key, bands in data.items()})
    return [spectra for m in scene.modalities.values() for spectra in class_spectra(values, m)]


def class_profiles(
    scene: DigitisingScene,
    classes: Sequence[LandClass],
    areas: Sequence[LabelledArea],
    crs: str,
    progress: Progress = silent,
) -> ClassProfiles:
    """Return mean and spread of every class over its areas (in `crs`), of at most `PIXELS_PER_CLASS` pixels.

    Classes without a usable pixel have NaN. Raises `RasterReadError`.
    """
    samples = _samples(scene, classes, areas, crs, progress)
    if not len(samples):
        return ClassProfiles(tuple(classes), (0,) * len(classes), ())
    try:
        values = read_sample_values(samples, scene.stack, PIXELS_PER_CLASS, progress)[1]
    except SamplesError:  # no pixel has data
        return ClassProfiles(tuple(classes), (0,) * len(classes), ())
    found = [spectra for m in scene.modalities.values() for spectra in class_spectra(values, m)]
    return ClassProfiles(tuple(classes), tuple(values.samples.counts().tolist()), tuple(found))


def _samples(
    scene: DigitisingScene,
    classes: Sequence[LandClass],
    areas: Sequence[LabelledArea],
    crs: str,
    progress: Progress,
) -> SampleSet:
    """Return the pixels of areas; those claimed by two classes belong to none."""
    spans = _spans(scene, areas, crs, progress)
    labels = np.array([area.label for area in areas], dtype=np.int64)
    limit = 50 * PIXELS_PER_CLASS  # from these an even selection over the areas is taken
    found = settle(spans, labels, len(classes), scene.grid, limit, progress)
    places = found.places
    return SampleSet(found.rows, found.cols, labels[places], found.first_keys[places], places, tuple(classes))


def _spans(scene: DigitisingScene, areas: Sequence[LabelledArea], crs: str, progress: Progress) -> Spans:
    batch = ShapeBatch()
    for number, area in enumerate(areas):
        progress.check()
        for shape in shapes_of(area.wkb, crs, scene.grid):
            batch.add(shape, number)
    return batch.spans(scene.grid, inner_point)
