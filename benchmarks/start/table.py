"""The table of starts in benchmarks/README.md."""

from __future__ import annotations


def markdown(results: dict[str, float]) -> str:
    """Return a row per figure."""
    later = 1000 * (results["start_with_s"] - results["start_without_s"])
    busy = results["busy_with_ms"] - results["busy_without_ms"]
    rows = {
        "QGIS starts without the plugin": f"{results['start_without_s']:.2f} s",
        "QGIS starts later with the plugin by": f"{later:.0f} ms",
        "the main thread computes longer by": f"{busy:.0f} ms",
        "The dock opens, first time": f"{results['open_ms']:.0f} ms",
        "of which the main thread computes": f"{results['open_busy_ms']:.0f} ms",
        "All steps are complete after": f"{results['complete_ms']:.0f} ms",
    }
    note = f"Medians of {results['repeats']:.0f} starts; load average {results['load']:.1f} on two cores."
    return "\n".join(["| | |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items()), "", note])
