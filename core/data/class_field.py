"""From the values of a class field to classes: whole numbers as they are, names as 1..K in code points.

What is unlabelled or not in the class list is ignored and counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from ..errors import ClassesError, SamplesError
from .classes import HIGHEST_VALUE, LandClass, class_list

ClassKey = Union[int, str]
_SHOWN = 8  # values listed in a message


@dataclass(frozen=True)
class ClassLookup:
    """Finds the class index of a field value.

    `kind`: "integer", "real" or "text". `index`: cleaned value -> class index.
    """

    classes: tuple[LandClass, ...]
    kind: str
    index: Mapping[ClassKey, int]
    notes: tuple[str, ...] = ()

    def find(self, value: Any) -> int:
        """Return the class index of a field value, -1 where it is unlabelled or not in the class list."""
        key = clean_value(value, self.kind)
        return -1 if key is None else self.index.get(key, -1)


def clean_value(value: Any, kind: str) -> ClassKey | None:
    """Return a field value as whole number or name; None where it is unlabelled (NULL, blank, 0).

    A number with a fraction is returned as text, so that it can be told apart and shown.
    """
    if value is None:
        return None
    if kind == "text":
        return str(value).strip() or None
    number = float(value)
    if not math.isfinite(number):
        return None
    if number != math.floor(number):
        return f"{number:g}"
    return int(value) or None


def class_lookup(
    values: Iterable[Any],
    kind: str,
    classes: Sequence[LandClass] = (),
    *,
    where: str = "",
    names: Mapping[int, str] | None = None,
) -> ClassLookup:
    """Decide which field value means which class.

    `classes`, if given, decides: whole numbers are matched to its values, text to its names; everything
    else is ignored and counted. Without it the classes are made from the field. `names`: class value ->
    name. Raises `SamplesError` for a field without values, with fractions, or that mixes numbers and names,
    and `ClassesError` for values above 65535 or below 0.
    """
    counted = Counter(clean_value(value, kind) for value in values)
    unlabelled = counted.pop(None, 0)
    if not counted:
        raise SamplesError(
            "The class field is empty: no feature has a class.",
            where=where,
            remedy="Fill in the classes (0 and blank mean unlabelled) or choose another field.",
        )
    found: dict[ClassKey, int] = {key: n for key, n in counted.items() if key is not None}
    notes = [f"{_features(unlabelled)} without a class ignored."] if unlabelled else []
    if kind != "text":
        _refuse_fractions(found, where)
    if classes:
        chosen, index = tuple(classes), _match(found, kind, classes, where)
        notes += _unlisted(found, index)
    else:
        chosen, index = _make(found, kind, names, where)
    return ClassLookup(chosen, kind, index, tuple(notes))


def _make(
    found: Mapping[ClassKey, int], kind: str, names: Mapping[int, str] | None, where: str
) -> tuple[tuple[LandClass, ...], dict[ClassKey, int]]:
    if kind == "text":
        _refuse_mixture(found, where)
        ordered = sorted(str(key) for key in found)
        classes = class_list(range(1, len(ordered) + 1), dict(enumerate(ordered, start=1)))
        return classes, {name: i for i, name in enumerate(ordered)}
    values = [int(key) for key in found]
    check_values(values, where)
    classes = class_list(values, names)
    return classes, {c.value: i for i, c in enumerate(classes)}


def check_values(values: Iterable[int], where: str) -> None:
    """Raise `ClassesError` for class values outside 0 to 65535."""
    outside = sorted(v for v in values if not 0 <= v <= HIGHEST_VALUE)
    if outside:
        raise ClassesError(
            f"Class values must be 1 to {HIGHEST_VALUE} (0 means unlabelled); found {shown(outside)}.",
            where=where,
            remedy="Renumber the classes.",
        )


def _match(
    found: Mapping[ClassKey, int], kind: str, classes: Sequence[LandClass], where: str
) -> dict[ClassKey, int]:
    listed: dict[ClassKey, int] = {
        (c.name.strip() if kind == "text" else c.value): i for i, c in enumerate(classes)
    }
    index = {key: listed[key] for key in found if key in listed}
    if not index:
        raise SamplesError(
            f"No value of the class field is in the class list: found {shown(sorted(found, key=str))}, "
            f"the list has {shown(list(listed))}.",
            where=where,
            remedy="Choose another class field or correct the class list.",
        )
    return index


def _unlisted(found: Mapping[ClassKey, int], index: Mapping[ClassKey, int]) -> list[str]:
    left = {key: n for key, n in found.items() if key not in index}
    if not left:
        return []
    return [
        f"{_features(sum(left.values()))} ignored: {shown(sorted(left, key=str))} not in the class list.",
    ]


def _refuse_fractions(found: Mapping[ClassKey, int], where: str) -> None:
    fractions = sorted(str(key) for key in found if isinstance(key, str))
    if fractions:
        raise SamplesError(
            f"The class field holds fractions ({shown(fractions)}); class values are whole numbers.",
            where=where,
            remedy="Choose the field with the class, not a measurement.",
        )


def _refuse_mixture(found: Mapping[ClassKey, int], where: str) -> None:
    numbers = sorted(str(key) for key in found if _is_number(str(key)))
    if numbers and len(numbers) < len(found):
        words = sorted(str(key) for key in found if not _is_number(str(key)))
        raise SamplesError(
            f"The class field mixes numbers ({shown(numbers)}) and names ({shown(words)}).",
            where=where,
            remedy="Write every class in the same way, or give a class list.",
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def shown(values: Sequence[Any]) -> str:
    """Return the first few values as text."""
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return ", ".join(str(v) for v in values[:_SHOWN]) + more


def _features(count: int) -> str:
    return "1 feature" if count == 1 else f"{count} features"
