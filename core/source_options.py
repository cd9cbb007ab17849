"""The settings of a source as one line of text, `nodata=0,-9999; fill=0; 2.scale=0.0001`, and back to values.

Forms and the command line offer one such line per modality instead of eight parameters; a job keeps typed
values for every raster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import JobError
from .job_spec import DERIVED, JOINS

OPTIONS_HELP = (
    "Separated by blanks or semicolons: nodata=0,-9999 (further values that mean no data), file_nodata=no "
    "(ignore the declared one), fill=0 (what missing pixels become instead of a hole; fill=nan leaves the "
    "holes that a model fills), scale=0.0001 and offset=-0.1 (measurement = stored value x scale + offset), "
    "join=mosaic or join=bands (instead of what is guessed), resampling=average, bilinear or nearest, "
    f"derived={','.join(DERIVED)} (of a height), speckle=5 (side of the speckle filter of SAR), "
    "quantity=height. With a number in front, such as 2.scale=1, for the second raster only."
)


def _words(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def _yes_or_no(text: str) -> bool:
    answers = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    return answers[text.lower()]


def _join(text: str) -> str:
    if text not in JOINS:
        raise ValueError(text)
    return text


_READ: Mapping[str, Callable[[str], Any]] = {
    "nodata": lambda text: [float(part) for part in _words(text)],
    "file_nodata": _yes_or_no,
    "fill": float,
    "scale": float,
    "offset": float,
    "join": _join,
    "resampling": str,
    "quantity": str,
    "derived": _words,
    "speckle": int,
}


def parse_source_options(text: str, where: str) -> list[tuple[int, str, Any]]:
    """Read a line of options as (number of the raster from 1, or 0 for all; name; value).

    `where` names the option or parameter in errors. Raises `JobError`.
    """
    found = []
    for part in text.replace(";", " ").split():
        name, equals, value = part.partition("=")
        number, _, plain = name.rpartition(".")
        if plain not in _READ or (number and not (number.isdigit() and int(number))) or not equals:
            raise JobError(f"'{part}' is not an option.", where=where, remedy=OPTIONS_HELP)
        try:
            found.append((int(number or 0), plain, _READ[plain](value)))
        except (KeyError, ValueError) as error:
            raise JobError(
                f"'{value}' is not a value of '{plain}'.", where=where, remedy=OPTIONS_HELP
            ) from error
    return found


def options_of_rasters(text: str, count: int, where: str) -> list[dict[str, Any]]:
    """Return the settings of each of `count` rasters, as keys of a job. Raises `JobError`."""
    settings: list[dict[str, Any]] = [{} for _ in range(count)]
    parsed = parse_source_options(text, where)
    for number, name, value in sorted(parsed, key=lambda item: item[0] > 0):  # a single raster's win
        if number > count:
            raise JobError(
                f"Raster {number} of {count} is named.", where=where, remedy="Count the rasters from 1."
            )
        for item in settings if number == 0 else [settings[number - 1]]:
            item[name] = value
    return settings
