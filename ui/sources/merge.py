"""Adding sources to those that are there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...core.job_spec import MODALITIES
from ..state.choices import SourceChoice


def with_sources(sources: Iterable[SourceChoice], new: Iterable[SourceChoice]) -> list[SourceChoice]:
    """Return `sources` with the layers of `new`: in the row of their kind, or in a row of their own."""
    rows = {source.key: source for source in sources}
    for source in new:
        known = rows.get(source.key)
        layers = [i for i in source.layers if known is None or i not in known.layers]
        rows[source.key] = replace(known, layers=(*known.layers, *layers)) if known is not None else source
    return sorted(rows.values(), key=lambda source: MODALITIES.index(source.key))
