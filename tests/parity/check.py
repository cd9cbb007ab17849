"""Compares a network with a parity fixture: `python tests/parity/check.py NAME FIXTURE.npz`.

Prints one line per key, `KEY max_abs max_rel PASS|FAIL`, and exits 1 when a key is beyond its tolerance, is
not computed here, or differs in shape. NAME is a network of the table below; the configuration comes from the
fixture.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

# Network -> file beside this one with `compute(fixture)` and `tolerance(key)`. It may also have PREFIXES, of
# the keys that are compared, and `relative_to_largest(key)`.
NETWORKS = {
    name: f"{name}.py"
    for name in ("gihcn", "gihcn_diffusion", "mibf_net", "ncglf2", "ref_net", "ref_net_mdf_vss")
}

PREFIXES = ("y:", "i:")


@dataclass(frozen=True)
class Result:
    """One key: largest absolute and relative error, whether it is within tolerance, and why it is not."""

    key: str
    max_abs: float
    max_rel: float
    passed: bool
    note: str = ""

    def __str__(self) -> str:
        verdict = "PASS" if self.passed else "FAIL"
        return f"{self.key} {self.max_abs:.3e} {self.max_rel:.3e} {verdict}" + (
            f" ({self.note})" if self.note else ""
        )


def register_package() -> None:
    """Make the checkout importable as `landfuse`, as tests/conftest.py does."""
    if "landfuse" not in sys.modules:
        sys.modules["landfuse"] = _module_from(ROOT / "__init__.py", "landfuse", [str(ROOT)])


def _module_from(path: Path, name: str, search: list[str] | None = None) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=search)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    if search:
        sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def read_fixture(path: Path) -> dict[str, np.ndarray]:
    """Read every array of a fixture; nothing in it is pickled."""
    with np.load(path, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def compare_arrays(
    key: str,
    found: np.ndarray,
    expected: np.ndarray,
    tolerance: tuple[float, float],
    to_largest: bool = False,
) -> Result:
    """Compare one value; NaN must stand at the same places, everything else must be finite.

    `to_largest`: relative errors are shares of the largest entry, not of each one's own.
    """
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape:
        return Result(key, np.nan, np.nan, False, f"shape {found.shape}, expected {expected.shape}")
    if not np.array_equal(np.isnan(found), np.isnan(expected)):
        return Result(key, np.nan, np.nan, False, "NaN at other places")
    kept = ~np.isnan(expected)
    error, size = np.abs(found - expected)[kept], np.abs(expected)[kept]
    if not error.size:
        return Result(key, 0.0, 0.0, True, "all NaN, as expected")
    if to_largest:
        size = np.full_like(size, size.max())
    absolute, relative = tolerance
    passed = bool((error <= absolute + relative * size).all())
    return Result(key, float(error.max()), float((error / np.maximum(size, 1e-12)).max()), passed)


def compare(
    fixture: Mapping[str, np.ndarray],
    computed: Iterable[tuple[str, np.ndarray]],
    tolerance: Callable[[str], tuple[float, float]],
    prefixes: tuple[str, ...] = PREFIXES,
    relative_to_largest: Callable[[str], bool] = lambda _key: False,
) -> list[Result]:
    """Compare every key of the fixture with `prefixes`, in its order; a key that is not computed fails."""
    values = dict(computed)
    wanted = [key for key in fixture if key.startswith(prefixes)]
    results = [
        compare_arrays(key, values[key], fixture[key], tolerance(key), relative_to_largest(key))
        if key in values
        else Result(key, np.nan, np.nan, False, "not computed")
        for key in wanted
    ]
    if not wanted:
        results.append(
            Result("(none)", np.nan, np.nan, False, f"the fixture has no key {' or '.join(prefixes)}")
        )
    return results


def run(name: str, fixture: Mapping[str, np.ndarray]) -> list[Result]:
    """Compare network `name` with a fixture that has been read."""
    register_package()
    network = _module_from(HERE / NETWORKS[name], f"parity_{name}")
    return compare(
        fixture,
        network.compute(fixture),
        network.tolerance,
        getattr(network, "PREFIXES", PREFIXES),
        getattr(network, "relative_to_largest", lambda _key: False),
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description="Compare a network with a parity fixture, key by key.")
    parser.add_argument("name", choices=sorted(NETWORKS))
    parser.add_argument("fixture", type=Path)
    options = parser.parse_args(arguments)
    results = run(options.name, read_fixture(options.fixture))
    for result in results:
        print(result)
    return 0 if all(result.passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
