"""What the name of a band says: a quantity, or nothing but a number or the name of its file."""

from __future__ import annotations

import re
from pathlib import PurePath

_NO_NAME = re.compile(r"(band|layer|channel|gr[ae]y|red|green|blue|undefined)?[\s_:#-]*\d*", re.I)
_BAND_CODE = re.compile(r"[a-z]{1,2}\d{1,2}[a-z]?", re.I)


def real_name(name: str, file_name: str = "") -> str:
    """Return a band's name, "" for one that only counts, is a colour, or repeats the name of its file."""
    name, stem = name.strip(), PurePath(name.strip()).stem.lower()
    file_name = file_name.lower()
    of_file = len(stem) > 2 and bool(file_name) and (stem in file_name or PurePath(file_name).stem in stem)
    return "" if of_file or _NO_NAME.fullmatch(name) else name


def same_meaning(one: str, other: str) -> bool:
    """Return whether two names differ in nothing but numbers of tiles and dates; codes such as B02 count."""
    return _words(one) == _words(other)


def _words(name: str) -> tuple[str, ...]:
    parts = re.findall(r"[a-z0-9]+", name.lower())
    return tuple(
        part if _BAND_CODE.fullmatch(part) else re.sub(r"\d+", "", part)
        for part in parts
        if not part.isdigit()
    )
