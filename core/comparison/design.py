"""What a comparison consists of: its methods, subsets of the sources, seeds and folds, as cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from ..errors import JobError
from ..job import Job
from ..job_kinds import KINDS
from ..job_spec import METHODS

Subset = tuple[str, ...]  # modalities


@dataclass(frozen=True)
class Row:
    """One line of the table: a method on some of the sources."""

    method: str
    sources: Subset

    @property
    def source_text(self) -> str:
        """The sources in words, such as `hsi + lidar`."""
        return " + ".join(self.sources)

    def __str__(self) -> str:
        return f"{self.method}, {self.source_text}"


@dataclass(frozen=True)
class Cell:
    """One training and its score. `fold` counts from 1."""

    row: Row
    seed: int
    fold: int

    @property
    def name(self) -> str:
        """What its files are called, without suffix."""
        return f"{self.row.method}__{'+'.join(self.row.sources)}__seed{self.seed}__fold{self.fold}"

    def __str__(self) -> str:
        return f"{self.row}, seed {self.seed}, fold {self.fold}"


@dataclass(frozen=True)
class Design:
    """All of a comparison that is decided before a file is read; `folds` is 1 without a cross-validation."""

    rows: tuple[Row, ...]
    seeds: tuple[int, ...]
    folds: int

    def cells(self, folds: Sequence[int]) -> list[Cell]:
        """Return the cells for these numbers of folds.

        Fold and seed change slowest: a run that is stopped has something of every row.
        """
        return [Cell(row, seed, fold) for seed in self.seeds for fold in folds for row in self.rows]


def read_design(job: Job) -> Design:
    """Return the design of a `compare` job. Raises `JobError`."""
    methods, subsets = _methods(job), _subsets(str(job.parameters["subsets"]), tuple(job.inputs))
    rows = tuple(Row(method, keys) for method in methods for keys in subsets)
    folds = 1 if job.test_samples is not None else int(job.parameters["folds"])
    return Design(rows, _seeds(str(job.parameters["seeds"])), folds)


def training_job(job: Job, row: Row, seed: int, model: str) -> Job:
    """Return the `train` job that a cell amounts to; `model` names what is kept of it while it runs.

    A source with the first role has it in the rows that hold it; in the others the network chooses.
    """
    shared = {p.name: job.parameters.get(p.name, p.default) for p in KINDS["train"].parameters}
    if shared["first_source"] not in row.sources:
        shared["first_source"] = "auto"
    return replace(
        job,
        kind="train",
        inputs={key: job.inputs[key] for key in row.sources},
        parameters={**shared, "method": row.method, "seed": seed, "refit": False},
        outputs={"model": model},
    )


def _methods(job: Job) -> tuple[str, ...]:
    found = _words(str(job.parameters["methods"]))
    unknown = [name for name in found if name not in METHODS]
    if unknown or not found:
        raise JobError(
            f"Not a method: {', '.join(unknown)}." if unknown else "No method is named.",
            where="methods",
            remedy=f"Name some of these, with commas between: {', '.join(METHODS)}.",
        )
    return found


def _seeds(text: str) -> tuple[int, ...]:
    words = _words(text)
    if not words or not all(word.isdecimal() and int(word) < 2**31 for word in words):
        raise JobError(
            f"'{text}' is no list of seeds.", where="seeds", remedy="Write whole numbers, for example 1,2,3."
        )
    return tuple(dict.fromkeys(int(word) for word in words))


def _subsets(text: str, keys: Subset) -> tuple[Subset, ...]:
    """Return the subsets that `text` names, each in the order of the sources and once."""
    found: list[Subset] = []
    for word in _words(text):
        if word == "all":
            found.append(keys)
        elif word == "single":
            found += [(key,) for key in keys]
        elif word == "every":
            found += [part for n in range(len(keys), 0, -1) for part in combinations(keys, n)]
        else:
            found.append(_named(word, keys))
    if not found:
        raise JobError("No sources are named.", where="subsets", remedy="Write for example all,single.")
    return tuple(dict.fromkeys(found))


def _named(word: str, keys: Subset) -> Subset:
    wanted = word.split("+")
    unknown = [key for key in wanted if key not in keys]
    if unknown:
        raise JobError(
            f"'{word}' names a source that is not given: {', '.join(unknown)}.",
            where="subsets",
            remedy=f"Join some of these with +: {', '.join(keys)}; or write all, single or every.",
        )
    return tuple(key for key in keys if key in wanted)


def _words(text: str) -> tuple[str, ...]:
    """Return the words between commas, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.replace(" ", "").split(",") if part.strip()))
