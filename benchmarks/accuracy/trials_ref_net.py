"""One setting of REF-Net changed at a time, on the scenes with which its defaults were chosen.

    python benchmarks/accuracy/trials_ref_net.py [--trials default ...] [--scenes NAME ...] [--seeds 0 ...]

Writes benchmarks/accuracy/trials_ref_net.json and prints its table; see network_trials.py. The gap of the
split is that of MIBF-Net: a training tile can show test pixels, never with their class.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from accuracy.network_trials import Trial, Trials, main

TRIALS = {
    "default": Trial(),
    "300 steps": Trial(plan={"min_steps": 300, "max_steps": 300}),
    "300 steps, learning rate 1e-3": Trial(plan={"min_steps": 300, "max_steps": 300, "learning_rate": 1e-3}),
    "tiles of 32": Trial(job={"tile_size": 32}),
    "width 16": Trial(options={"width": 16}),
    "ResNet-18, width 64": Trial(options={"encoder": "resnet18", "width": 64}),
}

if __name__ == "__main__":
    main(Trials("ref_net", Path(__file__).with_name("trials_ref_net.json"), TRIALS))
