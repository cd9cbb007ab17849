"""Scale and offset of reflectance: as metadata declare, as values suggest, as a model was trained on.

A measurement is the stored value times `scale` plus `offset`. Where nothing declares them, whole numbers that
look like reflectance x 10000 are taken as such, and the offset of 1000 that Sentinel-2 products carry since
processing baseline 04.00 is recognised by the dark end of the bands. Both are told and can be set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..job import RasterInput
from .raster_info import RasterInfo
from .units_guess import SENTINEL2_OFFSET, TEN_THOUSANDTHS, UnitsGuess

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


class MeasuredRaster(Protocol):
    """A `ModalityRaster`: the file, the numbers of the bands used, and what they measure."""

    @property
    def info(self) -> RasterInfo: ...

    @property
    def bands(self) -> tuple[int, ...]: ...

    @property
    def quantity(self) -> str: ...


@dataclass(frozen=True)
class SettledUnits:
    """A raster with its scale and offset. `source`: "metadata", "set", "guessed", "model", "" (as stored).

    `taken` says what it is taken for, in words that `taken_notes` puts together for several rasters.
    """

    info: RasterInfo
    source: str
    notes: tuple[str, ...] = ()
    taken: str = ""


def settle_units(
    key: str, raster: MeasuredRaster, asked: RasterInput, sample: Floats, guess: Callable[[], UnitsGuess]
) -> SettledUnits:
    """Decide the units of a raster for training; `sample` (n, C) in the units of its `info`.

    What `asked` sets is in `info` already and wins, then metadata count, then, for reflectance, the guess.
    """
    info = raster.info
    known = _known(raster, asked)
    if raster.quantity != "reflectance":
        return SettledUnits(info, known or ("set" if asked.offset is not None else ""))
    if known:
        return SettledUnits(info, known, _stale(key, info, sample))
    found = guess()
    if found.scale != TEN_THOUSANDTHS:
        return SettledUnits(info, "set" if asked.offset is not None else "")
    offset = (found.offset if asked.offset is None else asked.offset) or 0.0
    settled = with_units(info, found.scale, offset)
    return SettledUnits(settled, "guessed", taken=_guess_text(key, offset))


def repeat_units(
    key: str,
    raster: MeasuredRaster,
    asked: RasterInput,
    trained: Mapping[str, Any],
    guess: Callable[[], UnitsGuess],
) -> SettledUnits:
    """Decide the units of a raster so that a model finds the units it was trained on.

    `trained` is what `units_json` gave, empty for a model that does not say. What the job sets and the
    metadata declare is used; else the values tell fractions from x 10000 and the Sentinel-2 offset; where
    they do not, the model's units are used.
    """
    info = raster.info
    source = _known(raster, asked)
    if source:
        return SettledUnits(info, source, _difference(key, raster, source, trained))
    if not trained.get("source"):
        return SettledUnits(info, "set" if asked.offset is not None else "")
    scales, offsets = _numbers(trained, "scale", 1.0), _numbers(trained, "offset", 0.0)
    if raster.quantity == "reflectance" and max(scales) < 0.1:
        return _repeat_reflectance(key, raster, asked, (scales, offsets), guess())
    offsets = offsets if asked.offset is None else [asked.offset]
    settled = with_units(info, scales, offsets, raster.bands)
    formula = _formula(settled, raster.bands)
    return SettledUnits(settled, "model", taken=f"{formula} (as in training; {_how(key)})" if formula else "")


def _repeat_reflectance(
    key: str,
    raster: MeasuredRaster,
    asked: RasterInput,
    trained: tuple[list[float], list[float]],
    guess: UnitsGuess,
) -> SettledUnits:
    """Decide the units of undeclared reflectance for a model that was trained on fractions."""
    info, (scales, offsets) = raster.info, trained
    if guess.scale == 1.0:
        text = f"reflectance from 0 to 1 (guessed from the values; {_how(key)})"
        return SettledUnits(info, "guessed", taken=text)
    text, source = "", "model"
    if asked.offset is not None:
        offsets = [asked.offset]
    elif guess.offset is not None:
        if any(abs(offset - guess.offset) > 1e-6 for offset in offsets):
            text, source = _guess_text(key, guess.offset, unlike=True), "guessed"
        offsets = [guess.offset]
    return SettledUnits(with_units(info, scales, offsets, raster.bands), source, taken=text)


def _difference(key: str, raster: MeasuredRaster, source: str, trained: Mapping[str, Any]) -> tuple[str, ...]:
    own = units_json(raster.info, raster.bands, source)
    if raster.quantity != "reflectance" or source != "metadata" or _same_units(own, trained):
        return ()
    formula = _formula(raster.info, raster.bands)
    return (
        f"{key}: {_name(raster.info)} declares {formula}; the model was trained on {_trained_text(trained)}.",
    )


def _known(raster: MeasuredRaster, asked: RasterInput) -> str:
    """Return who says what the units are, "" where nobody does."""
    if asked.scale is not None:
        return "set"
    bands = [raster.info.band(n) for n in raster.bands]
    if any(band.scale is not None for band in bands):
        return "metadata" if asked.offset is None else "set"
    declared = any(band.offset is not None for band in bands) and asked.offset is None
    return "metadata" if declared else ""


def _name(info: RasterInfo) -> str:
    return PurePath(info.path).name


def with_units(
    info: RasterInfo,
    scale: float | Sequence[float],
    offset: float | Sequence[float],
    numbers: Sequence[int] | None = None,
) -> RasterInfo:
    """Return a raster with scale and offset: one number for all bands, or one per band of `numbers`."""
    scales, offsets = (list(v) if isinstance(v, Sequence) else [v] for v in (scale, offset))
    chosen = list(numbers) if numbers is not None else [band.number for band in info.bands]
    # Lists that do not fit come from bands found in another file: one number is then as good as another.
    scales, offsets = (v if len(v) == len(chosen) else v[:1] * len(chosen) for v in (scales, offsets))
    units = {n: (s, o) for n, s, o in zip(chosen, scales, offsets)}
    return replace(
        info,
        bands=tuple(
            replace(b, scale=units[b.number][0], offset=units[b.number][1]) if b.number in units else b
            for b in info.bands
        ),
    )


def units_json(info: RasterInfo, numbers: Sequence[int], source: str) -> dict[str, Any]:
    """Return scale and offset of the bands used: a number each, or lists where bands differ."""
    bands = [info.band(n) for n in numbers]
    scales = [1.0 if band.scale is None else float(band.scale) for band in bands]
    offsets = [float(band.offset or 0.0) for band in bands]
    alike = len(set(scales)) == 1 and len(set(offsets)) == 1
    return {
        "scale": scales[0] if alike else scales,
        "offset": offsets[0] if alike else offsets,
        "source": source,
    }


def _numbers(units: Mapping[str, Any], name: str, default: float) -> list[float]:
    value = units.get(name, default)
    return [float(v) for v in value] if isinstance(value, (list, tuple)) else [float(value)]


def _same_units(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return all(
        np.allclose(_numbers(first, name, default), _numbers(second, name, default), rtol=1e-6, atol=1e-12)
        for name, default in (("scale", 1.0), ("offset", 0.0))
    )


def units_text(info: RasterInfo, numbers: Sequence[int], source: str) -> str:
    """Say in words how stored values become measurements, and who says so; "" for values as stored."""
    formula = _formula(info, numbers)
    said = {
        "metadata": "declared by the file",
        "set": "as set",
        "guessed": "guessed from the values",
        "model": "as in training",
    }
    return f"{formula} ({said[source]})" if source in said and formula else formula


def _formula(info: RasterInfo, numbers: Sequence[int]) -> str:
    units = units_json(info, numbers, "")
    scale, offset = _numbers(units, "scale", 1.0), _numbers(units, "offset", 0.0)
    if set(scale) == {1.0} and set(offset) == {0.0}:
        return ""
    text = f"stored value x {scale[0]:g}" + (f" to {scale[-1]:g}" if len(set(scale)) > 1 else "")
    if set(offset) == {0.0}:
        return text
    sign = "-" if offset[0] < 0 else "+"
    return f"{text} {sign} {abs(offset[0]):g}" + (" and others" if len(set(offset)) > 1 else "")


def _trained_text(units: Mapping[str, Any]) -> str:
    if not units.get("source"):
        return "the values as stored"
    scale, offset = _numbers(units, "scale", 1.0)[0], _numbers(units, "offset", 0.0)[0]
    return f"stored value x {scale:g}" + (f" {'-' if offset < 0 else '+'} {abs(offset):g}" if offset else "")


def taken_notes(key: str, settled: Sequence[SettledUnits]) -> list[str]:
    """Return a line for each thing that rasters are taken for, naming the rasters."""
    names: dict[str, list[str]] = {}
    for units in settled:
        if units.taken:
            names.setdefault(units.taken, []).append(_name(units.info))
    return [
        f"{key}: {', '.join(dict.fromkeys(some))} {'is' if len(set(some)) == 1 else 'are'} taken as {text}."
        for text, some in names.items()
    ]


def _guess_text(key: str, offset: float, unlike: bool = False) -> str:
    """Say what was guessed; `unlike`: the model was trained on the other case."""
    amount = f"{-SENTINEL2_OFFSET / TEN_THOUSANDTHS:.0f}"
    how = f" with the Sentinel-2 offset of {amount}" if offset else ""
    if unlike:
        how += ", unlike the training scene" if offset else " without the offset of the training scene"
    return f"reflectance x 10000{how} (guessed from the values; {_how(key)})"


def _how(key: str) -> str:
    return f"{key.upper()}_OPTIONS scale=... offset=... (--{key}-options) change it"


def _stale(key: str, info: RasterInfo, sample: Floats) -> tuple[str, ...]:
    """Return a note where the declared scale makes nothing of the values: they were scaled before."""
    valid = sample[np.isfinite(sample)]
    if not len(valid) or np.percentile(np.abs(valid), 99) > 0.002:
        return ()
    line = (
        f"{key}: with the scale that {_name(info)} declares all reflectance lies below 0.002; if the values "
        f"were scaled before, {key.upper()}_OPTIONS scale=1 offset=0 (--{key}-options) leaves them alone."
    )
    return (line,)
