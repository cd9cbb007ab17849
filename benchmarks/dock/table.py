"""The table of the dock in benchmarks/README.md."""

from __future__ import annotations

from typing import Any


def markdown(results: dict[str, dict[str, Any]]) -> str:
    """Return a row per method: seconds to the map, accuracy, and the lateness of the event loop."""
    lines = [
        (
            "| method | Run to first look, whole map s | again after three more areas s "
            "| processor time until then s | OA "
            "| late while idle ms: p99, largest | late during the run ms: p50, p99, largest | load |"
        ),
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in results.items():
        seconds, spent = row["seconds"], row["engine_processor_s"]
        idle, run = row["late_ms"]["idle"], row["late_ms"]["run"]
        cells = [
            name,
            f"{seconds['first_look_s']:.0f}, {seconds['seen_s']:.0f}",
            f"{seconds['again_first_look_s']:.0f}, {seconds['again_seen_s']:.0f}",
            f"{spent['first_look']:.0f}, {spent['all']:.0f}",
            f"{row['accuracy']:.3f}",
            f"{idle['p99']:.0f}, {idle['largest']:.0f}",
            f"{run['p50']:.0f}, {run['p99']:.0f}, {run['largest']:.0f}",
            f"{row['load']:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
