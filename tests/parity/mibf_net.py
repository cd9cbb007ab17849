"""Compares MIBF-Net with a fixture recorded from the release (models/mibf_net.md, section 7)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from landfuse.core.models.config import ModelConfig
from landfuse.core.models.mibf_net import MibfNet, Noise, build, information

Arrays = Mapping[str, np.ndarray]

# Name of a layer in the release -> name here. Longest first where one begins with another.
LAYERS = {
    "interaction.conv3.0": "relations.0.encode.0",
    "interaction.conv3.1": "relations.0.encode.1",
    "interaction.conv": "relations.0.gate",
    "f1": "refine.0",
    "f2": "refine.1",
    "ff": "fuse",
    "fc.0": "fc",
    "IB_fusion.encoder.0": "head.encoder.0",
    "IB_fusion.fc_mu": "head.mean",
    "IB_fusion.fc_std": "head.deviation",
    "IB_fusion.decoder": "head.decoder",
    **{
        f"net{i + 1}.{theirs}": f"branches.{i}.{ours}"
        for i in (0, 1)
        for theirs, ours in (
            ("conv3x3_1", "expand"),
            ("conv3x3_2", "mix"),
            ("conv3x3_3", "context.0"),
            ("SELayer.fc.0", "squeeze_excite.squeeze"),
            ("SELayer.fc.2", "squeeze_excite.excite"),
        )
    },
}
# Intermediate value -> the layer whose output it is. The relation product, an input, is taken separately.
INTERMEDIATES = {
    **{f"i:net{i + 1}_conv1": f"branches.{i}.expand" for i in (0, 1)},
    **{f"i:net{i + 1}_conv2": f"branches.{i}.mix" for i in (0, 1)},
    **{f"i:net{i + 1}_se": f"branches.{i}.squeeze_excite" for i in (0, 1)},
    **{f"i:branch{i + 1}": f"branches.{i}" for i in (0, 1)},
    "i:gate_preact": "relations.0.gate",
    "i:align": "relations.0.encode",
    "i:f1": "refine.0",
    "i:f2": "refine.1",
    "i:ff": "fuse",
    "i:ib_hidden": "head.encoder",
}


def our_name(theirs: str) -> str:
    """Translate a state-dict key of the release."""
    for prefix in sorted(LAYERS, key=len, reverse=True):
        if theirs.startswith(prefix + "."):
            return LAYERS[prefix] + theirs[len(prefix) :]
    raise KeyError(f"no layer here corresponds to {theirs}")


def load(fixture: Arrays) -> MibfNet:
    """Build the fixture's network with its weights; every weight must find its place, none may be missing."""
    values = json.loads(str(fixture["meta:config"]))
    config = ModelConfig(
        {"hsi": values["in_channels1"], "lidar": values["in_channels2"]},
        values["num_classes"],
        values["patch"],
        {"head": "released", "wide": ["hsi"]},
    )
    network = build(config)
    state = {our_name(k[2:]): torch.from_numpy(fixture[k]) for k in fixture if k.startswith("w:")}
    # The release keeps the mean gate outside the state dict; it starts at 0.5.
    state["noise.gate_means"] = torch.tensor([0.5])
    network.load_state_dict(state, strict=True)
    return network


def inputs(fixture: Arrays) -> dict[str, torch.Tensor]:
    """Return the patches of both modalities."""
    return {"hsi": torch.from_numpy(fixture["x:hs"]), "lidar": torch.from_numpy(fixture["x:x2"])}


def compute(fixture: Arrays) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (key, value) of every `y:` and `i:` key of the fixture's format."""
    yield from _evaluation(fixture)
    for case in sorted({k[len("x:train")] for k in fixture if k.startswith("x:train")}):
        yield from _training(fixture, int(case))


def _evaluation(fixture: Arrays) -> Iterator[tuple[str, np.ndarray]]:
    network = load(fixture).eval()
    seen: dict[str, torch.Tensor] = {}
    for key, name in INTERMEDIATES.items():
        network.get_submodule(name).register_forward_hook(
            lambda _module, _args, output, key=key: seen.__setitem__(key, output)
        )
    network.relations[0].encode.register_forward_pre_hook(
        lambda _module, args: seen.__setitem__("i:relation_product", args[0])
    )
    network.relations[0].register_forward_hook(
        lambda _module, _args, output: seen.__setitem__("y:m", output[1])
    )
    network.head.register_forward_pre_hook(lambda _module, args: seen.__setitem__("i:pooled", args[0]))
    labels, draw = torch.from_numpy(fixture["x:labels"]), torch.from_numpy(fixture["x:eps"])
    with torch.no_grad():
        drawn = network.latent(inputs(fixture), draw)
        mean = network.latent(inputs(fixture))
        seen |= {
            "y:logits": drawn.logits,
            "y:mu": drawn.mean,
            "y:std": drawn.deviation,
            "y:logits_mean": mean.logits,
            "y:loss_total": network.loss_of(drawn, labels),
            "y:loss_ce": torch.nn.functional.cross_entropy(drawn.logits, labels),
            "y:loss_info": information(drawn),
            "y:loss_total_mean": network.loss_of(mean, labels),
        }
    for key, value in seen.items():
        yield key, value.detach().numpy()


def _training(fixture: Arrays, case: int) -> Iterator[tuple[str, np.ndarray]]:
    network = load(fixture).train()
    labels, draw = torch.from_numpy(fixture["x:labels"]), torch.from_numpy(fixture["x:eps"])
    noise = Noise(
        case,
        torch.from_numpy(fixture[f"x:train{case}_indices"]),
        torch.from_numpy(fixture[f"x:train{case}_noise"]),
    )
    latent = network.latent(inputs(fixture), draw, noise)
    loss = network.loss_of(latent, labels)
    loss.backward()
    yield f"y:train{case}_logits", latent.logits.detach().numpy()
    yield f"y:train{case}_mu", latent.mean.detach().numpy()
    yield f"y:train{case}_std", latent.deviation.detach().numpy()
    yield f"y:train{case}_m", network.noise.gate_means.numpy().reshape(())
    yield f"y:train{case}_loss_total", loss.detach().numpy()
    yield f"y:train{case}_gradnorm", _gradient_norms(network, fixture["meta:param_names"])
    for statistic in ("running_mean", "running_var"):
        prefix = f"y:train{case}_{statistic}:"
        for key in (k for k in fixture if k.startswith(prefix)):
            layer = our_name(key[len(prefix) :] + ".").rstrip(".")
            yield key, getattr(network.get_submodule(layer), statistic).numpy()


def _gradient_norms(network: MibfNet, names: np.ndarray) -> np.ndarray:
    """Return the L2 norm of each parameter's gradient, NaN where there is none, in the order of `names`."""
    parameters = dict(network.named_parameters())
    listed = [our_name(str(name)) for name in names]
    if sorted(listed) != sorted(parameters):
        raise KeyError(f"parameters differ: {sorted(set(listed) ^ set(parameters))}")
    gradients = [parameters[name].grad for name in listed]
    return np.array([np.nan if g is None else float(g.norm()) for g in gradients])


def tolerance(key: str) -> tuple[float, float]:
    """Return (absolute, relative) tolerance of a key: error <= absolute + relative * |expected|."""
    if key.endswith("_gradnorm"):
        return 1e-5, 1e-3
    return (1e-4, 0.0) if key.startswith("y:train") else (1e-5, 0.0)
