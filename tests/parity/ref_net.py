"""Compares REF-Net with a fixture recorded from the authors' program (models/ref_net.md, section 13)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from landfuse.core.models.config import ModelConfig
from landfuse.core.models.ref_net import IGNORED, N_LEVELS, RefNet, build

Arrays = Mapping[str, np.ndarray]
Tensors = dict[str, torch.Tensor]

KEYS = ("optical", "sar")
THEIRS = {"optical": "opt", "sar": "sar"}
PREFIXES = ("y:", "i:", "g:", "meta:")
UPSAMPLING = 2
EPS = np.float32(1e-7)
# Name here -> name in the authors' program; every pattern is applied, in this order.
NAMES = (
    (r"^encoders\.0\.", "opt_encoder."),
    (r"^encoders\.1\.", "sar_encoder."),
    (r"^head\.", "seg_head.0."),
    (r"^branch_heads\.0\.", "opt_seg_head.0."),
    (r"^branch_heads\.1\.", "sar_seg_head.0."),
    (r"^levels\.(\d)\.projections\.0\.", r"decoder.opt_proj_layer\1."),
    (r"^levels\.(\d)\.projections\.1\.", r"decoder.sar_proj_layer\1."),
    (r"^levels\.(\d)\.join\.share\.", r"decoder.fuse_layer\1.share_st_block.1."),
    (r"^levels\.(\d)\.join\.difference\.", r"decoder.fuse_layer\1.diff_st_block.1."),
    (r"^levels\.(\d)\.join\.smooth\.", r"decoder.fuse_layer\1.smooth_layer."),
    (r"^levels\.(\d)\.join\.", r"decoder.fuse_layer\1."),
    (r"^levels\.(\d)\.mix\.", r"decoder.st_block_\1.1."),
    (r"^levels\.(\d)\.branches\.0\.", r"decoder.opt_fuse_layer_\1."),
    (r"^levels\.(\d)\.branches\.1\.", r"decoder.sar_fuse_layer_\1."),
    (r"^levels\.(\d)\.smooth\.", r"decoder.smooth_layer_\g<1>1."),
    (r"^levels\.(\d)\.smooth_branches\.0\.", r"decoder.smooth_layer_\g<1>2."),
    (r"^levels\.(\d)\.smooth_branches\.1\.", r"decoder.smooth_layer_\g<1>3."),
    (r"\.norm_scan\.", ".norm."),
    (r"\.norm_mlp\.", ".norm2."),
    (r"\.scan\.norm\.", ".op.out_norm."),
    (r"\.scan\.project_in\.", ".op.in_proj."),
    (r"\.scan\.project_out\.", ".op.out_proj."),
    (r"\.scan\.conv\.", ".op.conv2d."),
    (r"\.scan\.project$", ".op.x_proj_weight"),
    (r"\.scan\.step$", ".op.dt_projs_weight"),
    (r"\.scan\.step_bias$", ".op.dt_projs_bias"),
    (r"\.scan\.a_log$", ".op.A_logs"),
    (r"\.scan\.d$", ".op.Ds"),
)


def their_name(ours: str) -> str:
    """Translate a state-dict key to that of the authors' program, whose levels count from 1."""
    ours = re.sub(r"^levels\.(\d)", lambda found: f"levels.{int(found[1]) + 1}", ours)
    for pattern, theirs in NAMES:
        ours = re.sub(pattern, theirs, ours)
    return ours


def meta_of(fixture: Arrays) -> dict[str, Any]:
    """Return the fixture's configuration."""
    return dict(json.loads(bytes(fixture["meta"]).decode()))


def config_of(meta: Mapping[str, Any]) -> ModelConfig:
    """Return the configuration of the network; class 0, never a label, has an output of its own."""
    if meta["upsampling"] != UPSAMPLING:
        raise ValueError(f"the heads enlarge by {UPSAMPLING} here, not by {meta['upsampling']}")
    options = {
        "encoder": meta["encoder"],
        "width": meta["decoder_channels"],
        "primary": KEYS[0],
        "padding": "none",
        "enlarging": "published",
        "many_bands": "published",
    }
    bands = {key: meta[f"{THEIRS[key]}_in_channels"] for key in KEYS}
    return ModelConfig(bands, meta["classes"], options=options)


