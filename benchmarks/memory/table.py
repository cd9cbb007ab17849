"""The memory table of benchmarks/README.md."""

from __future__ import annotations


def markdown(results: dict[str, dict[str, float]]) -> str:
    """Return a row per scene: size of its files, peak memory and time."""
    lines = ["| scene | file size MiB | peak memory MiB | seconds |", "|---|---|---|---|"]
    for name, row in results.items():
        lines.append(f"| {name} pixels | {row['raw_mib']} | {row['peak_mib']} | {row['seconds']} |")
    return "\n".join(lines)
