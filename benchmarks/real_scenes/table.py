"""The tables of the real scenes in benchmarks/README.md."""

from __future__ import annotations

from typing import Any


def markdown(results: dict[str, Any]) -> str:
    """Return the figures of all scenes and, scene by scene, what is known and what the program said."""
    return "\n".join([*_figures(results), *_facts(results)])


def _figures(results: dict[str, Any]) -> list[str]:
    lines = [
        (
            "| scene | problems | unmapped | OA, kappa, F1 held back | the same on all labels (optimistic) "
            "| seconds: check, train, classify, assess |"
        ),
        "|---|---|---|---|---|---|",
    ]
    for name, result in results.items():
        steps = result["steps"]
        figures = {step: steps[step]["figures"] for step in steps}
        seconds = ", ".join(f"{steps[step]['seconds']:.0f}" for step in steps)
        lines.append(
            f"| {name} | {figures['checkinputs'].get('PROBLEMS', 0):.0f} "
            f"| {figures['classify']['UNMAPPED_SHARE']:.1%} "
            f"| {_scores(figures['train'])} | {_scores(figures['assess'])} | {seconds} |"
        )
    return lines


def _scores(figures: dict[str, float]) -> str:
    return ", ".join(f"{figures[name]:.3f}" if name in figures else "-" for name in ("OA", "KAPPA", "F1"))


def _facts(results: dict[str, Any]) -> list[str]:
    lines = ["", "| scene | what is known | what the program says | |", "|---|---|---|---|"]
    for name, result in results.items():
        for fact in result["facts"]:
            mark = "yes" if fact["said"] else "**no**"
            line = fact["line"].replace("|", "/") or "nothing, and must not"
            lines.append(f"| {name} | {fact['known']} | {line} | {mark} |")
    return lines
