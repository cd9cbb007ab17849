"""The settings of a source between the line of text that jobs understand and values for widgets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...core.errors import JobError
from ...core.source_options import parse_source_options

Options = Mapping[int, Mapping[str, Any]]  # by number of the layer from 1, 0 for all


def read_options(text: str) -> dict[int, dict[str, Any]]:
    """Return the settings by layer; what cannot be read counts as none."""
    try:
        parsed = parse_source_options(text, "")
    except JobError:
        return {}
    found: dict[int, dict[str, Any]] = {}
    for number, name, value in parsed:
        found.setdefault(number, {})[name] = value
    return found


def write_options(options: Options) -> str:
    """Return the line of text; settings that are None, "" or [] are left out."""
    parts = []
    for number in sorted(options):
        front = f"{number}." if number else ""
        for name, value in options[number].items():
            if value not in (None, "", []):
                parts.append(f"{front}{name}={_text(value)}")
    return "; ".join(parts)


def numbers_in(text: str) -> list[float]:
    """Return the numbers of a list such as "0, -9999". Raises `ValueError`."""
    return [float(part) for part in text.replace(",", " ").split()]


def without_layer(text: str, number: int) -> str:
    """Return the settings after the layer `number` was removed: later ones move up."""
    options = read_options(text)
    kept = {n - (n > number): values for n, values in options.items() if n != number}
    return write_options(kept)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ",".join(_text(item) for item in value)
    return str(value)
