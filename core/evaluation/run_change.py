"""What changed from one run to the next: the samples, the map, and the scores on what both held back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..data.band_reader import BandReader
from ..data.classes import LandClass
from ..data.grid import Grid
from ..data.pixel_areas import PixelAreas
from ..data.raster_io import same_crs
from ..data.vector_io import VectorLayer, overlapping
from ..data.windows import Window, iter_tiles
from ..errors import AlignmentError
from ..progress import Progress, silent
from .assess_job import classes_in
from .class_match import map_classes
from .group_scores import matrix_of
from .metrics import Metrics, compute_metrics
from .run_accuracy import RunAccuracy, run_accuracy

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TILE = 1024  # pixels
_SAME_PIXEL = 1e-6  # relative


@dataclass(frozen=True)
class RunFiles:
    """The files of a run; "" for what it did not make. `samples`: the copy kept beside the model."""

    name: str
    model: str = ""
    classmap: str = ""

    @property
    def samples(self) -> str:
        """The copy of the training areas beside the model; "" where there is none (label rasters)."""
        path = Path(self.model).with_suffix(".samples.gpkg") if self.model else None
        return str(path) if path is not None and path.is_file() else ""


@dataclass(frozen=True)
class SamplesChange:
    """Training areas: `altered` have another outline over the same ground, or another class."""

    added: int
    altered: int
    removed: int
    unchanged: int


@dataclass(frozen=True, eq=False)
class MapChange:
    """Ground by class before (rows) and after (columns), (K, K), where both maps have a class.

    `unit`: "m²" or "square map units".
    """

    classes: tuple[LandClass, ...]
    sizes: NDArray[np.float64]
    unit: str

    @property
    def compared(self) -> float:
        """Size of the ground that has a class in both maps."""
        return float(self.sizes.sum())

    @property
    def changed(self) -> float:
        """Size of the ground whose class is another one."""
        return float(self.sizes.sum() - np.trace(self.sizes))


@dataclass(frozen=True)
class ScoreChange:
    """Scores on the groups that both runs held back and whose samples are the same, pixel by pixel."""

    n_groups: int
    n_pixels: int
    before: Metrics
    after: Metrics


@dataclass(frozen=True)
class ChangeNote:
    """What changed. What cannot be said is None, and `reasons` tell why."""

    before: str
    after: str
    samples: SamplesChange | None
    map: MapChange | None
    scores: ScoreChange | None
    reasons: tuple[str, ...] = ()


def compare_runs(before: RunFiles, after: RunFiles, progress: Progress = silent) -> ChangeNote:
    """Compare two runs by their files. Raises `VectorReadError`, `RasterReadError` and `ModelFileError`."""
    reasons: list[str] = []
    samples = scores = change = None
    if before.samples and after.samples:
        samples = compare_samples(before.samples, after.samples)
    else:
        reasons.append(
            "The training areas cannot be compared: a run has kept none (a label raster, or no training)."
        )
    progress(0.1, "Comparing the scores")
    if before.model and after.model:
        scores = compare_scores(run_accuracy(before.model), run_accuracy(after.model))
    if scores is None:
        reasons.append(
            "The scores cannot be compared: no held-back group is the same in both runs. The scores of each "
            "run are measured on different samples."
        )
    if before.classmap and after.classmap:
        try:
            change = compare_maps(before.classmap, after.classmap, progress.part(0.2, 1.0))
        except AlignmentError as error:
            reasons.append(error.what)
    return ChangeNote(before.name, after.name, samples, change, scores, tuple(reasons))


def compare_samples(before: str, after: str) -> SamplesChange:
    """Compare the training areas that two runs have kept. Raises `VectorReadError`."""
    old, new = _areas(before), _areas(after)
    same = old & new
    old, new = old - same, new - same
    gone, come = list(old.elements()), list(new.elements())
    altered = overlapping([wkb for wkb, _ in gone], [wkb for wkb, _ in come])
    return SamplesChange(len(come) - altered, altered, len(gone) - altered, sum(same.values()))


def _areas(path: str) -> Counter[tuple[bytes, int]]:
    with VectorLayer(path, field="class") as layer:
        return Counter((wkb, int(value or 0)) for wkb, (value,) in layer.records(["class"]))


def compare_scores(before: RunAccuracy, after: RunAccuracy) -> ScoreChange | None:
    """Compare two models on the groups that both have not seen; None where there is no such group.

    The scores are those of the models trained without the held-back samples, whichever model was saved.
    """
    known = {(g.key, g.digest): g for g in before.groups}
    shared = [(known[g.key, g.digest], g) for g in after.groups if (g.key, g.digest) in known]
    if not shared:
        return None
    classes = _all_classes(before.classes, after.classes)
    old = matrix_of([pair[0] for pair in shared], classes).without_empty_classes()
    new = matrix_of([pair[1] for pair in shared], classes).without_empty_classes()
    return ScoreChange(len(shared), old.total, compute_metrics(old), compute_metrics(new))


def _all_classes(before: Sequence[LandClass], after: Sequence[LandClass]) -> tuple[LandClass, ...]:
    found = {c.value: c for c in (*before, *after)}
    return tuple(found[value] for value in sorted(found))


def compare_maps(before: str, after: str, progress: Progress = silent) -> MapChange:
    """Return how much ground went from which class to which.

    Maps of other extents are compared where both are. Raises `AlignmentError` for maps whose pixels are not
    the same, and `RasterReadError`.
    """
    counts: dict[tuple[int, int], float] = {}
    with BandReader(before) as old, BandReader(after) as new:
        row, col = _offset(old.info.grid, new.info.grid)
        areas = PixelAreas(new.info.grid)
        for window in iter_tiles(*new.info.grid.shape, _TILE):
            progress(window.row / new.info.grid.rows, "Comparing the maps")
            common = _common(window, row, col, old.info.grid)
            if common is None:
                continue
            there = Window(common.row + row, common.col + col, common.height, common.width)
            _count(counts, classes_in(old, there), classes_in(new, common), areas.of_window(common))
        values = {value for pair in counts for value in pair}
        known = dict.fromkeys(values, 1)
        classes = _all_classes(map_classes(old.info, known), map_classes(new.info, known))
    used = tuple(c for c in classes if c.value in values)
    index = {c.value: i for i, c in enumerate(used)}
    sizes = np.zeros((len(used), len(used)))
    for (was, is_now), size in counts.items():
        sizes[index[was], index[is_now]] = size
    return MapChange(used, sizes, areas.unit)


def _offset(before: Grid, after: Grid) -> tuple[int, int]:
    """Return what to add to rows and columns of the map after to have those of the map before."""
    steps = np.array(before.transform)[[1, 2, 4, 5]] - np.array(after.transform)[[1, 2, 4, 5]]
    row, col = before.position(after.transform[0], after.transform[3])
    same = np.abs(steps).max() <= _SAME_PIXEL * min(after.pixel_size) and same_crs(before.crs, after.crs)
    if not same or abs(row - round(row)) > 0.01 or abs(col - round(col)) > 0.01:
        raise AlignmentError(
            "The maps cannot be compared pixel by pixel: they lie on different grids.",
            where="class maps",
            remedy="Run both with the same pixel size and reference.",
        )
    return round(row), round(col)


def _common(window: Window, row: int, col: int, before: Grid) -> Window | None:
    """Return the part of a window of the map after that the map before has too."""
    top, left = max(window.row, -row), max(window.col, -col)
    bottom, right = min(window.row_stop, before.rows - row), min(window.col_stop, before.cols - col)
    return Window(top, left, bottom - top, right - left) if top < bottom and left < right else None


def _count(
    counts: dict[tuple[int, int], float],
    old: NDArray[np.int64],
    new: NDArray[np.int64],
    sizes: NDArray[np.float64],
) -> None:
    mapped = (old > 0) & (new > 0)
    pairs, members = np.unique(old[mapped] << 16 | new[mapped], return_inverse=True)
    summed = np.bincount(members.reshape(-1), weights=sizes[mapped], minlength=len(pairs))
    for pair, size in zip(pairs.tolist(), summed.tolist()):
        key = pair >> 16, pair & 0xFFFF
        counts[key] = counts.get(key, 0.0) + size
