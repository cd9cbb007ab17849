"""The kinds of jobs for studies, comparisons and benchmark scenes; part of the table in `job_kinds`."""

from __future__ import annotations

from .job_spec import METHODS, MODALITIES, JobKind, Output, Parameter
from .train_job_kind import TRAIN

# Of a training's settings those that a comparison sets itself, and those it has of its own.
_NOT_SHARED = ("method", "seed", "refit", "test_fraction")

# The methods whose authors have said how they train.
PUBLISHED_PROTOCOLS = ("mibf_net", "ncglf2")

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

_MAT_PARTS = {
    **{key: f"{key.upper()} bands" for key in MODALITIES},
    "labels": "labels of the whole scene",
    "train": "training mask or labels",
    "test": "test mask or labels",
}

IMPORT_SCENE = JobKind(
    title="Import a benchmark scene",
    module="scene_import.import_scene_job",
    summary="Turns MATLAB files (version 5 and 7.3) or the files of the 2013 IEEE GRSS Data Fusion Contest "
    "(Houston) into GeoTIFFs, label rasters for training and testing and a class list, and writes the job "
    "that runs the published protocol.",
    parameters=(
        Parameter(
            "layout",
            "choice",
            "matlab",
            "What the files are",
            "'matlab': variables of .mat files, named below. 'houston2013': the contest's own files with "
            "their published names, in the folder below; training and test labels given here replace its "
            "regions.",
            choices=("matlab", "houston2013"),
        ),
        Parameter(
            "folder", "folder", "", "Folder of the contest's files", "Only for the layout 'houston2013'."
        ),
        *(
            parameter
            for key, label in _MAT_PARTS.items()
            for parameter in (
                Parameter(
                    f"{key}_file",
                    "file",
                    "",
                    f"File with the {label}",
                    "A MATLAB file." if key in MODALITIES else "A MATLAB file, or a label raster.",
                ),
                Parameter(
                    f"{key}_variable",
                    "str",
                    "",
                    f"Variable with the {label}",
                    "As in MATLAB: gt, or hsi.Data for a field of a structure; an apostrophe behind it swaps "
                    "rows and columns. Empty: the only one in the file.",
                ),
            )
        ),
        Parameter(
            "class_names",
            "str",
            "",
            "Class names",
            "Names with commas between, in the order of the labels 1, 2, 3; empty: class 1, class 2, ...",
        ),
        Parameter(
            "split",
            "choice",
            "given",
            "Split",
            "'given': the training and test masks. 'number' or 'rate': so many pixels or this share of each "
            "class drawn for training, the others for testing. 'mibf_net', 'ncglf2': as these authors draw "
            "them. What draws single pixels is optimistic, and marked so.",
            choices=("given", "number", "rate", "mibf_net", "ncglf2"),
        ),
        Parameter("per_class", "int", 20, "Training pixels per class ('number')", minimum=1, maximum=10**6),
        Parameter(
            "rate", "float", 0.02, "Share of each class for training ('rate')", minimum=1e-6, maximum=0.99
        ),
        Parameter("seed", "int", 0, "Random seed of the split", minimum=0, maximum=2**31 - 1),
        Parameter(
            "pixel_size",
            "float",
            1.0,
            "Pixel side in metres",
            "MATLAB files do not say it; the contest's rasters do.",
            minimum=1e-3,
            maximum=1e5,
            advanced=True,
        ),
        Parameter(
            "methods",
            "str",
            ",".join(PUBLISHED_PROTOCOLS),
            "Methods of the job",
            "Names with commas between: what paper.job.json trains with the authors' settings.",
            advanced=True,
        ),
        Parameter(
            "seeds",
            "str",
            "1",
            "Random seeds of the job",
            "Whole numbers with commas between.",
            advanced=True,
        ),
    ),
    outputs={"scene": Output("Folder of the scene", type="folder", required=True)},
    numbers=("N_CLASSES", "N_TRAINING", "N_TEST"),
    needs_engine=True,
)
