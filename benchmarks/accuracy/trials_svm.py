"""What the support vector machine is fed: principal components or all bands, with and without surroundings.

    python benchmarks/accuracy/trials_svm.py [--trials default ...] [--scenes NAME ...] [--seeds 0 ...]

Writes benchmarks/accuracy/trials_svm.json and prints its table; see network_trials.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from accuracy.network_trials import Trial, Trials, main

CONTEXT = {"context_windows": "3,7,15"}
TRIALS = {
    "default": Trial(job=CONTEXT, normalisation="none"),
    "all bands": Trial(job={**CONTEXT, "pca": 0}, normalisation="none"),
    "pixel values only": Trial(job={"context_windows": ""}, normalisation="none"),
}

if __name__ == "__main__":
    main(Trials("svm", Path(__file__).with_name("trials_svm.json"), TRIALS))
