"""Land-cover classes: value, name and colour. Value 0 means unlabelled and is never predicted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ClassesError

HIGHEST_VALUE = 65535
# Colour-blind-friendly where it can be: the first eight are apart in hue and in lightness.
PALETTE = (
    "#1f78b4", "#e31a1c", "#33a02c", "#ffb000", "#6a3d9a", "#8c8c8c", "#b2df8a", "#a6611a",
    "#00c5cd", "#fb9a99", "#005a32", "#ffe119", "#cab2d6", "#4d4d4d", "#f781bf", "#808000",
    "#a6cee3", "#7f0000", "#66ffb2", "#ff7f00",
)  # fmt: skip


@dataclass(frozen=True)
class LandClass:
    """One class: `value` 1 to 65535 as written to the map, `name`, and `color` as #rrggbb.

    `source`: the class value in the samples where it is another one (None: the same), because 0 was made a
    class or the classes were renumbered.
    """

    value: int
    name: str
    color: str
    source: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.value <= HIGHEST_VALUE:
            raise ClassesError(
                f"Class value {self.value} is not between 1 and {HIGHEST_VALUE} (0 means unlabelled).",
                where=self.name,
                remedy="Renumber the classes.",
            )
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", self.color):
            raise ClassesError(
                f"Colour '{self.color}' of class {self.value} is not written as #rrggbb.",
                where=self.name,
                remedy="Write it for example #33a02c, or leave it out.",
            )

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue, 0 to 255."""
        return int(self.color[1:3], 16), int(self.color[3:5], 16), int(self.color[5:7], 16)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a job or a model file."""
        plain = {"value": self.value, "name": self.name, "color": self.color}
        return plain if self.source is None else {**plain, "source": self.source}


def palette_color(position: int) -> str:
    """Return the colour of the class at `position` (0, 1, ...) of a list without colours of its own."""
    return PALETTE[position % len(PALETTE)]


def class_list(values: Iterable[int], names: Mapping[int, str] | None = None) -> tuple[LandClass, ...]:
    """Make classes of the distinct non-zero `values`, ascending, with palette colours."""
    names = names or {}
    ordered = sorted({int(v) for v in values} - {0})
    return tuple(LandClass(v, names.get(v) or f"class {v}", palette_color(i)) for i, v in enumerate(ordered))


def classes_from_json(items: Sequence[Mapping[str, Any]]) -> tuple[LandClass, ...]:
    """Read the class list of a job or model file; raises `ClassesError` for a value that comes twice."""
    classes = tuple(
        LandClass(
            int(item["value"]),
            str(item.get("name") or f"class {item['value']}"),
            str(item.get("color") or palette_color(i)),
            None if item.get("source") is None else int(item["source"]),
        )
        for i, item in enumerate(items)
    )
    values = [c.value for c in classes]
    twice = sorted({v for v in values if values.count(v) > 1})
    if twice:
        raise ClassesError(
            f"Class value {twice[0]} is listed more than once.",
            where="class list",
            remedy="Renumber the classes.",
        )
    return classes
