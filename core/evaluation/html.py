"""Building blocks of the reports: one self-contained page, tables, key figures, notes.

A `Markup` is text that is HTML already; every plain string that goes into a page is escaped. A page has no
script, loads nothing, follows light and dark mode, and prints.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from typing import Union

from .page_style import STYLE

UNDEFINED = "-"


class Markup(str):
    """Text that is valid HTML and must not be escaped again."""

    __slots__ = ()


Content = Union[str, Markup]


def text(content: Content) -> Markup:
    """Return `content` as HTML: escaped unless it is `Markup`."""
    return content if isinstance(content, Markup) else Markup(html.escape(str(content)))


def join(parts: Iterable[Content], between: str = "\n") -> Markup:
    """Return several pieces as one."""
    return Markup(between.join(text(part) for part in parts))


def element(tag: str, content: Content = "", **attributes: str) -> Markup:
    """Return `<tag ...>content</tag>`; an attribute `class_` becomes `class`, `_` in others `-`."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(value)}"' for name, value in attributes.items()
    )
    return Markup(f"<{tag}{written}>{text(content)}</{tag}>")


def page(title: str, subtitle: Content, sections: Iterable[Content], language: str = "en") -> str:
    """Return a whole HTML document."""
    header = element("header", join([element("h1", title), element("p", subtitle, class_="subtitle")]))
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"{join([header, *sections])}\n</main>\n</body>\n</html>\n"
    )


def section(heading: str, *content: Content) -> Markup:
    """Return a section with a heading; empty pieces are left out, and so is a section without content."""
    parts = [text(part) for part in content if part]
    return element("section", join([element("h2", heading), *parts])) if parts else Markup("")


def paragraph(content: Content, kind: str = "") -> Markup:
    """Return a paragraph; kind `caption` is small and grey."""
    return element("p", content, class_=kind) if kind else element("p", content)


def note(content: Content, kind: str = "info") -> Markup:
    """Return a framed remark; `kind` is info, warning or good."""
    return element("div", content, class_=f"note {kind}", role="note")


def notes(lines: Sequence[Content], kind: str = "info") -> Markup:
    """Return remarks in one frame; nothing if there are none."""
    if not lines:
        return Markup("")
    if len(lines) == 1:
        return note(lines[0], kind)
    return note(element("ul", join(element("li", line) for line in lines)), kind)


def key_figures(figures: Iterable[tuple[str, str, Content]]) -> Markup:
    """Return large figures side by side, each as (label, value, small print)."""
    cards = (
        element(
            "div",
            join(
                [
                    element("dt", label),
                    element("dd", value, class_="value"),
                    element("dd", small, class_="small"),
                ]
            ),
        )
        for label, value, small in figures
    )
    return element("dl", join(cards), class_="figures")


def table(
    head: Sequence[Content], rows: Iterable[Sequence[Content]], numeric: Iterable[int] = (), caption: str = ""
) -> Markup:
    """Return a table that scrolls sideways on a narrow screen.

    The first cell of a row is its heading; `numeric` are the columns (0 = first) aligned at the right.
    """
    right = set(numeric)
    top = join(
        (
            element("th", c, scope="col", class_="number" if i in right else "text")
            for i, c in enumerate(head)
        ),
        "",
    )
    body = join(_row(row, right) for row in rows)
    inner = join([element("thead", element("tr", top)), element("tbody", body)])
    # Not a <caption>: that one would scroll sideways with the table on a phone.
    title = paragraph(caption, "caption") if caption else Markup("")
    return Markup(title + scrollable(element("table", inner), caption or "table"))


def _row(cells: Sequence[Content], right: set[int]) -> Markup:
    first = element("th", cells[0], scope="row", class_="number" if 0 in right else "text")
    others = (
        element("td", cell, class_="number" if i in right else "text") for i, cell in enumerate(cells[1:], 1)
    )
    return element("tr", join([first, *others], ""))


def scrollable(content: Content, label: str, shrink: bool = False) -> Markup:
    """Return `content` in a box that scrolls sideways where the screen is too narrow for it.

    `shrink`: a picture becomes smaller first, down to what can still be read.
    """
    return element(
        "div",
        content,
        class_="wide shrink" if shrink else "wide",
        role="region",
        aria_label=label,
        tabindex="0",
    )


def properties(items: Iterable[tuple[str, Content]]) -> Markup:
    """Return names with values, as a list of settings."""
    rows = [
        element("tr", join([element("th", name, scope="row"), element("td", value)], ""))
        for name, value in items
    ]
    if not rows:
        return Markup("")
    return element("table", element("tbody", join(rows)), class_="properties")


def details(summary: str, content: Content, is_open: bool = True) -> Markup:
    """Return content that can be folded away; only what is open prints."""
    return Markup(
        f"<details{' open' if is_open else ''}><summary>{text(summary)}</summary>\n{text(content)}</details>"
    )


def figure(picture: Content, caption: Content = "") -> Markup:
    """Return a picture with its caption."""
    parts = [text(picture)] + ([element("figcaption", caption)] if caption else [])
    return element("figure", join(parts))


def swatch(color: str) -> Markup:
    """Return a small square of a class colour (#rrggbb)."""
    return Markup(f'<span class="swatch" style="background:{html.escape(color)}"></span>')


def percent(value: float, digits: int = 1) -> str:
    """Return a share as "91.8 %", "-" where undefined; only exactly 1 is shown as 100 %, only 0 as 0 %."""
    if math.isnan(value):
        return UNDEFINED
    return f"{_honest(value * 100, 100.0, digits):.{digits}f} %"


def decimal(value: float, digits: int = 3) -> str:
    """Return a number with `digits` decimals, "-" where undefined; only exactly 1 is shown as 1."""
    return UNDEFINED if math.isnan(value) else f"{_honest(value, 1.0, digits):.{digits}f}"


def integer(value: int) -> str:
    """Return a whole number with its thousands apart: 12 345."""
    return f"{value:,}".replace(",", "\u00a0")


def _honest(value: float, full: float, digits: int) -> float:
    """Keep a value just below `full` or just above 0 from being rounded onto it."""
    step = 10.0**-digits
    if value < full and round(value, digits) >= full:
        return full - step
    if value > 0 and round(value, digits) <= 0:
        return step
    return value
