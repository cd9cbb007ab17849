"""Compares NCGLF2 with a fixture recorded from the release (models/ncglf2.md, section 8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from landfuse.core.models.ncglf2 import Ncglf2, build, consistency_loss, focal_loss, mean_difference
from landfuse.core.models.ncglf2_encoder import Structure
from landfuse.core.models.ncglf2_release import config_of, our_name, translate

Arrays = Mapping[str, np.ndarray]
Tensors = dict[str, torch.Tensor]

KEYS = ("hsi", "lidar")
# Intermediate value -> the layer whose output it is, called once.
OUTPUTS = {
    "i:sia1_k3#0": "scales.0.scales.0",
    "i:sia1_k7#0": "scales.0.scales.2",
    "i:sia1#0": "scales.0",
    "i:sia2#0": "scales.1",
    "i:tran_cls#0": "base_head",
    "i:conv_cls#0": "detail_head",
    "i:detail_fused#0": "fused_detail",
    "i:eca#0": "attention",
    "i:linear_out#0": "classifier.0",
}


def load(fixture: Arrays) -> Ncglf2:
    """Build the fixture's network with its weights; every weight must find its place, none may be missing."""
    state = {k[2:]: torch.from_numpy(fixture[k]) for k in fixture if k.startswith("w:")}
    network = build(config_of(state, KEYS))
    network.load_state_dict(translate(state), strict=True)
    return network


def inputs(fixture: Arrays) -> Tensors:
    """Return the patches of both modalities, which the fixture has behind one another."""
    data = torch.from_numpy(fixture["x:data"])
    first = fixture["w:CNN_Encoder1.conv11.0.weight"].shape[1]
    return {"hsi": data[:, :first], "lidar": data[:, first:]}


def compute(fixture: Arrays) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (key, value) of every `y:` and `i:` key of the fixture's format."""
    found: Tensors = {}
    with torch.no_grad():
        found |= _intermediates(load(fixture).eval(), inputs(fixture))
        found |= {f"{key}_nodrop": value for key, value in _outputs(load(fixture).eval(), fixture).items()}
        if "x:gcn_keep_mask" in fixture:
            found |= _masked(load(fixture).eval(), fixture)
    if "meta:param_names" in fixture:
        found |= _training(load(fixture).train(), fixture)
    for key, value in found.items():
        # Large maps are recorded for the first samples only.
        is_map = key.startswith("i:") and key in fixture
        yield key, value.detach().numpy()[: len(fixture[key])] if is_map else value.detach().numpy()


def _outputs(network: Ncglf2, fixture: Arrays, keep: torch.Tensor | None = None) -> Tensors:
    labels = torch.from_numpy(fixture["x:labels"])
    features = network.features(inputs(fixture), keep)
    logits = network.classify(features, keep)
    return {
        "y:logits": logits,
        "y:con_loss": consistency_loss(features),
        "y:loss_mse_base": mean_difference(features.base),
        "y:loss_mse_detail": mean_difference(features.detail),
        "y:loss_focal": focal_loss(logits, labels),
        "y:loss_ce": torch.nn.functional.cross_entropy(logits, labels),
        "y:loss_total": network.loss_of(features, logits, labels),
    }


def _masked(network: Ncglf2, fixture: Arrays) -> Tensors:
    """Return the outputs with the recorded draw of the dropout that the release never switches off."""
    seen: Tensors = {}
    _record_tokens_before_norm(network, seen, "i:mask_enc_cls_after_structure", "unused")
    _record(network, "base_head", lambda output: seen.__setitem__("i:mask_tran_cls#0", output))
    return {**_outputs(network, fixture, torch.from_numpy(fixture["x:gcn_keep_mask"])), **seen}


def _intermediates(network: Ncglf2, patches: Tensors) -> Tensors:
    seen: Tensors = {}
    for key, name in OUTPUTS.items():
        _record(network, name, lambda output, key=key: seen.__setitem__(key, output))
    _record(network, "embedding", lambda output: seen.update(_by_modality("i:embed", output)))
    _record(network, "detail.0", lambda output: seen.update(_halves(output)))
    _record(network, "encoder.blocks.0", lambda output: seen.update(_first_block(*output)))
    _record_tokens_before_norm(network, seen, "i:enc_cls_after_structure", "i:fus_cls_after_structure")
    _record_structures(network, seen)
    features = network.features(patches)
    network.classify(features)
    for number, (base, detail) in enumerate(zip(*features)):
        seen |= {f"i:base#{number}": base, f"i:detail#{number}": detail}
    # All tokens of the last encoder, of which the network itself computes the first alone.
    seen["i:base_fused#0"] = load_free(network).fused_encoder(torch.cat(tuple(features.base), dim=2))
    return seen


