"""The kinds of jobs that apply and import models, part of the table in `job_kinds`. Free of torch."""

from __future__ import annotations

from .device_parameters import BATCH, DEVICE, THREADS
from .job_spec import MODALITIES, PUBLISHED, JobKind, Output, Parameter

_MAPPING = (
    Parameter(
        "allow_coarser",
        "bool",
        False,
        "Accept sources much coarser than in training",
        "Sources with pixels more than 1.5 times as large as in training are refused unless this is on.",
        advanced=True,
    ),
    Parameter(
        "precision",
        "choice",
        "auto",
        "Precision",
        "auto takes half precision only where it is faster and the labels agree.",
        choices=("auto", "fp32", "bf16", "fp16"),
        advanced=True,
    ),
    Parameter(
        "tile_size",
        "int",
        0,
        "Tile side in map pixels (0 = automatic)",
        "0 chooses.",
        minimum=0,
        maximum=8192,
        advanced=True,
    ),
    BATCH,
    DEVICE,
    THREADS,
)

CLASSIFY = JobKind(
    title="Classify with a model",
    module="inference.classify_job",
    summary="Applies a model file to sources and writes a styled class map, window by window.",
    parameters=(
        Parameter("model", "file", "", "Model file", "Made by 'Train a fusion model'.", required=True),
        *_MAPPING,
    ),
    outputs={
        "classmap": Output("Class map", "tif", "raster", required=True),
        "probabilities": Output("Probability of each class", "tif", "raster"),
        "uncertainty": Output("Maximum probability and entropy", "tif", "raster"),
    },
    numbers=("CLASSIFIED_PIXELS", "UNMAPPED_SHARE"),
    reads_scene=True,
    needs_engine=True,
)

CLASSIFY_SCENES = JobKind(
    title="Classify several scenes",
    module="inference.classify_scenes_job",
    summary="Applies a model file to every scene of a folder or list: one styled class map each, and a "
    "virtual raster over all. Started again, it skips the maps that are finished.",
    parameters=(
        Parameter("model", "file", "", "Model file", "Made by 'Train a fusion model'.", required=True),
        Parameter(
            "scenes",
            "folder",
            "",
            "Folder of scenes",
            "One sub-folder for each scene. Files are told apart by hsi, lidar, sar, optical or other as a "
            "word of their name (sar_vv.tif), else by the file names of the training; a file with the word "
            "mask is the mask.",
        ),
        Parameter(
            "scene_list",
            "file",
            "",
            "List of scenes",
            "Instead of the folder: a CSV file whose first line is scene,hsi,lidar or the like. Paths are "
            "relative to the list; several files of one cell are separated by ';'. Also known: mask, and "
            "hsi_options and its like for the settings of single scenes.",
        ),
        Parameter("probabilities", "bool", False, "Also write the probability of each class"),
        Parameter("uncertainty", "bool", False, "Also write maximum probability and entropy"),
        Parameter(
            "redo",
            "bool",
            False,
            "Map finished scenes again",
            "Otherwise a map is kept as long as model, files of the scene and settings are the same.",
            advanced=True,
        ),
        *(
            Parameter(
                f"{key}_options",
                "str",
                "",
                f"Settings of {key.upper()} in all scenes",
                "As in 'Classify with a model', such as scale=0.0001 or offset=-1000.",
                advanced=True,
            )
            for key in MODALITIES
        ),
        *_MAPPING,
    ),
    outputs={"maps": Output("Folder of the maps", type="folder", required=True)},
    numbers=("SCENES", "MAPPED", "SKIPPED"),
    needs_engine=True,
)

IMPORT_WEIGHTS = JobKind(
    title="Make a model from published weights",
    module="training.import_weights_job",
    summary="Turns a checkpoint that the authors of a network have published into a model file. A checkpoint "
    "holds weights alone: scaling and principal components are fitted on the sources given, as the authors "
    "do on theirs, and the class names are yours.",
    parameters=(
        Parameter(
            "checkpoint",
            "file",
            "",
            "Checkpoint (.pth, .pth.tar, .npz, .safetensors)",
            "Only weights are read from it; nothing in it is run.",
            required=True,
        ),
        Parameter("method", "choice", "ncglf2", "Method", "The network that was trained.", choices=PUBLISHED),
        Parameter(
            "class_names",
            "str",
            "",
            "Class names",
            "Names with commas between, in the order of the network's outputs; empty: class 1, class 2 and "
            "so on.",
        ),
        Parameter(
            "first_source",
            "choice",
            "auto",
            "Source of the network's first branch",
            "The published networks call it the hyperspectral one; auto takes the source with more bands.",
            choices=("auto", *MODALITIES),
            advanced=True,
        ),
    ),
    outputs={"model": Output("Model file", "safetensors", required=True)},
    numbers=("N_CLASSES",),
    reads_scene=True,
    needs_engine=True,
)

PREVIEW = JobKind(
    title="Preview what is in view",
    module="inference.preview_job",
    summary="Maps the extent in view coarsely, with a forest of the samples or with a model file.",
    parameters=(
        Parameter("model", "file", "", "Model file", "Empty: a random forest fitted to the samples."),
        Parameter(
            "pixels", "int", 160_000, "Largest number of pixels of the preview", minimum=16, maximum=4_000_000
        ),
        Parameter("trees", "int", 40, "Trees of the forest", minimum=1, maximum=1000),
        Parameter("seed", "int", 42, "Random seed", minimum=0, maximum=2**31 - 1),
        *_MAPPING,
    ),
    outputs={"classmap": Output("Preview", "tif", "raster", required=True)},
    numbers=("N_SAMPLES", "N_CLASSES", "PIXEL_METRES"),
    reads_scene=True,
    takes_samples=True,
    needs_engine=True,
)
