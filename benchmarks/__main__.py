"""`make bench`: all benchmarks, one after the other, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

for name in ("start", "speed", "memory", "shift", "scan", "dock", "accuracy", "real_scenes"):
    print(f"== {name}", flush=True)
    subprocess.run([sys.executable, str(HERE / name / "run.py")], check=True)
