"""The table of jobs: what each reads, its parameters with their limits, and its outputs. Free of torch."""

from __future__ import annotations

from .feature_job_kinds import DIFFUSION_FEATURES
from .forecast_job_kind import FORECAST
from .job_spec import JobKind, Output, Parameter
from .model_job_kinds import CLASSIFY, CLASSIFY_SCENES, IMPORT_WEIGHTS, PREVIEW
from .study_job_kinds import COMPARE, IMPORT_SCENE
from .train_job_kind import TRAIN

ASSESS = JobKind(
    title="Assess a class map",
    module="evaluation.assess_job",
    summary="Compares a class map with reference samples: confusion matrix, overall and average "
    "accuracy, kappa, user's and producer's accuracy and F1 per class.",
    parameters=(Parameter("classmap", "file", "", "Class map", required=True),),
    outputs={"report": Output("Accuracy report", "html"), "table": Output("Accuracy table", "csv")},
    numbers=("OA", "AA", "KAPPA", "F1"),
    takes_samples=True,
    needs_samples=True,
)

CHECK_INPUTS = JobKind(
    title="Check the inputs",
    module="evaluation.check_inputs_job",
    summary="Reports how the sources fit together: overlap, pixel sizes, CRS, nodata, bands, "
    "and how far one lies beside another.",
    outputs={"report": Output("Alignment report", "html")},
    numbers=("OVERLAP_SHARE", "PROBLEMS", "MAX_SHIFT"),
    reads_scene=True,
    takes_samples=True,
)

SPLIT_SAMPLES = JobKind(
    title="Split samples into training and test parts",
    module="data.split_samples_job",
    summary="Divides samples into parts that are apart in space: groups of neighbouring areas stay whole, "
    "and what lies in the gap between the parts goes to neither.",
    parameters=(
        Parameter(
            "test_fraction",
            "float",
            0.25,
            "Share of the groups for the test part",
            "Groups are areas closer together than the gap, the values of a group field, or blocks.",
            minimum=0.01,
            maximum=0.9,
        ),
        Parameter(
            "folds",
            "int",
            5,
            "Number of folds",
            "Only for the outputs with folds, where each group is tested in one of them.",
            minimum=2,
            maximum=100,
        ),
        Parameter(
            "gap",
            "float",
            -1.0,
            "Gap between the parts in metres (-1 = automatic)",
            "-1: one patch side plus two pixels of the coarsest source. Without sources give this, a pixel "
            "size or a reference grid.",
            minimum=-1.0,
        ),
        Parameter(
            "patch_size",
            "int",
            0,
            "Patch side in map pixels (0 = automatic)",
            "The patch that the gap makes room for. 0: wide enough for every method on patches as it is by "
            "default; for REF-Net, whose tiles of 64 reach 40 pixels from a sample, give 41.",
            minimum=0,
            maximum=101,
            advanced=True,
        ),
        Parameter("seed", "int", 42, "Random seed", minimum=0, maximum=2**31 - 1, advanced=True),
    ),
    outputs={
        "training": Output("Training samples", "gpkg", "vector", samples="vector"),
        "test": Output("Test samples", "gpkg", "vector", samples="vector"),
        "left_out": Output("Samples in neither part", "gpkg", "vector", samples="vector"),
        "fold_samples": Output("Samples with their fold", "gpkg", "vector", samples="vector"),
        "training_labels": Output("Training labels", "tif", "raster", samples="raster"),
        "test_labels": Output("Test labels", "tif", "raster", samples="raster"),
        "fold_labels": Output("Fold of each labelled pixel", "tif", "raster", samples="raster"),
    },
    numbers=("N_TRAINING", "N_TEST", "N_LEFT_OUT"),
    reads_scene=True,
    scene_optional=True,
    takes_samples=True,
    needs_samples=True,
)

