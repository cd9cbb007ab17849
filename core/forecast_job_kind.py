"""The kind of job that forecasts what methods cost, as the table of jobs lists it. Free of torch."""

from __future__ import annotations

from .job_spec import METHODS, JobKind, Parameter
from .train_job_kind import TRAIN

# Of each method: seconds and MiB of all trainings of a run, and of a map of the whole grid.
FIGURES = ("TRAINING_SECONDS", "TRAINING_MIB", "MAPPING_SECONDS", "MAPPING_MIB")
_SHARED = (
    "preset", "patch_size", "tile_size", "epochs", "test_fraction", "refit", "pca", "context_windows",
    "trees", "batch_size", "device", "threads",
)  # fmt: skip


def number_name(method: str, figure: str) -> str:
    """Return the name of a figure of a method among the numbers of the job."""
    return f"{method.upper()}_{figure}"


FORECAST = JobKind(
    title="Forecast what a training will cost",
    module="training.forecast_job",
    summary="Tells how long each method will take on these sources and how much memory it needs, for "
    "training and for a map of the whole area, on this computer. Each is tried for about a second on random "
    "numbers.",
    parameters=(
        Parameter(
            "method",
            "choice",
            "all",
            "Method",
            "One method, or all of them.",
            choices=("all", *METHODS),
        ),
        Parameter(
            "sample_count",
            "int",
            250,
            "Number of training pixels",
            "Only where no samples are given.",
            minimum=2,
            maximum=10_000_000,
        ),
        Parameter(
            "class_count",
            "int",
            5,
            "Number of classes",
            "Only where no samples are given.",
            minimum=2,
            maximum=1000,
        ),
        *(p for p in TRAIN.parameters if p.name in _SHARED),
    ),
    numbers=("FREE_MIB", *(number_name(method, figure) for method in METHODS for figure in FIGURES)),
    reads_scene=True,
    takes_samples=True,
    needs_engine=True,
)
