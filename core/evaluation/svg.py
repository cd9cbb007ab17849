"""The pieces that the figures of the reports are drawn with: inline SVG in the colours of the style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .html import Markup, join, text

CHAR = 7.3  # generous width of a character at 13 px
LONGEST = 26  # characters of a class name that a figure shows


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return about `count` round numbers that span low..high; the first is <= low, the last >= high."""
    if high <= low:
        low, high = low - (abs(low) or 1.0) * 0.5, high + (abs(high) or 1.0) * 0.5
    raw = (high - low) / max(count - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * (1 - 1e-9))
    start, stop = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(start, stop + 1)]


def shortened(name: str) -> str:
    """Return a class name as long as a figure can show it."""
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "\u2026"


def drawing(width: float, height: float, description: str, parts: Sequence[Markup]) -> Markup:
    """Return a picture of a size in pixels; `description` is read aloud instead of it."""
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{text(description)}" font-size="13" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
        f"{join(parts)}</svg>"
    )


def label(
    x: float, y: float, content: str, anchor: str = "start", style: str = "", bold: bool = False
) -> Markup:
    """Return a text; `anchor` start, middle or end; `style` a class of the style sheet."""
    extra = (f' class="{style}"' if style else "") + (' font-weight="600"' if bold else "")
    return Markup(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{text(content)}</text>')


def turned(x: float, y: float, content: str, angle: int, anchor: str, bold: bool = False) -> Markup:
    """Return a text turned by `angle` degrees."""
    extra = ' font-weight="600"' if bold else ""
    return Markup(
        f'<text transform="translate({x:.1f} {y:.1f}) rotate({angle})" text-anchor="{anchor}"{extra}>'
        f"{text(content)}</text>"
    )


def line(x1: float, y1: float, x2: float, y2: float) -> Markup:
    """Return a thin line."""
    return Markup(f'<line class="rule" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')


def square(x: float, y: float, color: str) -> Markup:
    """Return the small square of a legend."""
    return Markup(
        f'<rect x="{x:.1f}" y="{y:.1f}" width="12" height="12" rx="2" fill="{color}" stroke="var(--line)"/>'
    )
