"""The methods, as a table that can be read on a machine without torch.

A new network = one file beside this one, one line here, and its test.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from .config import ModelConfig

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ModelEntry:
    """One method. `kind`: `patch`, `tile` or `pixel` (see `ModelConfig`); `good_for`: a line for the user."""

    title: str
    kind: str
    module: str
    paper: str
    good_for: str
    normalisation: str


CATALOG: dict[str, ModelEntry] = {
    "mibf_net": ModelEntry(
        title="MIBF-Net (multisource information bottleneck fusion)",
        kind="patch",
        module="mibf_net",
        paper="Geng et al., IEEE TGRS 61, 2023, doi:10.1109/TGRS.2023.3296813",
        good_for="The default fusion network: any sources, tens of samples per class, minutes on a CPU.",
        normalisation="stretch",
    ),
    "random_forest": ModelEntry(
        title="Random forest (pixel values and local context)",
        kind="pixel",
        module="forest",
        paper="Breiman, Machine Learning 45, 2001, doi:10.1023/A:1010933404324",
        good_for="The instant answer for few samples and the baseline to beat: seconds on a CPU.",
        normalisation="none",
    ),
}


def build_model(method: str, config: ModelConfig) -> nn.Module:
    """Build the network of `method` (kinds `patch` and `tile`). Raises KeyError for a name not in CATALOG."""
    return import_module(f".{CATALOG[method].module}", __package__).build(config)
