"""The jobs that make sources for other jobs, as the table of jobs lists them. Free of torch."""

from __future__ import annotations

from .device_parameters import DEVICE, THREADS
from .job_spec import JobKind, Output, Parameter

INFORMATION = ("features", "reconstruction")

DIFFUSION_FEATURES = JobKind(
    title="Compute diffusion features",
    module="training.diffusion_features_job",
    summary="Trains a diffusion model of each source on all its pixels, without labels, and writes what it "
    "has learned as bands that any method can use as a source.",
    parameters=(
        Parameter(
            "trained",
            "file",
            "",
            "Trained diffusion models",
            "A file that an earlier run has written: nothing is trained, and the features of this scene are "
            "comparable with those of that one.",
        ),
        Parameter(
            "preset",
            "choice",
            "reduced",
            "Preset",
            "'reduced' takes minutes on a CPU; 'paper' uses the authors' settings and is for a GPU.",
            choices=("reduced", "paper"),
        ),
        Parameter(
            "information",
            "choice",
            "features",
            "What is written",
            "'features': inner maps of the network, reduced to as many bands as the source has; "
            "'reconstruction': the source as the network believes it to be behind noise.",
            choices=INFORMATION,
            advanced=True,
        ),
        Parameter(
            "steps",
            "int",
            0,
            "Training steps (0 = as the preset)",
            "More steps give a lower loss; the report says which was reached.",
            minimum=0,
            maximum=10_000_000,
            advanced=True,
        ),
        Parameter(
            "pca",
            "int",
            -1,
            "Principal components (-1 = as the preset)",
            "Bands left of a source with more bands than this before the diffusion. 0: none.",
            minimum=-1,
            maximum=1000,
            advanced=True,
        ),
        Parameter("seed", "int", 42, "Random seed", minimum=0, maximum=2**31 - 1, advanced=True),
        DEVICE,
        THREADS,
    ),
    outputs={
        "features": Output("Diffusion features", "tif", "raster", required=True),
        "extractor": Output("Trained diffusion models", "safetensors"),
    },
    numbers=("N_FEATURES",),
    reads_scene=True,
    needs_engine=True,
)
