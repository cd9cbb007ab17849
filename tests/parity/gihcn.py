"""Compares GIHCN with a fixture recorded from the authors' program (models/gihcn.md, section 12)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from landfuse.core.models.config import ModelConfig
from landfuse.core.models.gihcn import Gihcn, build
from landfuse.core.models.gihcn_branch import gaussian_exponent
from landfuse.core.models.gihcn_loss import contrastive_loss, divergence

Arrays = Mapping[str, np.ndarray]
Tensors = dict[str, torch.Tensor]

KEYS = ("hsi", "lidar")
PREFIXES = ("y:", "i:", "g:", "t:")
# Name in the authors' program -> name here; every pattern is applied, in this order.
NAMES = (
    (r"^dkfms\.spec_s\.shared_MLP\.", "gates.0.spectral_raw.layers."),
    (r"^dkfms\.spec_l\.shared_NET\.", "gates.0.spectral_information.layers."),
    (r"^dkfms\.spat_s\.conv1\.", "gates.0.spatial_raw.conv."),
    (r"^dkfms\.spat_l\.conv1\.", "gates.0.spatial_information.conv."),
    (r"^view_net1\.", "branches.0."),
    (r"^view_net2\.", "branches.1."),
    (r"\.frconv\.conv1\.", ".block.expand."),
    (r"\.frconv\.bn2\.", ".block.norm_spatial."),
    (r"\.frconv\.conv2\.", ".block.spatial."),
    (r"\.frconv\.bn3\.", ".block.norm_joined."),
    (r"\.frconv\.conv3\.", ".block.reduce."),
    (r"\.patch_embeddings\.proj\.", ".embed."),
    (r"\.pos_embeddings\.pos$", ".positions"),
    (r"\.classifier\.model\.", ".head."),
    (r"\.mamba\.A_b_log$", ".mamba.directions.1.a_log"),
    (r"\.mamba\.A_log$", ".mamba.directions.0.a_log"),
    (r"\.mamba\.D_b$", ".mamba.directions.1.d"),
    (r"\.mamba\.D$", ".mamba.directions.0.d"),
    (r"\.mamba\.(conv1d|x_proj|dt_proj)_b\.", r".mamba.directions.1.\1."),
    (r"\.mamba\.(conv1d|x_proj|dt_proj)\.", r".mamba.directions.0.\1."),
    (r"\.conv1d\.", ".conv."),
    (r"\.x_proj\.", ".project."),
    (r"\.dt_proj\.", ".step."),
)


def our_name(theirs: str) -> str:
    """Translate a state-dict key of the authors' program."""
    for pattern, ours in NAMES:
        theirs = re.sub(pattern, ours, theirs)
    return theirs


def config_of(fixture: Arrays, weighting: str = "batch") -> ModelConfig:
    """Return the fixture's configuration; the bands come from the shapes of gates and inputs."""
    b2, g1 = (
        int(fixture[f"w:{name}.weight"].shape[1])
        for name in ("dkfms.spec_l.shared_NET.0", "dkfms.spec_s.shared_MLP.0")
    )
    b1, g2 = _packed(fixture)[0].shape[1] - _second_information(fixture), _second_information(fixture)
    options = {
        "width": int(fixture["w:view_net1.frconv.conv1.weight"].shape[0]),
        "weighting": weighting,
        "gate_statistics": "separate",
        "gaussian_spread": float(fixture["cfg:lambda_g"]),
        "manhattan_reach": float(fixture["cfg:lambda_m"]),
        "primary": KEYS[0],
        "generative_bands": dict(zip(KEYS, (g1, g2))),
    }
    return ModelConfig(
        dict(zip(KEYS, (b1, b2))), int(fixture["cfg:num_classes"]), int(fixture["cfg:image_size"]), options
    )


def _second_information(fixture: Arrays) -> int:
    """Return g2: the second view has g1 + g2 channels."""
    return int(
        fixture["w:view_net2.frconv.conv1.weight"].shape[1]
        - fixture["w:dkfms.spec_s.shared_MLP.0.weight"].shape[1]
    )


def _packed(fixture: Arrays) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(fixture["x:x1"]), torch.from_numpy(fixture["x:x2"])


def inputs(fixture: Arrays) -> tuple[Tensors, Tensors]:
    """Return patches and generative information; each source is packed with the other's information."""
    (x1, x2), bands = _packed(fixture), config_of(fixture).bands
    b1, b2 = (bands[key] for key in KEYS)
    return dict(zip(KEYS, (x1[:, :b1], x2[:, :b2]))), dict(zip(KEYS, (x2[:, b2:], x1[:, b1:])))


def load(fixture: Arrays, weighting: str = "batch") -> Gihcn:
    """Build the fixture's network with its weights; every weight must find its place, none may be missing."""
    network = build(config_of(fixture, weighting))
    state = {our_name(k[2:]): torch.from_numpy(fixture[k]) for k in fixture if k.startswith("w:")}
    network.load_state_dict(state, strict=True)
    return network.eval()


