"""Weights of the published NCGLF2: configuration from their shapes, and their names here.

The state dict of github.com/renqi1998/NCGLF2 (Apache-2.0). Its layers that are never used are dropped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .config import ModelConfig

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


def config_of(state: Mapping[str, Any], keys: Sequence[str]) -> ModelConfig:
    """Return the configuration that the shapes of a release's weights tell, for modalities named `keys`.

    Raises KeyError for a weight that is missing, ValueError for shapes of another network.
    """
    bands = [state[f"CNN_Encoder{i + 1}.conv11.0.weight"].shape[1] for i in range(len(keys))]
    tokens = state["embeddings.position_embeddings"].shape[1]
    side = math.isqrt(tokens - 1)
    if side * side != tokens - 1:
        raise ValueError(f"{tokens} position embeddings belong to no square patch and a class token")
    layers = {m[1] for name in state if (m := re.match(r"BaseFuseLayer\.encoder\.layer\.(\d+)\.", name))}
    n_classes = state["Classifier.0.weight"].shape[0]
    return ModelConfig(dict(zip(keys, bands)), n_classes, side, {"depth": len(layers)})
