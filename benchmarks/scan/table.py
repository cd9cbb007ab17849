"""The table of the selective scan in benchmarks/README.md."""

from __future__ import annotations

from typing import Any


def markdown(results: dict[str, dict[str, Any]]) -> str:
    """Return a row per size: times of the loop and of the scan, their ratio, and memory."""
    lines = [
        (
            "| size | L, B, G, E, N | forward: loop, scan ms | ratio | with backward: loop, scan ms | ratio "
            "| memory: loop, scan MiB | largest difference |"
        ),
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in results.items():
        cells = [name, ", ".join(map(str, row["size"]))]
        for part in ("forward", "both"):
            loop, scan = row[f"loop_{part}_s"], row[f"scan_{part}_s"]
            cells += [f"{1e3 * loop:.0f}, {1e3 * scan:.0f}", f"{loop / scan:.1f}"]
        cells += [f"{row['loop_mib']:.0f}, {row['scan_mib']:.0f}", f"{row['difference']:.1e}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
