"""Weights of the published NCGLF2: configuration from their shapes, and their names here.

The state dict of github.com/renqi1998/NCGLF2 (Apache-2.0). Its layers that are never used are dropped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ModelFileError
from .config import ModelConfig

if TYPE_CHECKING:
    from .tensor_file import Arrays

N_MODALITIES = 2  # of the published network
_SHOWN = 6  # weights named in an error
_NORM = ("weight", "bias")
_BATCH_NORM = (*_NORM, "running_mean", "running_var", "num_batches_tracked")

# Layers that the release stores and never uses.
_DEAD = re.compile(r"feature_extract_[12]\.|BaseFuseLayer1?\.encoder\.(attention_norm|part_layer)\.")
# Name of a layer in the release -> name here; the first that matches counts.
_LAYERS: tuple[tuple[str, str], ...] = (
    (r"CNN_Encoder(\d)\.conv1(\d)\.", r"scales.<\1>.scales.<\2>."),
    (r"CNN_Encoder(\d)\.conv\.", r"scales.<\1>.mix."),
    (r"embeddings\.position_embeddings", "embedding.positions"),
    (r"embeddings\.cls_token", "embedding.class_token"),
    (r"embeddings\.patch_embeddings\.", "embedding.conv."),
    (r"BaseFuseLayer\.encoder\.", "encoder."),
    (r"BaseFuseLayer1\.encoder\.", "fused_encoder."),
    (r"detailFeature\.net\.", "detail."),
    (r"detailFeature1\.net\.", "fused_detail."),
    (r"conv_cls_head\.", "detail_head."),
    (r"trans_norm\.", "base_head.0."),
    (r"trans_cls_head\.", "base_head.1."),
    (r"Classifier\.", "classifier."),
    (r"eca\.conv\.", "attention.conv."),
)
# Parts of names inside these layers.
_PARTS: tuple[tuple[str, str], ...] = (
    ("layer.", "blocks."),
    ("part_structure.gcn.gc1.weight", "structure.first"),
    ("part_structure.gcn.gc2.weight", "structure.second"),
    ("part_norm.", "norm."),
    (".attention_norm.", ".norm_attention."),
    (".ffn_norm.", ".norm_linear."),
    (".ffn.fc1.", ".linear."),
    (".attn.", ".attention."),
    (".theta_", "."),
    (".bottleneckBlock.0.", ".expand."),
    (".bottleneckBlock.3.", ".spatial."),
    (".bottleneckBlock.5.", ".reduce."),
    (".shffleconv.", ".shuffle."),
)


def our_name(theirs: str) -> str | None:
    """Return the name here of a weight of the release; None for a dead one. Raises KeyError if unknown."""
    if _DEAD.match(theirs):
        return None
    for pattern, ours in _LAYERS:
        match = re.match(pattern, theirs)
        if match:
            name = match.expand(ours) + theirs[match.end() :]
            for old, new in _PARTS:
                name = name.replace(old, new)
            # The release counts modalities and scales from 1.
            return re.sub(r"<(\d)>", lambda m: str(int(m[1]) - 1), name)
    raise KeyError(theirs)


def translate(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the weights under their names here, without the dead ones. Raises KeyError for a foreign one."""
    named = ((our_name(theirs), value) for theirs, value in state.items())
    return {ours: value for ours, value in named if ours is not None}


def release_names(depth: int) -> Iterator[str]:
    """Yield the name of every weight of the release with `depth` layers, the dead ones included."""
    for i in (1, 2):
        for j in (1, 2, 3):
            yield from _under(f"CNN_Encoder{i}.conv1{j}.0", _NORM)
            yield from _under(f"CNN_Encoder{i}.conv1{j}.1", _BATCH_NORM)
        yield f"CNN_Encoder{i}.conv.weight"
        yield from _under(f"feature_extract_{i}.0", _NORM)
    yield from ("embeddings.position_embeddings", "embeddings.cls_token")
    yield from _under("embeddings.patch_embeddings", _NORM)
    yield from _encoder_names("BaseFuseLayer.encoder", depth)
    yield from _encoder_names("BaseFuseLayer1.encoder", 1)
    yield from _net_names("detailFeature.net", depth)
    yield from _net_names("detailFeature1.net", 1)
    for layer in ("conv_cls_head", "trans_norm", "trans_cls_head", "Classifier.0", "eca.conv"):
        yield from _under(layer, _NORM)
    yield from _under("Classifier.2", _BATCH_NORM)


