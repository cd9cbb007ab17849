"""Where and how wide a network computes: parameters that jobs share. Free of torch."""

from __future__ import annotations

from .job_spec import Parameter

DEVICE = Parameter(
    "device",
    "choice",
    "auto",
    "Device",
    "Where the network runs; auto takes the GPU if there is one.",
    choices=("auto", "cpu", "cuda"),
    advanced=True,
)

THREADS = Parameter(
    "threads",
    "int",
    0,
    "Processor threads (0 = automatic)",
    "0 takes all cores but one, and both of a machine with two.",
    minimum=0,
    maximum=256,
    advanced=True,
)

BATCH = Parameter(
    "batch_size",
    "int",
    0,
    "Batch size (0 = automatic)",
    "Patches computed at once; 0 chooses.",
    minimum=0,
    maximum=65536,
    advanced=True,
)
