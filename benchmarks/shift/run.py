"""How well the shift between two sources is estimated, and whether it is told only where it is right.

    python benchmarks/shift/run.py

1. Known shifts: one source of a real pair claims to lie elsewhere by 0 to 7 pixels of the grid on which they
   are compared; the change of the estimate is compared with it.
2. Unrelated images: every image against those of all other scenes, and against its own scene turned and
   mirrored (not NEON, a montage whose mirror image has the same seams), noise, and noise summed up.
3. Another measure: the shift at which mutual information of the smoothed images is highest (no edges).

Writes benchmarks/shift/results.json and prints the tables of benchmarks/README.md. Needs the real scenes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import registered  # noqa: F401  makes `landfuse` importable
from landfuse.core.data.coordinates import make_grid
from landfuse.core.data.windows import Window
from landfuse.core.evaluation import shift_blocks as blocks
from landfuse.core.evaluation.shift import MARGIN, Estimate, block_surface, edge_field, estimate
from shift.mutual_information import best_shift
from shift.pairs import PAIRS, SHIFTS, displaced, images, source
from shift.table import markdown

RESULTS = Path(__file__).with_name("results.json")
_FINEST = 0.25  # metres; images of finer pixels are averaged for the unrelated pairs
_NOISE = (64, 100, 200, 400)
_COMPARED = (("chile", "s2", "s1"), ("denmark", "s2", "s1"), ("spain", "s2", "s1"), ("slovenia", "a", "b"),
             ("slovenia", "a", "c"), ("muufl", "height", "intensity"))  # fmt: skip


def main() -> None:
    results = {"known": [known(*pair) for pair in PAIRS], "unrelated": unrelated(), "other": other_measure()}
    RESULTS.write_text(json.dumps(results, indent=1))
    print(markdown(results))


def known(scene: str, first: str, second: str) -> dict[str, Any]:
    """Estimate each known shift of a pair."""
    one, two = source(scene, first), source(scene, second)
    grid = blocks.common_grid(one, two)
    rows, found, seconds = [], [], []
    for right, down in SHIFTS:
        moved = displaced(two, right * grid.pixel_size[0], -down * grid.pixel_size[1])
        started = time.perf_counter()
        shift = blocks.measure_shift(blocks.Side(one), blocks.Side(moved))
        seconds.append(time.perf_counter() - started)
        found.append(shift.estimate)
        rows.append({"right": right, "down": down, **told(shift.estimate)})
    unmoved = found[0]
    for row, item in zip(rows, found):
        if item is not None and unmoved is not None:
            off = (item.cols - unmoved.cols - row["right"], item.rows - unmoved.rows - row["down"])
            row["off"] = round(max(abs(part) for part in off), 3)
    pair = f"{scene}: {first}, {second}"
    print(pair, rows, flush=True)
    return {"pair": pair, "pixel_metres": round(grid.pixel_metres, 3), "size": list(grid.shape),
            "seconds": round(float(np.median(seconds)), 2), "shifts": rows}  # fmt: skip


def told(found: Estimate | None) -> dict[str, Any]:
    if found is None:
        return {"sure": False}
    values = {"cols": found.cols, "rows": found.rows, "error": found.error, "sharpness": found.sharpness,
              "ahead": found.ahead}  # fmt: skip
    rounded = {k: round(v, 3) if np.isfinite(v) else None for k, v in values.items()}
    return {"sure": found.sure, **rounded}


def unrelated() -> dict[str, Any]:
    """Compare images that have nothing to do with one another."""
    found = [estimate_arrays(first, second) for first, second in unrelated_pairs()]
    peaks = [item for item in found if item is not None]
    sharpness = np.array([item.sharpness for item in peaks])
    return {
        "pairs": len(found),
        "without_peak": len(found) - len(peaks),
        "sure": sum(item.sure for item in peaks),
        "sharpness_median": round(float(np.median(sharpness)), 2),
        "sharpness_99": round(float(np.percentile(sharpness, 99)), 2),
        "sharpness_max": round(float(sharpness.max()), 2),
        "error_below_0.3": int(sum(item.error < 0.3 for item in peaks)),
    }


def unrelated_pairs() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    arrays = {place: whole_image(*place) for place in images()}
    for (scene, _), first in arrays.items():
        for (other, _), second in arrays.items():
            if scene != other:
                yield first, second
            elif scene != "neon":
                yield first, second[:, ::-1]
                yield first, second[:, :, ::-1]
                yield first, second[:, ::-1, ::-1]
                yield first, second.transpose(0, 2, 1)
    random = np.random.default_rng(0)
    for number in range(60):
        side = _NOISE[number % len(_NOISE)]
        noise = random.normal(size=(2, 1, side, side))
        yield tuple(noise.cumsum(axis=2).cumsum(axis=3) if number % 8 < 4 else noise)  # type: ignore[misc]


def whole_image(scene: str, name: str) -> np.ndarray:
    modality = blocks.some_bands(source(scene, name))
    grid = modality.rasters[0].info.grid
    if grid.pixel_metres < _FINEST:
        box, side = grid.bounds, _FINEST
        shape = int((box.y_max - box.y_min) / side), int((box.x_max - box.x_min) / side)
        grid = make_grid(grid.crs, (box.x_min, side, 0.0, box.y_max, 0.0, -side), *shape)
    with blocks.EdgeReader(modality, grid) as reader:
        return reader.read(Window(0, 0, *grid.shape))


def estimate_arrays(first: np.ndarray, second: np.ndarray) -> Estimate | None:
    """Estimate the shift of two arrays (C, H, W) as `measure_shift` does for files."""
    rows, cols = (min(a, b) for a, b in zip(first.shape[1:], second.shape[1:]))
    grid = make_grid("", (0.0, 1.0, 0.0, 0.0, 0.0, -1.0), rows, cols)
    reach = min(32, min(rows, cols) // 4)
    surfaces = []
    for block in blocks.spread_blocks(grid):
        window = block.padded(reach + MARGIN, rows, cols)
        row, col = block.row - window.row, block.col - window.col
        inner = slice(row, row + block.height), slice(col, col + block.width)
        part = (slice(None), *window.slices())
        surfaces.append(block_surface(edge_field(first[part]), edge_field(second[part]), inner, reach))
    return estimate(surfaces)


def other_measure() -> list[dict[str, Any]]:
    """Compare the estimate with the maximum of mutual information."""
    rows = []
    for scene, first, second in _COMPARED:
        one, two = whole_image(scene, first), whole_image(scene, second)
        down, right = best_shift(one, two)
        found = estimate_arrays(one, two)
        edges, information = (found.cols, found.rows), (right, down)
        row = {"pair": f"{scene}: {first}, {second}"}
        for name, place in (("edges", edges), ("mutual_information", information)):
            row[name] = [round(part, 2) for part in place]
        rows.append(row)
        print(rows[-1], flush=True)
    return rows


if __name__ == "__main__":
    main()
