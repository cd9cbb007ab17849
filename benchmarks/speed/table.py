"""The speed table of benchmarks/README.md."""

from __future__ import annotations


def markdown(results: dict[str, dict[str, float]]) -> str:
    """Return a row per run: both speeds, their ratio, and the share of equal labels."""
    lines = [
        "| 144 + 1 bands, fp32 | pixels | naive loop px/s | classify px/s | ratio | equal labels |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in results.items():
        lines.append(
            f"| {name} | {row['pixels']} | {row['naive_pixels_per_second']} "
            f"| {row['classify_pixels_per_second']} | {row['ratio']:.2f} | {row['agreement']:.4%} |"
        )
    return "\n".join(lines)
