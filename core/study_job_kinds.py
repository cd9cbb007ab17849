"""The kinds of jobs for studies, comparisons and benchmark scenes; part of the table in `job_kinds`."""

from __future__ import annotations

from .job_spec import METHODS, JobKind, Output, Parameter
from .model_job_kinds import TRAIN

# Of a training's settings those that a comparison sets itself, and those it has of its own.
_NOT_SHARED = ("method", "seed", "refit", "test_fraction")

COMPARE = JobKind(
    title="Compare methods and sources",
    module="comparison.compare_job",
    summary="Trains and scores methods on subsets of the sources, with several seeds and spatial folds, all "
    "on the same samples and splits, and writes a table of means and spreads as HTML, CSV and LaTeX with the "
    "confusion matrices behind it. Started again, it skips what is finished.",
    parameters=(
        Parameter(
            "methods",
            "str",
            "mibf_net,random_forest",
            "Methods",
            f"Names with commas between, of: {', '.join(METHODS)}.",
        ),
        Parameter(
            "subsets",
            "str",
            "all,single",
            "Subsets of the sources",
            "With commas between: all (all together), single (each alone), every (all combinations), or "
            "sources joined with + such as hsi+lidar.",
        ),
        Parameter("seeds", "str", "1,2,3", "Random seeds", "Whole numbers with commas between."),
        Parameter(
            "folds",
            "int",
            4,
            "Spatial folds",
            "Each group of samples is tested in one of them. 1: a single split with the share below. With "
            "test samples there are no folds.",
            minimum=1,
            maximum=50,
        ),
        Parameter(
            "test_fraction",
            "float",
            0.25,
            "Share of the groups held back where there is one fold",
            "Not used for two folds or more, nor with test samples.",
            minimum=0.01,
            maximum=0.9,
            advanced=True,
        ),
        Parameter(
            "split_seed",
            "int",
            42,
            "Random seed of the folds",
            "The folds are the same for all methods, subsets and seeds.",
            minimum=0,
            maximum=2**31 - 1,
            advanced=True,
        ),
        Parameter(
            "published",
            "file",
            "",
            "Published figures (CSV)",
            "Optional, printed beside the results: a file whose first line is "
            "method,sources,OA,AA,KAPPA,F1,source. Figures are shares such as 0.913; the last column names "
            "the publication, and a line without it is refused.",
            advanced=True,
        ),
        Parameter(
            "redo",
            "bool",
            False,
            "Do finished cells again",
            "Otherwise a cell is kept as long as sources, samples and settings are the same.",
            advanced=True,
        ),
        *(parameter for parameter in TRAIN.parameters if parameter.name not in _NOT_SHARED),
    ),
    outputs={"results": Output("Folder of the comparison", type="folder", required=True)},
    numbers=("CELLS", "FINISHED", "FAILED"),
    reads_scene=True,
    takes_samples=True,
    needs_samples=True,
    takes_test_samples=True,
    needs_engine=True,
)