def load(fixture: Arrays) -> RefNet:
    """Build the fixture's network with the weights of the formula, which names and shapes decide."""
    meta = meta_of(fixture)
    network = build(config_of(meta))
    state = {
        name: torch.from_numpy(draw(their_name(name), _their_shape(name, value), meta["seed"])).reshape(
            value.shape
        )
        for name, value in network.state_dict().items()
    }
    network.load_state_dict(state, strict=True)
    return network.eval()


def _their_shape(name: str, value: torch.Tensor) -> tuple[int, ...]:
    """Return the shape in the authors' program: directions and channels of a scan are one axis there."""
    shape = tuple(value.shape)
    if name.endswith((".scan.a_log", ".scan.d")):
        return (shape[0] * shape[1], *shape[2:])
    return shape


def draw(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Return the value of a tensor of the authors' state dict (section 13 of the specification)."""
    last = name.rpartition(".")[2]
    if last == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    u = uniform(f"{seed}:{name}", math.prod(shape)).reshape(shape)
    s = 2 * u - 1
    return _by_rule(last, u, s).astype(np.float32)


def _by_rule(last: str, u: np.ndarray, s: np.ndarray) -> np.ndarray:
    if last in ("running_mean", "running_var"):
        return 0.1 * s if last == "running_mean" else 0.5 + u
    if last in ("A_logs", "Ds"):
        return np.log(np.arange(1, s.shape[-1] + 1)) + 0.5 * s if last == "A_logs" else 0.5 + u
    if last.startswith("dt_projs_"):
        return -4.5 + 3 * u if last == "dt_projs_bias" else s / np.sqrt(s.shape[-1])
    if last == "x_proj_weight":
        return s * np.sqrt(3 / s.shape[-1])
    if s.ndim < 2:
        return 0.75 + 0.5 * u if last == "weight" else 0.1 * s
    values = s * np.sqrt(3 / math.prod(s.shape[1:]))
    if s.ndim == 4 and s.shape[1] > 1:
        values = values - values.mean(axis=(1, 2, 3), keepdims=True)
    return values


def hashed(text: str) -> int:
    """Return FNV-1a of 32 bits."""
    value = 2166136261
    for byte in text.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value


def uniform(text: str, count: int) -> np.ndarray:
    """Return `count` numbers between 0 and 1 that follow from a text."""
    with np.errstate(over="ignore"):
        z = np.uint32(hashed(text)) + np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9)
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
            z = (z ^ (z >> np.uint32(shift))) * np.uint32(factor)
    return ((z ^ (z >> np.uint32(16))).astype(np.float64) + 0.5) / 2**32


def inputs(fixture: Arrays) -> Tensors:
    """Return the tiles of both sources."""
    return {key: torch.from_numpy(fixture[f"x:{THEIRS[key]}"]) for key in KEYS}


def compute(fixture: Arrays) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (key, value) of every key of the fixture's format."""
    network = load(fixture)
    yield from _weights(network)
    for key, value in {**_maps(network, fixture), **_outputs(network, fixture)}.items():
        yield key, value.detach().numpy()
    labels = fixture["x:labels"]
    with torch.no_grad():
        found = network(inputs(fixture)).argmax(dim=1).numpy()
    n_classes = network.config.n_classes
    yield from ((f"y:metric_{name}", value) for name, value in metrics(labels, found, n_classes).items())


def _weights(network: RefNet) -> Iterator[tuple[str, np.ndarray]]:
    state = [value.double() for value in network.state_dict().values()]
    yield "meta:n_tensors", np.array(len(state))
    yield "meta:n_params", np.array(sum(value.numel() for value in network.parameters()))
    yield "meta:weights_sum", np.array(sum(float(value.sum()) for value in state))
    yield "meta:weights_abs_sum", np.array(sum(float(value.abs().sum()) for value in state))


