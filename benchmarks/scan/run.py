"""Time and memory of the selective scan against its definition as a plain Python loop with autograd.

    python benchmarks/scan/run.py [--threads 1]

Sizes are those of one direction of GIHCN and of both sequences of one direction of REF-Net at its finest
level. Times are the best of several runs, loop and scan in turns; memory is by how much the pass raises that
of a process of its own. Writes benchmarks/scan/results.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import registered  # noqa: F401  makes `landfuse` importable
import torch
from landfuse.core.models.layers.selective_scan import ScanInputs, scan_backend, selective_scan
from scan.table import markdown

RESULTS = Path(__file__).with_name("results.json")
# Name -> L, B, G, E, N.
SIZES = {
    "GIHCN, patch 11, batch 16": (121, 16, 1, 512, 16),
    "GIHCN, default preset, batch 32": (49, 32, 1, 64, 16),
    "REF-Net, 64 x 64 pixels, 128 channels": (1024, 1, 2, 256, 1),
    "REF-Net, 256 x 256 pixels, 128 channels": (16384, 1, 2, 256, 1),
}
REPEATS = 6


def plain_loop(inputs: ScanInputs) -> torch.Tensor:
    """The definition, token by token; autograd keeps what it needs.

    Taken apart once: the gradient of indexing a token would be a tensor of the full length every time.
    """
    a, d = inputs.a, inputs.d
    state, outputs = inputs.u.new_zeros(*inputs.u.shape[1:], a.shape[2]), []
    for u, delta, b, c in zip(*(value.unbind(0) for value in (inputs.u, inputs.delta, inputs.b, inputs.c))):
        state = torch.exp(delta[..., None] * a) * state + (delta * u)[..., None] * b[:, :, None]
        outputs.append((state * c[:, :, None]).sum(dim=-1) + d * u)
    return torch.stack(outputs)


METHODS = {"loop": plain_loop, "scan": selective_scan}


def draw(size: tuple[int, ...], gradient: bool) -> ScanInputs:
    """Return random inputs of size (L, B, G, E, N)."""
    length, batch, groups, channels, n_states = size
    torch.manual_seed(0)
    values = ScanInputs(
        torch.randn(length, batch, groups, channels),
        torch.nn.functional.softplus(torch.randn(length, batch, groups, channels) - 4),
        -torch.randn(groups, channels, n_states).exp(),
        torch.randn(length, batch, groups, n_states),
        torch.randn(length, batch, groups, n_states),
        torch.ones(groups, channels),
    )
    return ScanInputs(*(value.requires_grad_(gradient) for value in values))


def run_once(method: str, inputs: ScanInputs, gradient: bool) -> float:
    """Return the seconds of one run, with its backward pass if `gradient`."""
    started = time.perf_counter()
    with torch.set_grad_enabled(gradient):
        result = METHODS[method](inputs)
        if gradient:
            torch.autograd.grad(result.sum(), tuple(inputs))
    return time.perf_counter() - started


def measure(size: tuple[int, ...]) -> dict[str, float]:
    """Return the best times, and the largest difference of the results as a share of the largest value."""
    found: dict[str, float] = {}
    for gradient, part in ((False, "forward"), (True, "both")):
        inputs = draw(size, gradient)
        for _ in range(REPEATS):
            for method in METHODS:
                seconds = run_once(method, inputs, gradient)
                name = f"{method}_{part}_s"
                found[name] = min(found.get(name, seconds), seconds)
    with torch.no_grad():
        expected, value = plain_loop(inputs), selective_scan(inputs)
    found["difference"] = float((value - expected).abs().max() / expected.abs().max())
    return found


def peak_growth(method: str, size: tuple[int, ...]) -> float:
    """Return by how many MiB one forward and backward pass raises the memory of this process (Linux)."""
    run_once(method, draw((4, 1, 1, 8, size[-1]), True), True)  # what is loaded at the first use
    inputs = draw(size, True)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = status_kib("VmRSS")
    run_once(method, inputs, True)
    return (status_kib("VmHWM") - before) / 1024


def status_kib(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def peak_in_a_child(method: str, name: str) -> float:
    command = [sys.executable, __file__, "--peak", method, name, "--threads", str(torch.get_num_threads())]
    return round(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout), 1)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--peak", nargs=2, metavar=("METHOD", "SIZE"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    if chosen.peak:
        print(peak_growth(chosen.peak[0], SIZES[chosen.peak[1]]))
        return
    results = {}
    for name, size in SIZES.items():
        row = {"size": list(size), "threads": chosen.threads, "backend": scan_backend(torch.empty(0))}
        row |= measure(size)
        row |= {f"{method}_mib": peak_in_a_child(method, name) for method in METHODS}
        results[name] = row
        print(name, row, flush=True)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(markdown(results))


if __name__ == "__main__":
    main()