def _encoder_names(encoder: str, depth: int) -> Iterator[str]:
    parts = (
        "attention_norm",
        "ffn_norm",
        "ffn.fc1",
        *(f"attn.{p}" for p in ("query", "key", "value", "out")),
    )
    for block in (*(f"layer.{i}" for i in range(depth)), "part_layer"):
        for part in parts:
            yield from _under(f"{encoder}.{block}.{part}", _NORM)
    for norm in ("attention_norm", "part_norm"):
        yield from _under(f"{encoder}.{norm}", _NORM)
    yield from (f"{encoder}.part_structure.gcn.gc{i}.weight" for i in (1, 2))


def _net_names(net: str, depth: int) -> Iterator[str]:
    for node in range(depth):
        for part in ("phi", "rho", "eta"):
            block = f"{net}.{node}.theta_{part}.bottleneckBlock"
            yield from (f"{block}.{i}.weight" for i in (0, 3, 5))
        yield from _under(f"{net}.{node}.shffleconv", _NORM)


def _under(layer: str, names: Sequence[str]) -> Iterator[str]:
    return (f"{layer}.{name}" for name in names)


def _depth(state: Mapping[str, Any]) -> int:
    return len({m[1] for n in state if (m := re.match(r"BaseFuseLayer\.encoder\.layer\.(\d+)\.", n))})


def config_of(state: Mapping[str, Any], keys: Sequence[str]) -> ModelConfig:
    """Return the configuration that the shapes of a release's weights tell, for modalities named `keys`.

    Raises KeyError for a weight that is missing, ValueError for shapes of another network.
    """
    bands = [state[f"CNN_Encoder{i + 1}.conv11.0.weight"].shape[1] for i in range(len(keys))]
    tokens = state["embeddings.position_embeddings"].shape[1]
    side = math.isqrt(tokens - 1)
    if side * side != tokens - 1:
        raise ValueError(f"{tokens} position embeddings belong to no square patch and a class token")
    n_classes = state["Classifier.0.weight"].shape[0]
    return ModelConfig(dict(zip(keys, bands)), n_classes, side, {"depth": _depth(state)})


def published(weights: Arrays, keys: Sequence[str], where: str = "") -> tuple[ModelConfig, Arrays]:
    """Return configuration and weights, under their names here, of a checkpoint of the release.

    `keys`: what to call the two modalities. Raises `ModelFileError` that names what does not fit.
    """
    expected = dict.fromkeys(release_names(max(1, _depth(weights))))
    problems = [f"{n} is missing" for n in expected if n not in weights and our_name(n) is not None]
    problems += [f"{n} is not known" for n in weights if n not in expected]
    if problems:
        raise _unfit(problems, where)
    try:
        config = config_of(weights, keys)
        problems = _shape_problems(weights, config)
    except (ValueError, IndexError) as error:
        raise _unfit([str(error)], where) from error
    if problems:
        raise _unfit(problems, where)
    return config, translate(weights)


def _shape_problems(weights: Arrays, config: ModelConfig) -> list[str]:
    """Name every weight whose shape is not that of the network for `config`; dead ones may have any."""
    from .ncglf2 import build

    shapes = {name: tuple(value.shape) for name, value in build(config).state_dict().items()}
    named = ((theirs, our_name(theirs), value) for theirs, value in weights.items())
    return [
        f"{theirs} has shape {value.shape}, not {shapes[ours]}"
        for theirs, ours, value in named
        if ours is not None and shapes[ours] != value.shape
    ]


def _unfit(problems: Sequence[str], where: str) -> ModelFileError:
    rest = len(problems) - _SHOWN
    listed = "; ".join(problems[:_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")
    return ModelFileError(
        f"The checkpoint is not one of NCGLF2: {listed}.",
        where=where,
        remedy="Choose a checkpoint that the authors' program for this method has written.",
    )
