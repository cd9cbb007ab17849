"""Writes the tables of benchmarks/README.md from the recorded results."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import accuracy.table  # noqa: E402  found through the path above
import diffusion.table  # noqa: E402
import dock.table  # noqa: E402
import memory.table  # noqa: E402
import real_scenes.table  # noqa: E402
import scan.table  # noqa: E402
import shift.table  # noqa: E402
import speed.table  # noqa: E402
import start.table  # noqa: E402

PARTS = {
    "accuracy": ("accuracy/results.json", accuracy.table.markdown),
    "trials": ("accuracy/trials.json", accuracy.table.trials_markdown),
    "batches": ("accuracy/batches.json", accuracy.table.batches_markdown),
    "batches few": ("accuracy/batches_few.json", accuracy.table.batches_markdown),
    "trials ncglf2": ("accuracy/trials_ncglf2.json", accuracy.table.trials_markdown),
    "trials gihcn": ("accuracy/trials_gihcn.json", accuracy.table.trials_markdown),
    "trials ref_net": ("accuracy/trials_ref_net.json", accuracy.table.trials_markdown),
    "trials svm": ("accuracy/trials_svm.json", accuracy.table.trials_markdown),
    "diffusion": ("diffusion/results.json", diffusion.table.markdown),
    "diffusion speed": ("diffusion/speed.json", diffusion.table.speed_markdown),
    "real scenes": ("real_scenes/results.json", real_scenes.table.markdown),
    "speed": ("speed/results.json", speed.table.markdown),
    "shift": ("shift/results.json", shift.table.markdown),
    "scan": ("scan/results.json", scan.table.markdown),
    "dock": ("dock/results.json", dock.table.markdown),
    "start": ("start/results.json", start.table.markdown),
    "memory": ("memory/results.json", memory.table.markdown),
}


def main() -> None:
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    for name, (file, markdown) in PARTS.items():
        results = HERE / file
        if results.exists():
            table = markdown(json.loads(results.read_text(encoding="utf-8")))
            pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
            text = re.sub(pattern, lambda m, t=table: f"{m[1]}{t}\n{m[2]}", text, flags=re.DOTALL)
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
