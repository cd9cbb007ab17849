"""The methods, as a table that can be read on a machine without torch.

A new network = one file beside this one, one line here, and its test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .config import ModelConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from .tensor_file import Arrays

    DenseForm = Callable[[Mapping[str, Tensor], int], Tensor]


@dataclass(frozen=True)
class ModelEntry:
    """One method. `kind`: `patch`, `tile` or `pixel` (see `ModelConfig`); `good_for`: a line for the user.

    `dense`: "module:Class" of a form of a trained `patch` network that computes all pixels of a tile, sharing
    the work of neighbouring patches; "" where there is none. `release`: module with `published(weights, keys,
    where)`, which takes over the weights of the authors' checkpoints; "" where there is none. `informed`: it
    takes generative information beside the raw data.
    """

    title: str
    kind: str
    module: str
    paper: str
    good_for: str
    normalisation: str
    informed: bool = False
    dense: str = ""
    release: str = ""


CATALOG: dict[str, ModelEntry] = {
    "mibf_net": ModelEntry(
        title="MIBF-Net (multisource information bottleneck fusion)",
        kind="patch",
        module="mibf_net",
        paper="Geng et al., IEEE TGRS 61, 2023, doi:10.1109/TGRS.2023.3296813",
        good_for="The default fusion network: any sources, tens of samples per class, minutes on a CPU.",
        normalisation="stretch",
        dense="mibf_net_dense:DenseMibfNet",
    ),
    "ncglf2": ModelEntry(
        title="NCGLF2 (global and local features: structure transformer and invertible network)",
        kind="patch",
        module="ncglf2",
        paper="Tu et al., Information Fusion 104, 2024, doi:10.1016/j.inffus.2023.102192",
        good_for="Any sources, tens of samples per class; five to ten times the time of MIBF-Net.",
        normalisation="standardise",
        release="ncglf2_release",
    ),
    "gihcn": ModelEntry(
        title="GIHCN (cross-fusion of raw data and generative information, contrastive learning)",
        kind="patch",
        module="gihcn",
        paper="Zhang et al., IEEE TCSVT, 2025, doi:10.1109/TCSVT.2025.3614153",
        good_for="Any sources, tens of samples per class; slow on a CPU, where the diffusion models of the "
        "sources take minutes before the training.",
        normalisation="standardise",
        informed=True,
    ),
    "ref_net": ModelEntry(
        title="REF-Net (retain-enhance fusion: what the sources share and where they differ)",
        kind="tile",
        module="ref_net",
        paper="Wei et al., IEEE TGRS 63, 2025, doi:10.1109/TGRS.2025.3591926",
        good_for="Labels whole tiles, so it sees shapes and surroundings; many or large training areas. "
        "Minutes on a CPU as small as it is by default; as published it needs a GPU.",
        normalisation="standardise",
    ),
    "random_forest": ModelEntry(
        title="Random forest (pixel values and local context)",
        kind="pixel",
        module="forest",
        paper="Breiman, Machine Learning 45, 2001, doi:10.1023/A:1010933404324",
        good_for="The instant answer for few samples and the baseline to beat: seconds on a CPU.",
        normalisation="none",
    ),
    "svm": ModelEntry(
        title="Support vector machine (pixel values and local context)",
        kind="pixel",
        module="svm",
        paper="Cortes and Vapnik, Machine Learning 20, 1995, doi:10.1007/BF00994018",
        good_for="A second baseline, strong with few samples: up to some minutes to train on a CPU, and maps "
        "slower than the forest's.",
        normalisation="none",
    ),
}


def build_model(method: str, config: ModelConfig) -> nn.Module:
    """Build the network of `method` (kinds `patch` and `tile`). Raises KeyError for a name not in CATALOG."""
    return import_module(f".{CATALOG[method].module}", __package__).build(config)


def build_dense(method: str, network: nn.Module) -> DenseForm | None:
    """Return the dense form of a trained network, or None where the method has none.

    It maps normalised tiles {modality: (C, H + 2m, W + 2m)} and a batch size to logits (H * W, K), equal to
    those of the network on every patch but for the rounding of sums.
    """
    if not CATALOG[method].dense:
        return None
    module, name = CATALOG[method].dense.split(":")
    form: DenseForm = getattr(import_module(f".{module}", __package__), name)(network)
    return form


def pixel_probabilities(method: str) -> Callable[[Mapping[str, NDArray[Any]], NDArray[Any]], NDArray[Any]]:
    """Return what makes probabilities (n, K) of the arrays of a `pixel` model and features (n, F)."""
    found: Callable[..., NDArray[Any]] = import_module(
        f".{CATALOG[method].module}", __package__
    ).predict_probabilities
    return found


def published_weights(
    method: str, weights: Arrays, keys: Sequence[str], where: str
) -> tuple[ModelConfig, Arrays]:
    """Return configuration and weights of the authors' checkpoint of `method`, for modalities `keys`.

    Raises KeyError for a method without published checkpoints, `ModelFileError` for weights that do not fit.
    """
    if not CATALOG[method].release:
        raise KeyError(method)
    module = import_module(f".{CATALOG[method].release}", __package__)
    result: tuple[ModelConfig, Arrays] = module.published(weights, keys, where)
    return result