def _maps(network: RefNet, fixture: Arrays) -> Tensors:
    """Return the maps of encoders and decoders: the first sample's, not every channel of them."""
    found = {}
    with torch.no_grad():
        features = [encoder(inputs(fixture)[key]) for encoder, key in zip(network.encoders, network.order)]
        levels = network.decoded(features)
    step = max(1, network.config.options["width"] // 16)
    for i in range(N_LEVELS):
        for key, maps in zip(KEYS, features):
            found[f"i:{THEIRS[key]}_encoder_feats.{i + 1}"] = maps[i][:1, ::8]
        found[f"i:decoder_feats.{i + 1}"] = levels[i].fused[:1, ::step]
        for key, maps in zip(KEYS, levels[i].branches):
            found[f"i:{THEIRS[key]}_decoder_feats.{i + 1}"] = maps[:1, ::step]
    return found


def _outputs(network: RefNet, fixture: Arrays) -> Tensors:
    """Return logits, losses and the gradients of the total loss, all in eval mode."""
    tiles = {key: values.requires_grad_() for key, values in inputs(fixture).items()}
    labels = torch.from_numpy(fixture["x:labels"].astype(np.int64))
    labels[labels == 0] = IGNORED
    outputs = network.outputs(tiles)
    total = network.loss_of(outputs, labels)
    main = network.loss_of(outputs._replace(auxiliary=[]), labels)
    total.backward()
    found = {
        "y:logits": outputs.logits,
        **{f"y:{THEIRS[key]}_logits": logits for key, logits in zip(KEYS, outputs.auxiliary)},
        "y:loss_main": main,
        "y:loss_aux": total - main,
        "y:loss_total": total,
        **{f"g:{THEIRS[key]}": tiles[key].grad for key in KEYS},
    }
    ours = {their_name(name): name for name, _ in network.named_parameters()}
    for key in (k for k in fixture if k.startswith("g:") and k not in found):
        found[key] = network.get_parameter(ours[key[2:]]).grad.reshape(fixture[key].shape)
    return found


def metrics(truth: np.ndarray, found: np.ndarray, n_classes: int) -> dict[str, np.ndarray]:
    """Return the scores of the authors' program (section 9), with its rounding and its cut of class 0."""
    labelled = truth != 0
    pairs = truth[labelled].astype(np.int64) * n_classes + found[labelled]
    matrix = np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)[1:, 1:]
    m = matrix.astype(np.float32)
    right, rows, cols, total = np.diag(m), m.sum(axis=1), m.sum(axis=0), m.sum()
    precision, recall = right / (cols + EPS), right / (rows + EPS)
    expected = np.outer(cols, rows) / (total + EPS)
    off = 1 - np.eye(len(m), dtype=np.float32)
    per_class = {
        "mIoU": right / (rows + cols - right + EPS),
        "mF1": 2 * precision * recall / (precision + recall + EPS),
        "mOA": recall,
    }
    means = {name: np.round(values, 5).mean() for name, values in per_class.items()}
    kappa = 1 - (off * m).sum() / ((off * expected).sum() + EPS)
    scores = {"OA": right.sum() / (total + EPS), "Kappa": kappa, **means}
    return {name: np.round(value, 5) for name, value in scores.items()}


def tolerance(key: str) -> tuple[float, float]:
    """Return (absolute, relative) tolerance of a key: error <= absolute + relative * |expected|."""
    if key.startswith(("g:", "y:metric", "i:")) or key.endswith("logits"):
        return (0.0, 1e-4) if key.startswith("g:") else (1e-4, 0.0)
    if key.startswith("meta:"):
        return (0.0, 1e-9)
    return (1e-5, 0.0)


def relative_to_largest(key: str) -> bool:
    """Return whether the relative tolerance is a share of the tensor's largest entry."""
    return key.startswith("g:")
