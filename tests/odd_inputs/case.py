"""What a case is, how it is run, and how its map is compared with the ground."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from landfuse.core.data.drafts import scratch_prefix
from landfuse.core.dispatch import run_job
from landfuse.core.errors import LandfuseError
from landfuse.core.job_file import parse_job
from landfuse.core.progress import Progress
from osgeo import gdal, osr

from .bench import Bench
from .ground import SIDE, Ground, inside_classes, moved, positions, truth

FOREST = {
    "method": "random_forest", "trees": 8, "context_windows": "", "test_fraction": 0.0, "device": "cpu",
    "threads": 1,
}  # fmt: skip
RIGHT = 0.97  # share of the places inside the classes that must have their label
_PROGRAM_WORDS = ("Traceback", 'File "', "NoneType", "object at 0x", ".landfuse-")


def nowhere(u, v):
    """Return that no place is a hole."""
    return np.zeros(np.shape(u), bool)


@dataclass(frozen=True)
class Plan:
    """The jobs of a case and what its map must show.

    `inputs` and `samples` train a forest; `scene` replaces the inputs when classifying; `train` and
    `classify` change further keys of the two jobs. `area` is the part of the ground in units (u, v, u_stop,
    v_stop) that the map must cover and not exceed, `hole(u, v)` where it must be 0, `values` the map's value
    of classes 1, 2, 3, `margin` the units around class borders, holes and the area's edge that are not
    looked at. `look`: the ground the map shows, where it is not the one trained on.
    """

    inputs: dict[str, Any]
    samples: dict[str, Any] | None = None
    scene: dict[str, Any] | None = None
    train: dict[str, Any] = field(default_factory=dict)
    classify: dict[str, Any] = field(default_factory=dict)
    area: tuple[float, float, float, float] = (0, 0, SIDE, SIDE)
    hole: Callable[..., Any] = nowhere
    values: tuple[int, ...] = (1, 2, 3)
    margin: float = 0.2
    reach: float = 0.0
    labels: bool = True
    look: Ground | None = None


@dataclass(frozen=True)
class Right:
    """The map is right; `says` are words that must be logged, `grid` words of the note on the grid."""

    says: Sequence[str] = ()

    def __str__(self):
        return "right map" + (f", told: {'; '.join(self.says)}" if self.says else "")


@dataclass(frozen=True)
class Refused:
    """The run ends with an error of a kind that names `culprits`; nothing is left behind."""

    kind: type[LandfuseError]
    culprits: Sequence[str] = ()
    step: str = "train"

    def __str__(self):
        return f"{self.kind.__name__} in {self.step}" + (
            f" naming {', '.join(self.culprits)}" if self.culprits else ""
        )


@dataclass(frozen=True)
class Case:
    """One odd input. `around(step, bench)` gives a context manager that lasts while the job "train" or
    "classify" runs.
    """

    subject: str
    name: str
    build: Callable[[Bench], Plan]
    expected: Right | Refused = Right()
    ground: Ground = Ground()  # noqa: RUF009
    around: Callable[[str, Bench], Any] | None = None
    skip: str = ""

    @property
    def id(self):
        return f"{self.subject}: {self.name}"


def wrapped(inputs):
    """Return inputs given as paths, dicts or lists of them in the form of a job."""
    listed = {key: items if isinstance(items, list) else [items] for key, items in inputs.items()}
    return {
        key: [{"path": item} if isinstance(item, str) else item for item in items]
        for key, items in listed.items()
    }


class Runner:
    """Runs one case in a folder and says how it ended."""

    def __init__(self, case, folder):
        self.case, self.bench = case, Bench(folder, case.ground)
        self.events: list[dict[str, Any]] = []
        self.step = "build"

    def run(self):
        """Return the outcome in words. Raises `AssertionError` for any other than the expected one."""
        plan = self.case.build(self.bench)
        scratch = self._scratch()
        if isinstance(self.case.expected, Refused):
            return self._refused(plan, self.case.expected, scratch)
        self._train(plan)
        self._classify(plan)
        assert self._scratch() == scratch, "scratch files are left"
        told = " ".join(str(event.get("text", "")) for event in self.events)
        missing = [words for words in self.case.expected.says if words not in told]
        assert not missing, f"not told: {missing} in {told}"
        return check_map(str(self.bench.out / "map.tif"), plan.look or self.bench.ground, plan)

    def _refused(self, plan, expected, scratch):
        try:
            self._train(plan)
            self._classify(plan)
        except LandfuseError as error:
            found = error
        else:
            raise AssertionError("nothing was refused")
        check_words(found, expected)
        assert self.step == expected.step, f"refused in {self.step}: {found}"
        kept = {"m.safetensors", "m.job.json", "m.samples.gpkg"} if self.step == "classify" else set()
        left = {path.name for path in self.bench.out.iterdir()} - kept
        assert not left, f"left behind: {left}"
        assert self._scratch() == scratch, "scratch files are left"
        return f"{type(found).__name__}: {found}"

    def _run(self, values):
        around = self.case.around(self.step, self.bench) if self.case.around else nullcontext()
        with around:
            run_job(parse_job(values, self.bench.out), Progress(self.events.append))

    def _scratch(self):
        return {path.name for path in Path(tempfile.gettempdir()).glob(f"{scratch_prefix()}*")}

    def _train(self, plan):
        self.step = "train"
        changes = dict(plan.train)
        values = {
            "kind": "train", "inputs": wrapped(plan.inputs), "samples": plan.samples or self.bench.samples(),
            "parameters": {**FOREST, **changes.pop("parameters", {})},
            "outputs": {"model": "m.safetensors"}, **changes,
        }  # fmt: skip
        self._run(values)

    def _classify(self, plan):
        self.step = "classify"
        changes = dict(plan.classify)
        values = {
            "kind": "classify", "inputs": wrapped(plan.scene or plan.inputs),
            "parameters": {
                "model": "m.safetensors", "device": "cpu", "threads": 1, **changes.pop("parameters", {}),
            },
            "outputs": {"classmap": "map.tif"}, **changes,
        }  # fmt: skip
        self._run(values)


def check_words(error, expected):
    """Check that an error is of the kind, says what, where and what to do, and names the culprits."""
    assert type(error) is expected.kind, f"{type(error).__name__}: {error}"
    assert error.what, "the error does not say what"
    assert error.where, f"the error does not say where: {error}"
    assert error.remedy, f"the error does not say what to do: {error}"
    missing = [text for text in expected.culprits if text not in str(error)]
    assert not missing, f"{missing} not in: {error}"
    assert not [sign for sign in _PROGRAM_WORDS if sign in str(error)], f"words of the program in: {error}"


def check_map(path, ground, plan):
    """Compare a class map with the ground at four places of every unit; return the result in words."""
    dataset = gdal.Open(path)
    transform = dataset.GetGeoTransform()
    assert dataset.GetRasterBand(1).GetNoDataValue() == 0
    spatial = dataset.GetSpatialRef()
    if spatial is not None:
        spatial.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    wkt = spatial.ExportToWkt() if spatial is not None else ""
    assert bool(wkt) == bool(ground.crs), f"the map has the CRS '{wkt[:40]}'"
    labels = dataset.GetRasterBand(1).ReadAsArray()
    u, v = places_of(plan.area, plan.margin)
    found = looked_up(labels, transform, wkt, ground, u, v)
    holes = widely(plan.hole, u, v, plan.margin)
    kept = ~widely(plan.hole, u, v, plan.margin, anywhere=True)
    assert not found[holes].any(), f"{np.count_nonzero(found[holes])} of {holes.sum()} hole places are mapped"
    empty = np.count_nonzero(found[kept] <= 0)
    assert not empty, f"{empty} of {kept.sum()} places with data are not mapped"
    looked = kept & inside_classes(u, v, plan.margin) if plan.labels else np.zeros_like(kept)
    right = np.asarray(plan.values)[truth(u, v) - 1] == found
    share = float(right[looked].mean()) if looked.any() else 1.0
    assert share >= RIGHT, f"only {share:.1%} of {looked.sum()} places have the right label"
    check_beyond(labels, transform, wkt, ground, plan)
    rows, cols = labels.shape
    return f"map of {cols} x {rows} right at {share:.1%} of {looked.sum()} places"


def places_of(area, margin):
    """Return four places in every unit of a part of the ground, `margin` units away from its edge."""
    axes = [np.arange(low + 0.25, high, 0.5) for low, high in (area[::2], area[1::2])]
    inner = [a[(a - low >= margin) & (high - a >= margin)] for a, low, high in zip(axes, area, area[2:])]
    return [a.ravel() for a in np.meshgrid(*inner)]


def widely(hole, u, v, margin, anywhere=False):
    """Return which places have holes all around within `margin` (`anywhere`: at least one)."""
    around = [hole(u + du, v + dv) for du in (-margin, 0, margin) for dv in (-margin, 0, margin)]
    return np.logical_or.reduce(around) if anywhere else np.logical_and.reduce(around)


def looked_up(labels, transform, wkt, ground, u, v):
    """Return the map's value at places of the ground, -1 beyond the map."""
    x, y = ground.at(u, v)
    x, y = moved(x, y, ground.crs, wkt)
    row, col = positions(transform, x, y)
    if wkt and osr.SpatialReference(wkt).IsGeographic():  # a place has many longitudes
        middle = transform[0] + transform[1] * labels.shape[1] / 2
        row, col = positions(transform, x - 360 * np.round((x - middle) / 360), y)
    row, col = np.floor(row).astype(int), np.floor(col).astype(int)
    known = (row >= 0) & (col >= 0) & (row < labels.shape[0]) & (col < labels.shape[1])
    found = np.full(u.shape, -1)
    found[known] = labels[row[known], col[known]]
    return found