def compute(fixture: Arrays) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (key, value) of every `y:`, `i:`, `g:` and `t:` key of the fixture's format."""
    found = {**_outputs(fixture), **_per_sample(fixture), **_gates_and_views(fixture)}
    for number in (0, 1):
        found |= _branch(fixture, number)
    found |= _gradients(fixture)
    found |= _statistics(fixture)
    for key, value in found.items():
        yield key, value.detach().numpy()


def _outputs(fixture: Arrays) -> Tensors:
    network, labels = load(fixture), torch.from_numpy(fixture["x:labels"])
    with torch.no_grad():
        outputs = network.outputs(*inputs(fixture))
        entropies = [torch.nn.functional.cross_entropy(logits, labels) for logits in outputs.logits]
        return {
            "y:features": outputs.features.flatten(0, 1),
            "y:logits": outputs.logits.flatten(0, 1),
            "y:loss_contrastive": contrastive_loss(*outputs.features),
            "y:loss_js": divergence(*outputs.features),
            "y:loss_ce_view1": entropies[0],
            "y:loss_ce_view2": entropies[1],
            "y:loss_total": network.loss_of(outputs, labels),
        }


def _per_sample(fixture: Arrays) -> Tensors:
    """Return the whole batch in per-sample mode, recorded from samples run one at a time."""
    with torch.no_grad():
        outputs = load(fixture, "per_sample").outputs(*inputs(fixture))
    return {"y:features_b1": outputs.features.flatten(0, 1), "y:logits_b1": outputs.logits.flatten(0, 1)}


def _gates_and_views(fixture: Arrays) -> Tensors:
    network, (patches, information) = load(fixture), inputs(fixture)
    with torch.no_grad():
        gates = network.gates[0](patches["hsi"], information["hsi"], patches["lidar"], information["lidar"])
        views = network.views(patches, information)
        return {
            "i:att.spec_s": gates.spectral_raw,
            "i:att.spec_l": gates.spectral_information,
            "i:att.spat_s": gates.spatial_raw,
            "i:att.spat_l": gates.spatial_information,
            "i:view1.input": views[0],
            "i:view2.input": views[1],
            "i:frconv.manh": torch.exp(-network.branches[0].block.manhattan),
        }


def _branch(fixture: Arrays, number: int) -> Tensors:
    """Return what was recorded inside a branch: the first sample's first channels, sometimes all."""
    network, name = load(fixture), f"i:view{number + 1}"
    branch = network.branches[number]
    with torch.no_grad():
        view = network.views(*inputs(fixture))[number]
        maps, tokens = branch.block.expand(view), branch.tokens(view)
        x, z = branch.mamba.in_proj(tokens).chunk(2, dim=2)
        gate = torch.nn.functional.silu(z)
        both = [direction(x) * gate for direction in branch.mamba.directions]
        exponent = gaussian_exponent(maps, network.config.options["gaussian_spread"], coupled=True)
        found = {
            f"{name}.frconv.gauss_neglog_s0_c64": exponent[:1, :64],
            f"{name}.frconv.out": branch.block(view),
            f"{name}.tokens_s0_c64": tokens[None, :, 0, :64],
            f"{name}.mamba.y_fwd_s0_c32": both[0][None, :, 0, :32].transpose(1, 2),
            f"{name}.mamba.y_bwd_s0_c32": both[1][None, :, 0, :32].transpose(1, 2),
            f"{name}.mamba.out_s0_c64": branch.mamba(tokens)[None, :, 0, :64],
        }
    return {**found, f"{name}.frconv.conv1_s0_c64": maps[:1, :64]}


def _gradients(fixture: Arrays) -> Tensors:
    """Return the gradient of the total loss in eval mode, for every recorded parameter."""
    network = load(fixture)
    network.loss_of(network.outputs(*inputs(fixture)), torch.from_numpy(fixture["x:labels"])).backward()
    return {k: network.get_parameter(our_name(k[2:])).grad for k in fixture if k.startswith("g:")}


def _statistics(fixture: Arrays) -> Tensors:
    """Return the running statistics after one forward pass in training mode."""
    network = load(fixture).train()
    with torch.no_grad():
        network.outputs(*inputs(fixture))
    return {k: network.get_buffer(our_name(k[2:])) for k in fixture if k.startswith("t:")}


def tolerance(key: str) -> tuple[float, float]:
    """Return (absolute, relative) tolerance of a key: error <= absolute + relative * |expected|."""
    if key.startswith("g:"):
        return 0.0, 1e-4  # of the tensor's largest entry
    return (1e-8 if "gauss_neglog" in key else 2e-5), 1e-4


def relative_to_largest(key: str) -> bool:
    """Return whether the relative tolerance is a share of the tensor's largest entry."""
    return key.startswith("g:")
