"""From the numbers that samples hold to class values 1 to 65535: what 0 means, and renumbering."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import ClassesError
from .classes import HIGHEST_VALUE, LandClass, palette_color

_SHOWN = 8  # values listed in a message


def class_numbers(values: Iterable[int], renumber: bool, where: str = "") -> dict[int, int]:
    """Return the class value for each distinct number of the samples, ascending by number.

    With `renumber` they become 1, 2, 3 ... Without it they stay as they are, and a 0 among `values` (only
    there if it is to be a class) takes the smallest free value. Raises `ClassesError` for numbers that a map
    cannot hold.
    """
    ordered = sorted(set(values))
    if renumber:
        if len(ordered) > HIGHEST_VALUE:
            raise ClassesError(
                f"A map cannot hold {len(ordered)} classes.",
                where=where,
                remedy="Choose the field with the class, not an identifier or a measurement.",
            )
        return {number: value for value, number in enumerate(ordered, start=1)}
    check_values(ordered, where)
    taken = set(ordered)
    free = next((v for v in range(1, HIGHEST_VALUE + 1) if v not in taken), 0)
    if 0 in taken and not free:
        raise ClassesError("No class value is free for class 0.", where=where, remedy="Leave 0 unlabelled.")
    return {number: number or free for number in ordered}


def check_values(values: Iterable[int], where: str) -> None:
    """Raise `ClassesError` for class values outside 0 to 65535, with the offer to renumber."""
    outside = sorted(v for v in values if not 0 <= v <= HIGHEST_VALUE)
    if outside:
        raise ClassesError(
            f"Class values must be 1 to {HIGHEST_VALUE} (0 means unlabelled); found {shown(outside)}.",
            where=where,
            remedy="Renumber the classes, or let it be done: RENUMBER=true (--renumber) makes them "
            "1, 2, 3 ... and keeps the old values in the names.",
        )


def numbered_classes(
    numbers: Mapping[int, int], names: Mapping[int, str], colors: Mapping[int, str] | None = None
) -> tuple[LandClass, ...]:
    """Return the classes of `class_numbers`, ascending by class value; names and colours by old number."""
    colors = colors or {}
    pairs = sorted((value, number) for number, value in numbers.items())
    return tuple(
        LandClass(
            value,
            names.get(number) or f"class {number}",
            colors.get(number) or palette_color(i),
            None if number == value else number,
        )
        for i, (value, number) in enumerate(pairs)
    )


def number_notes(classes: Iterable[LandClass], renumber: bool) -> list[str]:
    """Tell which classes have another value in the map than in the samples."""
    moved = [c for c in classes if c.source is not None]
    if not moved:
        return []
    if renumber:
        pairs = shown([f"{c.source} to {c.value}" for c in moved])
        return [f"Class values are renumbered: {pairs}."]
    return [f"Class 0 is class {c.value} ('{c.name}') in the map." for c in moved]


def number_in_samples(item: LandClass, zero: str, renumber: bool) -> int:
    """Return the number by which samples that were read with these options name a class."""
    return item.source if (renumber or zero == "class") and item.source is not None else item.value


def zero_note(counted: str, many: bool) -> str:
    """Tell that 0 is taken as unlabelled, and how to have it otherwise; `counted` such as "12 features"."""
    verb = "are" if many else "is"
    return (
        f"{counted} with class 0 {verb} taken as unlabelled; CLASS_ZERO=class (--class-zero class) makes 0 "
        "a class."
    )


def shown(values: Sequence[Any]) -> str:
    """Return the first few values as text."""
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return ", ".join(str(v) for v in values[:_SHOWN]) + more
