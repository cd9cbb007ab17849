"""From the values of a class field to classes: whole numbers as they are, names as 1..K in code points.

What is unlabelled or not in the class list is ignored and counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from ..errors import SamplesError
from .class_numbers import (
    class_numbers,
    number_in_samples,
    number_notes,
    numbered_classes,
    shown,
    zero_note,
)
from .classes import LandClass, class_list
from .spelling import chosen_spellings, name_key, spelling_notes, tidy

ClassKey = Union[int, str]


@dataclass(frozen=True)
class FieldRules:
    """How the values of a class field are understood, see `job.SamplesInput`.

    `kind`: "integer", "real" or "text".
    """

    kind: str
    zero: str = "unlabelled"
    renumber: bool = False


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
    """Return a field value as whole number or name; None where it is empty (NULL, blank).

    Names come without superfluous blanks. A number with a fraction is returned as text, so that it can be
    told apart and shown.
    """
    if value is None:
        return None
    if kind == "text":
        return tidy(value) or None
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(value) if number == math.floor(number) else f"{number:g}"


def class_lookup(
    values: Iterable[Any],
    rules: FieldRules,
    classes: Sequence[LandClass] = (),
    *,
    where: str = "",
    names: Mapping[int, str] | None = None,
) -> ClassLookup:
    """Decide which field value means which class; `values` one by one or counted.

    `classes`, if given, decides: whole numbers are matched to its values (to its `source` where 0 is a class
    or the classes are renumbered), text to its names, case and blanks aside; everything else is ignored and
    counted. Without it the classes are made from the field. `names`: number in the field -> name. Raises
    `SamplesError` for a field without values, with fractions, or that mixes numbers and names, and
    `ClassesError` for numbers above 65535 or below 0 that are not to be renumbered.
    """
    counted = values if isinstance(values, Counter) else Counter(values)
    if rules.kind == "text":
        return _by_name(counted, classes, where)
    return _by_number(counted, rules, classes, where, names or {})


def _by_number(
    counted: Mapping[Any, int],
    rules: FieldRules,
    classes: Sequence[LandClass],
    where: str,
    names: Mapping[int, str],
) -> ClassLookup:
    found: Counter[ClassKey] = Counter()
    empty = zeros = 0
    for value, count in counted.items():
        key = clean_value(value, rules.kind)
        if key is None:
            empty += count
        elif key == 0 and rules.zero != "class":
            zeros += count
        else:
            found[key] += count
    _require_some(found, where)
    numbers = _whole_numbers(found, where)
    notes = _empty_notes(empty)
    if zeros:
        notes.append(zero_note(_features(zeros), zeros > 1))
    if classes:
        chosen = tuple(classes)
        listed = {number_in_samples(c, rules.zero, rules.renumber): i for i, c in enumerate(chosen)}
        index: dict[ClassKey, int] = {n: listed[n] for n in numbers if n in listed}
        _require_match(index, sorted(numbers), list(listed), where)
        notes += _unlisted(found, index)
    else:
        chosen = numbered_classes(class_numbers(numbers, rules.renumber, where), names)
        index = {c.value if c.source is None else c.source: i for i, c in enumerate(chosen)}
    notes += number_notes([chosen[i] for i in sorted(set(index.values()))], rules.renumber)
    return ClassLookup(chosen, rules.kind, index, tuple(notes))


def _by_name(counted: Mapping[Any, int], classes: Sequence[LandClass], where: str) -> ClassLookup:
    texts = {str(value): count for value, count in counted.items() if value is not None and tidy(value)}
    empty = sum(counted.values()) - sum(texts.values())
    _require_some(texts, where)
    spelling = chosen_spellings(texts)
    notes = _empty_notes(empty)
    found: Counter[ClassKey] = Counter()
    for text, count in texts.items():
        found[tidy(text)] += count
    if classes:
        chosen = tuple(classes)
        index = _listed_names(found, chosen)
        _require_match(index, sorted(map(str, found)), [c.name for c in chosen], where)
        notes += _unlisted(found, index)
        spelling = {text: chosen[index[tidy(text)]].name for text in texts if tidy(text) in index}
    else:
        _refuse_mixture([str(key) for key in found], where)
        ordered = sorted(set(spelling.values()))
        chosen = class_list(range(1, len(ordered) + 1), dict(enumerate(ordered, start=1)))
        position = {name: i for i, name in enumerate(ordered)}
        index = {tidy(text): position[name] for text, name in spelling.items()}
    return ClassLookup(chosen, "text", index, (*notes, *spelling_notes(spelling)))


def _listed_names(found: Iterable[ClassKey], classes: Sequence[LandClass]) -> dict[ClassKey, int]:
    """Return the class index of each name found: of the class spelt the same, else of the same name."""
    exact = {tidy(c.name): i for i, c in reversed(list(enumerate(classes)))}
    alike = {name_key(c.name): i for i, c in reversed(list(enumerate(classes)))}
    pairs = ((key, exact.get(str(key), alike.get(name_key(str(key)), -1))) for key in found)
    return {key: i for key, i in pairs if i >= 0}


def _require_some(found: Mapping[Any, int], where: str) -> None:
    if not found:
        raise SamplesError(
            "The class field is empty: no feature has a class.",
            where=where,
            remedy="Fill in the classes (0 and blank mean unlabelled) or choose another field.",
        )


def _require_match(
    index: Mapping[ClassKey, int], found: Sequence[Any], listed: Sequence[Any], where: str
) -> None:
    if not index:
        raise SamplesError(
            f"No value of the class field is in the class list: found {shown(found)}, the list has "
            f"{shown(listed)}.",
            where=where,
            remedy="Choose another class field or correct the class list.",
        )


def _unlisted(found: Mapping[ClassKey, int], index: Mapping[ClassKey, int]) -> list[str]:
    left = {key: n for key, n in found.items() if key not in index}
    if not left:
        return []
    return [
        f"{_features(sum(left.values()))} ignored: {shown(sorted(left, key=str))} not in the class list.",
    ]


def _whole_numbers(found: Iterable[ClassKey], where: str) -> list[int]:
    """Return the numbers found. Raises `SamplesError` where some have fractions."""
    fractions = sorted(str(key) for key in found if isinstance(key, str))
    if fractions:
        raise SamplesError(
            f"The class field holds fractions ({shown(fractions)}); class values are whole numbers.",
            where=where,
            remedy="Choose the field with the class, not a measurement.",
        )
    return [int(key) for key in found]


def _refuse_mixture(found: Sequence[str], where: str) -> None:
    numbers = sorted(text for text in found if _is_number(text))
    if numbers and len(numbers) < len(found):
        words = sorted(text for text in found if not _is_number(text))
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


def _empty_notes(count: int) -> list[str]:
    return [f"{_features(count)} without a class ignored."] if count else []


def _features(count: int) -> str:
    return "1 feature" if count == 1 else f"{count} features"
