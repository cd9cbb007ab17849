"""Which class of the reference is which class of the map: by value, or by name where it has names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..data.classes import HIGHEST_VALUE, LandClass, palette_color
from ..data.raster_info import RasterInfo
from ..data.samples import class_values
from ..data.spelling import name_key, tidy
from ..data.vector_io import VectorLayer
from ..errors import SamplesError
from ..job import SamplesInput


@dataclass(frozen=True)
class ClassMatch:
    """The classes of map and reference as one list, ascending by value.

    `shown`: with the map's names and colours. `read`: the same classes with the reference's spelling of
    the names, which is what `read_samples` looks for. `warnings`: names that differ for one value.
    """

    shown: tuple[LandClass, ...]
    read: tuple[LandClass, ...]
    warnings: tuple[str, ...] = ()


def map_classes(
    info: RasterInfo, present: Mapping[int, int], listed: Sequence[LandClass] = ()
) -> tuple[LandClass, ...]:
    """Return the classes of a class map: those with a category name or with pixels, ascending.

    `present`: class value -> pixels. `listed`: names and colours that go before those of the file.
    """
    own = {c.value: c for c in listed}
    names = dict(enumerate(info.category_names))
    values = {v for v, name in names.items() if v > 0 and name.strip()} | set(present) | set(own)
    ordered = sorted(v for v in values if 0 < v <= HIGHEST_VALUE)
    return tuple(
        own.get(value)
        or LandClass(value, names.get(value, "").strip() or f"class {value}", _color(info, value, position))
        for position, value in enumerate(ordered)
    )


def _color(info: RasterInfo, value: int, position: int) -> str:
    in_table = value < len(info.color_table) and len(set(info.color_table)) > 1
    return info.color_table[value] if in_table else palette_color(position)


def match_classes(on_map: Sequence[LandClass], spec: SamplesInput) -> ClassMatch:
    """Bring the classes of the reference together with those of the map.

    Numbers are matched by value, those that were renumbered by name. Names are matched by name, case and
    blanks aside; names that are all numbers by value. A class of the reference that the map does not know is
    added. Raises `SamplesError` where nothing fits.
    """
    reference = class_values(spec)
    by_name = _is_text(spec) and not all(c.name.isdigit() for c in reference)
    if _is_text(spec) and not by_name:
        reference = tuple(LandClass(int(c.name), c.name, c.color) for c in reference if int(c.name))
    same = () if by_name else tuple(c for c in reference if c.source is None)
    named = tuple(c for c in reference if c not in same)
    pairs = {**{c.value: c for c in same}, **_pairs_by_name(on_map, named, {c.value for c in same})}
    if not set(pairs) & {c.value for c in on_map}:
        raise SamplesError(
            f"Map and reference have no class in common: the map has {_listed(on_map, by_name)}, the "
            f"reference {_listed(reference, by_name)}.",
            where=spec.path,
            remedy="Choose the class field whose values (or names) are those of the map.",
        )
    known = {c.value: c for c in on_map}
    read = {**known, **{v: replace(c, value=v) for v, c in pairs.items()}}
    shown = {**read, **known}
    warnings = () if by_name else _name_warnings(known, pairs)
    values = sorted(shown)
    return ClassMatch(tuple(shown[v] for v in values), tuple(read[v] for v in values), warnings)


def _is_text(spec: SamplesInput) -> bool:
    if spec.type == "raster":
        return False
    with VectorLayer(spec.path, spec.layer, spec.class_field) as layer:
        return layer.info.field(spec.class_field).type == "text"


def _pairs_by_name(
    on_map: Sequence[LandClass], reference: Sequence[LandClass], taken: set[int]
) -> dict[int, LandClass]:
    """Return map value -> class of the reference; a name unknown to the map gets a value of its own."""
    known = {name_key(c.name): c.value for c in on_map}
    taken = taken | {c.value for c in on_map}
    free = (v for v in range(1, HIGHEST_VALUE + 1) if v not in taken)
    exact = {tidy(c.name): c.value for c in on_map}
    pairs: dict[int, LandClass] = {}
    for item in reference:
        value = exact.get(item.name, known.get(name_key(item.name)))
        if value is None or value in pairs:
            value = next(free)
        pairs[value] = item
    return pairs


def _name_warnings(known: Mapping[int, LandClass], pairs: Mapping[int, LandClass]) -> tuple[str, ...]:
    """Tell values whose names differ, if the map knows the reference's name under another value."""
    names = {name_key(c.name): c.value for c in known.values()}
    lines = []
    for value, item in sorted(pairs.items()):
        other = names.get(name_key(item.name))
        if value in known and other not in (None, value):
            here, there = known[value].name, item.name
            lines.append(
                f"Value {value} is '{here}' in the map and '{there}' in the reference, a name that the "
                f"map has for {other}. Values were matched; if the names are right, the figures are not."
            )
    return tuple(lines)


def _listed(classes: Sequence[LandClass], by_name: bool) -> str:
    items = [c.name if by_name else str(c.value) for c in classes]
    return ", ".join(items[:8]) + (f" and {len(items) - 8} more" if len(items) > 8 else "")