def load_free(network: Ncglf2) -> Ncglf2:
    """Return a copy of the network without what records its values."""
    twin = build(network.config).eval()
    twin.load_state_dict(network.state_dict())
    return twin


def _record(network: Ncglf2, name: str, store) -> None:
    network.get_submodule(name).register_forward_hook(lambda _module, _args, output: store(output))


def _by_modality(key: str, values: torch.Tensor, stride: int = 1, first: int = 0) -> Tensors:
    """Cut a batch of all modalities into `key#k`, k = modality * stride + first."""
    return {f"{key}#{m * stride + first}": part for m, part in enumerate(values.chunk(len(KEYS)))}


def _halves(maps: torch.Tensor) -> Tensors:
    first, second = maps.chunk(2, dim=1)
    return {**_by_modality("i:inn0_z1", first), **_by_modality("i:inn0_z2", second)}


def _first_block(tokens: torch.Tensor, attention: torch.Tensor) -> Tensors:
    return {
        **_by_modality("i:block0_tokens_cls", tokens[:, 0]),
        **_by_modality("i:block0_tokens_last", tokens[:, -1]),
        **_by_modality("i:block0_clsattn", attention),
    }


def _record_tokens_before_norm(network: Ncglf2, seen: Tensors, key: str, fused_key: str) -> None:
    """Record the class tokens after the structure's update; the norm is called once per layer."""
    depth, calls = len(network.encoder.blocks), iter(range(100))

    def store(_module, args) -> None:
        seen.update(_by_modality(key, args[0][:, 0], depth, next(calls)))

    network.encoder.norm.register_forward_pre_hook(store)
    network.fused_encoder.norm.register_forward_pre_hook(
        lambda _module, args: seen.__setitem__(f"{fused_key}#0", args[0][:, 0])
    )


def _record_structures(network: Ncglf2, seen: Tensors) -> None:
    depth, calls = len(network.encoder.blocks), iter(range(100))
    side = network.config.patch_size

    def store(_module, args) -> None:
        layer, structure = next(calls), args[0]
        seen.update(_by_modality("i:enc_coord", structure.coordinates, depth, layer))
        seen.update(_by_modality("i:enc_anchor", _row_and_col(structure, side), depth, layer))

    def store_fused(_module, args) -> None:
        seen["i:fus_coord#0"] = args[0].coordinates
        seen["i:fus_anchor#0"] = _row_and_col(args[0], side)

    network.encoder.structure.register_forward_pre_hook(store)
    network.fused_encoder.structure.register_forward_pre_hook(store_fused)


def _row_and_col(structure: Structure, side: int) -> torch.Tensor:
    return torch.stack([structure.anchor // side, structure.anchor % side], dim=1)


def _training(network: Ncglf2, fixture: Arrays) -> Tensors:
    """Return one training step with every dropout off, on batch statistics."""
    for module in network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    outputs = _outputs(network, fixture)
    outputs["y:loss_total"].backward()
    found = {
        f"y:train_nodrop_{key[2:]}": outputs[key]
        for key in ("y:logits", "y:con_loss", "y:loss_focal", "y:loss_total")
    }
    found["y:train_nodrop_gradnorm"] = _gradient_norms(network, fixture["meta:param_names"])
    for statistic in ("running_mean", "running_var"):
        prefix = f"y:train_nodrop_{statistic}:"
        for key in (k for k in fixture if k.startswith(prefix)):
            found[key] = network.get_buffer(our_name(f"{key[len(prefix) :]}.{statistic}"))
    return found


def _gradient_norms(network: Ncglf2, names: np.ndarray) -> torch.Tensor:
    """Return the L2 norm of each parameter's gradient, NaN for a dead one, in the order of `names`."""
    parameters = dict(network.named_parameters())
    listed = [our_name(str(name)) for name in names]
    if sorted(name for name in listed if name) != sorted(parameters):
        raise KeyError(f"parameters differ: {sorted({n for n in listed if n} ^ set(parameters))}")
    return torch.tensor([float(parameters[name].grad.norm()) if name else np.nan for name in listed])


def tolerance(key: str) -> tuple[float, float]:
    """Return (absolute, relative) tolerance of a key: error <= absolute + relative * |expected|."""
    if key.endswith("_gradnorm"):
        return 1e-5, 1e-3
    if "loss" in key:
        return 0.0, 1e-4
    return (5e-4, 0.0) if "cls_after_structure" in key else (1e-4, 0.0)
