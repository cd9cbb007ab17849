"""The tables of the diffusion features in benchmarks/README.md."""

from __future__ import annotations

from typing import Any

import numpy as np


def markdown(results: dict[str, Any]) -> str:
    """Return a table per scene: macro F1 by training pixels per class, mean and deviation over the seeds."""
    parts = []
    for scene in dict.fromkeys(run["scene"] for run in results["runs"]):
        own = [run for run in results["runs"] if run["scene"] == scene]
        sizes = sorted({run["per_class"] for run in own})
        cost = results["cost"].get(scene)
        parts.append(f"\n**{scene}**, gap {own[0]['gap']} pixels. {_cost(cost) if cost else ''}\n")
        parts.append(
            "| method | " + " | ".join(f"macro F1, {n} per class" for n in sizes) + " | training s |"
        )
        parts.append("|---|" + "---|" * (len(sizes) + 1))
        for name in dict.fromkeys(run["name"] for run in own):
            rows = [run for run in own if run["name"] == name]
            cells = [_cell([run["F1"] for run in rows if run["per_class"] == n]) for n in sizes]
            parts.append(f"| {name} | {' | '.join(cells)} | {np.mean([r['seconds'] for r in rows]):.0f} |")
    return "\n".join(parts)


def speed_markdown(results: dict[str, Any]) -> str:
    """Return what the reduced recipe and the extraction cost."""
    found, training = results["extraction"], results["training"]
    size = f"{found['side']} x {found['side']} pixels with a spectral axis of {found['depth']}"
    memory = f"{found['MiB before']} MiB before, {found['MiB at the peak']} MiB at its peak"
    lines = [
        f"- Extraction of {size}: {found['ms per pixel and core']} ms per pixel on one thread; {memory}."
    ]
    for key, row in training.items():
        if isinstance(row, dict):
            lines.append(
                f"- {training['scene']}, {key}, {training['threads']} threads: {row['steps']} steps in "
                f"{row['seconds']} s, loss {row['loss']:.3f}."
            )
    return "\n".join(lines)


def _cost(cost: dict[str, Any]) -> str:
    losses = ", ".join(f"{key} {loss:.3f}" for key, loss in cost["loss"].items())
    return (
        f"Diffusion models: {cost['training s']} s of training (loss {losses}), {cost['extraction s']} s "
        f"of extraction for {cost['pixels']:,} pixels."
    )


def _cell(values: list[float]) -> str:
    if not values:
        return "-"
    if len(values) == 1:
        return f"{values[0]:.3f} (one seed)"
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f} ({len(values)} seeds)"
