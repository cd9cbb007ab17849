"""Residual networks as encoders: five maps of a tile, each half as large as the one before.

He et al., "Deep residual learning for image recognition", CVPR 2016, doi:10.1109/CVPR.2016.90. Layers have
the names and the arithmetic of torchvision's ResNets, so that published ImageNet weights fit. ResNet-10 and
its half as wide twin are not published; they train from nothing where samples are few.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Weights = Mapping[str, NDArray[np.float32]]

RGB = 3
STRIDE = 32  # of the last level


class Size(NamedTuple):
    """Blocks in each of the four layers, width of the first, and whether blocks are bottlenecks."""

    depths: tuple[int, int, int, int]
    width: int = 64
    bottleneck: bool = False


SIZES = {
    "resnet10_half": Size((1, 1, 1, 1), 32),
    "resnet10": Size((1, 1, 1, 1)),
    "resnet18": Size((2, 2, 2, 2)),
    "resnet34": Size((3, 4, 6, 3)),
    "resnet50": Size((3, 4, 6, 3), bottleneck=True),
}
PUBLISHED = ("resnet18", "resnet34", "resnet50")


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut. (B, in, H, W) -> (B, width, H / stride, W / stride)."""

    EXPANSION = 1

    def __init__(self, n_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(n_in, width, stride)

    def forward(self, maps: Tensor) -> Tensor:
        inner = self.relu(self.bn1(self.conv1(maps)))
        skipped = maps if self.downsample is None else self.downsample(maps)
        return self.relu(self.bn2(self.conv2(inner)) + skipped)


class Bottleneck(nn.Module):
    """1x1, 3x3 (with the stride), 1x1 and a shortcut. (B, in, H, W) -> (B, 4 width, H / s, W / s)."""

    EXPANSION = 4

    def __init__(self, n_in: int, width: int, stride: int) -> None:
        super().__init__()
        n_out = self.EXPANSION * width
        self.conv1 = nn.Conv2d(n_in, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, n_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(n_out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(n_in, n_out, stride)

    def forward(self, maps: Tensor) -> Tensor:
        inner = self.relu(self.bn1(self.conv1(maps)))
        inner = self.relu(self.bn2(self.conv2(inner)))
        skipped = maps if self.downsample is None else self.downsample(maps)
        return self.relu(self.bn3(self.conv3(inner)) + skipped)


def _shortcut(n_in: int, n_out: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and n_in == n_out:
        return None
    return nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))


class ResNetEncoder(nn.Module):
    """A ResNet without its classifier. (B, C, H, W) -> five maps of `channels`, strides 2, 4, 8, 16, 32.

    `name`: one of `SIZES`.
    """

    def __init__(self, n_bands: int, name: str) -> None:
        super().__init__()
        size = SIZES[name]
        block = Bottleneck if size.bottleneck else BasicBlock
        self.conv1 = nn.Conv2d(n_bands, size.width, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(size.width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        n_in, channels = size.width, [size.width]
        for number, depth in enumerate(size.depths):
            width, blocks = size.width << number, []
            for index in range(depth):
                blocks.append(block(n_in, width, 2 if number and not index else 1))
                n_in = width * block.EXPANSION
            self.add_module(f"layer{number + 1}", nn.Sequential(*blocks))
            channels.append(n_in)
        self.channels = tuple(channels)
        _initialise(self)

    def forward(self, maps: Tensor) -> list[Tensor]:
        found = [self.relu(self.bn1(self.conv1(maps)))]
        maps = self.maxpool(found[0])
        for number in range(1, 5):
            maps = self.get_submodule(f"layer{number}")(maps)
            found.append(maps)
        return found


def _initialise(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def published_size(weights: Weights) -> str:
    """Return which of `PUBLISHED` a state dict belongs to. Raises ValueError saying what is wrong with it."""
    bottleneck = "layer1.0.conv3.weight" in weights
    depths = tuple(
        len({name.split(".")[1] for name in weights if name.startswith(f"layer{number}.")})
        for number in (1, 2, 3, 4)
    )
    for name in PUBLISHED:
        if (SIZES[name].depths, SIZES[name].bottleneck) == (depths, bottleneck):
            return name
    raise ValueError("its layers are not those of a ResNet-18, -34 or -50")


def load_published(encoder: ResNetEncoder, weights: Weights, keep_many_bands: bool = True) -> None:
    """Put ImageNet weights with torchvision's names into an encoder; the classifier among them is ignored.

    The first convolution is made to fit the bands by `first_kernels`. With `keep_many_bands` off that of more
    than three bands stays as it was initialised, as in the program of REF-Net's authors. Raises ValueError
    for weights of another network.
    """
    state = encoder.state_dict()
    needed = [name for name in state if not name.endswith("num_batches_tracked")]
    missing = [name for name in needed if name not in weights]
    if missing:
        raise ValueError(f"it has no {missing[0]}")
    found = {name: torch.tensor(weights[name]).to(state[name].dtype) for name in needed}
    rgb, n_bands = found["conv1.weight"], state["conv1.weight"].shape[1]
    if rgb.shape[1:2] != (RGB,):
        raise ValueError(f"its first layer takes {tuple(rgb.shape)[1:2]} bands, not {RGB}")
    found["conv1.weight"] = first_kernels(rgb, n_bands)
    if n_bands > RGB and not keep_many_bands:
        found["conv1.weight"] = state["conv1.weight"]
    for name, values in found.items():
        if values.shape != state[name].shape:
            raise ValueError(f"{name} is {tuple(values.shape)}, not {tuple(state[name].shape)}")
    encoder.load_state_dict({**state, **found})


def first_kernels(rgb: Tensor, n_bands: int) -> Tensor:
    """Return kernels (n, C, 7, 7) for C bands from those for three (n, 3, 7, 7).

    One band takes the sum; otherwise the three are repeated and scaled by 3 / C, so that the response to
    equal bands stays what it was.
    """
    if n_bands == 1:
        return rgb.sum(dim=1, keepdim=True)
    repeated = rgb.repeat(1, -(-n_bands // RGB), 1, 1)[:, :n_bands]
    return repeated * (RGB / n_bands)
