"""One class of the training areas as the class table shows it, and the numbers that texts get."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Union

from ...core.data.classes import HIGHEST_VALUE
from ...core.data.spelling import chosen_spellings, name_key, tidy

Stored = Union[int, str]


@dataclass(frozen=True)
class ClassRow:
    """One class: `value` in the map, `name`, `color` as #rrggbb, and what the layer holds for it (`stored`).

    Of a number field `stored` is the value; of a text field the text, and the value is the number that a run
    gives it. A row that is not `styled` occurs in the layer but not in its style.
    """

    value: int
    name: str
    color: str
    stored: Stored
    styled: bool = True


@dataclass(frozen=True)
class ClassCount:
    """What the areas of a class amount to; None for what is not known (yet).

    `areas`: features; `square_metres` on the ellipsoid, of lines and points those of their map pixels;
    `pixels`: map pixels; `places`: areas nearer to each other than the gap of a run are one. `verdict`: one
    of `GOOD`, `THIN`, `FEW`, `NONE` of the sample report (good from 5 places, thin from 3, both from 30
    pixels), "" where pixels are not known.
    """

    areas: int | None = None
    square_metres: float | None = None
    pixels: int | None = None
    places: int | None = None
    verdict: str = ""


def text_numbers(occurring: Mapping[str, int], listed: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Return number and spelling of every class of a text field, by `name_key`.

    `occurring`: the texts of the features, counted: they take 1..K in code-point order, as in a run. Texts of
    the style that no feature has (`listed`) come after them.
    """
    spellings = sorted(set(chosen_spellings(occurring).values()))
    known = {name_key(text) for text in spellings}
    empty = {name_key(text): tidy(text) for text in listed if name_key(text) not in known}
    ordered = [*spellings, *sorted(text for text in empty.values() if text)]
    return {name_key(text): (number, text) for number, text in enumerate(ordered, start=1)}


def class_number(value: Any) -> int | None:
    """Return a class value 1 to 65535 that a style or a field holds, None for anything else."""
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if 1 <= number <= HIGHEST_VALUE else None


def free_value(taken: Iterable[int]) -> int:
    """Return the value of a new class: one above the highest, else the smallest that is free; 0 for none."""
    used = set(taken)
    following = max(used, default=0) + 1
    if following <= HIGHEST_VALUE:
        return following
    return next((v for v in range(1, HIGHEST_VALUE + 1) if v not in used), 0)
