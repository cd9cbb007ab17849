"""One setting of GIHCN changed at a time, on the scenes with which its defaults were chosen.

    python benchmarks/accuracy/trials_gihcn.py [--trials default ...] [--scenes NAME ...] [--seeds 0 ...]

Writes benchmarks/accuracy/trials_gihcn.json and prints its table; see network_trials.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from accuracy.network_trials import Trial, Trials, main

TRIALS = {
    "default": Trial(),
    "dropout 0.8, learning rate 1e-3": Trial(job={"learning_rate": 1e-3}, options={"dropout": 0.8}),
    "separate statistics of the gates": Trial(options={"gate_statistics": "separate"}),
    "patch 9": Trial(job={"patch_size": 9}),
    "paper": Trial(job={"preset": "paper"}),
}

if __name__ == "__main__":
    main(Trials("gihcn", Path(__file__).with_name("trials_gihcn.json"), TRIALS))
