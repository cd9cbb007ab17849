"""All cases of the matrix, by subject."""

from __future__ import annotations

from importlib import import_module

MODULES = (
    "cases_settings",
    "cases_labels",
    "cases_several",
    "cases_outputs",
    "cases_vector",
    "cases_nodata",
    "cases_files",
    "cases_types",
    "cases_placement",
    "cases_turned",
    "cases_systems",
    "cases_antimeridian",
)


def all_cases():
    """Return every case; their ids are all different."""
    found = [case for name in MODULES for case in import_module(f"{__package__}.{name}").cases()]
    ids = [case.id for case in found]
    twice = {name for name in ids if ids.count(name) > 1}
    if twice:
        raise ValueError(f"two cases have one id: {sorted(twice)}")
    return found