SAMPLE_REPORT = JobKind(
    title="Report on the samples",
    module="evaluation.sample_report_job",
    summary="Tells what samples are worth before training: counts, areas and separate places per class, mean "
    "spectra, how well each pair of classes can be told apart, and which samples are likely to be wrong.",
    outputs={
        "report": Output("Sample report", "html"),
        "table": Output("Sample table", "csv"),
        "conflicts": Output("Likely conflicts", "gpkg", "vector"),
    },
    numbers=("N_CLASSES", "N_SAMPLES", "LEAST_SEPARABILITY", "N_CONFLICTS"),
    reads_scene=True,
    takes_samples=True,
    needs_samples=True,
)

CLASS_AREAS = JobKind(
    title="Area of each class",
    module="evaluation.class_areas_job",
    summary="Hectares and share of each class of a map, whole or within the polygons of a layer. Pixels are "
    "counted with their area on the ellipsoid.",
    parameters=(
        Parameter("classmap", "file", "", "Class map", required=True),
        Parameter("zones", "file", "", "Zones", "Polygons, such as districts. Empty: the whole map."),
        Parameter(
            "zone_field",
            "str",
            "",
            "Field of the zones",
            "Polygons with the same value are one zone. Empty: each polygon is one.",
        ),
    ),
    outputs={"table": Output("Table of areas", "csv"), "report": Output("Report on areas", "html")},
    numbers=("HECTARES", "N_ZONES", "N_CLASSES"),
)

MINIMUM_MAPPING_UNIT = JobKind(
    title="Apply a minimum mapping unit",
    module="evaluation.minimum_mapping_unit_job",
    summary="Writes a second class map in which patches smaller than a given area have taken the class of "
    "their largest neighbour.",
    parameters=(
        Parameter("classmap", "file", "", "Class map", required=True),
        Parameter(
            "unit",
            "float",
            100.0,
            "Minimum mapping unit in square metres",
            "Square map units where the map has no coordinate system.",
            minimum=0.0,
        ),
        Parameter(
            "corners",
            "bool",
            False,
            "Pixels that touch at a corner belong together",
            "Off: only those that share a side do.",
            advanced=True,
        ),
    ),
    outputs={"filtered": Output("Generalised class map", "tif", "raster", required=True)},
    numbers=("SMALLEST_PATCH", "CHANGED_SHARE"),
)

MODEL_INFO = JobKind(
    title="Show what is in a model file",
    module="evaluation.model_info_job",
    summary="Lists method, sources, bands, classes, scores and provenance of a model file.",
    parameters=(Parameter("model", "file", "", "Model file", required=True),),
    outputs={"report": Output("Model card", "html")},
    numbers=("N_CLASSES",),
)

DEMO_SCENE = JobKind(
    title="Make the demo scene",
    module="data.demo_scene_job",
    summary="Writes a synthetic scene of about 600 x 600 m: hyperspectral, LiDAR, SAR and optical rasters, "
    "truth, training areas and reference points.",
    parameters=(Parameter("seed", "int", 7, "Random seed", minimum=0, maximum=2**31 - 1, advanced=True),),
    outputs={"folder": Output("Folder", type="folder", required=True)},
)

KINDS: dict[str, JobKind] = {
    "train": TRAIN,
    "classify": CLASSIFY,
    "classifyscenes": CLASSIFY_SCENES,
    "assess": ASSESS,
    "classareas": CLASS_AREAS,
    "minimummappingunit": MINIMUM_MAPPING_UNIT,
    "compare": COMPARE,
    "forecast": FORECAST,
    "checkinputs": CHECK_INPUTS,
    "splitsamples": SPLIT_SAMPLES,
    "samplereport": SAMPLE_REPORT,
    "modelinfo": MODEL_INFO,
    "importweights": IMPORT_WEIGHTS,
    "diffusionfeatures": DIFFUSION_FEATURES,
    "importscene": IMPORT_SCENE,
    "demoscene": DEMO_SCENE,
}

# With those that only the dock sends: they are no commands and no algorithms.
ALL_KINDS: dict[str, JobKind] = {**KINDS, "preview": PREVIEW}
