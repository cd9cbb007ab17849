"""MIBF-Net for every pixel of a tile, with the work that neighbouring patches share done once.

Equal to the network applied patch by patch, up to the rounding of sums. What is shared and what cannot be:

- The first convolution pads with zeros at the border of the *patch*, so its result at a pixel depends on
  which kernel taps fall outside the patch: nine variants (top, inside, bottom by left, inside, right). Each
  tap is evaluated once per pixel of the tile; a variant is the sum of its taps.
- The second convolution is pointwise and is applied to the nine maps.
- The squeeze-excite gate needs a patch's mean: a sum of box sums of the nine maps.
- From there on values depend on the patch's own gate and are computed per patch. For an odd patch side the
  last row and column before the pooling are never looked at and are left out.

Batch norms are folded into the convolutions. Arrays keep the channels last; variants are numbered 0, 1, 2 for
first, inside and last row (column) of a patch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, product
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.windows import Window, iter_tiles
from .mibf_net import Branch, MibfNet, RelationEncoding

BLOCK = 128  # pixels; the maps of a block take 2.3 kB per pixel for a wide and 1.2 kB for a narrow branch
# Rows of a block whose taps (4.6 kB per pixel) are held at once. They are the images of a batch for oneDNN,
# which is twice as fast with 16 or more of them; more would leave the cache.
ROWS_PER_PIECE = 16
PATCHES_PER_BATCH = 128


class FoldedConv:
    """A convolution with the batch norm that follows it. Maps (B, H, W, C), channels last."""

    def __init__(self, conv: nn.Conv2d, norm: nn.BatchNorm2d | None = None) -> None:
        dtype = conv.weight.dtype
        # Folded in float64, so that folding itself costs no digits.
        weight = conv.weight.detach().double()
        bias = torch.zeros_like(weight[:, 0, 0, 0]) if conv.bias is None else conv.bias.detach().double()
        if norm is not None:
            mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
            factor = norm.weight.detach().double() / (variance.double() + norm.eps).sqrt()
            weight = weight * factor[:, None, None, None]
            bias = (bias - mean.double()) * factor + norm.bias.detach().double()
        self.weight = weight.to(dtype).contiguous(memory_format=torch.channels_last)
        self.bias = bias.to(dtype)

    def __call__(self, maps: Tensor, padding: int = 0) -> Tensor:
        result = functional.conv2d(maps.permute(0, 3, 1, 2), self.weight, self.bias, padding=padding)
        return result.permute(0, 2, 3, 1)


def fold(block: nn.Module) -> FoldedConv:
    """Fold a block of convolution, batch norm and ReLU; the ReLU stays with the caller."""
    conv, norm = list(block.children())[:2]
    return FoldedConv(cast(nn.Conv2d, conv), cast(nn.BatchNorm2d, norm))


class DenseBranch:
    """One branch over a block of pixels."""

    def __init__(self, branch: Branch, patch_size: int) -> None:
        self.patch_size, self.squeeze_excite = patch_size, branch.squeeze_excite
        expand = fold(branch.expand)
        # All nine taps as one pointwise convolution with outputs (row tap, column tap, channel). Every
        # variant contains the centre tap, so that one carries the bias.
        n_out, n_in = expand.weight.shape[:2]
        bias = expand.bias.new_zeros(3, 3, n_out)
        bias[1, 1] = expand.bias
        self.n_taps, self.tap_bias = n_out, bias.reshape(-1)
        self.tap_weight = expand.weight.permute(2, 3, 0, 1).reshape(9 * n_out, n_in, 1, 1).contiguous()
        self.mix, self.context = fold(branch.mix), fold(branch.context[0])

    def maps(self, tile: Tensor) -> Tensor:
        """Return the nine variants after the second convolution: tile (H, W, C) -> (3, 3, H, W, c).

        A variant that would look outside the tile holds a value that no patch uses.
        """
        rows, cols = tile.shape[:2]
        padded = functional.pad(tile, (0, 0, 1, 1, 1, 1))
        done = []
        for start, stop in _pieces(rows, ROWS_PER_PIECE):
            variants = self._variants(padded[start : stop + 2])
            mixed = self.mix(variants.view(9 * (stop - start), 1, cols, self.n_taps))
            done.append(mixed.relu_().reshape(3, 3, stop - start, cols, -1))
        return torch.cat(done, dim=2)

    def _variants(self, tile: Tensor) -> Tensor:
        """First convolution and ReLU: (h + 2, w + 2, C) -> (3, 3, h, w, n), bordering pixels included."""
        h, w = tile.shape[0] - 2, tile.shape[1] - 2
        taps = functional.conv2d(tile[:, None].permute(0, 3, 1, 2), self.tap_weight, self.tap_bias)
        taps = taps.permute(0, 2, 3, 1).reshape(h + 2, w + 2, 3, 3, self.n_taps)
        by_row = tile.new_empty(3, h, w + 2, 3, self.n_taps)
        _sum_taps([taps[i : i + h, :, i] for i in range(3)], list(by_row))
        variants = tile.new_empty(3, 3, h, w, self.n_taps)
        _sum_taps([by_row[:, :, i : i + w, i] for i in range(3)], list(variants.unbind(1)))
        return variants.relu_()

    def gates(self, maps: Tensor) -> Tensor:
        """Return the squeeze-excite gate of each patch: maps (3, 3, H, W, c) -> (h, w, c)."""
        inside = self.patch_size - 2
        parts = [  # summed in float32 also where half precision is asked for
            _position_sums(_position_sums(maps[i, j].float(), i, 0, inside), j, 1, inside)
            for i, j in product(range(3), repeat=2)
        ]
        means = _add_up(parts) / self.patch_size**2
        return self.squeeze_excite.gate(means.to(maps.dtype))

    def features(self, maps: Tensor, gates: Tensor) -> Tensor:
        """Return u for patches: maps (3, 3, h + P - 1, w + P - 1, c), gates (h, w, c) -> (B, q, q, 64)."""
        h, w, channels = gates.shape
        # The first row and column are the convolution's zero padding; at the other end none is needed.
        patches = maps.new_zeros(h, w, self.patch_size + 1, self.patch_size + 1, channels)
        for i, j in product(range(3), repeat=2):
            rows, cols = _positions(i, self.patch_size), _positions(j, self.patch_size)
            source = _sliding(maps[i, j], rows, cols, h, w)
            target = patches[:, :, rows.start + 1 : rows.stop + 1, cols.start + 1 : cols.stop + 1]
            torch.mul(source, gates[:, :, None, None], out=target)
        return _pooled(self.context(patches.flatten(0, 1)))


def _pieces(length: int, at_least: int) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of even pieces that cover 0..length, none shorter than `at_least` if possible."""
    n_pieces = max(1, length // at_least)
    for i in range(n_pieces):
        yield i * length // n_pieces, (i + 1) * length // n_pieces


def _sum_taps(taps: list[Tensor], out: list[Tensor]) -> None:
    """Write the sums of the taps that lie inside the patch at its first, inside and last position."""
    torch.add(taps[1], taps[2], out=out[0])
    torch.add(taps[0], out[0], out=out[1])
    torch.add(taps[0], taps[1], out=out[2])


def _positions(variant: int, patch_size: int) -> range:
    """Return the rows (columns) of a patch at which a variant holds."""
    return (range(1), range(1, patch_size - 1), range(patch_size - 1, patch_size))[variant]


def _sliding(values: Tensor, rows: range, cols: range, h: int, w: int) -> Tensor:
    """View values (H, W, c) as what patches see at `rows` and `cols`: (h, w, len(rows), len(cols), c)."""
    part = values[rows.start :, cols.start :]
    down, right, channel = values.stride()
    return part.as_strided((h, w, len(rows), len(cols), values.shape[2]), (down, right, down, right, channel))


def _position_sums(values: Tensor, variant: int, axis: int, inside: int) -> Tensor:
    """Sum along `axis` (0 or 1) over the positions at which a variant holds, for every patch."""
    n_patches = values.shape[axis] - inside - 1
    if variant == 0:
        return values.narrow(axis, 0, n_patches)
    if variant == 2:
        return values.narrow(axis, inside + 1, n_patches)
    return _run_sum(values.narrow(axis, 1, n_patches + inside - 1), inside, axis)


def _run_sum(values: Tensor, length: int, axis: int) -> Tensor:
    """Return the sums of `length` neighbours along `axis`, built from sums of 1, 2, 4, ... neighbours."""
    n_out = values.shape[axis] - length + 1
    parts, power, size, start = [], values, 1, 0
    while size <= length:
        if length & size:
            parts.append(power.narrow(axis, start, n_out))
            start += size
        kept = power.shape[axis] - size
        size *= 2
        if size <= length:
            power = power.narrow(axis, 0, kept) + power.narrow(axis, size // 2, kept)
    return _add_up(parts)


def _add_up(parts: list[Tensor]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _pooled(maps: Tensor) -> Tensor:
    """Max pooling 2 x 2, then ReLU (the order does not matter): (B, 2q, 2q, C) -> (B, q, q, C)."""
    by_col = torch.maximum(maps[:, :, 0::2], maps[:, :, 1::2])
    return torch.maximum(by_col[:, 0::2], by_col[:, 1::2]).relu_()


class DenseRelation:
    """Relation encoding of two modalities, channels last."""

    def __init__(self, relation: RelationEncoding) -> None:
        self.gate, self.encode = FoldedConv(relation.gate), fold(relation.encode)

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the relation (B, q, q, 128), before the ReLU, of two maps (B, q, q, 64)."""
        gate = torch.sigmoid(self.gate(torch.cat([first, second], dim=3)))
        a, b = first * gate, torch.addcmul(second, second, gate, value=-1)
        # Matrix product over rows and columns, per channel: outer products summed over the inner index.
        result = a[:, :, 0:1] * b[:, 0:1]
        for k in range(1, a.shape[2]):
            result.addcmul_(a[:, :, k : k + 1], b[:, k : k + 1])
        return self.encode(result)


class DenseMibfNet:
    """A snapshot of a trained network that evaluates all pixels of a tile.

    Later changes of the network's weights are not seen. The latent vector is its mean.
    """

    def __init__(self, network: MibfNet) -> None:
        if network.config.options["sample_at_prediction"]:
            raise ValueError("dense evaluation needs the latent mean; sample_at_prediction is on")
        self.config, self.head = network.config, network.head
        self.margin = network.config.patch_size // 2
        self.branches = [DenseBranch(cast(Branch, b), network.config.patch_size) for b in network.branches]
        self.relations = [DenseRelation(cast(RelationEncoding, r)) for r in network.relations]
        self.refine = [fold(block) for block in network.refine]
        self.fuse = fold(network.fuse)

    @torch.no_grad()
    def __call__(self, tiles: Mapping[str, Tensor], batch_size: int = PATCHES_PER_BATCH) -> Tensor:
        """Return logits (H * W, K), row by row, for normalised tiles {modality: (C, H + 2m, W + 2m)}.

        m is `margin`; `batch_size` is the number of patches in work at once.
        """
        channels_last = [tiles[key].permute(1, 2, 0).contiguous() for key in self.config.bands]
        rows, cols = (n - 2 * self.margin for n in channels_last[0].shape[:2])
        logits = channels_last[0].new_empty(rows, cols, self.config.n_classes)
        for block in iter_tiles(rows, cols, BLOCK):
            around = _slices(block, 2 * self.margin)
            maps = [b.maps(tile[around]) for b, tile in zip(self.branches, channels_last)]
            for batch, values in self._batches(maps, block, batch_size):
                logits[batch.slices()] = values.view(batch.height, batch.width, -1)
        return logits.view(rows * cols, -1)

    def _batches(self, maps: list[Tensor], block: Window, batch_size: int) -> Iterator[tuple[Window, Tensor]]:
        """Yield (window of the tile, logits of its pixels) for a block whose maps are at hand."""
        gates = [b.gates(m) for b, m in zip(self.branches, maps)]
        width = min(block.width, batch_size)
        height = max(1, batch_size // width)
        for row in range(0, block.height, height):
            for col in range(0, block.width, width):
                part = Window(row, col, min(height, block.height - row), min(width, block.width - col))
                around = (slice(None), slice(None), *_slices(part, 2 * self.margin))
                features = [
                    branch.features(m[around], gate[part.slices()])
                    for branch, m, gate in zip(self.branches, maps, gates)
                ]
                yield (
                    Window(block.row + row, block.col + col, part.height, part.width),
                    self._logits(features),
                )

    def _logits(self, maps: list[Tensor]) -> Tensor:
        """Return logits (B, K) for the branches' maps, each (B, q, q, 64)."""
        own = [refine(u, padding=1) for refine, u in zip(self.refine, maps)]
        pairs = [
            relation(maps[i], maps[j])
            for (i, j), relation in zip(combinations(range(len(maps)), 2), self.relations)
        ]
        fused = self.fuse(torch.cat([own[0], *pairs, *own[1:]], dim=3).relu_()).relu_()
        head = self.head
        logits = head.decoder(head.mean(head.encoder(fused.mean(dim=(1, 2)))))
        return logits[:, : self.config.n_classes]


def _slices(window: Window, extra: int) -> tuple[slice, slice]:
    """Return the window grown by `extra` at its end, as slices."""
    return slice(window.row, window.row_stop + extra), slice(window.col, window.col_stop + extra)
