"""Compares the MDF-VSS block with a fixture recorded from the release (models/ref_net.md, section 13)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from landfuse.core.models.layers.cross_scan import (
    N_SEQUENCES,
    CrossScanWeights,
    pair_inputs,
    to_sequences,
)
from landfuse.core.models.layers.selective_scan import selective_scan
from landfuse.core.models.layers.vss import VssSettings
from landfuse.core.models.ref_net_decoder import Joined, MdfVss

Arrays = Mapping[str, np.ndarray]
Tensors = dict[str, torch.Tensor]

PREFIXES = ("y:", "i:", "g:")
# Name in the authors' program -> name here; every pattern is applied, in this order.
NAMES = (
    (r"\bshare_st_block\.1\.", "share."),
    (r"\bdiff_st_block\.1\.", "difference."),
    (r"\bsmooth_layer\.", "smooth."),
    (r"\bnorm2\.", "norm_mlp."),
    (r"(^|\.)(share|difference|mix)\.norm\.", r"\1\2.norm_scan."),
    (r"\bop\.", "scan."),
    (r"\bin_proj\.", "project_in."),
    (r"\bconv2d\.", "conv."),
    (r"\bx_proj_weight$", "project"),
    (r"\bdt_projs_weight$", "step"),
    (r"\bdt_projs_bias$", "step_bias"),
    (r"\bA_logs$", "a_log"),
    (r"\bDs$", "d"),
    (r"\bout_norm\.", "norm."),
    (r"\bout_proj\.", "project_out."),
)


def our_name(theirs: str) -> str:
    """Translate a state-dict key of the authors' program."""
    for pattern, ours in NAMES:
        theirs = re.sub(pattern, ours, theirs)
    return theirs


def meta_of(fixture: Arrays) -> dict[str, Any]:
    """Return the fixture's configuration."""
    return dict(json.loads(bytes(fixture["meta"]).decode()))


def settings_of(block: Mapping[str, Any]) -> VssSettings:
    """Return the settings of the VSS blocks. Raises ValueError for those that do not exist here."""
    if block.get("gmlp") or block.get("forward_type", "v3noz") != "v3noz":
        raise ValueError(f"only plain blocks without a gate exist here, got {block}")
    rank = block["ssm_dt_rank"]
    return VssSettings(
        n_states=block["ssm_d_state"],
        ratio=block["ssm_ratio"],
        rank=0 if rank == "auto" else int(rank),
        kernel=block["ssm_conv"],
        conv_bias=block["ssm_conv_bias"],
        mlp_ratio=block["mlp_ratio"],
    )


def load(fixture: Arrays) -> MdfVss:
    """Build the fixture's block with its weights; every weight must find its place, none may be missing."""
    meta = meta_of(fixture)
    block = MdfVss(2, meta["in_channels"], settings_of(meta["block"]))
    shapes = {name: value.shape for name, value in block.state_dict().items()}
    state = {our_name(k[2:]): torch.from_numpy(fixture[k]) for k in fixture if k.startswith("w:")}
    block.load_state_dict(
        {name: value.reshape(shapes.get(name, value.shape)) for name, value in state.items()}
    )
    return block.eval()


def inputs(fixture: Arrays) -> list[torch.Tensor]:
    """Return the maps of both sources."""
    return [torch.from_numpy(fixture[key]) for key in ("x:m1", "x:m2")]


def compute(fixture: Arrays) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (key, value) of every `y:`, `i:` and `g:` key of the fixture's format."""
    for key, value in {**_values(fixture), **_gradients(fixture)}.items():
        yield key, value.detach().numpy()


def _values(fixture: Arrays) -> Tensors:
    block, seen = load(fixture), Tensors()
    layers = {
        "i:diff_norm": "norm_scan",
        "i:diff_in_proj": "scan.project_in",
        "i:diff_conv2d": "scan.conv",
        "i:diff_out_norm": "scan.norm",
        "i:diff_op": "scan",
        "i:diff_mlp": "mlp",
    }
    for key, name in layers.items():
        block.difference.get_submodule(name).register_forward_hook(
            lambda _module, _args, output, key=key: seen.__setitem__(key, output)
        )
    with torch.no_grad():
        joined: Joined = block(inputs(fixture))
        branches = block.shared(inputs(fixture))
        scan = _scan(torch.nn.functional.silu(seen["i:diff_conv2d"]), block.difference.scan.weights())
    seen["i:diff_out_norm"] = seen["i:diff_out_norm"].flatten(1, 2)
    named = {"y:share": joined.share, "y:diff": joined.difference, "y:fuse": joined.fused}
    branch_keys = {f"i:share_branch_m{number}": maps for number, maps in enumerate(branches, start=1)}
    return {**seen, **scan, **named, **branch_keys}


def _scan(maps: torch.Tensor, weights: CrossScanWeights) -> Tensors:
    """Return inputs and result of the four scans, each in the order of its own sequence."""
    parts: dict[str, list[torch.Tensor]] = {}
    sequences = to_sequences(maps)
    for reverse in (False, True):
        chosen = slice(N_SEQUENCES, None) if reverse else slice(N_SEQUENCES)
        of_pair = CrossScanWeights(*(value[chosen] for value in weights))
        inputs = pair_inputs(sequences, of_pair)
        raw = torch.log(torch.expm1(inputs.delta.double())) - of_pair.step_bias.double()  # before softplus
        values = {"u": inputs.u, "delta": raw, "B": inputs.b, "C": inputs.c}
        values["y"] = selective_scan(inputs, reverse)
        for name, value in values.items():
            parts.setdefault(name, []).append(value.flip(0) if reverse else value)
    joined = {name: torch.cat(value, dim=2).permute(1, 2, 3, 0) for name, value in parts.items()}
    found = {f"i:scan_{k}": v if k in "BC" else v.flatten(1, 2) for k, v in joined.items()}
    found |= {"i:scan_A": weights.a.flatten(0, 1), "i:scan_D": weights.d.flatten()}
    return {**found, "i:scan_delta_bias": weights.step_bias.flatten()}


def _gradients(fixture: Arrays) -> Tensors:
    """Return the gradients of sum(fuse * r), for every recorded input and parameter."""
    block = load(fixture)
    maps = [values.requires_grad_() for values in inputs(fixture)]
    (block(maps).fused * torch.from_numpy(fixture["x:r"])).sum().backward()
    found = {"g:m1": maps[0].grad, "g:m2": maps[1].grad}
    for key in (k for k in fixture if k.startswith("g:") and k not in found):
        found[key] = block.get_parameter(our_name(key[2:])).grad.reshape(fixture[key].shape)
    return found


def tolerance(key: str) -> tuple[float, float]:
    """Return (absolute, relative) tolerance of a key: error <= absolute + relative * |expected|."""
    return (0.0, 1e-5) if key.startswith("g:") else (1e-5, 0.0)


def relative_to_largest(key: str) -> bool:
    """Return whether the relative tolerance is a share of the tensor's largest entry."""
    return key.startswith("g:")
