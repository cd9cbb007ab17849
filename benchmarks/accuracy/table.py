"""The accuracy table of benchmarks/README.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

FIGURES = (("OA", "OA"), ("kappa", "KAPPA"), ("macro F1", "F1"))


def markdown(results: dict[str, Any]) -> str:
    """Return one table per scene: mean and standard deviation over the seeds."""
    runs = results["runs"]
    parts = []
    for scene in dict.fromkeys(run["scene"] for run in runs):
        own = [run for run in runs if run["scene"] == scene]
        seeds = sorted({run["seed"] for run in own})
        first = own[0]
        parts.append(
            f"\n**{scene}**: {first['train']} training and {first['test']} test pixels (first seed), gap "
            f"{first['gap']} pixels, seeds {', '.join(map(str, seeds))}.\n"
        )
        parts.append("| method | " + " | ".join(title for title, _ in FIGURES) + " | training s |")
        parts.append("|---|" + "---|" * (len(FIGURES) + 1))
        for name in dict.fromkeys(run["name"] for run in own):
            rows = [run for run in own if run["name"] == name]
            cells = [_cell([run[key] for run in rows]) for _, key in FIGURES]
            seconds = np.mean([run["seconds"] for run in rows])
            parts.append(f"| {name} | " + " | ".join(cells) + f" | {seconds:.0f} |")
    return "\n".join(parts)


def _cell(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.3f} (one seed)"
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"


def trials_markdown(results: dict[str, Any]) -> str:
    """Return the trials: a row per setting, macro F1 and seconds of each scene, mean and deviation."""
    runs = results["runs"]
    scenes = list(dict.fromkeys(run["scene"] for run in runs))
    parts = ["| setting | " + " | ".join(f"{scene} macro F1 | s" for scene in scenes) + " |"]
    parts.append("|---|" + "---|---|" * len(scenes))
    for name in dict.fromkeys(run["name"] for run in runs):
        cells = []
        for scene in scenes:
            rows = [run for run in runs if run["name"] == name and run["scene"] == scene]
            seconds = f"{np.mean([run['seconds'] for run in rows]):.0f}" if rows else "-"
            cells.append(f"{_cell([run['F1'] for run in rows]) if rows else '-'} | {seconds}")
        parts.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(parts)


def batches_markdown(results: dict[str, Any]) -> str:
    """Return a row per scene and setting: kappa and macro F1, mean and deviation over the seeds."""
    runs = results["runs"]
    parts = ["| scene | setting | OA | kappa | macro F1 |", "|---|---|---|---|---|"]
    for scene in sorted({run["scene"] for run in runs}):
        own = [run for run in runs if run["scene"] == scene]
        for name in dict.fromkeys(run["name"] for run in own):
            rows = [run for run in own if run["name"] == name]
            cells = [_cell([run[key] for run in rows]) for _, key in FIGURES]
            parts.append(f"| {scene} | {name} | " + " | ".join(cells) + " |")
    return "\n".join(parts)
