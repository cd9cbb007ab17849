"""The kinds of jobs that make and apply models, part of the table in `job_kinds`. Free of torch."""

from __future__ import annotations

from .device_parameters import DEVICE, THREADS
from .job_spec import (
    ENCODER_METHODS,
    METHODS,
    MODALITIES,
    PATCH_METHODS,
    PIXEL_METHODS,
    PUBLISHED,
    ROLE_METHODS,
    TILE_METHODS,
    JobKind,
    Output,
    Parameter,
)

_BATCH = Parameter(
    "batch_size",
    "int",
    0,
    "Batch size (0 = automatic)",
    "Patches computed at once; 0 chooses.",
    minimum=0,
    maximum=65536,
    advanced=True,
)

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
    _BATCH,
    DEVICE,
    THREADS,
)

TRAIN = JobKind(
    title="Train a fusion model",
    module="training.train_job",
    summary="Aligns the sources, holds a part of the samples back, trains, scores on the held-back part, "
    "trains again on all samples and writes the model file with a report.",
    parameters=(
        Parameter(
            "method",
            "choice",
            "mibf_net",
            "Method",
            "What is to be trained.",
            choices=METHODS,
        ),
        Parameter(
            "preset",
            "choice",
            "default",
            "Preset",
            "'default' was measured to be good on small sample sets; 'small' takes about half of its time or "
            "less and is a little less accurate; 'paper' uses the authors' settings.",
            choices=("default", "small", "paper"),
        ),
        Parameter(
            "patch_size",
            "int",
            0,
            "Patch side in map pixels (0 = automatic)",
            "Odd; the square around a pixel that the network sees. 0 chooses a side that spans at least one "
            "pixel of the coarsest source; the log and the report give it in metres.",
            minimum=0,
            maximum=101,
            methods=PATCH_METHODS,
        ),
        Parameter(
            "tile_size",
            "int",
            0,
            "Side of the network's tiles in map pixels (0 = automatic)",
            "For networks that label whole tiles; larger ones show more of the surroundings and need more "
            "memory. 0 takes the preset's, less where the scene is small.",
            minimum=0,
            maximum=1024,
            advanced=True,
            methods=TILE_METHODS,
        ),
        Parameter(
            "epochs",
            "int",
            0,
            "Training epochs (0 = as the preset)",
            "How often the network sees the samples; forest and SVM ignore it.",
            minimum=0,
            maximum=100000,
        ),
        Parameter(
            "test_fraction",
            "float",
            0.25,
            "Share of the groups held back for scoring",
            "0 scores nothing.",
            minimum=0.0,
            maximum=0.9,
            advanced=True,
        ),
        Parameter(
            "refit",
            "bool",
            True,
            "Train again on all samples",
            "Off saves the model that was scored, which has not seen the held-back part.",
            advanced=True,
        ),
        Parameter(
            "gap",
            "float",
            -1.0,
            "Gap between training and held-back samples in metres (-1 = automatic)",
            "-1: one patch side plus two pixels of the coarsest source. Of a network on tiles not the side "
            "counts but how far a tile can reach from a sample.",
            minimum=-1.0,
            advanced=True,
        ),
        Parameter(
            "pca",
            "int",
            -1,
            "Principal components (-1 = as the method)",
            "Bands left by a principal component analysis of each source with more bands than this. 0: none; "
            "-1: the method's default.",
            minimum=-1,
            maximum=1000,
            advanced=True,
        ),
        Parameter(
            "head",
            "choice",
            "paper",
            "Classification head of MIBF-Net",
            "'paper' as published in words, 'released' as in the authors' program (128 outputs).",
            choices=("paper", "released"),
            advanced=True,
            methods=("mibf_net",),
        ),
        Parameter(
            "information",
            "choice",
            "features",
            "Generative information of GIHCN",
            "'features' of diffusion models of the sources, as published; the 'reconstruction' of the "
            "sources by them; or 'raw': the sources themselves, in a fraction of the time.",
            choices=("features", "reconstruction", "raw"),
            advanced=True,
            methods=("gihcn",),
        ),
        Parameter(
            "diffusion_steps",
            "int",
            0,
            "Training steps of the diffusion models (0 = as the preset)",
            "Each source has one; it is kept and found again by later runs.",
            minimum=0,
            maximum=10_000_000,
            advanced=True,
            methods=("gihcn",),
        ),
        Parameter(
            "first_source",
            "choice",
            "auto",
            "Source with the first role",
            "The one that the network compares the others with, or lets them be guided by; auto takes the "
            "source with most bands.",
            choices=("auto", *MODALITIES),
            advanced=True,
            methods=ROLE_METHODS,
        ),
        Parameter(
            "encoder_weights",
            "file",
            "",
            "ImageNet weights of the encoders",
            "A published file of ResNet-18, -34 or -50 (.pth or .safetensors); the encoders become that "
            "network and start from it. Empty: they start from nothing.",
            advanced=True,
            methods=ENCODER_METHODS,
        ),
        Parameter(
            "context_windows",
            "str",
            "3,7,15",
            "Context windows of forest and SVM",
            "Sides in map pixels of the local means and deviations it sees; empty: pixel values only.",
            advanced=True,
            methods=PIXEL_METHODS,
        ),
        Parameter(
            "trees",
            "int",
            300,
            "Trees of the forest",
            minimum=1,
            maximum=5000,
            advanced=True,
            methods=("random_forest",),
        ),
        Parameter(
            "svm_cost",
            "float",
            0.0,
            "Cost C of the SVM (0 = automatic)",
            "0: the best of 1, 10 and 100 in a cross-validation on the training samples.",
            minimum=0.0,
            maximum=1e6,
            advanced=True,
            methods=("svm",),
        ),
        Parameter(
            "svm_gamma",
            "float",
            0.0,
            "Kernel width gamma of the SVM (0 = automatic)",
            "For standardised features, divided by their number. 0: the best of 0.25, 1 and 4 in a "
            "cross-validation on the training samples.",
            minimum=0.0,
            maximum=1e6,
            advanced=True,
            methods=("svm",),
        ),
        Parameter(
            "learning_rate",
            "float",
            0.0,
            "Learning rate (0 = as the preset)",
            "0 takes the preset's.",
            minimum=0.0,
            maximum=10.0,
            advanced=True,
        ),
        _BATCH,
        Parameter("seed", "int", 42, "Random seed", minimum=0, maximum=2**31 - 1, advanced=True),
        DEVICE,
        THREADS,
    ),
    outputs={
        "model": Output("Model file", "safetensors", required=True),
        "report": Output("Accuracy report", "html"),
    },
    numbers=("OA", "AA", "KAPPA", "F1"),
    reads_scene=True,
    takes_samples=True,
    needs_samples=True,
    takes_test_samples=True,
    needs_engine=True,
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