def check_beyond(labels, transform, wkt, ground, plan):
    """Check that no pixel is mapped whose centre lies well outside the area."""
    row, col = np.nonzero(labels)
    t = transform
    x, y = t[0] + (col + 0.5) * t[1] + (row + 0.5) * t[2], t[3] + (col + 0.5) * t[4] + (row + 0.5) * t[5]
    u, v = ground.places(x, y, wkt or None)
    if ground.is_geographic:
        turn = 360 / ground.unit[0]
        u -= turn * np.round((u - SIDE / 2) / turn)
    box, gap = plan.area, max(plan.margin, 0.5) + plan.reach + 0.01
    beyond = (u < box[0] - gap) | (u > box[2] + gap) | (v < box[1] - gap) | (v > box[3] + gap)
    assert not beyond.any(), f"{beyond.sum()} pixels beyond the sources are mapped"


@dataclass(frozen=True)
class Outcome:
    """How a case ended: `good` is whether as expected."""

    case: Case
    good: bool
    words: str
    seconds: float


def outcome_of(case):
    """Run a case in a folder of its own and return its outcome; never raises."""
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="odd-"))
    try:
        if case.skip:
            return Outcome(case, True, f"skipped: {case.skip}", 0.0)
        words, good = Runner(case, folder).run(), True
    except AssertionError as error:
        words, good = f"NOT AS EXPECTED: {error}", False
    except LandfuseError as error:
        words, good = f"REFUSED: {type(error).__name__}: {error}", False
    except Exception as error:  # noqa: BLE001  the table shows it
        words, good = f"FAILED: {type(error).__name__}: {error}", False
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Outcome(case, good, words.replace(str(folder), "..."), time.monotonic() - started)
