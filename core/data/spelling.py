"""Class names that differ only in case or blanks are one name; the most frequent spelling stands for it."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any


def tidy(value: Any) -> str:
    """Return text without blanks around it and with single ones inside, accents composed; "" for blank."""
    return " ".join(unicodedata.normalize("NFC", str(value)).split())


def name_key(text: str) -> str:
    """Return what all spellings of a name have in common."""
    return tidy(text).casefold()


def chosen_spellings(counted: Mapping[str, int]) -> dict[str, str]:
    """Return for each text that occurs (with its count) the spelling that stands for it.

    The most frequent one, the first by code point among equals; blank texts are left out.
    """
    by_key: dict[str, Counter[str]] = {}
    for text, count in counted.items():
        if spelling := tidy(text):
            by_key.setdefault(spelling.casefold(), Counter())[spelling] += count
    best = {key: min(found, key=lambda s: (-found[s], s)) for key, found in by_key.items()}
    return {text: best[name_key(text)] for text in counted if tidy(text)}


def spelling_notes(chosen: Mapping[str, str]) -> list[str]:
    """Tell which spellings were taken as one class; `chosen` as from `chosen_spellings`."""
    by_name: dict[str, list[str]] = {}
    for text, name in chosen.items():
        by_name.setdefault(name, []).append(text)
    return [
        f"Written in several ways and taken as one class '{name}': {_quoted(texts)}."
        for name, texts in sorted(by_name.items())
        if len(texts) > 1
    ]


def _quoted(texts: Iterable[str]) -> str:
    ordered = sorted(texts)
    more = f" and {len(ordered) - 8} more" if len(ordered) > 8 else ""
    return ", ".join(f"'{text}'" for text in ordered[:8]) + more
