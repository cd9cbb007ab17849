"""The tables of the real scenes in benchmarks/README.md."""

from __future__ import annotations

from typing import Any


def markdown(results: dict[str, Any]) -> str:
    """Return the figures of all scenes and, scene by scene, what is known and what the program said."""
    return "\n".join([*_figures(results), *_facts(results)])


def _figures(results: dict[str, Any]) -> list[str]:
    lines = [
        (
            "| scene | problems | unmapped | OA, held back | F1, held back | OA, all labels (optimistic) "
            "| check, train, classify, assess s |"
        ),
        "|---|---|---|---|---|---|---|",
    ]
    for name, result in results.items():
        steps = result["steps"]
        figures = {step: steps[step]["figures"] for step in steps}
        seconds = ", ".join(f"{steps[step]['seconds']:.0f}" for step in steps)
        lines.append(
            f"| {name} | {figures['checkinputs'].get('PROBLEMS', 0):.0f} "
            f"| {figures['classify']['UNMAPPED_SHARE']:.1%} "
            f"| {_number(figures['train'].get('OA'))} | {_number(figures['train'].get('F1'))} "
            f"| {_number(figures['assess'].get('OA'))} | {seconds} |"
        )
    return lines


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _facts(results: dict[str, Any]) -> list[str]:
    lines = ["", "| scene | what is known | what the program says | |", "|---|---|---|---|"]
    for name, result in results.items():
        for fact in result["facts"]:
            mark = "yes" if fact["said"] else "**no**"
            line = fact["line"].replace("|", "/") or "nothing, and must not"
            lines.append(f"| {name} | {fact['known']} | {line} | {mark} |")
    return lines
