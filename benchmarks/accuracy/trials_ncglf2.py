"""One setting of NCGLF2 changed at a time, on the scenes with which its defaults were chosen.

    python benchmarks/accuracy/trials_ncglf2.py [--trials default ...] [--scenes NAME ...] [--seeds 0 ...]

Writes benchmarks/accuracy/trials_ncglf2.json and prints its table; see network_trials.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from accuracy.network_trials import Trial, Trials, main

TRIALS = {
    "default": Trial(),
    "bands stretched to 0..1": Trial(plan={"jitter": 0.03}, normalisation="stretch"),
    "stretched, focal loss only": Trial(
        plan={"jitter": 0.03}, normalisation="stretch", options={"loss_weights": [1.0, 0.0]}
    ),
    "focal loss only": Trial(options={"loss_weights": [1.0, 0.0]}),
    "learning rate 2e-3": Trial(job={"learning_rate": 2e-3}),
    "paper": Trial(job={"preset": "paper"}),
}

if __name__ == "__main__":
    main(Trials("ncglf2", Path(__file__).with_name("trials_ncglf2.json"), TRIALS))
