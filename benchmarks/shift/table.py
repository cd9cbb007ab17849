"""The tables of the shift in benchmarks/README.md."""

from __future__ import annotations

from typing import Any


def markdown(results: dict[str, Any]) -> str:
    """Return the known shifts per pair, the unrelated images, and the other measure."""
    lines = [
        "| pair | pixel m | sure of 5 | most off, where sure | most off, all | sharpness | s |",
        "|---|---|---|---|---|---|---|",
        *(_known(pair) for pair in results["known"]),
        "",
        _unrelated(results["unrelated"]),
        "",
        "| pair | edges: right, down | mutual information: right, down |",
        "|---|---|---|",
    ]
    for row in results["other"]:
        lines.append(f"| {row['pair']} | {_pixels(row['edges'])} | {_pixels(row['mutual_information'])} |")
    return "\n".join(lines)


def _known(pair: dict[str, Any]) -> str:
    rows = pair["shifts"]
    off = [row["off"] for row in rows if "off" in row]
    sure = [row["off"] for row in rows if row["sure"] and "off" in row]
    sharpness = [row["sharpness"] for row in rows if "sharpness" in row]
    return (
        f"| {pair['pair']} | {pair['pixel_metres']:g} | {sum(row['sure'] for row in rows)} "
        f"| {_most(sure)} | {_most(off)} | {min(sharpness, default=0):.1f} | {pair['seconds']:.2f} |"
    )


def _most(values: list[float]) -> str:
    return f"{max(values):.2f}" if values else "-"


def _pixels(pair: list[float]) -> str:
    return f"{pair[0]:+.2f}, {pair[1]:+.2f}"


def _unrelated(row: dict[str, Any]) -> str:
    return (
        f"Unrelated images: {row['pairs']} pairs, told as sure: {row['sure']}. {row['without_peak']} have no "
        f"peak inside the reach; the sharpness of the others is {row['sharpness_median']} in the median, "
        f"{row['sharpness_99']} at 99 %, {row['sharpness_max']} at most (7 is asked for); "
        f"{row['error_below_0.3']} have an error below 0.3 pixels by chance."
    )
